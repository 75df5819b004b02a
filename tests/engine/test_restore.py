"""A room that is made again: from a snapshot, the journal behind it, and what is remembered from before it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.entry import Entry, Snapshot
from gameserver.engine.errors import Rejected
from gameserver.engine.past import KEEP
from gameserver.engine.protocol import History, Join
from gameserver.engine.room import FIRST_PAGE, Room, Welcome
from gameserver.engine.worlds.chat import Rename, Say
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.rooms import (
    ADA,
    BOB,
    EPOCH,
    NOW,
    Add,
    Cheer,
    Move,
    Score,
    chat_room,
    enter,
    journalled,
    kept,
    lines,
    say,
    score_room,
    seqs,
    sid,
)

WORDS = st.text("aä ", max_size=3)
_refs = st.integers(1, 30)
_commands = st.one_of(
    st.builds(Say, ref=_refs, text=WORDS),
    st.builds(Rename, ref=_refs, name=WORDS),
    st.builds(Add, ref=_refs, by=st.integers(0, 9)),
    st.builds(Move, ref=_refs, to=st.integers(0, 99)),
    st.builds(Cheer, ref=_refs, text=st.just("x")),
)
_steps = st.lists(st.one_of(st.none(), st.tuples(st.booleans(), _commands)), max_size=40)


def live(room: Room, score: Score, steps: list[Any], now: float) -> list[Entry]:
    """Two sessions' commands, and ticks; what came of them is in the journal."""
    sessions = [enter(room)[0], enter(room, BOB, 1)[0]]
    entries: list[Entry] = []
    for number, one in enumerate(steps):
        try:
            outcome = room.tick(score, now + number) if one is None else room.receive(sessions[one[0]], one[1], now + number)
        except Rejected:
            continue
        entries.extend(outcome.entries)
    room.settle(room.seq)
    return entries


def restored(snapshot: Snapshot | None, entries: list[Entry], floor: int = 0) -> tuple[Room, Score]:
    """What the next owner makes of them, both come through JSON."""
    room, score = score_room(EPOCH + 1, floor)
    room.load(None if snapshot is None else kept(snapshot), journalled(entries))
    return room, score


def assert_alike(left: Room, right: Room) -> None:
    """State, position, replies and what is remembered are the same."""
    assert (left.seq, left.durable, list(left.past.events)) == (right.seq, right.durable, list(right.past.events))
    assert kept(left.snapshot()) == kept(right.snapshot())
    assert list(left.replies.dump().items()) == list(right.replies.dump().items())


@settings(deadline=None, max_examples=60)
@given(_steps, _steps, st.integers(0, 200))
def test_a_snapshot_and_its_tail_are_the_room(before: list[Any], after: list[Any], remembered: int) -> None:
    """[EN21] Whatever happened before and after a snapshot, it and the journal behind it lead to the same room."""
    room, score = score_room()
    early = live(room, score, before, NOW)
    snapshot = room.snapshot()
    late = live(room, score, after, NOW + 100)
    again, _ = restored(snapshot, [*early[max(0, len(early) - remembered) :], *late])
    again.past.events = room.past.events if remembered < len(early) else again.past.events
    assert_alike(again, room)


@settings(deadline=None, max_examples=40)
@given(_steps, _steps)
def test_a_room_made_again_goes_on_alike(before: list[Any], after: list[Any]) -> None:
    """[EN21] What comes after a restart leads to the same events and replies as without one."""
    room, score = score_room()
    live(room, score, before, NOW)
    again, second = restored(room.snapshot(), [])
    assert live(again, second, after, NOW + 100) == live(room, score, after, NOW + 100)
    assert again.snapshot() == room.snapshot()


@settings(deadline=None, max_examples=30)
@given(_steps, _steps)
def test_a_journal_alone_is_enough(before: list[Any], after: list[Any]) -> None:
    """[EN8] Without a snapshot the whole journal leads to the same room."""
    room, score = score_room()
    entries = [*live(room, score, before, NOW), *live(room, score, after, NOW + 100)]
    assert_alike(restored(None, entries)[0], room)


def test_a_snapshot_is_not_changed_afterwards() -> None:
    """[EN21] What happens later is not in a snapshot that was taken before, though nobody has written it down yet."""
    room, score = score_room()
    live(room, score, [(False, Add(ref=1))], NOW)
    snapshot = room.snapshot()
    before = kept(snapshot)
    live(room, score, [(False, Add(ref=2)), None], NOW + 9)
    assert kept(snapshot) == before


def test_what_a_snapshot_holds_is_not_applied_again() -> None:
    """[EN22] Entries from before the snapshot change neither state, position nor replies."""
    room, score = score_room()
    entries = live(room, score, [(False, Add(ref=1)), None, (True, Say(ref=1, text="x"))], NOW)
    again, second = restored(room.snapshot(), entries)
    assert (again.seq, again.durable, second.points, len(again.replies)) == (4, 4, 6, 2)


def test_what_a_snapshot_holds_is_remembered() -> None:
    """[EN22] Who comes back with a position from before the snapshot, or reads back, gets the events from before it."""
    room = chat_room()
    entries = lines(room, 10)
    snapshot = room.snapshot()
    again = chat_room(EPOCH + 1)
    again.load(kept(snapshot), journalled(entries[4:]))
    session, welcome = enter(again, position=(EPOCH, 6))
    assert (welcome.recovered, seqs(welcome.events), welcome.position) == (True, [7, 8, 9, 10], (EPOCH + 1, 10))
    page = again.receive(session, History(ref=99, before=9, limit=3), NOW).reply
    assert page is not None
    assert (seqs(page["events"]), page["more"]) == ([6, 7, 8], True)
    assert seqs(enter(again)[1].events) == [5, 6, 7, 8, 9, 10]


def test_a_snapshot_alone_is_a_room() -> None:
    """[EN21] With nothing behind it, and nothing remembered, a snapshot gives position, state and replies."""
    room, score = score_room()
    live(room, score, [(False, Add(ref=1)), None], NOW)
    again, second = restored(room.snapshot(), [])
    session, welcome = enter(again)
    assert (welcome.position, welcome.events, welcome.state["score"]["points"], second.points) == ((EPOCH + 1, 3), (), 6, 6)
    assert again.receive(session, Add(ref=1), NOW).reply == {"ref": 1, "ok": True, "points": 5, "seq": 2}
    assert say(again, session, 2).reply == {"ref": 2, "ok": True, "seq": 4}


def test_a_resend_after_two_restarts_gets_the_first_reply() -> None:
    """[EN3] A reply goes from snapshot to snapshot, with all that it carried."""
    room = chat_room()
    first = room.receive(enter(room)[0], Rename(ref=5, name="Countess", colour="#000001"), NOW)
    for epoch in (EPOCH + 1, EPOCH + 2):
        snapshot = kept(room.snapshot())
        room = chat_room(epoch)
        room.load(snapshot, [])
    again = room.receive(enter(room)[0], Rename(ref=5, name="other"), NOW)
    assert (again.reply, again.entries, again.after) == (first.reply, (), 1)


def test_a_restart_remembers_no_more_than_memory_holds() -> None:
    """[EN9] However much is read back, a room keeps the last 1000 events."""
    room = chat_room()
    entries = lines(room, KEEP + 50)
    again = chat_room(EPOCH + 1)
    again.load(None, entries)
    assert (len(again.past.events), again.past.events[0]["seq"], again.seq) == (KEEP, 51, KEEP + 50)


def test_a_world_that_a_snapshot_does_not_know_begins_anew() -> None:
    """[EN21] A snapshot of a room without a world, or with one more, restores the worlds that both have."""
    room = chat_room()
    lines(room, 2)
    again, score = restored(room.snapshot(), [])
    assert (again.seq, score.points) == (2, 0)
    less = Room(EPOCH + 2, EPOCH, (Chat(),))
    less.load(kept(again.snapshot()), [])
    assert (less.seq, len(less.replies)) == (2, 2)


def test_a_journal_with_holes_from_before_the_snapshot_is_remembered() -> None:
    """[EN22] Pages have no passing events, whether they are gone or not; positions from behind the floor resume."""
    room, score = score_room()
    moves = [(False, Move(ref=ref, to=ref)) if ref % 2 else (True, Say(ref=ref, text="x")) for ref in range(1, 13)]
    entries = live(room, score, moves, NOW)
    thin = [entry for entry in entries if entry.event["seq"] > 8 or entry.event["ev"] != "score.moved"]
    again, second = restored(room.snapshot(), thin, floor=8)
    assert second.snapshot() == score.snapshot()
    session, welcome = enter(again, position=(EPOCH, 8))
    assert (welcome.recovered, seqs(welcome.events)) == (True, [9, 10, 11, 12])
    page = again.receive(session, History(ref=99, before=10, limit=3), NOW).reply
    assert page is not None
    assert (seqs(page["events"]), page["more"]) == ([4, 6, 8], True)


@pytest.mark.parametrize("seen", [0, 3, 7])
def test_a_position_from_before_the_floor_is_a_fresh_start(seen: int) -> None:
    """[EN6] No gap is filled across events that the journal let go, though some of them are in memory."""
    room, score = score_room()
    entries = live(room, score, [(False, Move(ref=ref, to=ref)) for ref in range(1, 13)], NOW)
    again, _ = restored(room.snapshot(), entries, floor=8)
    _, welcome = again.join(Join(v=1, sid=sid(), position=(EPOCH, seen)), ADA)
    assert isinstance(welcome, Welcome)
    assert (welcome.recovered, welcome.state["score"]) == (False, score.snapshot())
    assert len(welcome.events) <= FIRST_PAGE
