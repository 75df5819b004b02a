"""Where journals are kept: the promise, and an implementation in memory for tests. `gameserver.database` has the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gameserver.engine.room import Entry

MAX_ROOMS = 1000
"""Rooms that a region holds."""


class StaleEpoch(Exception):
    """Another owner has the room: this one must stop serving it and can write nothing (R6)."""


class TooManyRooms(Exception):
    """The region has no place for another room."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A room as its new owner finds it. `key` is the store's own name for it."""

    key: int
    epoch: int
    first_epoch: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one room that become durable together, written by the owner of `epoch`."""

    key: int
    epoch: int
    entries: tuple[Entry, ...]


class Store(Protocol):
    """Called from the journal's thread only. Every method raises whatever the database raises when it fails."""

    def open(self, region: str, slug: str, keep: int, now: float) -> Opened:
        """Own the room: epoch + 1, the last `keep` entries. Makes it if there is none. Raises TooManyRooms."""
        ...

    def append(self, batches: Sequence[Batch]) -> list[StaleEpoch | None]:
        """Make all batches durable in one transaction, but for those with an old epoch; says which these are.

        When it raises, nothing of any batch was written.
        """
        ...

    def before(self, key: int, seq: int, limit: int) -> list[Entry]:
        """The last `limit` entries before `seq`, oldest first."""
        ...

    def slugs(self, region: str) -> list[str]:
        """The rooms of a region, by name."""
        ...


class MemoryStore:
    """A store that forgets with the process, for tests; the same contract suite runs on it and on the database."""

    def __init__(self) -> None:
        self.rooms: dict[int, tuple[str, str]] = {}
        self.epochs: dict[int, tuple[int, int]] = {}
        self.journal: dict[int, list[Entry]] = {}

    def open(self, region: str, slug: str, keep: int, now: float) -> Opened:
        """See Store."""
        key = next((key for key, name in self.rooms.items() if name == (region, slug)), None)
        if key is None:
            if len(self.slugs(region)) >= MAX_ROOMS:
                raise TooManyRooms
            key = len(self.rooms) + 1
            self.rooms[key], self.epochs[key], self.journal[key] = (region, slug), (int(now), int(now)), []
        else:
            first, epoch = self.epochs[key]
            self.epochs[key] = (first, epoch + 1)
        first, epoch = self.epochs[key]
        return Opened(key, epoch, first, tuple(self.journal[key][-keep:]))

    def append(self, batches: Sequence[Batch]) -> list[StaleEpoch | None]:
        """See Store."""
        results: list[StaleEpoch | None] = []
        for batch in batches:
            stale = self.epochs[batch.key][1] != batch.epoch
            if not stale:
                self.journal[batch.key].extend(batch.entries)
            results.append(StaleEpoch() if stale else None)
        return results

    def before(self, key: int, seq: int, limit: int) -> list[Entry]:
        """See Store."""
        return [entry for entry in self.journal[key] if entry.event["seq"] < seq][-limit:]

    def slugs(self, region: str) -> list[str]:
        """See Store."""
        return sorted(slug for where, slug in self.rooms.values() if where == region)
