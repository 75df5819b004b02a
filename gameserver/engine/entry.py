"""What a room decides and keeps: events, the replies that go with them, and positions in the order of them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import Struct, field

Event = dict[str, Any]
Reply = dict[str, Any]
Position = tuple[int, int]
"""(epoch, seq) of the last event seen."""


class Entry(Struct, frozen=True, gc=False):
    """One journalled event with what makes its command unrepeatable.

    session, ref: the command's; empty and 0 for what a world did by itself. reply: what the command's reply carries besides
    its ref and seq; None when another event of the same command comes behind this one.
    """

    event: Event
    session: str = ""
    ref: int = 0
    reply: Reply | None = field(default_factory=dict)


class Record(Struct, frozen=True, gc=False):
    """What a player did best in a world: kept for the region, whatever becomes of the room. `at`: ms since 1970."""

    world: str
    player: str
    name: str
    colour: str
    points: int
    at: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a room at a seq, as values that JSON can hold: a new owner reads this and what came after it."""

    seq: int
    state: dict[str, Any]
