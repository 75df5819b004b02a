"""What one process owns, and how it goes."""

from __future__ import annotations

import asyncio

import pytest

from fly.here import Here
from gameserver import process as processes
from gameserver.process import CLOSE_BATCH, RETRY_MS, draining
from gameserver.store import MemoryStore
from tests.gameserver.rooms import Sink, enter, until
from tests.gameserver.sockets import Talk, running


async def test_a_drain_sends_everybody_away() -> None:
    """[GS22] Every socket, joined or not, is told `moved` with a pause of its own, and closed with 4001."""
    async with running() as process:
        talks = [Talk() for _ in range(4)]
        for number, talk in enumerate(talks[:3]):
            await talk.joined(number)
        await talks[3].accepted()
        talks[0].send({"cmd": "chat.say", "ref": 1, "text": "last words"})
        await until(lambda: not talks[0].inbound.qsize())
        await process.drain(5.0)
        for talk in talks:
            bye, code = await talk.closed()
            assert bye is not None
            assert (bye["code"], code) == (4001, 4001)
            assert RETRY_MS[0] <= bye["retry_ms"] <= RETRY_MS[1]
            await talk.leave()
        store = process.journal.store
        assert isinstance(store, MemoryStore)
        assert [entry.event["text"] for entry in store.journal[1]] == ["last words"]


async def test_a_draining_process_takes_nobody() -> None:
    """[GS22] While it drains a handshake is refused with 503 and Retry-After, in plain HTTP; so it is before the start."""
    async with running() as process:
        assert draining() is False
        await process.drain(1.0)
        assert draining() is True
        talk = Talk()
        start = await talk.event()
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 503)
        assert b"retry-after" in dict(start["headers"])
    assert draining() is False
    early = Talk()
    assert (await early.event())["status"] == 503


async def test_a_socket_that_was_being_accepted_is_sent_away_too() -> None:
    """[GS22] A socket whose handshake passed just before the drain gets 4001 as well."""
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
        assert (await late.closed())[1] == 4001
        late.inbound.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await task


async def _consume(talk: Talk, send: object) -> None:
    from tests.gameserver.sockets import app

    inbound: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    talk.inbound = inbound
    inbound.put_nowait({"type": "websocket.connect"})
    await app(talk.scope, inbound.get, send)


async def test_a_drain_is_spread() -> None:
    """[GS22] Many sockets are closed in batches, with looks at the event loop in between."""
    async with running() as process:
        sinks = [Sink() for _ in range(CLOSE_BATCH * 2 + 1)]
        process.outlets.update(sinks)
        seen: set[int] = set()
        drain = asyncio.ensure_future(process.drain(1.0))
        while not drain.done():
            seen.add(sum(bool(sink.closed) for sink in sinks))
            await asyncio.sleep(0)
        assert {CLOSE_BATCH, CLOSE_BATCH * 2} <= seen
        assert all(sink.closed == [(4001, "This gameserver restarts.")] for sink in sinks)


async def test_off_fly_one_process_serves_every_region() -> None:
    """[GS27] Off Fly there is a beat for every region, and the same room in two regions is two rooms."""
    async with running() as process:
        ewr, cdg = Talk(region="ewr"), Talk(region="cdg")
        await ewr.joined()
        await cdg.joined()
        ewr.send({"cmd": "chat.say", "ref": 1, "text": "in ewr"})
        await ewr.read()
        cdg.send({"cmd": "room.ping", "ref": 1})
        assert (await cdg.read())["type"] == "reply"
        assert [(beat.region, beat.machine, beat.players) for beat in process.beats()] == [("ewr", "local", 1), ("cdg", "local", 1)]
        await ewr.leave()
        await cdg.leave()


async def test_on_fly_a_process_serves_its_own_region() -> None:
    """[GS27] On a Machine there is one beat, of its region."""
    async with running(here=Here("rooms", "148e", "cdg"), regions=("ewr", "cdg")) as process:
        (beat,) = process.beats()
        assert (beat.region, beat.machine, beat.app, beat.players, beat.rooms, beat.draining) == ("cdg", "148e", "rooms", 0, [], False)


async def test_beats_count_players_and_name_the_fullest_rooms_first() -> None:
    """[GS25] A beat holds sockets, players, and the rooms that have any, the fullest first."""
    async with running() as process:
        talks = [Talk("busy"), Talk("busy"), Talk("calm"), Talk("other", region="ewr")]
        for number, talk in enumerate(talks):
            await talk.joined(number)
        await process.owner("cdg", "main")
        beat = process.beats()[1]
        assert (beat.region, beat.players, beat.sockets) == ("cdg", 3, 4)
        assert beat.rooms == [{"slug": "busy", "players": 2}, {"slug": "calm", "players": 1}]
        for talk in talks:
            await talk.leave()


async def test_an_empty_room_leaves_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS26] A room that stays empty is forgotten, and comes back with all that was said."""
    assert processes.IDLE_ROOM_S == 60
    monkeypatch.setattr(processes, "IDLE_ROOM_S", 0.01)
    async with running() as process:
        talk = Talk()
        await talk.joined()
        talk.send({"cmd": "chat.say", "ref": 1, "text": "kept"})
        await talk.read()
        await talk.leave()
        await until(lambda: not process.rooms(), "the room to be forgotten")
        back = Talk()
        assert [event["text"] for event in (await back.joined(1))["events"]] == ["kept"]
        await back.leave()


async def test_a_room_with_somebody_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS26] A room that somebody came back to in time is not forgotten."""
    monkeypatch.setattr(processes, "IDLE_ROOM_S", 0.01)
    async with running() as process:
        owner = await process.owner("cdg", "main")
        process.left(owner)
        enter(owner)
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, done.set)
        await done.wait()
        assert process.rooms() == [owner]


async def test_a_room_is_opened_once_for_all_who_wait() -> None:
    """[GS1] However many come at once, a room has one owner in a process, with one epoch."""
    async with running() as process:
        owners = await asyncio.gather(*(process.owner("cdg", "main") for _ in range(20)))
        assert len({id(owner) for owner in owners}) == 1
        store = process.journal.store
        assert isinstance(store, MemoryStore)
        first, epoch = store.epochs[1]
        assert first == epoch


async def test_a_lost_room_is_left() -> None:
    """[GS4] When another process took a room, its sockets are closed with 4003 and come back to a new owner; other rooms go on."""
    async with running() as process:
        talk, other = Talk(), Talk("other")
        await talk.joined()
        await other.joined(1)
        store = process.journal.store
        store.open("cdg", "main", 10, 1.0)
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
        process._lost(old)
        assert process.rooms() == [new]
