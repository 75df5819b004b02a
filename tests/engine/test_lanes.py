"""Lanes side by side, for any order of commands and ticks: what is numbered, what is journalled, what a reply waits for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.entry import Entry
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.outcome import Outcome
from gameserver.engine.protocol import Ping
from gameserver.engine.room import Room
from gameserver.engine.worlds import BaseWorld, Decided, Happening, Who
from gameserver.engine.worlds.chat import Say
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.rooms import ADA, BOB, EPOCH, NOW, Add, Cheer, Move, Score, enter, say, score_room, seqs

STEPS = st.lists(st.sampled_from(["say", "add", "move", "cheer", "tick"]), min_size=1, max_size=30)


def happen(room: Room, score: Score, steps: list[str]) -> list[tuple[str, Outcome]]:
    """One thing a second: a session's commands, and ticks."""
    ada = enter(room)[0]
    made: dict[str, Any] = {
        "say": lambda ref: Say(ref, "x"),
        "add": lambda ref: Add(ref),
        "move": lambda ref: Move(ref, 7),
        "cheer": lambda ref: Cheer(ref, "x"),
    }
    return [
        (step, room.tick(score, NOW + ref) if step == "tick" else room.receive(ada, made[step](ref), NOW + ref))
        for ref, step in enumerate(steps, 1)
    ]


@settings(deadline=None)
@given(steps=STEPS)
def test_all_lanes_and_ticks_are_one_sequence(steps: list[str]) -> None:
    """[EN1] Whatever happens in which lane, the journal has one number after the other; what is ephemeral has none."""
    room, score = score_room()
    outcomes = [outcome for _, outcome in happen(room, score, steps)]
    events = [entry.event for outcome in outcomes for entry in outcome.entries]
    assert seqs(events) == list(range(1, room.seq + 1))
    assert all("seq" not in event for outcome in outcomes for event in outcome.ephemeral)
    assert {event["ev"] for event in events} <= Chat.journalled | Score.journalled
    assert {event["ev"] for outcome in outcomes for event in outcome.ephemeral} <= Score.ephemeral


@settings(deadline=None)
@given(steps=STEPS)
def test_ticks_are_nobodys(steps: list[str]) -> None:
    """[EN24] Among commands of all kinds the events of ticks, and no other, have no player, no session, no ref and no reply."""
    room, score = score_room()
    for step, outcome in happen(room, score, steps):
        events = [*(entry.event for entry in outcome.entries), *outcome.ephemeral]
        assert {"player" in event for event in events} == {step != "tick"}
        assert all((entry.session == "", entry.ref == 0) == (step == "tick",) * 2 for entry in outcome.entries)
        if step == "tick":
            assert {entry.reply for entry in outcome.entries} == {None}
            assert outcome.reply is None


@settings(deadline=None)
@given(steps=STEPS)
def test_a_reply_waits_for_its_own_event(steps: list[str]) -> None:
    """[EN26] Every reply waits for the last event of its command, and for none when there is none."""
    room, score = score_room()
    for _, outcome in happen(room, score, steps):
        assert outcome.after == (outcome.entries[-1].event["seq"] if outcome.entries else 0)
        if outcome.reply is not None:
            assert outcome.reply.get("seq", 0) == outcome.after


def test_a_resend_waits_for_what_the_first_one_waits_for() -> None:
    """[EN26] A resend in between, over whichever connection, waits for the first one's event and for no later one."""
    room, score = score_room()
    ada = enter(room)[0]
    first = room.receive(ada, Add(1), NOW)
    say(room, ada, 2, durable=False)
    room.tick(score, NOW)
    again = [room.receive(session, Add(1), NOW) for session in (ada, enter(room)[0])]
    assert [(outcome.after, outcome.reply, outcome.entries, outcome.ephemeral) for outcome in again] == [(2, first.reply, (), ())] * 2
    assert (room.durable, room.seq) == (0, 4)


def test_a_room_that_was_read_again_says_what_a_resend_waits_for() -> None:
    """[EN26] After a change of owner the first event's number is still what the reply waits for, and it is durable."""
    room, _ = score_room()
    entries = [*room.receive(enter(room)[0], Add(1), NOW).entries, *say(room, enter(room, BOB, 1)[0], 1).entries]
    again, _ = score_room(EPOCH + 1)
    again.load(None, entries)
    outcome = again.receive(enter(again)[0], Add(1), NOW)
    assert (outcome.after, again.durable) == (2, 3)


class Slow(Score):
    """A world that takes one command in two seconds."""

    rate = 0.5
    burst = 1.0


def test_a_world_may_be_slower_than_chat() -> None:
    """[EN25] A world's own rate holds for it: one command, and the next one two seconds later, whatever chat does meanwhile."""
    room = Room(EPOCH, EPOCH, (Chat(), Slow()))
    ada, bob = enter(room)[0], enter(room, BOB, 1)[0]
    room.receive(ada, Add(1), NOW)
    for ref in range(2, 6):
        say(room, ada, ref, now=NOW)
    with pytest.raises(Rejected) as refused:
        room.receive(ada, Cheer(6, "x"), NOW)
    assert (refused.value.code, refused.value.wait_ms) == (Code.RATE, 2000)
    assert room.receive(bob, Add(1), NOW).entries
    assert room.receive(ada, Cheer(6, "x"), NOW + 2).ephemeral


def test_ticks_cost_nobody_a_token() -> None:
    """[EN25] However often a world ticks, its players may do what they may."""
    room, score = score_room()
    ada = enter(room)[0]
    for _ in range(100):
        room.tick(score, NOW)
    assert all(room.receive(ada, Move(ref, 1), NOW).entries for ref in range(1, int(Score.burst) + 1))


def test_a_room_without_lanes_still_answers() -> None:
    """[EN28] The room's own commands need no world; a world's are unknown without it, and come again under the same ref."""
    room = Room(EPOCH, EPOCH, ())
    ada = enter(room)[0]
    assert room.receive(ada, Ping(1), NOW).reply == {"ref": 1, "ok": True}
    for _ in range(100):
        with pytest.raises(Rejected) as refused:
            room.receive(ada, Add(1), NOW)
        assert (refused.value.code, refused.value.ref) == (Code.UNKNOWN_COMMAND, 1)
    assert (room.seq, ada.refusals) == (0, 0)


def test_events_of_one_lane_change_no_other() -> None:
    """[EN13] When a room is read again each journalled event reaches the world whose it is, and that one alone."""

    class Other(BaseWorld):
        name = "other"
        journalled = frozenset({"other.done"})

        def __init__(self) -> None:
            self.applied: list[str] = []

        def apply(self, event: Any) -> None:
            self.applied.append(event["ev"])

    other, score = Other(), Score()
    room = Room(EPOCH, EPOCH, (Chat(), other, score))
    room.load(
        None, [Entry({"seq": 1, "ev": "other.done", "at": 1}), Entry({"seq": 2, "ev": "score.scored", "at": 1, "by": 4}, "", 0, None)]
    )
    assert (other.applied, score.points, room.seq) == (["other.done"], 4, 2)


def test_an_event_that_is_not_declared_is_not_journalled() -> None:
    """[EN13] What a world does not name as journalled is shown and forgotten, and takes no number between those that are."""

    class Loose(Score):
        def decide(self, who: Who, command: Any, at: int) -> Decided:
            events: tuple[Happening, ...] = (("score.moved", {"to": 1}), ("score.unknown", {}), ("score.moved", {"to": 2}))
            return Decided(events=events)

    room = Room(EPOCH, EPOCH, (Loose(),))
    outcome = room.receive(enter(room)[0], Move(1, 0), NOW)
    assert seqs(entry.event for entry in outcome.entries) == [1, 2]
    assert [event["ev"] for event in outcome.ephemeral] == ["score.unknown"]


def test_passing_events_are_journalled_like_others() -> None:
    """[EN13] That an event need not be kept for ever changes nothing of how it is numbered, journalled and replied to."""
    assert Score.passing < Score.journalled
    room, _ = score_room()
    outcome = room.receive(enter(room)[0], Move(1, 5), NOW)
    event = {"seq": 1, "ev": "score.moved", "at": int(NOW * 1000), "player": ADA.as_dict(), "to": 5}
    assert [(entry.event, entry.ref, entry.reply) for entry in outcome.entries] == [(event, 1, {})]
    assert (outcome.reply, outcome.after) == ({"ref": 1, "ok": True, "seq": 1}, 1)
