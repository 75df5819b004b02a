"""Readers that were left behind and come back by position: over real sockets of our server, and over another server."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver import cadence
from gameserver import owner as owner_module
from gameserver.counts import COUNTS
from gameserver.engine import past
from gameserver.engine import room as room_module
from tests.gameserver.readers import LAGGED, Elsewhere, Reader, hall, lag, readers
from tests.gameserver.rooms import BOB, Shaky, enter, sid, until
from tests.gameserver.worlds.freight import Load

KINDS = pytest.mark.parametrize("kind", [Reader, Elsewhere], ids=["ours", "elsewhere"])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cadence, "BURST", 1e9)


@KINDS
async def test_a_slow_reader_ends_whole(kind: Any) -> None:
    """[GS100] Who lagged gets, once it has read, a second welcome with exactly what it missed, and live events behind it, each once."""
    counts = COUNTS.readers_lagged, COUNTS.readers_caught_up, COUNTS.frames_skipped
    async with hall() as room, readers(kind) as (slow,):
        await lag(room, slow)
        room.wave(1)
        _, cy = await enter(room.owner, BOB, 50)
        assert (len(room.sink.of("events")), cy.closed) == (LAGGED, [])
        await slow.reads(lambda: len(slow.of("welcome")) == 2, "the second welcome")
        await room.load(3, 10)
        await slow.reads(lambda: len(slow.seqs) == LAGGED + 3)
        welcome = slow.of("welcome")[1]
        sent = [event["seq"] for message in slow.of("events") for event in message["events"] if event["seq"] < welcome["events"][0]["seq"]]
        assert slow.seqs == list(range(1, LAGGED + 4))
        assert (welcome["recovered"], welcome["more"], welcome["sid"]) == (True, False, sid(1))
        assert [event["seq"] for event in welcome["events"]] == list(range(sent[-1] + 1, LAGGED + 1))
        assert welcome["position"] == [room.owner.epoch, LAGGED]
        assert {"ada", "bob"} < {who["id"] for who in welcome["present"]}
        assert (slow.waves, slow.code) == ([], 0)
    assert COUNTS.readers_lagged > counts[0]
    assert COUNTS.readers_caught_up == counts[1] + 1
    assert COUNTS.frames_skipped > counts[2]


@KINDS
async def test_who_is_a_little_behind_gets_all_in_line(kind: Any) -> None:
    """[GS9] Who is behind by less than the bound misses nothing: events in their order, the newest of what passed, no second welcome."""
    async with hall() as room, readers(kind) as (slow,):
        count = await room.fill(slow)
        for number in range(20):
            room.wave(number, 4000)
            await room.load(1, 100)
        assert not room.is_behind(slow)
        await slow.reads(lambda: len(slow.seqs) == count + 20 and 19 in slow.waves)
        room.wave(20)
        await slow.reads(lambda: 20 in slow.waves)
        assert (slow.seqs, len(slow.of("welcome"))) == (list(range(1, count + 21)), 1)
        assert slow.waves == list(range(slow.waves[0], 21))
        assert len(slow.waves) < 20


@KINDS
async def test_who_lags_is_not_listened_to(kind: Any) -> None:
    """[GS100] What somebody who lags asks is not decided before it was caught up; then all of it is, in order."""
    async with hall() as room, readers(kind) as (slow,):
        await lag(room, slow)
        for ref in range(1, 4):
            slow.command(cmd="freight.load", ref=ref, weight=ref)
        await room.load(1, 10)
        await slow.reads(lambda: slow.refs[-1:] == [3])
        # On another server one message was asked for already, and its reply is lost with all that was not sent.
        assert slow.refs == ([1, 2, 3] if kind is Reader else [2, 3])
        assert slow.seqs == list(range(1, LAGGED + 5))
        weights = [len(event["load"]) for message in slow.of("welcome", "events") for event in message["events"]][LAGGED:]
        assert [weight for weight in weights if weight < 10] == [1, 2, 3]
        assert kind is Elsewhere or weights[0] == 10


@KINDS
async def test_lost_replies_come_again(kind: Any) -> None:
    """[GS100] Replies that a reader who lagged did not get are given when it asks again with the old ref; nothing is done twice."""
    count = 80
    async with hall() as room, readers(kind) as (slow,):
        for ref in range(1, count + 1):
            slow.command(cmd="freight.load", ref=ref, weight=8192)
            await until(lambda ref=ref: room.owner.hub.shown[1] == ref or room.is_behind(slow), "the event to be shown")
        await slow.reads(lambda: len(slow.of("welcome")) >= 2 and slow.seqs[-1] == count and not room.is_behind(slow))
        missing = sorted(set(range(1, count + 1)) - set(slow.refs))
        assert missing
        for ref in missing:
            slow.command(cmd="freight.load", ref=ref, weight=8192)
        await slow.reads(lambda: len(set(slow.refs)) == count)
        assert slow.seqs == list(range(1, count + 1))
        replies = {reply["ref"]: (reply["seq"], reply["weight"]) for reply in slow.of("reply")}
        assert replies == {ref: (ref, 8192) for ref in range(1, count + 1)}


async def test_a_gap_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS100] Who missed more than 3000 events gets a fresh start that says so, and goes on from there."""
    assert room_module.MAX_GAP == 3000
    monkeypatch.setattr(room_module, "MAX_GAP", 10)
    async with hall() as room, readers(Reader) as (slow,):
        await lag(room, slow)
        await slow.reads(lambda: len(slow.of("welcome")) == 2)
        await room.load(2, 10)
        await slow.reads(lambda: slow.seqs[-1] == LAGGED + 2)
        welcome = slow.of("welcome")[1]
        assert (welcome["recovered"], welcome["position"][1]) == (False, LAGGED)
        assert slow.seqs[-2:] == [LAGGED + 1, LAGGED + 2]


@KINDS
async def test_a_gap_that_memory_does_not_have(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS100] What memory does not have is read from the journal; what is shown meanwhile follows the welcome, once."""
    monkeypatch.setattr(past, "KEEP", 5)
    store = Shaky()
    async with hall(store=store) as room, readers(kind) as (slow,):
        await lag(room, slow)
        gate = store.shut("since")
        await slow.reads(lambda: store.count("since"), "the journal to be asked")
        await room.load(2, 10)
        assert len(slow.of("welcome")) == 1
        gate.set()
        await slow.reads(lambda: len(slow.seqs) == LAGGED + 2)
        welcome, late = slow.of("welcome")[1], slow.of("events")[-2:]
        assert (welcome["recovered"], welcome["events"][-1]["seq"]) == (True, LAGGED)
        assert [[event["seq"] for event in message["events"]] for message in late] == [[LAGGED + 1], [LAGGED + 2]]
        assert slow.seqs == list(range(1, LAGGED + 3))


@KINDS
async def test_several_at_once(kind: Any) -> None:
    """[GS100] Several readers that lag, one after the other and again, end whole, each with what it missed, while others read on."""
    async with hall() as room, readers(kind, 4) as slow:
        await lag(room, *slow)
        for number, one in enumerate(slow, 1):
            await one.reads(lambda one=one: len(one.of("welcome")) == 2)
            await room.load(number, 10)
        await lag(room, *slow)
        for one in slow:
            await one.reads(lambda one=one: one.seqs[-1] == room.ref)
            assert one.seqs == list(range(1, room.ref + 1))
            assert [welcome["recovered"] for welcome in one.of("welcome")[1:]] == [True, True]
        assert len(room.sink.of("events")) == room.ref


async def test_the_last_event_shown_is_right_after_what_was_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS100] When more was in doubt than can be shown at once, the room goes on from its end: nobody is told of it twice."""
    monkeypatch.setattr(past, "KEEP", 2)
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))
    async with hall() as room:
        await room.load(1, 10)
        store, epoch = room.process.journal.store, room.owner.epoch
        append = store.append

        def lose_the_answer(batches: Any) -> Any:
            results = append(batches)
            if len(batches[0].entries) > 2:
                raise OSError("was it written?")
            return results

        monkeypatch.setattr(store, "append", lose_the_answer)
        # One, and all others behind it together.
        for _ in range(5):
            room.ref += 1
            room.owner.receive(room.ada, Load(room.ref, 10))
        await until(lambda: room.owner.epoch > epoch and room.owner._is_available(), "the room to be read again")
        monkeypatch.undo()
        assert room.owner.hub.shown == (room.owner.epoch, room.owner._room.durable)  # type: ignore[union-attr]
