"""Chat: say something, be called something. Every room has this lane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameserver.engine.protocol import Rename, Say
from gameserver.engine.text import clean_colour, clean_name, clean_text
from gameserver.engine.worlds import Decided, Who


class Chat:
    """The lane `chat`. Its state is its journal; nothing has to be kept beside it."""

    name = "chat"
    commands: tuple[type, ...] = (Say, Rename)
    journalled: frozenset[str] = frozenset({"chat.said", "chat.renamed"})
    ephemeral: frozenset[str] = frozenset()

    def decide(self, who: Who, command: Say | Rename) -> Decided:
        """`chat.said` or `chat.renamed`. Raises Rejected: empty, too_long, bad_message."""
        if isinstance(command, Say):
            return Decided(events=(("chat.said", {"text": clean_text(command.text)}),))
        colour = who.colour if command.colour is None else clean_colour(command.colour)
        now = Who(who.id, clean_name(command.name), colour)
        return Decided(events=(("chat.renamed", {"was": who.name}),), reply={"player": now.as_dict()}, who=now)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Nothing to keep."""
