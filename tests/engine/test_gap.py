"""Gaps that memory does not reach, and positions that are ahead of the journal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine import past
from gameserver.engine import room as module
from gameserver.engine.entry import Entry, Position
from gameserver.engine.protocol import Join
from gameserver.engine.room import Gap, Room, Welcome
from tests.engine.rooms import ADA, BOB, EPOCH, NOW, Add, Score, chat_room, enter, journalled, kept, lines, say, score_room, seqs, sid

KEEP = 5
MAX_GAP = 12
SAID = 20


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "KEEP", KEEP)
    monkeypatch.setattr(module, "MAX_GAP", MAX_GAP)


def found(room: Room, position: Position | None) -> Welcome | Gap:
    return room.join(Join(v=1, sid=sid(), position=position), ADA)[1]


def room_of(count: int = SAID, epoch: int = EPOCH, floor: int = 0) -> tuple[Room, list[Entry]]:
    """A room in which so many lines were said, the last of them in memory, and its journal."""
    room = chat_room()
    entries = lines(room, count)
    again = Room(epoch, EPOCH, room.worlds, floor)
    again.load(None, entries)
    return again, journalled(entries)


def test_memory_is_as_small_as_these_tests_want_it() -> None:
    """[EN9] The room keeps the last events that it is to keep, and no other."""
    assert seqs(room_of()[0].past.events) == [16, 17, 18, 19, 20]


@pytest.mark.parametrize("seen", [15, 16, 19, 20])
def test_what_memory_reaches_is_given_at_once(seen: int) -> None:
    """[EN5] From the position directly before the oldest event in memory on, nothing is read."""
    welcome = found(room_of()[0], (EPOCH, seen))
    assert welcome == Welcome((EPOCH, SAID), True, welcome.events)  # type: ignore[union-attr]
    assert seqs(welcome.events) == list(range(seen + 1, SAID + 1))  # type: ignore[union-attr]


@pytest.mark.parametrize("seen", [14, 13, SAID - MAX_GAP])
def test_what_memory_does_not_reach_is_a_gap(seen: int) -> None:
    """[EN20] A gap is named by what was seen and by what is durable; what is read for it makes the welcome."""
    room, entries = room_of()
    gap = found(room, (EPOCH, seen))
    assert gap == Gap(seen, SAID)
    welcome = room.bridge(gap, [entry.event for entry in entries[seen:]])
    assert (welcome.position, welcome.recovered, seqs(welcome.events)) == ((EPOCH, SAID), True, list(range(seen + 1, SAID + 1)))
    assert (welcome.state, welcome.more) == ({}, False)


@pytest.mark.parametrize("seen", [SAID - MAX_GAP - 1, 1, 0])
def test_a_gap_that_is_too_large_is_a_fresh_start(seen: int) -> None:
    """[EN6] One event more than the largest gap, and there is nothing to read."""
    welcome = found(room_of()[0], (EPOCH, seen))
    assert isinstance(welcome, Welcome)
    assert (welcome.recovered, seqs(welcome.events), welcome.more) == (False, [16, 17, 18, 19, 20], True)


@pytest.mark.parametrize("floor", [9, 14, 17, 20])
def test_a_gap_begins_at_the_floor_at_the_earliest(floor: int) -> None:
    """[EN6] A position at the floor is filled, from memory or from the journal; one before it is a fresh start."""
    room = room_of(floor=floor)[0]
    at, before = found(room, (EPOCH, floor)), found(room, (EPOCH, floor - 1))
    assert isinstance(at, Gap) is (floor < 15)
    assert at == Gap(floor, SAID) if isinstance(at, Gap) else at.recovered
    assert isinstance(before, Welcome)
    assert before.recovered is False


@pytest.mark.parametrize(("epoch", "filled"), [(EPOCH - 1, False), (EPOCH, True), (EPOCH + 2, True), (EPOCH + 3, True), (EPOCH + 4, False)])
@pytest.mark.parametrize("seen", [10, 17])
def test_epochs_of_this_room_only_are_filled(epoch: int, filled: bool, seen: int) -> None:
    """[EN7] From the first epoch to the present one a gap is filled; before and behind them it is a fresh start."""
    answer = found(room_of(epoch=EPOCH + 3)[0], (epoch, seen))
    assert (isinstance(answer, Gap) or answer.recovered) is filled


def test_a_position_beyond_what_is_durable_is_a_fresh_start() -> None:
    """[EN7] Nobody was shown what is not journalled, so a position in it is none of ours."""
    room = room_of()[0]
    say(room, enter(room, BOB, 1)[0], 1, durable=False)
    welcome = found(room, (EPOCH, SAID + 1))
    assert isinstance(welcome, Welcome)
    assert (welcome.recovered, welcome.position) == (False, (EPOCH, SAID))


def test_a_gap_ends_at_what_is_durable() -> None:
    """[EN2] What is decided and not journalled is neither in a gap nor in what is given from memory, and makes no gap too large."""
    room = room_of()[0]
    bob = enter(room, BOB, 1)[0]
    for ref in (1, 2, 3):
        say(room, bob, ref, durable=False)
    assert found(room, (EPOCH, SAID - MAX_GAP)) == Gap(SAID - MAX_GAP, SAID)
    welcome = found(room, (EPOCH, 18))
    assert isinstance(welcome, Welcome)
    assert (welcome.position, seqs(welcome.events)) == ((EPOCH, SAID), [19, 20])


def test_a_long_queue_pushes_what_is_durable_out_of_memory() -> None:
    """[EN20] With more under way than memory holds, even the newest durable events are read from the journal."""
    room, entries = room_of()
    bob = enter(room, BOB, 1)[0]
    for ref in range(1, KEEP + 2):
        say(room, bob, ref, durable=False)
    gap = found(room, (EPOCH, 18))
    assert gap == Gap(18, SAID)
    assert seqs(room.bridge(gap, [entry.event for entry in entries[18:]]).events) == [19, 20]
    assert found(room, (EPOCH, SAID)) == Gap(SAID, SAID)
    assert room.bridge(Gap(SAID, SAID), []).recovered is True


def test_a_fresh_start_with_a_long_queue_says_that_there_is_more() -> None:
    """[EN6] A newcomer who gets no events, because memory holds only what is under way, is told of the older ones."""
    room = room_of()[0]
    bob = enter(room, BOB, 1)[0]
    for ref in range(1, KEEP + 2):
        say(room, bob, ref, durable=False)
    welcome = found(room, None)
    assert isinstance(welcome, Welcome)
    assert (welcome.position, welcome.events, welcome.more) == ((EPOCH, SAID), (), True)


@settings(deadline=None)
@given(missing=st.sets(st.integers(1, 12), min_size=1), swapped=st.booleans())
def test_a_journal_that_has_not_all_of_it_is_refused(missing: set[int], swapped: bool) -> None:
    """[EN20] Whichever events are missing, at the ends or between them, or out of order, no welcome is made."""
    room = chat_room()
    events = [{"seq": seq, "ev": "chat.said"} for seq in range(9, 21)]
    there = events[::-1] if swapped else [event for number, event in enumerate(events, 1) if number not in missing]
    with pytest.raises(ValueError, match=r"^the journal has \d+ of the events after 8 up to 20$"):
        room.bridge(Gap(8, 20), there)


@pytest.mark.parametrize("more", [[8], [21], [8, 21]])
def test_a_journal_with_more_than_the_gap_is_refused(more: list[int]) -> None:
    """[EN20] An event before or behind the gap would be shown twice."""
    with pytest.raises(ValueError, match="the journal has"):
        chat_room().bridge(Gap(8, 20), [{"seq": seq} for seq in sorted([*range(9, 21), *more])])


def test_a_state_may_be_ahead_of_the_journal() -> None:
    """[EN23] A fresh start has the state as it is decided, and its position and events are of the same moment."""
    room, score = score_room()
    ada = enter(room)[0]
    room.receive(ada, Add(1), NOW)
    room.settle(room.seq)
    room.receive(ada, Add(2, 9), NOW)
    welcome = found(room, None)
    assert isinstance(welcome, Welcome)
    assert (room.durable, welcome.position, seqs(welcome.events)) == (2, (EPOCH, 4), [1, 2, 3, 4])
    assert welcome.state == {"score": {"points": 17, "place": 0, "way": 0}} == {"score": score.snapshot()}


def test_a_state_is_of_its_position_whatever_comes_later() -> None:
    """[EN23] What is decided while a welcome waits is neither in its state nor in its events."""
    room, _ = score_room()
    ada = enter(room)[0]
    welcome = found(room, None)
    room.receive(ada, Add(1), NOW)
    assert isinstance(welcome, Welcome)
    assert (welcome.position, welcome.events, welcome.state["score"]["points"]) == ((EPOCH, 0), (), 0)


def test_who_resumes_gets_no_state() -> None:
    """[EN23] Whoever has a position has the state, too, and waits for nothing that is under way."""
    room, _ = score_room()
    ada = enter(room)[0]
    room.receive(ada, Add(1), NOW)
    room.settle(room.seq)
    room.receive(ada, Add(2), NOW)
    welcome = found(room, (EPOCH, 1))
    assert isinstance(welcome, Welcome)
    assert (welcome.position, seqs(welcome.events), welcome.state) == ((EPOCH, 2), [2], {})


def test_a_room_without_a_state_waits_for_nothing() -> None:
    """[EN23] A fresh start in a room of chat alone is at what is durable, however much is under way."""
    room = chat_room()
    ada = enter(room)[0]
    say(room, ada, 1)
    say(room, ada, 2, durable=False)
    welcome = found(room, None)
    assert isinstance(welcome, Welcome)
    assert (room.seq, welcome.position, seqs(welcome.events), welcome.state) == (2, (EPOCH, 1), [1], {})


def test_a_restored_room_gives_the_state_of_its_snapshot() -> None:
    """[EN23] Before anything new was decided a fresh start has the restored state, though no event of it is in memory."""
    room, _ = score_room()
    room.receive(enter(room)[0], Add(1), NOW)
    again, score = score_room(EPOCH + 1)
    again.load(kept(room.snapshot()), ())
    welcome = found(again, None)
    assert isinstance(score, Score)
    assert welcome == Welcome((EPOCH + 1, 2), False, (), True, {"score": {"points": 5, "place": 0, "way": 0}})
