"""What watchers of the emulator are told, and how much of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fly.edge.feed import KEPT, MAX_LINES, MAX_WAITING, MAX_WATCHERS, Crowded, Feed, changes
from fly.edge.proxy import Line
from fly.edge.trace import Hop, Trace

PARENT = "play.localhost"


def line(path: str = "/r/lounge/", status: int = 200, code: str = "") -> Line:
    trace = Trace("ewr", [Hop("ewr", "f8a2000000", "replay region=cdg"), Hop("cdg", "3595000000")])
    return Line("GET", "cdg.play.localhost", path, status, trace, 14.26, code)


class World:
    """What a feed looks at, and the feed."""

    def __init__(self) -> None:
        self.view: dict[str, Any] = {"host": PARENT, "machines": {"cdg": {"state": "up"}}}
        self.feed = Feed(lambda: json.loads(json.dumps(self.view)), now_ms=lambda: 1000)


@pytest.fixture
def world() -> World:
    return World()


def test_changes_are_what_differs() -> None:
    """[PG6] A change has the new value of what differs by section and name, None for what is gone, and nothing else."""
    before = {"host": "a", "machines": {"x": 1, "y": 2, "z": 3}, "edges": {"e": 1}}
    after = {"host": "b", "machines": {"x": 1, "y": 5, "w": 4}, "edges": {"e": 1}, "troubles": {}}
    assert changes(before, after) == {"host": "b", "machines": {"y": 5, "w": 4, "z": None}, "troubles": {}}
    assert changes(after, after) == {}


async def test_a_watcher_gets_all_once_and_then_changes(world: World) -> None:
    """[PG6] First a snapshot with what was said and asked before, then one message for all that happened since the last look."""
    world.feed.say("cdg machine 3595 is up again")
    world.feed.line(line())
    watcher = world.feed.watch()
    first = json.loads(await watcher.next())
    assert (first["kind"], first["machines"], first["host"]) == ("snapshot", {"cdg": {"state": "up"}}, PARENT)
    assert [one["text"] for one in first["said"]] == ["cdg machine 3595 is up again"]
    assert [one["path"] for one in first["requests"]] == ["/r/lounge/"]
    world.view["machines"]["cdg"]["state"] = "starting"
    world.feed.say("cdg machine 3595 died")
    world.feed.line(line("/a/"))
    world.feed.line(line("/b/"))
    world.feed.tell()
    second = json.loads(await watcher.next())
    assert (second["kind"], second["machines"]) == ("change", {"cdg": {"state": "starting"}})
    assert ([one["path"] for one in second["requests"]], len(second["said"])) == (["/a/", "/b/"], 1)
    world.feed.leave(watcher)


async def test_nothing_new_is_not_told(world: World) -> None:
    """[PG6] Where nothing has changed nothing is sent."""
    watcher = world.feed.watch()
    await watcher.next()
    world.feed.tell()
    world.feed.say("at last")
    world.feed.tell()
    assert json.loads(await watcher.next())["said"][0]["text"] == "at last"
    world.feed.leave(watcher)


async def test_it_looks_by_itself_while_somebody_watches(world: World) -> None:
    """[PG6] While anybody watches the feed looks by itself, and stops with the last of them."""
    watcher = world.feed.watch()
    await watcher.next()
    world.view["machines"]["cdg"]["state"] = "stopped"
    assert json.loads(await watcher.next())["machines"] == {"cdg": {"state": "stopped"}}
    ticking = world.feed._ticking
    assert ticking is not None
    world.feed.leave(watcher)
    world.feed.leave(watcher)
    await asyncio.gather(ticking, return_exceptions=True)
    assert ticking.cancelled()


async def test_a_slow_watcher_skips(world: World) -> None:
    """[PG7] For who does not read MAX_WAITING changes wait; then they are dropped and all of it is told anew. Others miss nothing."""
    slow, quick = world.feed.watch(), world.feed.watch()
    await slow.next()
    await quick.next()
    for number in range(3 * MAX_WAITING):
        world.view["machines"]["cdg"]["state"] = str(number)
        world.feed.tell()
        assert json.loads(await quick.next())["machines"]["cdg"]["state"] == str(number)
        assert len(slow._waiting) <= MAX_WAITING
    anew = json.loads(await slow.next())
    assert (anew["kind"], anew["machines"]["cdg"]["state"]) == ("snapshot", str(3 * MAX_WAITING - 1))
    world.view["machines"]["cdg"]["state"] = "up"
    world.feed.tell()
    assert json.loads(await slow.next()) == {"kind": "change", "machines": {"cdg": {"state": "up"}}}
    world.feed.leave(slow)
    world.feed.leave(quick)


async def test_watchers_are_counted(world: World) -> None:
    """[PG7] More than MAX_WATCHERS are refused; one who leaves makes room."""
    watchers = [world.feed.watch() for _ in range(MAX_WATCHERS)]
    with pytest.raises(Crowded):
        world.feed.watch()
    world.feed.leave(watchers.pop())
    watchers.append(world.feed.watch())
    for watcher in watchers:
        world.feed.leave(watcher)


async def test_a_flood_of_requests_is_counted(world: World) -> None:
    """[PG7] Of many requests between two looks MAX_LINES are told, of the others how many they were; what is kept is bounded too."""
    watcher = world.feed.watch()
    await watcher.next()
    for number in range(1000):
        world.feed.line(line(f"/{number}/"))
        world.feed.say(f"sentence {number}")
    world.feed.tell()
    told = json.loads(await watcher.next())
    assert (len(told["requests"]), told["missed"], len(told["said"])) == (MAX_LINES, 1000 - MAX_LINES, MAX_LINES)
    world.feed.leave(watcher)
    late = world.feed.watch()
    first = json.loads(await late.next())
    assert (len(first["requests"]), len(first["said"]), first["requests"][-1]["path"]) == (KEPT, KEPT, "/999/")
    world.feed.leave(late)


async def test_a_request_is_told_as_the_console_tells_it(world: World) -> None:
    """[PG8] Method, host, path, status, the Machines it went to and what they said, ms, the code; long ones are cut."""
    watcher = world.feed.watch()
    await watcher.next()
    world.feed.line(line("/" + "x" * 9000, 502, "PA03"))
    world.feed.tell()
    told = json.loads(await watcher.next())["requests"][0]
    assert (told["method"], told["host"], told["status"], told["code"], told["ms"]) == ("GET", "cdg.play.localhost", 502, "PA03", 14.3)
    assert told["hops"] == [["ewr", "f8a2000000", "replay region=cdg"], ["cdg", "3595000000", ""]]
    assert (told["edge"], told["at"], len(told["path"]), told["quiet"]) == ("ewr", 1000, 300, False)
    world.feed.leave(watcher)


@pytest.mark.parametrize(
    ("path", "status", "quiet"), [("/static/a.css", 200, True), ("/ping", 204, True), ("/ping", 503, False), ("/r/a/", 200, False)]
)
async def test_pings_and_files_are_on_no_list(world: World, path: str, status: int, quiet: bool) -> None:
    """[PG8] Pings and static files are told as they pass and not kept, unless they fail."""
    watcher = world.feed.watch()
    await watcher.next()
    world.feed.line(line(path, status))
    world.feed.tell()
    assert json.loads(await watcher.next())["requests"][0]["quiet"] is quiet
    late = world.feed.watch()
    assert len(json.loads(await late.next())["requests"]) == (not quiet)
    world.feed.leave(watcher)
    world.feed.leave(late)
