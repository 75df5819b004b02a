"""Lobby and gameservers as two apps on two networks: the way from the lobby into a room, and what neither app has of the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fly.edge.control import order
from tests.support.emulator import PARENT, Running, running, wait_until
from tests.support.raw import LIMIT_S, Raw, handshake

KEY = "a-key-for-tests-only-it-signs-nothing-that-anybody-needs"
GLOBAL = "lobby.sqlite3"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A lobby in cdg, a gameserver beside it, and another one in ewr that sleeps."""
    with running(tmp_path_factory.mktemp("two"), "--regions", "cdg,ewr", "--apps", "two", "--asleep", "ewr") as emulator:
        yield emulator


@pytest.fixture(scope="module")
def way(emulator: Running) -> str:
    """The way into ewr, for the first who wanted it: the lobby says wait, until there is one."""
    assert get(emulator, PARENT, "/join/ewr/").status_code == 202
    return str(wait_until(lambda: get(emulator, PARENT, "/join/ewr/").headers.get("location"), "ewr is awake"))


@pytest.fixture
def two(emulator: Running, way: str) -> Running:
    """All of it awake."""
    return emulator


def get(emulator: Running, host: str, path: str = "/", port: int = 0, **more: str) -> httpx.Response:
    """One page, from the first vantage point, or at a port."""
    return httpx.get(f"http://127.0.0.1:{port or emulator.port('cdg')}{path}", headers={"host": host, **more}, timeout=LIMIT_S)


def environ(emulator: Running, name: str) -> dict[str, str]:
    """What a Machine's process was given."""
    pairs = Path(f"/proc/{emulator.machine(name)['pid']}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def test_the_lobby_wakes_a_region_of_the_other_app(two: Running, way: str) -> None:
    """[AP33] Whoever wants to play where all sleep is told so, the lobby's planner starts a gameserver of the other app, whose first
    heartbeat opens the way; the ticket for it is good there, and names that Machine."""
    room = get(two, f"ewr.{PARENT}", f"/r/main/?{way.partition('?')[2]}")
    assert room.status_code == 200
    assert f"/ws/r/main/?at={two.machine('ewr')['id']}" in room.text


def test_from_the_lobby_into_a_room_of_the_other_app(two: Running) -> None:
    """[AP2] [AP20] Lobby, region's page, socket, a line: the lobby's app answers the first, the gameservers' all else; and its heartbeat,
    which came over the lobby's own address, shows the player in the lobby."""
    lobby, room = get(two, PARENT), get(two, f"ewr.{PARENT}", "/r/main/")
    assert (lobby.status_code, lobby.headers["x-machine"]) == (200, two.machine("lobby")["id"])
    assert (room.status_code, room.headers["x-machine"], room.headers["x-region"]) == (200, two.machine("ewr")["id"], "ewr")
    assert "(replay region=ewr app=rooms-game)" in room.headers["fly-edge-trace"]
    with Raw(two.port("cdg")) as raw:
        raw.send(handshake(f"ewr.{PARENT}"))
        assert raw.answer().headers["x-machine"] == two.machine("ewr")["id"]
        raw.say({"cmd": "room.join", "v": 1, "sid": "s" * 22})
        welcome = raw.message()
        assert (welcome["type"], welcome["region"], welcome["route"]["verified"]) == ("welcome", "ewr", True)
        raw.say({"cmd": "chat.say", "ref": 1, "text": "from one app to the other"})
        while (message := raw.message())["type"] != "events":
            pass
        assert message["events"][0]["text"] == "from one app to the other"

        def shown() -> bool:
            page = get(two, PARENT).text
            regions = json.loads(page.partition('id="page-data" type="application/json">')[2].partition("</script>")[0])["regions"]
            return any((one["code"], one["state"], one["players"]) == ("ewr", "up", 1) for one in regions)

        wait_until(shown, "the lobby shows the player")


def test_a_machine_of_the_other_app_has_an_address(two: Running) -> None:
    """[AP6] [AP7] From anywhere one host name means one Machine of the gameservers, in one replay; a name of nobody's is an honest 404."""
    machine = two.machine("ewr")["id"]
    answer = get(two, f"ewr-{machine}.{PARENT}", "/r/main/")
    assert (answer.status_code, answer.headers["x-machine"]) == (200, machine)
    assert answer.headers["fly-edge-trace"].count("replay") == 1
    nobody = get(two, f"ewr-0123456789abcd.{PARENT}", "/r/main/")
    assert nobody.status_code == 404
    assert "0123456789abcd" in nobody.text


def test_a_gameserver_knows_no_secret_of_the_lobbys(two: Running) -> None:
    """[AP10] [AP12] No name and no value of the lobby's secrets is in a gameserver's environment, and no region's database in a lobby's."""
    game, lobby = environ(two, "ewr"), environ(two, "lobby")
    assert (game["FLY_APP_NAME"], lobby["FLY_APP_NAME"], game["GAMESERVER_APP"]) == ("rooms-game", "rooms", "rooms-game")
    assert not {"DATABASE_URL", "MACHINES_API_TOKEN"} & set(game)
    assert not [name for name, value in game.items() if KEY in value or GLOBAL in value]
    assert (lobby["SECRET_KEY"], "MACHINES_API_TOKEN" in lobby, "REGION_DATABASE_URL" in lobby) == (KEY, True, False)
    assert game["IDENTITY_KEY"] == lobby["IDENTITY_KEY"] not in (game["SECRET_KEY"], lobby["SECRET_KEY"])


def test_a_gameserver_is_reached_by_replay_alone(two: Running) -> None:
    """[AP31] Neither its app's own names nor an aim at its id lead a stranger to a gameserver past the lobby; and it has no lobby."""
    machine = two.machine("ewr")
    for host in ("rooms-game.fly.dev", "rooms-game.flycast", "rooms-game.internal"):
        assert get(two, host).status_code == 404
    aimed = get(two, PARENT, **{"fly-force-instance-id": machine["id"]})
    assert (aimed.status_code, aimed.headers["fly-edge-error"]) == (503, "PR02")
    answer = get(two, PARENT, port=machine["port"])
    assert answer.status_code == 404
    assert "fly-replay" not in answer.headers


def test_without_the_switch_nobody_crosses(two: Running) -> None:
    """[AP30] With the organisation's switch off a region's page is PA05, with the order that mends it; the lobby's pages go on, and so does
    a socket that is open; with it on again all is well."""
    with Raw(two.port("cdg")) as raw:
        raw.send(handshake(f"ewr.{PARENT}"))
        assert raw.answer().status == 101
        two.order("crossing", "off")
        answer = get(two, f"ewr.{PARENT}", "/r/main/")
        assert (answer.status_code, answer.headers["fly-edge-error"]) == (502, "PA05")
        assert "fly orgs cross-network-replays enable" in answer.text
        assert get(two, PARENT).status_code == 200
        raw.say({"cmd": "room.join", "v": 1, "sid": "t" * 22})
        assert raw.message()["type"] == "welcome"
    two.order("crossing", "on")
    assert get(two, f"ewr.{PARENT}", "/r/main/").status_code == 200
    assert "on or off" in order(two.folder / "control", "crossing", "sideways")["error"]
