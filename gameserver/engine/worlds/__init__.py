"""Worlds: the rules of what happens in a room. Several stand side by side under one sequence; each is one lane.

A module in this package with a class `World` in it, derived from the one here, is a world: docs/worlds.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec import Struct, field

from gameserver.engine.entry import Record
from gameserver.engine.protocol import MAX_FRAME

Fields = dict[str, Any]
Happening = tuple[str, Fields]
"""An event as a world says it: its name and its fields. The room adds seq, time and player."""
BOT = "bot"
"""Ids of bots that fill empty places begin with it, and those of nobody else."""


@dataclass(frozen=True, slots=True)
class Who:
    """A player as others see it: `id` public and stable, `colour` as #rrggbb."""

    id: str
    name: str
    colour: str

    @property
    def is_bot(self) -> bool:
        """Whether it is a bot that fills an empty place."""
        return self.id.startswith(BOT)

    def as_dict(self) -> dict[str, str]:
        """For messages."""
        return {"id": self.id, "name": self.name, "colour": self.colour}


class Decided(Struct, frozen=True, gc=False):
    """What a world made of a command: its events, what the reply carries, and who the sender is from now on."""

    events: tuple[Happening, ...] = ()
    reply: Fields = field(default_factory=dict)
    who: Who | None = None


class BaseWorld:
    """One lane of a room. Pure: no clock, no randomness, no database, no socket; `at` is the owner's time in ms since 1970.

    A world with state keeps it in step with its journalled events: `apply` alone changes it, so that the same events lead to
    the same state, and `restore(snapshot())` changes nothing.
    """

    name: ClassVar[str]
    """Also the prefix of its commands and events: `chat.say`."""
    commands: ClassVar[tuple[type[Struct], ...]] = ()
    """msgspec Structs, one for each command, tagged with its name and with a limit on every field."""
    journalled: ClassVar[frozenset[str]] = frozenset()
    """Its events that are durable before anybody sees them (R2)."""
    ephemeral: ClassVar[frozenset[str]] = frozenset()
    """Its events that are shown at once and forgotten (R3)."""
    passing: ClassVar[frozenset[str]] = frozenset()
    """Journalled events that need not be kept once a snapshot holds what they led to; others stay for history and audit."""
    recorded: ClassVar[frozenset[str]] = frozenset()
    """Journalled events with `records` in them."""
    heavy: ClassVar[frozenset[str]] = frozenset()
    """Passing events that may be large. Gaps in such a room are filled from memory only, which holds a bounded weight of them."""
    has_state: ClassVar[bool] = False
    """Whether newcomers need `snapshot()` besides the last events."""
    is_exact: ClassVar[bool] = True
    """Whether the state follows from journalled events alone: then `manage.py rooms verify` can compare it with a replay."""
    snapshot_s: ClassVar[float] = 0.0
    """Seconds between snapshots while it ticks, besides those by count: for a state that its journal does not hold. 0: none."""
    unanswered: ClassVar[frozenset[str]] = frozenset()
    """Its commands that are answered only when they are refused, for what comes many times a second; their `ref` may be left out."""
    noted: ClassVar[frozenset[str]] = frozenset()
    """Its commands that only leave a note, all of them `unanswered`: what many do many times a second is told together, by `gather`."""
    hears: ClassVar[bool] = False
    """Whether it takes binary messages: `heard`."""
    draws: ClassVar[bool] = False
    """Whether each player is shown something else, `frames` times a second while it ticks: `frame`. Such a room is not relayed."""
    max_frame: ClassVar[int] = MAX_FRAME
    """Bytes of a message in rooms with this world."""
    frames: ClassVar[float] = 30.0
    """Times a second that a busy room shows what has happened. What comes alone is shown at once, whatever this says."""
    rate: ClassVar[float] = 5.0
    """Commands of this world a second, for each session."""
    burst: ClassVar[float] = 10.0
    """Commands at once."""
    tick_s: ClassVar[float] = 0.0
    """Seconds between ticks while anybody is in the room; 0: none."""
    fillers: ClassVar[int] = 0
    """Players that bots make up to while anybody who is none is in the room; 0: none."""

    def decide(self, who: Who, command: Any, at: int) -> Decided:
        """Say what a command does. Raises Rejected; changes nothing."""
        raise NotImplementedError

    def cost(self, command: Any) -> int:
        """How much of the rate a command takes: more than one where it is more work than others. At most `burst`; changes nothing."""
        return 1

    def note(self, who: Who, command: Any, at: int) -> None:
        """Keep in mind what somebody is doing, until `gather`. Raises Rejected. No part of the state: it is gone with its owner."""
        raise NotImplementedError

    @property
    def has_notes(self) -> bool:
        """Whether `gather` has something to tell, now or in a while."""
        return False

    def gather(self, at: int) -> tuple[Happening, ...]:
        """What all notes since the last time lead to; asked with each frame that the room shows, while there are any."""
        return ()

    def heard(self, who: Who, data: bytes, at: int) -> None:
        """Take a binary message of a player, if the world `hears`. Raises Rejected. No part of the state, as a note."""
        raise NotImplementedError

    def frame(self, player: str) -> bytes | None:
        """What a player is shown after a tick, if the world `draws`: a binary message that is worth nothing when the next one is there."""
        return None

    def gone(self, player: str) -> None:
        """The last session of a player has left the room. No part of the state: a new owner may not hear of it."""

    @property
    def slowed_ticks(self) -> int:
        """Ticks that were left out because they were due too long ago; never falls."""
        return 0

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take an event that was decided, by this owner or an earlier one, into the state."""

    def records(self, event: Mapping[str, Any]) -> tuple[Record, ...]:
        """What players did best, by one of the `recorded` events: kept for the region in the same transaction."""
        return ()

    def tick(self, at: int) -> tuple[Happening, ...]:
        """What happens by itself now. Changes nothing but through its events."""
        return ()

    def snapshot(self) -> Any:
        """The state as values that JSON can hold. Not changed afterwards."""
        return None

    def view(self) -> Any:
        """What newcomers are given of it, as values that JSON can hold: all of it, unless a world says otherwise."""
        return self.snapshot()

    def restore(self, data: Any) -> None:
        """Be in the state that `snapshot` gave."""
