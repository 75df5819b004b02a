"""Worlds: the rules of what happens in a room. Several stand side by side under one sequence; each is one lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Who:
    """A player as others see it: `id` public and stable, `colour` as #rrggbb."""

    id: str
    name: str
    colour: str

    def as_dict(self) -> dict[str, str]:
        """For messages."""
        return {"id": self.id, "name": self.name, "colour": self.colour}


@dataclass(frozen=True, slots=True)
class Decided:
    """What a world made of a command: events as (name, fields), the reply's fields, and who the sender is from now on."""

    events: tuple[tuple[str, Fields], ...] = ()
    reply: Fields = field(default_factory=dict)
    who: Who | None = None


class World(Protocol):
    """One lane of a room. Pure: no clock, no database, no socket."""

    name: str
    commands: tuple[type, ...]
    """The types of command that are this world's."""
    journalled: frozenset[str]
    """Its events that are durable before anybody sees them (R2)."""
    ephemeral: frozenset[str]
    """Its events that are shown at once and forgotten (R3)."""

    def decide(self, who: Who, command: Any) -> Decided:
        """Say what a command does. Raises Rejected; changes nothing."""
        ...

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take a decided event into the world's state."""
        ...
