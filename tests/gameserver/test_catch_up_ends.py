"""What may happen to a reader while it is caught up."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver import cadence
from gameserver.counts import COUNTS
from gameserver.engine import past
from gameserver.engine.errors import Code, Rejected
from tests.gameserver.readers import LAGGED, Elsewhere, Hall, Reader, hall, lag, readers
from tests.gameserver.rooms import Shaky, until

KINDS = pytest.mark.parametrize("kind", [Reader, Elsewhere], ids=["ours", "elsewhere"])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cadence, "BURST", 1e9)


async def stopped_in_the_middle(room: Hall, store: Shaky, slow: Any) -> Any:
    """Have a reader lag, read, and wait for the journal; returns what opens that."""
    await lag(room, slow)
    gate = store.shut("since")
    await slow.reads(lambda: store.count("since"), "the journal to be asked")
    return gate


@KINDS
async def test_a_takeover_in_the_middle(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS103] A session that is taken over while it is caught up: the later socket stays, the earlier is closed with 4505."""
    monkeypatch.setattr(past, "KEEP", 5)
    store = Shaky()
    async with hall(store=store) as room, readers(kind) as (slow,):
        gate = await stopped_in_the_middle(room, store, slow)
        caught_up = COUNTS.readers_caught_up
        async with readers(kind) as (again,):
            await slow.reads(lambda: slow.code == 4505)
            gate.set()
            await room.load(1, 10)
            await again.reads(lambda: again.seqs[-1] == LAGGED + 1)
            assert (slow.of("bye")[0]["code"], len(slow.of("welcome")), len(room.owner.hub)) == (4505, 1, 2)
            assert COUNTS.readers_caught_up == caught_up


@KINDS
async def test_an_end_in_the_middle(kind: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[GS103] A reader that goes while it is caught up leaves nobody in the room, and nothing is logged of it."""
    monkeypatch.setattr(past, "KEEP", 5)
    store = Shaky()
    async with hall(store=store) as room:
        slow = kind(1)
        await slow.enter()
        gate = await stopped_in_the_middle(room, store, slow)
        if kind is Reader:
            slow.hang_up()
            await until(lambda: slow.task.done())
        else:
            # Whoever is not listened to is not heard to leave either; it is when the catching up is over.
            slow.inbound.put_nowait({"type": "websocket.disconnect", "code": 1006})
        gate.set()
        await until(lambda: len(room.owner.hub) == 1, "the reader to be gone")
        assert (room.owner.hub.players, room.owner.hub._held, list(room.owner.hub._apart)) == (1, {}, [room.ada])
        await room.load(1, 10)
        await slow.leave()
        assert caplog.records == []


@KINDS
async def test_a_room_that_is_unavailable(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS103] Who is to be caught up while the room can keep nothing is sent away with 4003 and a time to come back."""
    async with hall() as room, readers(kind) as (slow,):
        await lag(room, slow)

        def refuse(ref: int | None) -> Any:
            raise Rejected(Code.UNAVAILABLE, "Nothing can be kept just now.", ref=ref)

        monkeypatch.setattr(room.owner, "_ready", refuse)
        await slow.reads(lambda: slow.code)
        (bye,) = slow.of("bye")
        assert (slow.code, bye["code"], bye["retry_ms"] > 0) == (4003, 4003, True)


@KINDS
async def test_a_fault_in_the_middle(kind: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[GS21] A fault of ours while somebody is caught up is logged and closes that socket with 1011; the room goes on."""
    async with hall() as room, readers(kind) as (slow,):
        await lag(room, slow)

        def fail(*_: Any) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(room.owner.welcomes, "meet", fail)
        await slow.reads(lambda: slow.code)
        assert (slow.code, slow.of("bye")) == (1011, [])
        assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)
        await room.load(1, 10)
        assert room.sink.of("events")[-1]["events"][0]["seq"] == LAGGED + 1


async def test_a_client_elsewhere_that_is_gone() -> None:
    """[GS103] On another server, whose `send` raises for a client that is gone, one who lagged and went leaves nobody in the room."""
    async with hall() as room:
        gone = Elsewhere(1)
        await gone.enter()
        await lag(room, gone)
        outlet: Any = room.member(gone).outlet

        async def refuse(event: Any) -> None:
            raise OSError("gone")

        outlet._send = refuse
        # The one message that it had asked for already.
        gone.command(cmd="room.ping", ref=1)
        await until(gone.inbound.empty)
        gone.inbound.put_nowait({"type": "websocket.disconnect", "code": 1006})
        gone.look()
        await until(gone.task.done, "the consumer to end")
        assert len(room.owner.hub) == 1


async def test_a_held_socket_that_is_closed_says_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS102] A reader that lagged and is closed with 4002 reads what was sent and that code, and the closing handshake is done."""
    async with hall() as room:
        slow = Reader(1)
        await slow.enter()
        await lag(room, slow)
        room.owner.hub._give_up(room.member(slow))
        await slow.reads(lambda: slow.code)
        await until(slow.task.done, "the consumer to end")
        assert (slow.code, slow.socket.code, len(room.owner.hub)) == (4002, 4002, 1)
        assert slow.seqs == list(range(1, len(slow.seqs) + 1))
        await slow.leave()
