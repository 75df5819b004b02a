"""`manage.py loadtest` in rooms that are not as they should be: each fault is found, named, and exit code 1."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from tests.gameserver import faulty
from tests.gameserver.faulty import FaultyRoom
from tests.gameserver.loadtests import Done, loadtest, refused

SMALL = ("--bots", "20", "--processes", "1", "--ramp", "0.1", "--rate", "40", "--duration", "0.5", "--json")


async def run_in(fault: faulty.Fault, *arguments: str) -> Done:
    async with faulty.room(fault) as room:
        return await loadtest(room.url, *SMALL, *arguments)


async def fine(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    return False


async def hides_one(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    if len(room.log) != 5:
        return False
    await room.reply(ws, command, room.keep(command)["seq"])
    return True


async def hides_the_last(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    if len(room.log) < 19:
        return False
    event = room.keep(command)
    room.inside, everybody = {ws}, room.inside
    await room.show(event)
    room.inside = everybody
    await room.reply(ws, command, event["seq"])
    return True


async def repeats(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    if len(room.log) == 5:
        await room.show(room.log[-1])
    return False


async def does_twice(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    if len(room.log) == 5:
        await room.show(room.keep(command))
    return False


async def says_nothing(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    return len(room.log) == 5 and command["ref"] == 1


async def answers_twice(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    event = room.keep(command)
    await room.show(event)
    for _ in range(2 if event["seq"] == 5 else 1):
        await room.reply(ws, command, event["seq"])
    return True


async def talks_nonsense(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    if len(room.log) == 5:
        await ws.send('{"type": 7}')
    return False


async def test_a_room_without_a_fault() -> None:
    """The room that has the faults has none when it is told none: a server of nobody's passes."""
    done = await run_in(fine)
    assert (done.code, done.err, done.facts["deliveries"]["count"]) == (0, "", 400)


@pytest.mark.parametrize(
    ("fault", "what", "count"),
    [
        (hides_one, "gap", 20),
        (hides_the_last, "missing", 19),
        (repeats, "repeated", 20),
        (does_twice, "doubled", 1),
        (says_nothing, "unanswered", 15),
        (answers_twice, "unasked", 1),
        (talks_nonsense, "malformed", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_lost(fault: faulty.Fault, what: str, count: int) -> None:
    """[LT3] What may not happen is counted by what it is, said in one line, and exit code 1."""
    done = await run_in(fault, "--settle", "5" if what in ("missing", "unanswered") else "60")
    assert done.code == 1
    assert done.facts["losses"][what] == count
    assert f"{count} {what} (" in done.err
    assert done.err.startswith("CommandError: Lost: ")
    assert done.err.count("\n") == 1


async def test_bots_that_are_sent_away() -> None:
    """[LT3] A code that means stop is obeyed: such a bot does not come back, and that is exit code 1."""

    async def sends_away(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
        if len(room.log) == 5:
            await ws.close(4504)
        return len(room.log) == 5 and ws.close_code is not None

    done = await run_in(sends_away)
    assert done.code == 1
    assert (done.facts["closed"]["4504"], done.facts["stopped"], done.facts["away"]) == (15, 15, 15)
    assert "15 of 20 bots were not in the room at the end." in done.err


async def test_a_room_without_the_scenarios_lane() -> None:
    """[LT8] A room whose welcome has no rate for what the scenario does is not the room for it."""

    async def welcome(ws: ServerConnection, position: Any) -> None:
        await ws.send('{"type":"welcome","position":[1,1],"region":"cdg","room":"load","rates":{}}')

    async with faulty.room(fine) as room:
        room.welcome = welcome  # type: ignore[method-assign]
        assert await refused(room.url) == "The room cdg/load has no chat; take another --room."
