"""Chat without its rate: what costs is the way of a line, not how often somebody may say one."""

from __future__ import annotations

from msgspec import Struct

from gameserver.engine.protocol import RawText, Ref
from gameserver.engine.text import clean_text
from gameserver.engine.worlds import BaseWorld, Decided, Who


class Say(Struct, tag_field="cmd", tag="load.say", forbid_unknown_fields=True, frozen=True):
    """A line, as `chat.say` has one."""

    ref: Ref
    text: RawText


class World(BaseWorld):
    """The lane `load`."""

    name = "load"
    commands = (Say,)
    journalled = frozenset({"load.said"})
    rate = burst = 1e6

    def decide(self, who: Who, command: Say, at: int) -> Decided:
        """`load.said`. Raises Rejected: empty, too_long."""
        return Decided(events=(("load.said", {"text": clean_text(command.text)}),))
