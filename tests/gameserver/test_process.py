"""What one process owns, for how long, and what it does when it cannot prove that it still does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gameserver import process as processes
from gameserver import renewal
from gameserver.engine import lease
from gameserver.engine.lease import CLOSE_S, NOBODY, REFUSE_S
from gameserver.engine.worlds.chat import Say
from gameserver.memory import Memory
from gameserver.process import RETRY_MS, Process
from tests.gameserver.rooms import Shaky, enter, sid, take_away, until
from tests.gameserver.sockets import Talk, running


@dataclass
class Clock:
    """A process's clock that goes when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (lease.RENEW_S, renewal.WATCH_S, processes.IDLE_ROOM_S) == (1.0, 0.25, 60.0)
    monkeypatch.setattr(lease, "RENEW_S", 0.005)
    monkeypatch.setattr(renewal, "WATCH_S", 0.005)


@pytest.fixture
def store() -> Shaky:
    return Shaky()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def process(store: Shaky, clock: Clock) -> AsyncIterator[Process]:
    async with running(store, clock=clock) as running_process:
        yield running_process


async def status(talk: Talk) -> bool:
    while (message := await talk.read())["type"] != "status":
        pass
    return bool(message["available"])


async def renewals(store: Shaky, count: int = 2) -> None:
    have = store.count("renew")
    await until(lambda: store.count("renew") >= have + count, "renewals")


async def test_a_lease_that_cannot_be_renewed(process: Process, store: Shaky, clock: Clock) -> None:
    """[GS76] Three seconds after the last good renewal nothing is decided and nobody let in; it is told, and told again when it is over."""
    ada, bob = Talk(), Talk()
    await ada.joined()
    await bob.joined(1)
    gate = store.shut("append")
    ada.send({"cmd": "chat.say", "ref": 1, "text": "under way"})
    await until(lambda: store.count("append"))
    store.failing = {"renew"}
    clock.now += REFUSE_S
    assert await status(bob) is False
    gate.set()
    assert (await bob.read())["events"][0]["text"] == "under way"
    assert [await status(ada), (await ada.read())["type"], (await ada.read())["ok"]] == [False, "events", True]
    ada.send({"cmd": "chat.say", "ref": 2, "text": "too late"})
    assert (await ada.read())["code"] == "unavailable"
    for talk in (Talk(), Talk("not-in-memory")):
        await talk.accepted()
        talk.send({"cmd": "room.join", "v": 1, "sid": sid(2)})
        bye, code = await talk.closed()
        assert bye is not None
        assert (code, bye["retry_ms"] > 0) == (4003, True)
        await talk.leave()
    store.failing = set()
    assert [await status(ada), await status(bob)] == [True, True]
    ada.send({"cmd": "chat.say", "ref": 2, "text": "again"})
    assert (await bob.read())["events"][0]["text"] == "again"
    for talk in (ada, bob):
        await talk.leave()


async def test_just_before_its_time_a_lease_is_good(process: Process, store: Shaky, clock: Clock) -> None:
    """[GS76] One renewal that fails costs nobody anything."""
    talk = Talk()
    await talk.joined()
    await renewals(store)
    store.failing = {"renew"}
    await renewals(store)
    clock.now += REFUSE_S - 0.01
    await renewals(store)
    talk.send({"cmd": "chat.say", "ref": 1, "text": "in time"})
    assert [(await talk.read())["type"], (await talk.read())["ok"]] == ["events", True]
    await talk.leave()


@pytest.mark.parametrize("steps", [(REFUSE_S, CLOSE_S - REFUSE_S), (1000.0,)], ids=["step by step", "frozen"])
async def test_rooms_are_given_up_in_time(process: Process, store: Shaky, clock: Clock, steps: tuple[float, ...]) -> None:
    """[GS90] Four and a half seconds after the last good renewal all rooms are given up: sockets get 4003 and a time to come back."""
    talks = [Talk(), Talk("other")]
    for talk in talks:
        await talk.joined()
    epoch = store.room("main").epoch
    await renewals(store)
    store.failing = {"renew"}
    await renewals(store)
    for step in steps:
        clock.now += step
        await renewals(store)
    for talk in talks:
        bye, code = await talk.closed()
        assert bye is not None
        assert (code, RETRY_MS[0] <= bye["retry_ms"] <= RETRY_MS[1]) == (4003, True)
        await talk.leave()
    assert process.rooms() == []
    store.failing = set()
    await until(lambda: store.room("main").holder == NOBODY, "the lease to be given back")
    back = Talk()
    assert (await back.joined())["position"] == [epoch + 1, 0]
    await back.leave()


async def test_a_renewal_that_finds_a_room_gone(process: Process, store: Shaky) -> None:
    """[GS91] A room that another Machine has by the next renewal is left at once: 4003 for its sockets, the others stay."""
    talk, other = Talk(), Talk("other")
    await talk.joined()
    await other.joined(1)
    await renewals(store)
    take_away(process, "main")
    bye, code = await talk.closed()
    assert (bye is not None, code) == (True, 4003)
    other.send({"cmd": "chat.say", "ref": 1, "text": "still here"})
    assert (await other.read())["type"] == "events"
    assert [owner.slug for owner in process.rooms()] == ["other"]
    await talk.leave()
    await other.leave()


async def test_leases_for_nothing_are_given_back(process: Process, store: Shaky) -> None:
    """[GS91] A lease that this process has and does not serve is given back; when that fails, renewals go on and it is tried again."""
    store.failing = {"release"}
    Memory.claim(store, "cdg", "orphan", process.holder)
    await until(lambda: store.count("release") >= 2, "two tries")
    await renewals(store)
    store.failing = set()
    await until(lambda: store.room("orphan").holder == NOBODY)


async def test_an_empty_room_leaves_the_memory(store: Shaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS26] A room that stays empty is kept in a snapshot, given back and forgotten, and comes back with all that was said."""
    monkeypatch.setattr(processes, "IDLE_ROOM_S", 0.01)
    monkeypatch.setattr(lease, "RENEW_S", 3600.0)
    async with running(store) as process:
        talk = Talk()
        epoch = (await talk.joined())["position"][0]
        talk.send({"cmd": "chat.say", "ref": 1, "text": "kept"})
        await talk.read()
        await talk.leave()
        await until(lambda: not process.rooms(), "the room to be forgotten")
        await until(lambda: store.room("main").holder == NOBODY, "the lease to be given back")
        names = [name for name, _ in store.calls]
        assert names.index("snapshot") < names.index("release")
        assert store.room("main").snapshots[-1].seq == 1
        back = Talk()
        welcome = await back.joined(1)
        assert ([event["text"] for event in welcome["events"]], welcome["position"]) == (["kept"], [epoch + 1, 1])
        await back.leave()


async def test_a_room_left_in_the_middle_of_a_commit_is_forgotten_too(store: Shaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS26] Whoever says something and goes at once leaves no room in memory for ever."""
    monkeypatch.setattr(processes, "IDLE_ROOM_S", 0.05)
    async with running(store) as process:
        owner = await process.owner("cdg", "main")
        member, _ = await enter(owner)
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, done.set)
        await done.wait()
        owner.receive(member, Say(ref=1, text="bye"))
        owner.leave(member)
        process.left(owner)
        assert not owner.is_idle
        await until(lambda: not process.rooms(), "the room to be forgotten")


async def test_a_room_with_somebody_stays(store: Shaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS26] A room that somebody came back to in time is not forgotten."""
    monkeypatch.setattr(processes, "IDLE_ROOM_S", 0.01)
    async with running(store) as process:
        owner = await process.owner("cdg", "main")
        process.left(owner)
        await enter(owner)
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, done.set)
        await done.wait()
        assert process.rooms() == [owner]


async def test_a_process_is_asked_to_drain_once(store: Shaky) -> None:
    """[GS93] A renewal that brings an operator's wish has the process drain: asked once, however often it is read."""
    asked: list[bool] = []
    async with running(store, asked_to_drain=lambda: asked.append(True)):
        assert store.ask_drain("local")
        await until(lambda: asked)
        await renewals(store, 3)
        assert asked == [True]


async def test_a_room_is_opened_once_for_all_who_wait() -> None:
    """[GS1] However many come at once, a room has one owner in a process, with one epoch."""
    async with running() as process:
        owners = await asyncio.gather(*(process.owner("cdg", "main") for _ in range(20)))
        assert len({id(owner) for owner in owners}) == 1
        room = process.journal.store.room("main")
        assert room.first_epoch == room.epoch


async def test_a_lost_room_is_left() -> None:
    """[GS4] When another process took a room, its sockets are closed with 4003 and come back to a new owner; other rooms go on."""
    async with running() as process:
        talk, other = Talk(), Talk("other")
        await talk.joined()
        await other.joined(1)
        store = process.journal.store
        successor, room = take_away(process, "main"), store.room("main")
        store.release(successor, {room.key: room.epoch})
        talk.send({"cmd": "chat.say", "ref": 1, "text": "late"})
        bye, code = await talk.closed()
        assert bye is not None
        assert (code, bye["code"]) == (4003, 4003)
        assert RETRY_MS[0] <= bye["retry_ms"] <= RETRY_MS[1]
        await talk.leave()
        back = Talk()
        assert (await back.joined())["events"] == []
        back.send({"cmd": "chat.say", "ref": 1, "text": "late"})
        assert (await back.read())["events"][0]["seq"] == 1
        other.send({"cmd": "room.ping", "ref": 1})
        assert (await other.read())["ok"] is True
        await back.leave()
        await other.leave()


async def test_a_late_loss_does_not_take_the_new_owner_away() -> None:
    """[GS4] An owner that learns of its loss after a successor opened the room in this process leaves the successor in place."""
    async with running() as process:
        old = await process.owner("cdg", "main")
        process._remove(old)
        new = await process.owner("cdg", "main")
        process.lost(old)
        assert process.rooms() == [new]
