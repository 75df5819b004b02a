"""Rooms, sessions and commands for tests of the engine: values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gameserver.engine.entry import Entry, Snapshot
from gameserver.engine.outcome import Outcome
from gameserver.engine.protocol import Join, RawText, Ref
from gameserver.engine.room import Gap, Room, Welcome
from gameserver.engine.session import Session
from gameserver.engine.worlds import BaseWorld, Decided, Happening, Who
from gameserver.engine.worlds.chat import Say, World

EPOCH = 1_700_000_000
NOW = 1_700_000_100.0
ADA = Who("ada", "Ada", "#112233")
BOB = Who("bob", "Bob", "#445566")


class Add(Struct, tag_field="cmd", tag="score.add", forbid_unknown_fields=True, frozen=True):
    """Points: these, a cheer, and three more."""

    ref: Ref
    by: Annotated[int, Meta(ge=0, le=9)] = 2


class Move(Struct, tag_field="cmd", tag="score.move", forbid_unknown_fields=True, frozen=True):
    """Be somewhere else."""

    ref: Ref
    to: Annotated[int, Meta(ge=0, le=99)]


class Cheer(Struct, tag_field="cmd", tag="score.cheer", forbid_unknown_fields=True, frozen=True):
    """Nobody remembers it."""

    ref: Ref
    text: RawText


class Score(BaseWorld):
    """A world with all kinds of events, a state in which order matters, and ticks."""

    name = "score"
    commands = (Add, Move, Cheer)
    journalled = frozenset({"score.scored", "score.moved"})
    ephemeral = frozenset({"score.cheered"})
    passing = frozenset({"score.moved"})
    has_state = True
    rate = 20.0
    burst = 40.0
    tick_s = 0.05

    def __init__(self) -> None:
        self.state = START
        self.cheers = 0

    @property
    def points(self) -> int:
        return int(self.state["points"])

    def snapshot(self) -> Any:
        return self.state

    def restore(self, data: Any) -> None:
        self.state = data

    def tick(self, at: int) -> tuple[Happening, ...]:
        return (("score.scored", {"by": 1}), ("score.cheered", {"cheer": "tick"}))

    def decide(self, who: Who, command: Any, at: int) -> Decided:
        if isinstance(command, Cheer):
            return Decided(events=(("score.cheered", {"cheer": command.text}),), reply={"cheered": True})
        if isinstance(command, Move):
            return Decided(events=(("score.moved", {"to": command.to}),))
        events = (("score.scored", {"by": command.by}), ("score.cheered", {"cheer": "!"}), ("score.scored", {"by": 3}))
        return Decided(events=events, reply={"points": self.points + command.by + 3})

    def apply(self, event: Mapping[str, Any]) -> None:
        self.state = follow(self.state, event)
        self.cheers += event["ev"] == "score.cheered"


START: Mapping[str, Any] = {"points": 0, "place": 0, "way": 0}


def follow(state: Mapping[str, Any], event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state of Score after an event, for the owner and for those who hold a copy."""
    if event["ev"] == "score.scored":
        return {**state, "points": state["points"] + event["by"]}
    if event["ev"] == "score.moved":
        return {**state, "place": event["to"], "way": (state["way"] * 31 + event["to"]) % 9973}
    return state


def chat_room(epoch: int = EPOCH) -> Room:
    """A new room with the lane `chat`."""
    return Room(epoch, EPOCH, (World(),))


def score_room(epoch: int = EPOCH, floor: int = 0) -> tuple[Room, Score]:
    """A new room with the lanes `chat` and `score`, and the latter."""
    score = Score()
    return Room(epoch, EPOCH, (World(), score), floor), score


def kept(snapshot: Snapshot) -> Snapshot:
    """A snapshot as it comes back from where it was kept: through JSON."""
    return Snapshot(snapshot.seq, msgspec.json.decode(msgspec.json.encode(snapshot.state)))


def journalled(entries: Iterable[Entry]) -> list[Entry]:
    """Entries as they come back from the journal: through JSON."""
    return msgspec.json.decode(msgspec.json.encode(list(entries)), type=list[Entry])


def sid(number: int = 0) -> str:
    return f"session-{number:0>22}"


def enter(room: Room, who: Who = ADA, number: int = 0, position: tuple[int, int] | None = None) -> tuple[Session, Welcome]:
    """Let somebody in whose gap, if any, is in memory."""
    session, welcome = room.join(Join(v=1, sid=sid(number), position=position), who)
    assert not isinstance(welcome, Gap)
    return session, welcome


def say(room: Room, session: Session, ref: int, text: str = "hello", now: float | None = None, *, durable: bool = True) -> Outcome:
    """Say a line in time for its rate, and have it journalled."""
    outcome = room.receive(session, Say(ref=ref, text=text), NOW + ref if now is None else now)
    if durable:
        room.settle(room.seq)
    return outcome


def lines(room: Room, count: int) -> list[Entry]:
    """So many lines of one session, journalled."""
    session = enter(room)[0]
    return [entry for ref in range(1, count + 1) for entry in say(room, session, ref).entries]


def seqs(events: Any) -> list[int]:
    return [event["seq"] for event in events]


def entered(outcome: Outcome) -> list[tuple[str, int]]:
    """The journalled events of an outcome, by name and seq."""
    return [(entry.event["ev"], entry.event["seq"]) for entry in outcome.entries]
