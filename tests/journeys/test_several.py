"""Two Machines in one region: rooms spread over them, handshakes find the owner, and whoever goes is replaced."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.support.emulator import PARENT, ROOT, Running, environment, wait_until
from tests.support.raw import Raw, handshake

PARIS = f"cdg.{PARENT}"
ROOMS = [f"room-{number}" for number in range(6)]


def enter(fly: Running, room: str, vantage: str = "ewr", number: int = 0, **join: Any) -> tuple[Raw, dict[str, Any], str]:
    """A socket in a room, its welcome, and the way its handshake took. Tries again while it is sent away for now."""

    def attempt() -> tuple[Raw, dict[str, Any], str] | None:
        raw = Raw(fly.port(vantage))
        raw.send(handshake(PARIS, f"/ws/r/{room}/"))
        answer = raw.answer()
        if answer.status == 101:
            raw.say({"cmd": "room.join", "v": 1, "sid": f"session-{number:0>22}", **join})
            message = raw.message()
            if message["type"] == "welcome":
                return raw, message, answer.headers["fly-edge-trace"]
        raw.socket.close()
        return None

    found: tuple[Raw, dict[str, Any], str] = wait_until(attempt, f"{room} is entered")
    return found


def read(raw: Raw, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next message that is wanted."""
    while not wanted(message := raw.message()):
        pass
    found: dict[str, Any] = message
    return found


def say(raw: Raw, ref: int, text: str) -> int:
    """Say a line; its seq."""
    raw.say({"cmd": "chat.say", "ref": ref, "text": text})
    return int(read(raw, lambda message: message["type"] == "reply" and message["ref"] == ref)["seq"])


def name_of(fly: Running, machine: str) -> str:
    """The emulator's name of a Machine."""
    return next(name for name, one in fly.machines().items() if one["id"] == machine)


def test_rooms_are_spread_and_everybody_finds_the_owner(pair: Running) -> None:
    """[GS95] [ED48] Six rooms are on both Machines of Paris; whoever comes later, from anywhere, is at the Machine that has the room."""
    first = {room: enter(pair, room) for room in ROOMS}
    owners = {room: welcome["machine"] for room, (_, welcome, _) in first.items()}
    assert set(owners.values()) == {pair.machine(name)["id"] for name in ("cdg/1", "cdg/2")}
    ways = []
    # Twice in a row: the edge takes turns between Machines that are equally busy, so one of the two is at the wrong one first.
    for number, room in enumerate([room for room in ROOMS for _ in range(2)], start=1):
        raw, welcome, way = enter(pair, room, "ewr" if number % 3 else "cdg", number)
        assert welcome["machine"] == owners[room]
        assert way.count("replay") <= 2, way
        ways.append(way)
        raw.socket.close()
    assert any("instance=" in way for way in ways), "nobody came to the wrong Machine first"
    for raw, _, _ in first.values():
        raw.socket.close()


def test_the_other_machine_takes_over_when_the_owner_stays_dead(pair: Running) -> None:
    """[GS98] [GS7] A Machine that dies for good is replaced: the other one has all that was said, and who resumes misses nothing."""
    raw, welcome, _ = enter(pair, "inherited", number=1)
    for ref in (1, 2):
        assert say(raw, ref, f"line {ref}") == ref
    dead = name_of(pair, welcome["machine"])
    pair.order("kill", dead)
    pair.order("stop", dead)
    back, again, _ = enter(pair, "inherited", number=1, position=[welcome["position"][0], 1])
    assert again["machine"] != welcome["machine"]
    assert (again["recovered"], [event["text"] for event in again["events"]]) == (True, ["line 2"])
    assert again["position"][0] > welcome["position"][0]
    assert say(back, 2, "line 2") == 2
    assert say(back, 3, "line 3") == 3
    pair.order("start", dead)
    raw.socket.close()
    back.socket.close()


def test_a_drain_moves_the_room_to_the_other_machine(pair: Running) -> None:
    """[GS87] [GS60] [ID10] `manage.py drain` sends everybody away with a time to come back, the other Machine has the room at once, and the
    drained one stays stopped, as fly.toml says."""
    raw, welcome, _ = enter(pair, "moving", number=1)
    assert say(raw, 1, "before") == 1
    drained = welcome["machine"]
    url = {"REGION_DATABASE_URL": f"sqlite:///{pair.folder}/cdg.sqlite3"}
    command = [sys.executable, "manage.py", "drain", drained]
    done = subprocess.Popen(command, cwd=ROOT, env={**environment(pair.folder), **url}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    bye = read(raw, lambda message: message["type"] == "bye")
    assert (bye["code"], bye["retry_ms"] > 0) == (4001, True)
    # As a browser does; for one that does not the Machine would wait until its drain's budget is spent.
    raw.socket.close()
    back, again, _ = enter(pair, "moving", number=1, position=[welcome["position"][0], 1])
    assert (again["machine"] != drained, again["recovered"], again["events"]) == (True, True, [])
    assert say(back, 2, "after") == 2
    output, _ = done.communicate(timeout=60)
    assert done.returncode == 0, output.decode()
    name = name_of(pair, drained)
    wait_until(lambda: pair.machine(name)["fly"] == "stopped", "the drained Machine has stopped")
    pair.order("start", name)
    back.socket.close()
