"""Rooms, sessions and commands for tests of the engine: values only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameserver.engine.protocol import Join, Rename, Say
from gameserver.engine.room import Outcome, Room, Session, Welcome
from gameserver.engine.worlds import Decided, Who, World
from gameserver.engine.worlds.chat import Chat

EPOCH = 1_700_000_000
NOW = 1_700_000_100.0
ADA = Who("ada", "Ada", "#112233")
BOB = Who("bob", "Bob", "#445566")


class Score:
    """A world with both kinds of events: a renaming is a journalled point, a line is an ephemeral cheer."""

    name = "score"
    commands: tuple[type, ...] = (Rename, Say)
    journalled: frozenset[str] = frozenset({"score.scored"})
    ephemeral: frozenset[str] = frozenset({"score.cheered"})

    def __init__(self) -> None:
        self.points = 0
        self.cheers = 0

    def decide(self, who: Who, command: Any) -> Decided:
        if isinstance(command, Say):
            return Decided(events=(("score.cheered", {"cheer": command.text}),), reply={"cheered": True})
        return Decided(events=(("score.scored", {"by": 2}), ("score.cheered", {"cheer": "!"}), ("score.scored", {"by": 3})))

    def apply(self, event: Mapping[str, Any]) -> None:
        if event["ev"] == "score.scored":
            self.points += event["by"]
        else:
            self.cheers += 1


def chat_room(epoch: int = EPOCH) -> Room:
    """A new room with the lane `chat`."""
    chat: World = Chat()
    return Room(epoch, EPOCH, (chat,))


def sid(number: int = 0) -> str:
    return f"session-{number:0>22}"


def enter(
    room: Room, who: Who = ADA, number: int = 0, position: tuple[int, int] | None = None, now: float = NOW
) -> tuple[Session, Welcome]:
    return room.join(Join(v=1, sid=sid(number), position=position), who, now)


def say(room: Room, session: Session, ref: int, text: str = "hello", now: float | None = None, *, durable: bool = True) -> Outcome:
    """Say a line in time for its rate, and have it journalled."""
    outcome = room.receive(session, Say(ref=ref, text=text), NOW + ref if now is None else now)
    if durable:
        room.settle(room.seq)
    return outcome


def seqs(events: Any) -> list[int]:
    return [event["seq"] for event in events]
