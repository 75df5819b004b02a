"""The end of a process that people are in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gameserver import drain as module
from gameserver import owner as owner_module
from gameserver.drain import CLOSE_BATCH, LATEST_MS, SOONEST_MS, drain
from gameserver.engine import lease
from gameserver.engine.lease import NOBODY
from gameserver.engine.worlds.chat import Say
from gameserver.process import Process, draining
from tests.gameserver.rooms import ADA, PATIENCE_S, Shaky, Sink, enter, sid, until
from tests.gameserver.sockets import Talk, running


def spread(process: Process) -> tuple[int, int]:
    return SOONEST_MS, LATEST_MS + len(process.outlets)


async def test_a_drain_sends_everybody_away() -> None:
    """[GS22] Every socket, joined or not, is told `moved` with a pause of its own, and closed with 4001; what it said is kept."""
    assert (SOONEST_MS, LATEST_MS, module.MS_A_SOCKET) == (50, 250, 1)
    store = Shaky()
    async with running(store) as process:
        talks = [Talk() for _ in range(4)]
        for number, talk in enumerate(talks[:3]):
            await talk.joined(number)
        await talks[3].accepted()
        talks[0].send({"cmd": "chat.say", "ref": 1, "text": "last words"})
        await until(lambda: not talks[0].inbound.qsize())
        await drain(process, 5.0)
        for talk in talks:
            bye, code = await talk.closed()
            assert bye is not None
            assert (bye["code"], code) == (4001, 4001)
            assert 50 <= bye["retry_ms"] <= 254
            await talk.leave()
        room = store.room("main")
        assert [entry.event["text"] for entry in room.journal] == ["last words"]
        assert ([snapshot.seq for snapshot in room.snapshots], room.holder) == ([1], NOBODY)


async def test_a_draining_process_takes_nobody() -> None:
    """[GS22] While it drains a handshake is refused with 503 and Retry-After, in plain HTTP; so it is before the start."""
    async with running() as process:
        assert draining() is False
        await drain(process, 1.0)
        assert draining() is True
        talk = Talk()
        start = await talk.event()
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 503)
        assert b"retry-after" in dict(start["headers"])
    assert draining() is False
    early = Talk()
    assert (await early.event())["status"] == 503


async def test_a_socket_that_was_being_accepted_is_sent_away_too() -> None:
    """[GS22] A socket whose handshake passed just before the drain gets 4001 as well, with a pause of its own."""
    async with running() as process:
        talk = Talk()
        real = talk.outbound.put
        await talk.accepted()
        await talk.leave()
        late = Talk()

        async def drain_first(event: dict[str, object]) -> None:
            process.is_draining = True
            await real(event)

        late.task.cancel()
        task = asyncio.ensure_future(_consume(late, drain_first))
        late.outbound = talk.outbound
        await late.accepted()
        bye, code = await late.closed()
        assert bye is not None
        assert (code, 50 <= bye["retry_ms"] <= 251) == (4001, True)
        late.inbound.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await task


async def _consume(talk: Talk, send: object) -> None:
    from tests.gameserver.sockets import app

    inbound: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    talk.inbound = inbound
    inbound.put_nowait({"type": "websocket.connect"})
    await app(talk.scope, inbound.get, send)


async def test_a_socket_that_joins_too_late_is_sent_away_too() -> None:
    """[GS22] A join that arrives while the drain is under way is answered with 4001 and a pause."""
    async with running() as process:
        talk = await Talk().accepted()
        process.is_draining = True
        talk.send({"cmd": "room.join", "v": 1, "sid": sid()})
        bye, code = await talk.closed()
        assert bye is not None
        assert (code, 50 <= bye["retry_ms"] <= 251) == (4001, True)
        await talk.leave()


async def test_a_drain_is_spread() -> None:
    """[GS22] Many sockets are closed in batches, with looks at the event loop in between, and come back over a longer time."""
    async with running() as process:
        sinks = [Sink() for _ in range(CLOSE_BATCH * 2 + 1)]
        process.outlets.update(sinks)
        seen: set[int] = set()
        draining = asyncio.ensure_future(drain(process, 1.0))
        while not draining.done():
            seen.add(sum(bool(sink.closed) for sink in sinks))
            await asyncio.sleep(0)
        assert {CLOSE_BATCH, CLOSE_BATCH * 2} <= seen
        assert all(sink.closed == [(4001, "This gameserver restarts.")] for sink in sinks)
        pauses = [sink.log[-1]["retry_ms"] for sink in sinks]
        assert SOONEST_MS <= min(pauses) <= max(pauses) <= LATEST_MS + len(sinks)
        assert len(set(pauses)) > 50


class Told(Shaky):
    """Puts what happens to a room into a story, by the room's name."""

    def __init__(self, story: list[tuple[str, str]]) -> None:
        super().__init__()
        self.story = story

    def append(self, batches: Any) -> Any:
        self.story.extend(("append", self.rooms[batch.key].slug) for batch in batches)
        return super().append(batches)

    def snapshot(self, key: int, *arguments: Any) -> Any:
        self.story.append(("snapshot", self.rooms[key].slug))
        return super().snapshot(key, *arguments)

    def release(self, holder: Any, rooms: Any) -> None:
        if not self.ending:
            self.story.extend(("release", self.rooms[key].slug) for key in rooms)
        super().release(holder, rooms)

    ending = False


async def crowd(process: Process, story: list[tuple[str, str]], **sizes: int) -> None:
    """Rooms with so many people in each, one of whom has just said something."""
    owners = [await process.owner("cdg", slug) for slug in sizes]
    number = 0
    for owner in owners:
        for _ in range(sizes[owner.slug]):
            number += 1
            member, sink = await enter(owner, ADA, number, story=story, name=owner.slug)
            process.outlets.add(sink)
        owner.receive(member, Say(ref=1, text="last words"))


async def test_rooms_go_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS87] Each room is journalled, kept in a snapshot and given back before its own sockets are closed; the smallest rooms go first."""
    monkeypatch.setattr(module, "CLOSE_BATCH", 1)
    story: list[tuple[str, str]] = []
    store = Told(story)
    async with running(store) as process:
        await crowd(process, story, big=4, small=1, middle=2)
        await drain(process, PATIENCE_S)
        told = [(what, slug) for number, (what, slug) in enumerate(story) if what != "append" and (what, slug) not in story[:number]]
        assert told == [(what, slug) for slug in ("small", "middle", "big") for what in ("snapshot", "release", "close")]
        assert all(story.index(("append", slug)) < story.index(("snapshot", slug)) for slug in ("small", "middle", "big"))
        assert sum(what == "close" for what, _ in story) == 7
        assert max(number for number, line in enumerate(story) if line == ("close", "small")) < story.index(("release", "middle"))
        store.ending = True


async def test_small_rooms_go_together() -> None:
    """[GS87] Rooms that have no hundred sockets between them go as one."""
    story: list[tuple[str, str]] = []
    store = Told(story)
    async with running(store) as process:
        await crowd(process, story, a=1, b=1, c=1)
        await drain(process, PATIENCE_S)
        assert store.count("release") == 1
        assert [what for what, _ in story[-3:]] == ["close"] * 3
        store.ending = True


async def test_a_journal_that_hangs_does_not_hold_the_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS88] When the journal does not answer, everybody is sent away within the budget all the same, room after room."""
    monkeypatch.setattr(module, "CLOSE_BATCH", 1)
    # Were this waited for, or anything else but the budget, the drain would not end.
    monkeypatch.setattr(lease, "REFUSE_S", 3600.0)
    story: list[tuple[str, str]] = []
    store = Shaky()
    async with running(store) as process:
        gate = store.shut("append")
        await crowd(process, story, a=1, b=2, c=1)
        await asyncio.wait_for(drain(process, 0.2), PATIENCE_S)
        assert sorted(story) == [("close", "a"), ("close", "b"), ("close", "b"), ("close", "c")]
        gate.set()


async def test_a_room_that_is_being_read_again_is_not_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS87] A room that its owner tries to read again when the drain comes is given back for good."""
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))
    store = Shaky()
    async with running(store) as process:
        owner = await process.owner("cdg", "main")
        member, sink = await enter(owner)
        store.failing = {"append", "claim"}
        owner.receive(member, Say(ref=1, text="lost"))
        await until(lambda: sink.of("reply"))
        await drain(process, 1.0)
        assert owner._opening is not None
        store.failing = set()
        await until(owner._opening.done)
        await process.journal.call(lambda: None)
        assert store.room("main").holder == NOBODY
