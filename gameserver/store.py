"""Where rooms are kept, as promises: their journal and snapshots, and their leases.

`gameserver.database` and `gameserver.leases` keep them in the region's database, `gameserver.memory` forgets them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gameserver.engine.entry import Entry, Record, Snapshot
from gameserver.engine.lease import Holder

MAX_ROOMS = 1000
"""Rooms that a region holds."""
RECENT_S = 60.0
"""Whoever was in a room that has had no owner for so long does not come back as one."""
NONE: frozenset[str] = frozenset()
KEEP_SNAPSHOTS = 2
"""Snapshots of a room: the newest may be found damaged."""


class StaleEpoch(Exception):
    """Another owner has the room: this one must stop serving it and can write nothing (R6)."""


class TooManyRooms(Exception):
    """The region has no place for another room."""


class Damaged(Exception):
    """A room that cannot be read whole: passing events are gone, and no snapshot from after them is good."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one room that become durable together, written by the owner of `epoch`. `key` is the store's name of the room.

    records: what players did best by them; each player's best in a world is kept for the room's region.
    """

    key: int
    epoch: int
    entries: tuple[Entry, ...]
    records: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A room as its owner finds it. `entries`: oldest first; all after the snapshot, and before it as many as are kept.

    lasting: the last ones before `entries` that are not passing, as many as are kept, or all there are.
    """

    snapshot: Snapshot | None
    entries: tuple[Entry, ...]
    lasting: tuple[Entry, ...] = ()


class Store(Protocol):
    """Journals and snapshots. Called from threads of their own; every method raises whatever the database raises when it fails."""

    def load(self, key: int, keep: int, passing: frozenset[str] = NONE) -> Loaded:
        """The room's newest good snapshot and what its owner needs besides. `passing`: events of its worlds. Raises Damaged."""
        ...

    def append(self, batches: Sequence[Batch]) -> list[StaleEpoch | None]:
        """Make all batches durable in one transaction, but for those with an old epoch; says which these are.

        When it raises, nothing of any batch was written.
        """
        ...

    def snapshot(self, key: int, epoch: int, snapshot: Snapshot, passing: frozenset[str], floor: int) -> bool:
        """Keep a snapshot, and let earlier ones go, with the passing events up to `floor` that an earlier one holds as well.

        In place of one of the same seq: a state may change without the journal. False, with nothing done, when the journal is not
        that far, or a later snapshot is there. Raises StaleEpoch.
        """
        ...

    def since(self, key: int, after: int, upto: int) -> list[Entry]:
        """The entries after one seq up to another, oldest first."""
        ...

    def before(self, key: int, seq: int, limit: int, passing: frozenset[str] = NONE) -> list[Entry]:
        """The last `limit` entries before `seq` that are not passing, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Started:
    """A new life: its holder, newer than all before it, and the regions and slugs of the rooms that it took over."""

    holder: Holder
    rooms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A room that is ours from now on. `world`: its lane besides chat. `floor`: see `gameserver.models.Room`.

    sessions: how many were in when it was last owned, if that is no longer ago than RECENT_S.
    """

    key: int
    epoch: int
    first_epoch: int
    world: str = ""
    floor: int = 0
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class Peer:
    """A Machine of the region that lives: the boot of its life, and how many more sockets it takes."""

    machine: str
    boot: str
    places: int


@dataclass(frozen=True, slots=True)
class Held:
    """Whose a room is, for those who look for it. Others may have it after `remaining_ms`."""

    region: str
    slug: str
    machine: str
    remaining_ms: int


@dataclass(frozen=True, slots=True)
class Renewed:
    """The rooms that are ours still, key and epoch. `drain`: an operator asked this process to go."""

    rooms: Mapping[int, int]
    drain: bool = False


class Leases(Protocol):
    """Who owns which room, by the database's clock. Called like a Store. One row a room; losing a race is normal."""

    def start(self, machine: str, nonce: str) -> Started:
        """Begin a new life of a Machine. What its earlier lives held is this one's at once, with the next epoch.

        nonce: random, so that two processes that share a Machine's name by mistake are told apart.
        """
        ...

    def claim(self, region: str, slug: str, holder: Holder, world: str = "") -> Claimed:
        """Own a room, with the next epoch; it is made, with this world, if there is none. Raises LeaseHeld, TooManyRooms."""
        ...

    def renew(self, holder: Holder, sessions: Mapping[int, int], places: int = 1) -> Renewed:
        """Put the expiry of all that this holder has off. `sessions`: how many are in each room, where that has changed.

        places: how many more sockets this process takes.
        """
        ...

    def release(self, holder: Holder, rooms: Mapping[int, int]) -> None:
        """Give rooms back, key and epoch: anybody may have them at once. What is not this holder's any more is left alone."""
        ...

    def held(self) -> list[Held]:
        """All rooms whose lease runs, in whichever region."""
        ...

    def peers(self) -> list[Peer]:
        """All Machines that share these leases and live."""
        ...

    def ask_drain(self, machine: str) -> bool:
        """Ask a Machine's process to drain; False if there is no such Machine, or none that lives."""
        ...

    def end(self, holder: Holder) -> None:
        """This process goes: it holds nothing and is spoken to no more."""
        ...
