"""When the state of a room is kept: every so many events, every so often for worlds that want that, and at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from gameserver.engine.room import Room
from gameserver.engine.worlds import BaseWorld
from gameserver.journal import Journal
from gameserver.pipeline import Pipeline
from gameserver.store import StaleEpoch

log = logging.getLogger(__name__)
SNAPSHOT_EVERY = 2000
"""Events between two snapshots: what a new owner has to replay, at most about twice."""
SNAPSHOT_BYTES = 8 * 2**20
"""Bytes of heavy events between two snapshots: as much again is what a new owner reads, and what the journal keeps of them."""


class Snapshots:
    """Of one owner. A snapshot goes through the journal's thread behind all that it comes from, so it is never ahead of the journal."""

    def __init__(self, journal: Journal, pipeline: Pipeline, clock: Callable[[], float]) -> None:
        self.seq = 0
        """Of the newest one."""
        self._journal = journal
        self._pipeline = pipeline
        self._clock = clock
        self._at = 0.0
        self._weighed = 0
        self._room: Room | None = None
        self._key = 0

    def start(self, room: Room, key: int, seq: int) -> None:
        """Keep this room from now on; `seq` is that of the snapshot it was made from, 0 for none."""
        self._room, self._key, self.seq, self._weighed = room, key, seq, 0

    @property
    def lag(self) -> int:
        """Events that are in no snapshot yet."""
        return 0 if self._room is None else self._room.durable - self.seq

    def by_count(self) -> None:
        """Keep one if enough has happened since the last."""
        weighs = 0 if self._room is None else self._room.past.weighed - self._weighed
        if self.lag >= SNAPSHOT_EVERY or weighs >= SNAPSHOT_BYTES:
            self._soon()

    def by_time(self, world: BaseWorld) -> None:
        """Keep one if the world wants that by now."""
        if world.snapshot_s and self._clock() - self._at >= world.snapshot_s:
            self._soon()

    def now(self) -> asyncio.Future[bool] | None:
        """Keep one; None if there is nothing new. All that is decided must have been handed to the journal."""
        room = self._room
        if room is None or (room.seq == self.seq and all(world.is_exact for world in room.worlds)):
            return None
        state = room.snapshot()
        self.seq, self._at, self._weighed = state.seq, self._clock(), room.past.weighed
        future = self._journal.call(self._journal.store.snapshot, self._key, room.epoch, state, room.passing, state.seq - room.max_gap)
        future.add_done_callback(self._kept)
        return future

    def _soon(self) -> None:
        if self._pipeline.is_settled:
            self.now()
        else:
            self._pipeline.journal_has_all = self.now

    def _kept(self, done: asyncio.Future[bool]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None and not isinstance(error, StaleEpoch):
            log.warning("No snapshot was kept: %r", error)
