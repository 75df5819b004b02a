"""Chat: say something, be called something. Every room has this lane."""

from __future__ import annotations

from msgspec import Struct

from gameserver.engine.protocol import RawColour, RawName, RawText, Ref
from gameserver.engine.text import clean_colour, clean_name, clean_text
from gameserver.engine.worlds import BaseWorld, Decided, Who


class Say(Struct, tag_field="cmd", tag="chat.say", forbid_unknown_fields=True, frozen=True):
    """A line of chat."""

    ref: Ref
    text: RawText


class Rename(Struct, tag_field="cmd", tag="chat.rename", forbid_unknown_fields=True, frozen=True):
    """Another name, and another colour if one is given."""

    ref: Ref
    name: RawName
    colour: RawColour | None = None


class World(BaseWorld):
    """The lane `chat`. Its state is its journal; nothing has to be kept beside it."""

    name = "chat"
    commands = (Say, Rename)
    journalled = frozenset({"chat.said", "chat.renamed"})

    def decide(self, who: Who, command: Say | Rename, at: int) -> Decided:
        """`chat.said` or `chat.renamed`. Raises Rejected: empty, too_long, bad_message."""
        if isinstance(command, Say):
            return Decided(events=(("chat.said", {"text": clean_text(command.text)}),))
        colour = who.colour if command.colour is None else clean_colour(command.colour)
        now = Who(who.id, clean_name(command.name), colour)
        return Decided(events=(("chat.renamed", {"was": who.name}),), reply={"player": now.as_dict()}, who=now)
