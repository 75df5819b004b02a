"""Lobby and gameservers as two apps, and hosts that name one Machine: every row of the table, and that nothing forged makes it go round."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.arrival import Arrival, Proof, ReplayFailed, ReplaySource, read_arrival, write_source
from fly.context import read_context
from fly.headers import parse_instruction, parse_instruction_json
from fly.here import Here
from fly.hosts import MACHINE, UNKNOWN, Resolved, resolve
from fly.links import machine_url
from fly.replay import INSTANCE_STEP, MAX_REPLAY_BODY, REGION_STEP, Decision, Refuse, Replay, Serve, Target, decide
from fly.role import BOTH, Role, role_of
from tests.fly.test_replay import FROM_EWR, HEADERS, signed

GAME = "rooms-game"
LOBBY, GAMESERVER = Role(lobby=True, gameserver=False), Role(lobby=False, gameserver=True)
LOBBY_EWR, LOBBY_CDG = Here("rooms", "aaaa", "ewr"), Here("rooms", "abcd", "cdg")
GAME_EWR, GAME_CDG = Here(GAME, "eeee", "ewr"), Here(GAME, "bbbb", "cdg")
ONE_EWR, ONE_CDG = Here("rooms", "aaaa", "ewr"), Here("rooms", "bbbb", "cdg")
REGION_DONE, INSTANCE_DONE = Proof(REGION_STEP, "cdg", "aaaa"), Proof(INSTANCE_STEP, "cdg", "aaaa")
NOBODY = ReplayFailed("cccc", GAME, "cdg", "aaaa", "no_candidate", 1)
SLOW = ReplayFailed("cccc", GAME, "cdg", "aaaa", "timeout", 15_000)

PARIS = Target("cdg", app=GAME)
OWNER = Target("cdg", "cccc", app=GAME)
FRESH = Target("cdg", prefer="cccc", app=GAME)
NAMED = Target("cdg", "cccc", only=True, app=GAME)
ONE_NAMED, ONE_FRESH = Target("cdg", "cccc", only=True), Target("cdg", prefer="cccc")


def by(role: Role) -> str:
    return {(True, True): "both", (True, False): "lobby", (False, True): "gameserver"}[role.lobby, role.gameserver]


def row(rule: str, role: Role, here: Here, target: Target | None, wanted: Any, **arrival: Any) -> Any:
    name = f"{rule}-{by(role)}-{here.region}-{target and (target.machine or target.prefer)}-{'-'.join(arrival)}"
    return pytest.param(rule, role, here, target, Arrival(**arrival), wanted, id=name)


REPLAYED: dict[str, Any] = {"replayed": True, "source": FROM_EWR}
TABLE = [
    # The lobby's Machines have no region: whatever belongs to one goes to the other app, also from a Machine beside it.
    row("FR1", LOBBY, LOBBY_EWR, None, "serve"),
    row("AP2", LOBBY, LOBBY_EWR, PARIS, (GAME, "region", "cdg", "", "")),
    row("AP2", LOBBY, LOBBY_CDG, PARIS, (GAME, "region", "cdg", "", "")),
    row("AP2", LOBBY, LOBBY_EWR, FRESH, (GAME, "region", "cdg", "", "cccc")),
    row("AP2", LOBBY, LOBBY_EWR, OWNER, (GAME, "region", "cdg", "", "cccc")),
    row("AP2", LOBBY, LOBBY_CDG, PARIS, (GAME, "region", "cdg", "", ""), cache_status="bypass"),
    row("FR3", LOBBY, LOBBY_EWR, Target("zzz", app=GAME), (404, "not_found")),
    row("FR5", LOBBY, LOBBY_CDG, PARIS, (503, "not_answering"), failed=True),
    row("FR6", LOBBY, LOBBY_CDG, PARIS, (503, "not_answering"), replayed=True),
    row("FR6", LOBBY, LOBBY_CDG, PARIS, (503, "not_answering"), **REPLAYED, proof=REGION_DONE),
    row("FR6", LOBBY, LOBBY_CDG, PARIS, (503, "not_answering"), cache_status="hit"),
    row("FR7", LOBBY, LOBBY_CDG, PARIS, (413, "too_large"), body_bytes=None),
    row("FR7", LOBBY, LOBBY_CDG, PARIS, (413, "too_large"), body_bytes=MAX_REPLAY_BODY + 1),
    # A gameserver has no lobby, and sends nobody there whatever they say.
    row("AP3", GAMESERVER, GAME_CDG, None, (404, "not_found")),
    row("AP3", GAMESERVER, GAME_CDG, None, (404, "not_found"), **REPLAYED, proof=REGION_DONE),
    row("AP3", GAMESERVER, GAME_CDG, None, (404, "not_found"), failed=True, cache_status="hit"),
    row("FR4", GAMESERVER, GAME_CDG, PARIS, "serve"),
    row("FR4", GAMESERVER, GAME_CDG, PARIS, "serve", **REPLAYED, proof=REGION_DONE),
    row("FR8", GAMESERVER, GAME_EWR, PARIS, (GAME, "region", "cdg", "", "")),
    row("FR6", GAMESERVER, GAME_EWR, PARIS, (503, "not_answering"), **REPLAYED, proof=REGION_DONE),
    row("FR9", GAMESERVER, GAME_CDG, OWNER, (GAME, "instance", "cdg", "cccc", ""), **REPLAYED, proof=REGION_DONE),
    row("FR9", GAMESERVER, GAME_CDG, OWNER, "serve", **REPLAYED, proof=INSTANCE_DONE),
    # A host that names a Machine, of two apps: one step.
    row("AP6", LOBBY, LOBBY_EWR, NAMED, (GAME, "instance", "cdg", "cccc", "")),
    row("AP6", LOBBY, LOBBY_CDG, NAMED, (GAME, "instance", "cdg", "cccc", "")),
    row("AP7", LOBBY, LOBBY_EWR, NAMED, (404, "no_machine"), failed=True, failure=NOBODY),
    row("AP7", LOBBY, LOBBY_EWR, NAMED, (503, "not_answering"), failed=True, failure=SLOW),
    row("AP7", LOBBY, LOBBY_EWR, NAMED, (503, "not_answering"), failed=True),
    row("FR6", LOBBY, LOBBY_EWR, NAMED, (503, "not_answering"), replayed=True),
    row("FR7", LOBBY, LOBBY_EWR, NAMED, (413, "too_large"), body_bytes=None),
    row("FR4", GAMESERVER, Here(GAME, "cccc", "cdg"), NAMED, "serve", **REPLAYED, proof=INSTANCE_DONE),
    row("AP7", GAMESERVER, GAME_CDG, NAMED, (503, "not_answering"), **REPLAYED, proof=INSTANCE_DONE),
    # The same of one app: the region first, and there the Machine.
    row("FR8", BOTH, ONE_EWR, ONE_NAMED, ("", "region", "cdg", "", "cccc")),
    row("AP6", BOTH, ONE_CDG, ONE_NAMED, ("", "instance", "cdg", "cccc", "")),
    row("AP6", BOTH, ONE_CDG, ONE_NAMED, ("", "instance", "cdg", "cccc", ""), **REPLAYED, proof=REGION_DONE),
    row("AP7", BOTH, ONE_CDG, ONE_NAMED, (503, "not_answering"), **REPLAYED, proof=INSTANCE_DONE),
    row("AP7", BOTH, ONE_CDG, ONE_NAMED, (503, "not_answering"), replayed=True),
    row("AP7", BOTH, ONE_CDG, ONE_NAMED, (404, "no_machine"), failed=True, failure=NOBODY),
    row("AP7", BOTH, ONE_CDG, ONE_NAMED, (503, "not_answering"), failed=True, failure=SLOW),
    row("FR5", BOTH, ONE_EWR, ONE_NAMED, (503, "not_answering"), failed=True, failure=NOBODY),
    row("FR7", BOTH, ONE_CDG, ONE_NAMED, (413, "too_large"), body_bytes=None),
    row("FR4", BOTH, Here("rooms", "cccc", "cdg"), ONE_NAMED, "serve"),
    row("FR2", BOTH, Here("local", "local", ""), ONE_NAMED, "serve"),
    # A room that nobody owns yet, and a Machine that shall have it.
    row("AP8", BOTH, ONE_CDG, ONE_FRESH, ("", "instance", "cdg", "", "cccc")),
    row("AP8", BOTH, ONE_CDG, ONE_FRESH, ("", "instance", "cdg", "", "cccc"), **REPLAYED, proof=REGION_DONE),
    row("AP8", BOTH, ONE_CDG, ONE_FRESH, "serve", preferred_unavailable="cccc"),
    row("AP8", BOTH, ONE_CDG, ONE_FRESH, ("", "instance", "cdg", "", "cccc"), preferred_unavailable="dddd"),
    row("FR9", BOTH, ONE_CDG, ONE_FRESH, "serve", **REPLAYED, proof=INSTANCE_DONE),
    row("FR9", BOTH, ONE_CDG, ONE_FRESH, "serve", failed=True),
    row("FR4", BOTH, Here("rooms", "cccc", "cdg"), ONE_FRESH, "serve"),
    row("AP8", GAMESERVER, GAME_CDG, FRESH, (GAME, "instance", "cdg", "", "cccc"), **REPLAYED, proof=REGION_DONE),
    row("AP8", GAMESERVER, GAME_CDG, FRESH, "serve", **REPLAYED, proof=REGION_DONE, preferred_unavailable="cccc"),
    row("FR9", BOTH, ONE_CDG, Target("cdg", "dddd", prefer="cccc"), ("", "instance", "cdg", "dddd", "")),
]


def seen(decision: Decision) -> Any:
    match decision:
        case Serve():
            return "serve"
        case Replay():
            return decision.app, decision.step, decision.region, decision.instance, decision.prefer
        case Refuse():
            return decision.status, decision.code


@pytest.mark.parametrize(("rule", "role", "here", "target", "arrival", "wanted"), TABLE)
def test_every_row_of_the_table(rule: str, role: Role, here: Here, target: Target | None, arrival: Arrival, wanted: Any) -> None:
    """[AP2] [AP3] [AP6] [AP7] [AP8] Each row is decided as written, and the reason names its rule."""
    decision = decide(here, target, arrival, role)
    assert seen(decision) == wanted
    assert decision.reason.startswith(f"{rule} ")


def test_the_role_comes_from_the_app() -> None:
    """[AP1] Without GAMESERVER_APP, and off Fly, a process is both; with it that app's Machines are gameservers, all others the lobby."""
    assert role_of(LOBBY_EWR, "") == role_of(Here("local", "local", ""), GAME) == BOTH
    assert role_of(LOBBY_EWR, GAME) == LOBBY
    assert role_of(GAME_CDG, GAME) == GAMESERVER
    assert (BOTH.is_split, LOBBY.is_split, GAMESERVER.is_split) == (False, True, True)


ROLES = st.sampled_from([(LOBBY, LOBBY_EWR), (LOBBY, LOBBY_CDG), (GAMESERVER, GAME_EWR), (GAMESERVER, GAME_CDG), (BOTH, ONE_CDG)])
TARGETS = st.sampled_from([None, PARIS, OWNER, FRESH, NAMED, ONE_NAMED, ONE_FRESH, Target("nope", "x", only=True)])


@given(HEADERS, ROLES, TARGETS)
def test_arbitrary_headers_raise_nothing(headers: Any, at: tuple[Role, Here], target: Target | None) -> None:
    """[AP4] Whatever a request carries nothing is raised; a replay never leads to the lobby, and one that came by a replay does not leave
    its app or its region again."""
    role, here = at
    decision = decide(here, target, read_arrival(headers, lambda state: None), role)
    if isinstance(decision, Replay):
        assert target is not None
        assert decision.app == target.app
        replayed = any(name.lower() == b"fly-replay-src" for name, _ in headers)
        assert not (replayed and (decision.step == REGION_STEP or not role.gameserver))


@given(
    st.sampled_from(["ewr", "cdg"]),
    st.sampled_from([Target("cdg", app=GAME), OWNER, FRESH, NAMED]),
    st.lists(st.sampled_from(["bbbb", "cccc", "dddd"]), min_size=6, max_size=6),
)
def test_replays_narrow_and_end(start: str, target: Target, machines: list[str]) -> None:
    """[AP4] From any lobby Machine, wherever in the region the edge brings it, a request is served or refused after two replays at most."""
    role, here, headers, steps = LOBBY, Here("rooms", "aaaa", start), [], []
    for machine in machines:
        decision = decide(here, target, read_arrival(headers, signed), role)
        if not isinstance(decision, Replay):
            break
        steps.append(decision.step)
        state = f"{decision.step}.{decision.region}.{here.machine}"
        headers = [(b"fly-replay-src", write_source(ReplaySource(here.machine, here.region, 1, state)).encode())]
        role, here = GAMESERVER, Here(decision.app, decision.instance or machine, decision.region)
    assert not isinstance(decision, Replay)
    assert steps in ([REGION_STEP], [INSTANCE_STEP], [REGION_STEP, INSTANCE_STEP])
    assert isinstance(decision, Serve)


@pytest.fixture
def lobby(settings: SettingsWrapper) -> SettingsWrapper:
    settings.HERE, settings.GAMESERVER_APP = LOBBY_CDG, GAME
    return settings


@pytest.fixture
def gameserver(settings: SettingsWrapper) -> SettingsWrapper:
    settings.HERE, settings.GAMESERVER_APP = GAME_CDG, GAME
    return settings


def get(path: str = "/r/main/", host: str = "cdg.play.localhost:8001", **headers: str) -> Any:
    return Client().get(path, headers={"host": host, **headers})


@pytest.mark.usefixtures("lobby")
def test_a_page_of_a_region_is_the_gameservers() -> None:
    """[AP2] A lobby's Machine answers a region's page, also of its own region, with app and region, signed, able to come back."""
    instruction = parse_instruction(get()["fly-replay"])
    assert (instruction.app, instruction.region, instruction.instance, instruction.fallback) == (GAME, ("cdg",), "", "prefer_self")
    assert read_context("/", [(b"host", b"cdg.play.localhost")]).decision.reason.startswith("AP2")


@pytest.mark.usefixtures("lobby")
def test_an_aim_is_deleted_on_the_way_to_the_other_app() -> None:
    """[AP2] [FR10] A client's own aim is deleted, in the JSON form, which names the app too."""
    instruction = parse_instruction_json(get(**{"fly-force-instance-id": "abcd"}).content)
    assert (instruction.app, instruction.transform.delete_headers) == (GAME, ("fly-force-instance-id",))


def test_the_edge_may_keep_the_way_to_the_other_app(lobby: SettingsWrapper) -> None:
    """[AP2] [FR19] With REPLAY_CACHE_TTL_S the edge may keep app and region; the way to one Machine it may not."""
    lobby.REPLAY_CACHE_TTL_S = 60
    answer = get()
    assert (answer["fly-replay"], answer["fly-replay-cache"]) == (f"region=cdg;app={GAME}", "/*")
    assert "fly-replay-cache" not in get(host="cdg-148e21ea7e1e89.play.localhost")


@pytest.mark.usefixtures("lobby")
def test_a_page_of_a_machine_takes_one_step() -> None:
    """[AP6] A lobby's Machine answers for a Machine's host with app, region and instance at once."""
    instruction = parse_instruction(get(host="cdg-148e21ea7e1e89.play.localhost")["fly-replay"])
    assert (instruction.app, instruction.region, instruction.instance) == (GAME, ("cdg",), "148e21ea7e1e89")
    assert instruction.timeout_ms == 15_000


@pytest.mark.usefixtures("gameserver")
def test_a_gameserver_has_no_lobby() -> None:
    """[AP3] A gameserver answers the lobby's host with 404, by name and without a replay."""
    answer = get("/", host="play.localhost:8001")
    assert answer.status_code == 404
    assert "fly-replay" not in answer
    assert read_context("/", [(b"host", b"play.localhost")]).decision.reason.startswith("AP3")


@pytest.mark.usefixtures("lobby")
def test_a_lobby_asks_the_gameservers_for_what_it_has_not() -> None:
    """[AP5] A static file of a region's host that a lobby does not have is looked for at its gameservers; of its own host it is a 404."""
    assert get("/static/nothing.css").status_code == 307
    assert get("/static/nothing.css", host="play.localhost").status_code == 404


@pytest.mark.parametrize("host", ["cdg-148e21ea7e1e89.play.localhost", "CDG-148E21EA7E1E89.Play.Localhost.:8001"])
def test_a_host_can_name_a_machine(host: str) -> None:
    """[AP6] One label, region and id with a dash between, means one Machine; capitals, a trailing dot and a port do not matter."""
    assert resolve(host) == Resolved(MACHINE, "cdg", "148e21ea7e1e89")
    assert resolve(machine_url("cdg", "148e21ea7e1e89", ":8001").split("/")[2]) == Resolved(MACHINE, "cdg", "148e21ea7e1e89")


@pytest.mark.parametrize(
    "host",
    [
        *("cdg-.play.localhost", "-148e.play.localhost", "ams-148e21ea7e1e89.play.localhost", "cdg-148e.x.play.localhost"),
        *("cdg-148e-21ea.play.localhost", "cdg_148e.play.localhost", "cdg-ab.play.localhost", f"cdg-{'a' * 33}.play.localhost"),
        *("cdg.148e21ea7e1e89.play.localhost", "cdg-148é21.play.localhost", "xcdg-148e21ea7e1e89.play.localhost"),
    ],
)
def test_what_only_looks_like_a_machines_host_is_none(host: str) -> None:
    """[AP6] Other regions, other shapes, more labels: unknown hosts, 404."""
    assert resolve(host) == Resolved(UNKNOWN, None)


def test_a_machine_that_is_not_there_gets_a_page(settings: SettingsWrapper) -> None:
    """[AP7] A host that names no Machine there is: 404, with its name and the way to the region; one that does not answer: 503."""
    settings.HERE = ONE_CDG
    host, failed = "cdg-148e21ea7e1e89.play.localhost:8001", "instance=148e21ea7e1e89;region=cdg;replay_source=bbbb;reason="
    answer = get(host=host, **{"fly-replay-failed": failed + "no_candidate"})
    text = answer.content.decode()
    assert answer.status_code == 404
    assert "No such Machine in Paris" in text
    assert "148e21ea7e1e89" in text
    assert 'href="http://cdg.play.localhost:8001/"' in text
    assert get(host=host, **{"fly-replay-failed": failed + "timeout"}).status_code == 503


def test_a_room_goes_where_its_host_or_its_owner_is(settings: SettingsWrapper) -> None:
    """[AP8] [AP9] Which Machine a handshake wants is the owner's, else the preferred one; a host that names a Machine has said it."""
    settings.HERE = ONE_CDG
    context = read_context("/ws/r/main/", [(b"host", b"cdg.play.localhost")])
    assert seen(context.decide_for("cccc", "dddd")) == ("", "instance", "cdg", "cccc", "")
    assert seen(context.decide_for(prefer="dddd")) == ("", "instance", "cdg", "", "dddd")
    assert seen(context.decide_for()) == "serve"
    named = read_context("/ws/r/main/", [(b"host", b"cdg-bbbb.play.localhost")])
    assert seen(named.decide_for("cccc", "dddd")) == "serve"
