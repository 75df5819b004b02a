"""Leases, journals and snapshots that end with the process, for tests; the same contract suite runs on them and on the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gameserver.engine.entry import Entry, Record, Snapshot
from gameserver.engine.lease import EXPIRY_S, NOBODY, Holder, Lease, check_claim, next_boot
from gameserver.engine.past import MAX_WEIGHT
from gameserver.engine.protocol import encode
from gameserver.store import (
    KEEP_SNAPSHOTS,
    MAX_ROOMS,
    NONE,
    RECENT_S,
    Batch,
    Claimed,
    Held,
    Loaded,
    Peer,
    Renewed,
    StaleEpoch,
    Started,
    TooManyRooms,
)


@dataclass(slots=True)
class Kept:
    """One room. `expires_at` in seconds of the memory's clock."""

    key: int
    region: str
    slug: str
    world: str
    first_epoch: int
    epoch: int
    holder: Holder = NOBODY
    expires_at: float = 0.0
    sessions: int = 0
    floor: int = 0
    journal: list[Entry] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)


class Memory:
    """A Store and Leases in one. `clock`: seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.rooms: dict[int, Kept] = {}
        self.best: dict[tuple[str, str, str], Record] = {}
        """By region, world and player."""
        self.drains: dict[Holder, bool] = {}
        self.lives_until: dict[Holder, float] = {}
        self.places: dict[Holder, int] = {}

    def room(self, slug: str, region: str = "cdg") -> Kept:
        """A room by its name. Raises LookupError."""
        found = self._find(region, slug)
        if found is None:
            raise LookupError(slug)
        return found

    def _find(self, region: str, slug: str) -> Kept | None:
        return next((room for room in self.rooms.values() if (room.region, room.slug) == (region, slug)), None)

    # Leases

    def start(self, machine: str, nonce: str) -> Started:
        """See Leases."""
        before = max((holder.boot for holder in self.drains if holder.machine == machine), default="")
        holder = Holder(machine, next_boot(int(self.clock() * 1000), before, nonce))
        self.drains = {other: asked for other, asked in self.drains.items() if other.machine != machine} | {holder: False}
        self.lives_until[holder] = self.clock() + EXPIRY_S
        mine = [room for room in self.rooms.values() if room.holder.machine == machine]
        for room in mine:
            sessions = self._recent(room)
            self._give(room, holder)
            room.sessions = sessions
        return Started(holder, tuple((room.region, room.slug) for room in mine))

    def claim(self, region: str, slug: str, holder: Holder, world: str = "") -> Claimed:
        """See Leases."""
        room = self._find(region, slug) or self._make(region, slug, world)
        check_claim(Lease(room.epoch, room.holder, self._remaining_ms(room)), holder)
        sessions = self._recent(room)
        self._give(room, holder)
        return Claimed(room.key, room.epoch, room.first_epoch, room.world, room.floor, sessions)

    def _recent(self, room: Kept) -> int:
        return room.sessions if room.expires_at > self.clock() - RECENT_S else 0

    def _make(self, region: str, slug: str, world: str) -> Kept:
        if sum(room.region == region for room in self.rooms.values()) >= MAX_ROOMS:
            raise TooManyRooms
        key, first = len(self.rooms) + 1, int(self.clock())
        self.rooms[key] = Kept(key, region, slug, world, first, first - 1)
        return self.rooms[key]

    def _give(self, room: Kept, holder: Holder) -> None:
        room.epoch, room.holder, room.expires_at, room.sessions = room.epoch + 1, holder, self.clock() + EXPIRY_S, 0

    def _remaining_ms(self, room: Kept) -> int:
        return max(0, round((room.expires_at - self.clock()) * 1000))

    def renew(self, holder: Holder, sessions: Mapping[int, int], places: int = 1) -> Renewed:
        """See Leases."""
        self.places[holder] = places
        mine = [room for room in self.rooms.values() if room.holder == holder]
        self.lives_until[holder] = self.clock() + EXPIRY_S
        for room in mine:
            room.expires_at = self.clock() + EXPIRY_S
            room.sessions = sessions.get(room.key, room.sessions)
        return Renewed({room.key: room.epoch for room in mine}, self.drains.get(holder, False))

    def release(self, holder: Holder, rooms: Mapping[int, int]) -> None:
        """See Leases."""
        for room in (self.rooms[key] for key in rooms):
            if (room.holder, room.epoch) == (holder, rooms[room.key]):
                room.holder, room.expires_at = NOBODY, self.clock()

    def end(self, holder: Holder) -> None:
        """See Leases."""
        self.release(holder, {room.key: room.epoch for room in self.rooms.values()})
        self.drains.pop(holder, None)

    def held(self) -> list[Held]:
        """See Leases."""
        rows = [Held(room.region, room.slug, room.holder.machine, self._remaining_ms(room)) for room in self.rooms.values()]
        return [row for row in rows if row.machine and row.remaining_ms > 0]

    def peers(self) -> list[Peer]:
        """See Leases."""
        living = [holder for holder in self.drains if self.lives_until[holder] > self.clock()]
        return [Peer(holder.machine, holder.boot, self.places.get(holder, 1)) for holder in living]

    def ask_drain(self, machine: str) -> bool:
        """See Leases."""
        holder = next((holder for holder in self.drains if holder.machine == machine), None)
        if holder is None or self.lives_until[holder] <= self.clock():
            return False
        self.drains[holder] = True
        return True

    # Store

    def load(self, key: int, keep: int, passing: frozenset[str] = NONE) -> Loaded:
        """See Store."""
        room = self.rooms[key]
        snapshot = room.snapshots[-1] if room.snapshots else None
        newest = room.journal[-1].event["seq"] if room.journal else 0
        after = snapshot.seq if snapshot else 0
        begin, weight = min(after, newest - keep), 0
        for entry in reversed([entry for entry in room.journal if begin < entry.event["seq"] <= after]):
            weight += len(encode(entry.event))
            if weight > MAX_WEIGHT:
                begin = entry.event["seq"]
                break
        entries = tuple(entry for entry in room.journal if entry.event["seq"] > begin)
        return Loaded(snapshot, entries, tuple(self.before(key, begin + 1, keep, passing)) if passing and keep else ())

    def append(self, batches: Sequence[Batch]) -> list[StaleEpoch | None]:
        """See Store."""
        results: list[StaleEpoch | None] = []
        for batch in batches:
            stale = batch.key not in self.rooms or self.rooms[batch.key].epoch != batch.epoch
            if not stale:
                self.rooms[batch.key].journal.extend(batch.entries)
                for record in batch.records:
                    key = self.rooms[batch.key].region, record.world, record.player
                    self.best[key] = max(self.best.get(key, record), record, key=lambda one: one.points)
            results.append(StaleEpoch() if stale else None)
        return results

    def snapshot(self, key: int, epoch: int, snapshot: Snapshot, passing: frozenset[str], floor: int) -> bool:
        """See Store."""
        room = self.rooms[key]
        if room.epoch != epoch:
            raise StaleEpoch
        newest = room.journal[-1].event["seq"] if room.journal else 0
        if newest < snapshot.seq or any(other.seq > snapshot.seq for other in room.snapshots):
            return False
        room.snapshots = [*(other for other in room.snapshots if other.seq < snapshot.seq), snapshot][-KEEP_SNAPSHOTS:]
        floor = min(floor, room.snapshots[0].seq)
        if passing and len(room.snapshots) == KEEP_SNAPSHOTS and floor > room.floor:
            room.floor = floor
            room.journal = [entry for entry in room.journal if entry.event["seq"] > floor or entry.event["ev"] not in passing]
        return True

    def since(self, key: int, after: int, upto: int) -> list[Entry]:
        """See Store."""
        return [entry for entry in self.rooms[key].journal if after < entry.event["seq"] <= upto]

    def before(self, key: int, seq: int, limit: int, passing: frozenset[str] = NONE) -> list[Entry]:
        """See Store."""
        return [entry for entry in self.rooms[key].journal if entry.event["seq"] < seq and entry.event["ev"] not in passing][-limit:]
