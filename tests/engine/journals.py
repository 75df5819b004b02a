"""What is durable, for tests that let an owner and its clients go through anything. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gameserver.engine import past
from gameserver.engine import room as module
from gameserver.engine.entry import Entry, Snapshot
from gameserver.engine.room import Room
from tests.engine.rooms import START, Score, follow, journalled, kept, score_room


class Journal:
    """What is durable. `entries`: all that ever was, `gone` the numbers that it let go since; `states`: those of Score, by seq."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.gone: set[int] = set()
        self.floor = 0
        self.snapshots: list[Snapshot] = []
        self.states: list[Mapping[str, Any]] = [START]

    def append(self, entries: Iterable[Entry]) -> None:
        for entry in journalled(entries):
            self.entries.append(entry)
            self.states.append(follow(self.states[-1], entry.event))

    def there(self, after: int = 0, upto: int | None = None) -> list[Entry]:
        """The entries after one number up to another, but for those that were let go."""
        return [entry for entry in self.entries[after:upto] if entry.event["seq"] not in self.gone]

    def lasting(self, upto: int) -> list[Entry]:
        """The entries up to a number that people look back for."""
        return [entry for entry in self.entries[:upto] if entry.event["ev"] not in Score.passing]

    def keep(self, snapshot: Snapshot, *, compact: bool) -> None:
        """Keep it, and perhaps let passing events go up to the snapshot before it, but none of the largest gap, as a store does."""
        if any(other.seq >= snapshot.seq for other in self.snapshots):
            return
        floor = min(self.snapshots[-1].seq, snapshot.seq - module.MAX_GAP) if self.snapshots and compact else 0
        self.snapshots.append(snapshot)
        if floor > self.floor:
            self.floor = floor
            self.gone |= {entry.event["seq"] for entry in self.there(0, floor) if entry.event["ev"] in Score.passing}
            self.snapshots = [snapshot for snapshot in self.snapshots if snapshot.seq >= floor]

    def starts(self) -> list[Snapshot | None]:
        """What a new owner may begin from: a snapshot, or nothing while the journal is whole."""
        return [*([] if self.floor else [None]), *self.snapshots]

    def load(self, epoch: int, snapshot: Snapshot | None) -> tuple[Room, Score]:
        """A new owner's room: from a snapshot all that came after it, and before it what memory holds."""
        room, score = score_room(epoch, self.floor)
        after = min(snapshot.seq if snapshot else 0, max(0, len(self.entries) - past.KEEP))
        room.load(snapshot and kept(snapshot), journalled(self.there(after)), self.lasting(after)[-past.KEEP :])
        return room, score
