"""Chat without its rate, and a thing that players steer: what costs is the way of a command, not how often somebody may send one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from gameserver.engine.protocol import RawText, Ref
from gameserver.engine.text import clean_text
from gameserver.engine.worlds import BaseWorld, Decided, Who

Coordinate = Annotated[float, Meta(ge=-1e6, le=1e6)]


class Say(Struct, tag_field="cmd", tag="load.say", forbid_unknown_fields=True, frozen=True):
    """A line, as `chat.say` has one."""

    ref: Ref
    text: RawText


class Aim(Struct, tag_field="cmd", tag="load.aim", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Where a player wants to go: many a second, and only the last one counts."""

    ref: Ref | None = None
    x: Coordinate
    y: Coordinate


class Count(Struct, tag_field="cmd", tag="load.count", forbid_unknown_fields=True, frozen=True):
    """How many aims there were."""

    ref: Ref


class World(BaseWorld):
    """The lane `load`."""

    name = "load"
    commands = (Say, Aim, Count)
    journalled = frozenset({"load.said"})
    unanswered: ClassVar[frozenset[str]] = frozenset({"load.aim"})
    rate = burst = 1e6

    def __init__(self) -> None:
        self.aims: dict[str, tuple[float, float]] = {}
        self.aimed = 0

    def decide(self, who: Who, command: Say | Aim | Count, at: int) -> Decided:
        """`load.said`, or nothing that anybody sees: an aim is kept for this owner's life only. Raises Rejected: empty, too_long."""
        if isinstance(command, Aim):
            self.aims[who.id] = command.x, command.y
            self.aimed += 1
            return NOTHING
        if isinstance(command, Count):
            return Decided(reply={"aimed": self.aimed})
        return Decided(events=(("load.said", {"text": clean_text(command.text)}),))


NOTHING = Decided()
