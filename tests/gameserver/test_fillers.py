"""Bots that fill empty places: real rooms, the room's own consumer, and somebody who comes by the same protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gameserver import fillers as module
from gameserver.beats import beats
from gameserver.drain import drain
from gameserver.fillers import Fillers, bot_of
from gameserver.memory import Memory
from gameserver.process import Process
from tests.gameserver.arenas import ARENAS, Arena, Visitor, arena_of, bots, room, ships, visitor
from tests.gameserver.rooms import PATIENCE_S, until
from tests.gameserver.sockets import Talk, running


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at the rooms follow each other quickly."""
    monkeypatch.setattr(module, "LOOK_S", 0.02)


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with running(registry=ARENAS) as begun:
        yield begun


@pytest.fixture
async def fillers(process: Process) -> AsyncIterator[Fillers]:
    """The bots of that process."""
    begun = Fillers(process)
    begun.start()
    yield begun
    await begun.stop()


async def test_bots_come_where_somebody_is(process: Process, fillers: Fillers) -> None:
    """[AR106] Somebody who only watches finds a game: bots come, one in each look, until there are as many ships as the world says."""
    talk = await visitor()
    owner = room(process)
    await until(lambda: len(ships(owner)) == Arena.fillers, "the bots")
    names = ships(owner)
    assert len(set(names)) == len(names)
    assert all(name.startswith("Bot ") for name in names)
    joined = [message async for message in _told(talk, "arena.joined", Arena.fillers)]
    assert [event["name"] for event in joined] == names
    assert [event["id"] for event in joined] == [bot_of("cdg/main", number).id for number in range(Arena.fillers)]


async def _told(talk: Talk, ev: str, count: int) -> AsyncIterator[dict[str, Any]]:
    """The next events of a name."""
    while count > 0:
        for event in (await talk.read()).get("events", ()):
            if event["ev"] == ev:
                count -= 1
                yield event


async def test_bots_step_aside(process: Process, fillers: Fillers) -> None:
    """[AR107] For each who plays a bot gives up its ship and goes; with enough people there is none; when they stop, bots come back."""
    people = [await visitor(number) for number in range(Arena.fillers + 1)]
    owner = room(process)
    await until(lambda: bots(owner) == Arena.fillers, "the bots")
    for number, person in enumerate(people, 1):
        assert (await person.asked("arena.play", ref=1))["ok"]
        await until(lambda left=Arena.fillers - number: bots(owner) == max(0, left), "a bot to step aside")  # type: ignore[misc]
    await until(lambda: owner.hub.fillers == 0, "their sockets to go")
    assert len(ships(owner)) == len(people)
    for person in people[1:]:
        await person.asked("arena.watch", ref=2)
    await until(lambda: bots(owner) == Arena.fillers - 1, "bots to come back")


async def test_nobody_is_left_alone_with_bots(process: Process, fillers: Fillers) -> None:
    """[AR108] When the last person goes all bots go, their ships too: the room is empty, idle, and forgotten as any other."""
    first, second = await visitor(), await visitor(1)
    owner = room(process)
    await until(lambda: bots(owner) == Arena.fillers, "the bots")
    await first.leave()
    assert (owner.hub.people, owner.is_idle) == (1, False)
    await second.leave()
    assert owner.hub.people == 0
    await until(lambda: not len(owner.hub) and not fillers.crews, "the bots to go")
    assert ships(owner) == []
    await until(lambda: owner.is_idle, "the journal")
    process._forget(owner)
    assert process.owner_here("cdg", "main") is None


async def test_bots_alone_keep_no_room(process: Process, fillers: Fillers, monkeypatch: pytest.MonkeyPatch) -> None:
    """[AR108] A room with bots only counts as empty from the first moment: it neither ticks nor stays when its time comes."""
    talk = await visitor()
    owner = room(process)
    await until(lambda: bots(owner) == Arena.fillers, "the bots")
    assert fillers._timer is not None
    fillers._timer.cancel()
    monkeypatch.setattr("gameserver.process.IDLE_ROOM_S", 0.2)
    await talk.leave()
    tick = arena_of(owner).game.tick
    await until(lambda: process.owner_here("cdg", "main") is None, "the room to be given up")
    assert len(owner.hub) == owner.hub.fillers == Arena.fillers
    assert arena_of(owner).game.tick == tick


async def test_bots_are_no_people(process: Process, fillers: Fillers) -> None:
    """[AR109] Bots take no socket of the process, and neither the lobby nor the table of leases counts them; those in the room see them."""
    talk = await visitor()
    owner = room(process)
    places = process.places
    await until(lambda: bots(owner) == Arena.fillers, "the bots")
    assert (process.places, len(process.outlets)) == (places, 1)
    (beat,) = [beat for beat in beats(process) if beat.region == "cdg"]
    assert (beat.players, beat.sockets, beat.rooms) == (1, 1, [{"slug": "main", "players": 1}])
    assert (owner.hub.players, owner.hub.roster.players) == (1, Arena.fillers + 1)
    assert isinstance(process.journal.store, Memory)
    await until(lambda: process.renewal.told == {owner.key: 1}, "the leases")
    process.max_sockets = 1
    await talk.asked("arena.play", ref=1)
    await talk.asked("arena.watch", ref=2)
    await until(lambda: bots(owner) == Arena.fillers, "bots in a process that is full")
    process.max_sockets = 2
    other = Visitor()
    late = await other.joined(1)
    assert (late["players"], len(late["present"])) == (Arena.fillers + 2, Arena.fillers + 2)


async def test_a_drain_does_not_wait_for_bots(process: Process, fillers: Fillers) -> None:
    """[AR110] When a drain begins bots go at once, whoever is still there; it waits for none, and none comes any more."""
    talk = await visitor()
    owner = room(process)
    await until(lambda: bots(owner) == Arena.fillers, "the bots")
    process.is_draining = True
    await until(lambda: not owner.hub.fillers, "the bots to go")
    assert owner.hub.people == 1
    async with asyncio.timeout(PATIENCE_S):
        await drain(process, PATIENCE_S)
        _, code = await talk.closed()
    assert code == 4001
    fillers.look()
    assert not any(crew.sockets for crew in fillers.crews.values())
    await talk.leave()


async def test_bots_play(process: Process, fillers: Fillers) -> None:
    """[AR111] Bots play for points, by commands and bytes that anybody may send, and the room refuses none of them."""
    talk = await visitor()
    owner = room(process)
    await until(lambda: bots(owner) == Arena.fillers, "the bots")
    async for event in _told(talk, "arena.scored", 3):
        assert event["points"] > 0
        assert 0 <= event["slot"] < Arena.fillers
    queues = [ship.queue for ship in arena_of(owner).game.ships.all]
    assert all(queue.ack > 30 and queue.starved < 10 for queue in queues)


async def test_the_same_bots_after_a_failover() -> None:
    """[AR112] The next owner's bots are the same players: they take the ships that the last ones left behind, under the same names."""
    store = Memory()
    async with running(store, registry=ARENAS) as process:
        fillers = Fillers(process)
        fillers.start()
        first = await visitor()
        await until(lambda: bots(room(process)) == Arena.fillers, "the bots")
        before = ships(room(process))
        await room(process).retire(PATIENCE_S)
        await fillers.stop()
        await first.leave()
    async with running(store, registry=ARENAS) as process:
        fillers = Fillers(process)
        fillers.start()
        second = await visitor(1)
        assert ships(room(process)) == before
        await until(lambda: room(process).hub.fillers == Arena.fillers, "the bots")
        await until(lambda: all(ship.goes_at > 1 << 60 for ship in arena_of(room(process)).game.ships.all), "them to play")
        assert ships(room(process)) == before
        await fillers.stop()
        await second.leave()


async def test_other_rooms_have_no_bots(process: Process, fillers: Fillers) -> None:
    """[AR113] Where the world asks for none there are none."""
    talk, arena = Talk("lounge"), await visitor()
    await talk.joined(5)
    await until(lambda: bots(room(process)) == Arena.fillers, "bots elsewhere")
    assert room(process, "lounge").hub.fillers == 0
    assert set(fillers.crews) == {("cdg", "main")}
    await arena.leave()
