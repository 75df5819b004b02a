"""Heavy events, as many as anybody likes: what fills the line to a client that does not read."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from gameserver.engine.protocol import Ref
from gameserver.engine.worlds import BaseWorld, Decided, Who

Weight = Annotated[int, Meta(ge=0, le=1_000_000)]


class Load(Struct, tag_field="cmd", tag="freight.load", forbid_unknown_fields=True, frozen=True):
    """An event that is kept, of so many bytes and a few."""

    ref: Ref
    weight: Weight = 0


class Wave(Struct, tag_field="cmd", tag="freight.wave", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An event that passes; nobody answers it."""

    ref: Ref | None = None
    number: int
    weight: Weight = 0


class World(BaseWorld):
    """The lane `freight`."""

    name = "freight"
    commands = (Load, Wave)
    journalled = frozenset({"freight.loaded"})
    ephemeral = frozenset({"freight.waved"})
    unanswered: ClassVar[frozenset[str]] = frozenset({"freight.wave"})
    rate = burst = frames = 1e6

    def decide(self, who: Who, command: Load | Wave, at: int) -> Decided:
        if isinstance(command, Load):
            return Decided((("freight.loaded", {"load": "x" * command.weight}),), reply={"weight": command.weight})
        return Decided((("freight.waved", {"number": command.number, "load": "w" * command.weight}),))
