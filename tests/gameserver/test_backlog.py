"""What waits for one reader: how much of it, and which part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.backlog import OUTBOX_BYTES, PASSING_BYTES, Backlog
from gameserver.counts import COUNTS
from gameserver.outlet import Prepared
from tests.gameserver.slow import EPOCH, HERE, Slow, events, passing, prepared, reply


def of_size(size: int, seq: int = 1) -> Prepared:
    """A message of events of exactly so many bytes."""
    return Prepared(events(seq, weight=size - len(Prepared(events(seq)).text)))


def test_what_can_go_goes() -> None:
    """[GS9] While nothing waits for a reader it gets everything at once, its own replies behind it in the same write."""
    outlet = Slow(reads=True)
    backlog = Backlog(outlet, 0.0)
    backlog.show(prepared(events(1), passing(1)), prepared(reply(1)), HERE)
    assert ([message["type"] for message in outlet.log], outlet.writes) == (["events", "ephemeral", "reply"], [3])


@pytest.mark.parametrize("welcome", [0, 10_000_000], ids=["an empty line", "a long welcome"])
def test_so_many_bytes_may_wait(welcome: int) -> None:
    """[GS9] To the byte 256 KiB of events wait for a reader, however much waited before; with one more it gets nothing and is held."""
    assert OUTBOX_BYTES == 256 * 1024
    lagged = COUNTS.readers_lagged
    outlet = Slow(welcome)
    backlog = Backlog(outlet, 0.0)
    if not welcome:
        outlet.send(of_size(1000))
    room = OUTBOX_BYTES - (outlet.waiting - welcome)
    backlog.show([of_size(room - 100)], (), (EPOCH, 0))
    backlog.show([of_size(100, 2)], (), (EPOCH, 1))
    assert (outlet.waiting, backlog.position, outlet.is_held) == (welcome + OUTBOX_BYTES, None, False)
    backlog.show([of_size(100, 3)], (), (EPOCH, 2))
    assert (outlet.waiting, backlog.position, outlet.is_held) == (welcome + OUTBOX_BYTES, (EPOCH, 2), True)
    assert COUNTS.readers_lagged == lagged + 1


def test_a_single_long_message_is_no_sign_of_slowness() -> None:
    """[GS9] A message that is longer than all that may wait goes to whoever has read everything."""
    outlet = Slow()
    backlog = Backlog(outlet, 0.0)
    backlog.show([of_size(OUTBOX_BYTES * 2)], (), HERE)
    assert (len(outlet.prepared), backlog.position) == (1, None)


def test_who_lags_gets_nothing_more() -> None:
    """[GS100] Once too much waits the reader is sent neither events nor replies, however short, and it is counted."""
    outlet = Slow(1)
    backlog = Backlog(outlet, 0.0)
    backlog.show(prepared(passing(0)), (), HERE)
    backlog.show([of_size(OUTBOX_BYTES + 1)], (), (EPOCH, 0))
    skipped = COUNTS.frames_skipped
    backlog.show(prepared(events(2), passing(1)), prepared(reply(1)), (EPOCH, 1))
    backlog.reply(prepared(reply(2)), (EPOCH, 2))
    assert (outlet.log, backlog.position, backlog.take_passing()) == ([], (EPOCH, 0), [])
    assert COUNTS.frames_skipped == skipped + 1


@pytest.mark.parametrize("behind", ["events", "alone"])
def test_replies_count(behind: str) -> None:
    """[GS9] Replies of a reader count as events do; the position is that of the last event it was sent."""
    outlet = Slow(1)
    backlog = Backlog(outlet, 0.0)
    for ref in range(1, 100):
        seq = ref if behind == "events" else 0
        if behind == "events":
            backlog.show(prepared(events(seq)), prepared(reply(ref, 8000)), (EPOCH, seq - 1))
        else:
            backlog.reply(prepared(reply(ref, 8000)), (EPOCH, 0))
        if backlog.position is not None:
            break
    assert backlog.position == (EPOCH, len(outlet.seqs))
    assert [message["ref"] for message in outlet.of("reply")] == list(range(1, ref))
    assert outlet.waiting <= OUTBOX_BYTES + 1


def test_the_newest_of_what_passes_is_kept() -> None:
    """[GS101] While something waits, the newest 32 KiB of ephemeral events are kept beside it, the oldest go first and are counted."""
    assert PASSING_BYTES == 32 * 1024
    dropped = COUNTS.ephemeral_dropped
    outlet = Slow(1)
    backlog = Backlog(outlet, 0.0)
    for number in range(100):
        backlog.show(prepared(passing(number, 1000)), (), HERE)
    assert outlet.log == []
    kept = backlog.take_passing()
    numbers = [message.message["events"][0]["n"] for message in kept]
    assert numbers == list(range(numbers[0], 100))
    assert PASSING_BYTES - 1100 < sum(len(message.text) for message in kept) <= PASSING_BYTES
    assert COUNTS.ephemeral_dropped == dropped + numbers[0]
    assert backlog.take_passing() == []


def test_one_that_is_longer_is_kept_alone() -> None:
    """[GS101] Of ephemeral events that are each longer than what is kept the last one is."""
    backlog = Backlog(Slow(1), 0.0)
    for number in range(3):
        backlog.show(prepared(passing(number, PASSING_BYTES * 2)), (), HERE)
    assert [message.message["events"][0]["n"] for message in backlog.take_passing()] == [2]


SHOWN = st.lists(st.tuples(st.sampled_from(["events", "passing", "both", "reply"]), st.integers(0, 60_000)), max_size=60)


@given(first=st.integers(1, 1_000_000), shown=SHOWN)
def test_whatever_is_shown_is_bounded(first: int, shown: list[tuple[str, int]]) -> None:
    """[GS9] Whatever a room shows to one who does not read, no more waits than what waited first and the two bounds, in order."""
    outlet = Slow(first)
    backlog = Backlog(outlet, 0.0)
    seq, ref = 0, 0
    for kind, weight in shown:
        before = (EPOCH, seq)
        if kind == "reply":
            ref += 1
            backlog.reply(prepared(reply(ref, weight)), before)
            continue
        messages = []
        if kind != "passing":
            seq += 1
            messages.append(events(seq, weight=weight))
        if kind != "events":
            messages.append(passing(seq, weight))
        backlog.show(prepared(*messages), (), before)
    sent = outlet.seqs
    assert outlet.waiting <= first + OUTBOX_BYTES
    assert sent == list(range(1, len(sent) + 1))
    assert backlog.position in (None, (EPOCH, len(sent)))
    assert len(sent) == seq or backlog.position is not None
    assert outlet.passed == []
    kept = [len(message.text) for message in backlog.take_passing()]
    assert sum(kept) <= PASSING_BYTES or len(kept) == 1
