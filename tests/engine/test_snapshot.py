"""Whatever happened, and whenever a snapshot was taken of it: the room that is made of it is the room itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.entry import Entry, Snapshot
from gameserver.engine.errors import Closed, Rejected
from gameserver.engine.protocol import Command, History, Join
from gameserver.engine.room import Room
from gameserver.engine.session import Session
from gameserver.engine.worlds.chat import Rename, Say
from tests.engine.rooms import ADA, BOB, EPOCH, NOW, Add, Cheer, Move, Score, enter, journalled, kept, score_room, sid

PLAYERS = ADA, BOB
WORDS = st.text("aä ", max_size=3)
COMMANDS = st.one_of(
    st.builds(Say, ref=st.integers(1, 9), text=WORDS),
    st.builds(Rename, ref=st.integers(1, 9), name=WORDS),
    st.builds(Add, ref=st.integers(1, 9), by=st.integers(0, 9)),
    st.builds(Move, ref=st.integers(1, 9), to=st.integers(0, 99)),
    st.builds(Cheer, ref=st.integers(1, 9), text=WORDS),
)
STEPS = st.lists(st.one_of(st.just("tick"), st.just("snapshot"), st.tuples(st.integers(0, 1), COMMANDS)), max_size=40)


@dataclass
class Past:
    """A room, with all that it journalled, every command that it took, and the snapshots that were taken of it."""

    room: Room
    score: Score
    sessions: Sequence[Session]
    entries: list[Entry]
    taken: list[tuple[int, Command]]
    snapshots: list[Snapshot]

    def step(self, number: int, step: Any) -> None:
        if step == "snapshot":
            self.snapshots.append(self.room.snapshot())
        elif step == "tick":
            self.entries.extend(self.room.tick(self.score, NOW + number).entries)
        else:
            try:
                self.entries.extend(self.room.receive(self.sessions[step[0]], step[1], NOW + number).entries)
            except (Rejected, Closed):
                return
            self.taken.append(step)


def past(steps: Sequence[Any]) -> Past:
    """A room to which all this happened, and is journalled; a snapshot of the end is always there."""
    room, score = score_room()
    found = Past(room, score, [enter(room, who, number)[0] for number, who in enumerate(PLAYERS)], [], [], [])
    for number, step in enumerate([*steps, "snapshot"]):
        found.step(number, step)
    room.settle(room.seq)
    return found


def restored(snapshot: Snapshot | None, entries: Sequence[Entry]) -> tuple[Room, Score]:
    """What the next owner makes of them; both have been through JSON."""
    room, score = score_room(EPOCH + 1)
    room.load(None if snapshot is None else kept(snapshot), journalled(entries))
    return room, score


def after(entries: Sequence[Entry], seq: int) -> list[Entry]:
    return [entry for entry in entries if entry.event["seq"] > seq]


def answers(room: Room, taken: Sequence[tuple[int, Command]]) -> list[Any]:
    """What the room says to every command that it took, sent again: one without a journalled event aside, it is decided anew."""
    sessions = [room.join(Join(v=1, sid=sid(number)), who)[0] for number, who in enumerate(PLAYERS)]
    again = [room.receive(sessions[number], command, NOW) for number, command in taken if not isinstance(command, Cheer)]
    return [(outcome.reply, outcome.entries, outcome.ephemeral, outcome.after) for outcome in again]


@settings(deadline=None, max_examples=80)
@given(steps=STEPS, data=st.data())
def test_a_snapshot_and_what_came_after_it_are_the_room(steps: list[Any], data: st.DataObject) -> None:
    """[EN21] From any snapshot, and from none, the next owner has the same number, states and replies."""
    then = past(steps)
    snapshot = data.draw(st.sampled_from([None, *then.snapshots]))
    room, score = restored(snapshot, after(then.entries, snapshot.seq if snapshot else 0))
    assert (room.seq, room.durable, score.state) == (then.room.seq, then.room.durable, then.score.state)
    assert room.snapshot() == then.room.snapshot()
    assert answers(room, then.taken) == answers(then.room, then.taken)
    assert room.seq == then.room.seq


@settings(deadline=None, max_examples=80)
@given(steps=STEPS, data=st.data())
def test_newcomers_and_those_who_come_back_see_the_same_room(steps: list[Any], data: st.DataObject) -> None:
    """[EN22] With the entries from before the snapshot remembered too, welcomes and pages differ in nothing but the epoch."""
    then = past(steps)
    snapshot = data.draw(st.sampled_from(then.snapshots))
    seen = data.draw(st.integers(0, then.room.seq + 1))
    room, score = restored(snapshot, then.entries)
    assert score.state == then.score.state
    for position in (None, (EPOCH, seen)):
        session, welcome = enter(room, ADA, 9, position)
        other, before = enter(then.room, ADA, 9, position)
        assert (welcome.position, before.position) == ((EPOCH + 1, room.seq), (EPOCH, room.seq))
        assert (welcome.recovered, welcome.events, welcome.more) == (before.recovered, before.events, before.more)
        assert welcome.state == before.state
        command = History(ref=1, before=seen, limit=5)
        assert room.receive(session, command, NOW).reply == then.room.receive(other, command, NOW).reply


@settings(deadline=None, max_examples=40)
@given(steps=STEPS, data=st.data())
def test_what_a_snapshot_covers_is_applied_once(steps: list[Any], data: st.DataObject) -> None:
    """[EN22] However many of the entries before a snapshot are remembered, the state and the replies are those of the snapshot."""
    then = past(steps)
    snapshot = then.snapshots[-1]
    room, score = restored(snapshot, then.entries[data.draw(st.integers(0, len(then.entries))) :])
    assert (room.seq, score.state, room.snapshot()) == (then.room.seq, then.score.state, snapshot)


@settings(deadline=None, max_examples=40)
@given(steps=STEPS, more=STEPS)
def test_a_room_of_a_room_of_a_snapshot_is_still_the_room(steps: list[Any], more: list[Any]) -> None:
    """[EN21] A snapshot of a restored room is what one of the room itself would be, and goes on alike."""
    then = past(steps)
    room, score = restored(then.snapshots[0], after(then.entries, then.snapshots[0].seq))
    room, score = restored(room.snapshot(), ())
    sessions = [room.join(Join(v=1, sid=sid(number)), who)[0] for number, who in enumerate(PLAYERS)]
    for session, known in zip(sessions, then.sessions, strict=True):
        session.who = known.who
    again = Past(room, score, sessions, [], [], [])
    known = len(then.entries)
    for number, step in enumerate(more, 1000):
        again.step(number, step)
        then.step(number, step)
    assert again.entries == then.entries[known:]
    assert again.room.snapshot() == then.room.snapshot()
