"""A world in which people pull at a rope, many times a second: what they do is noted, and told together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.protocol import Ref
from gameserver.engine.worlds import BaseWorld, Happening, Who


class Pull(Struct, tag_field="cmd", tag="rope.pull", forbid_unknown_fields=True, frozen=True):
    """How far somebody has pulled in all."""

    far: Annotated[int, Meta(ge=0, le=1000)]
    ref: Ref | None = None


class Rope(BaseWorld):
    """`patience`: frames for which the world keeps a note to itself."""

    name = "rope"
    commands = (Pull,)
    unanswered = noted = frozenset({"rope.pull"})
    journalled = passing = frozenset({"rope.pulled"})
    ephemeral = frozenset({"rope.creaked"})
    has_state = True
    rate, burst = 60.0, 120.0
    max_frame = 64 * 1024
    patience = 0

    def __init__(self) -> None:
        self.pulled: dict[str, int] = {}
        self.notes: dict[str, int] = {}
        self.asked = 0

    def note(self, who: Who, command: Pull, at: int) -> None:
        if command.far == 999:
            raise Rejected(Code.TOO_LONG, "The rope is not that long.")
        self.notes[who.id] = command.far

    @property
    def has_notes(self) -> bool:
        return bool(self.notes)

    def gather(self, at: int) -> tuple[Happening, ...]:
        self.asked += 1
        if self.asked <= self.patience:
            return ()
        if 666 in self.notes.values():
            raise RuntimeError("the rope tore")
        notes, self.notes = self.notes, {}
        return (("rope.pulled", {"to": notes}), ("rope.creaked", {"players": len(notes)}))

    def apply(self, event: Mapping[str, Any]) -> None:
        if event["ev"] == "rope.pulled":
            self.pulled = {**self.pulled, **event["to"]}

    def snapshot(self) -> Any:
        return {"pulled": self.pulled, "secret": 1}

    def view(self) -> Any:
        return {"pulled": self.pulled}

    def restore(self, data: Any) -> None:
        self.pulled = data["pulled"]
