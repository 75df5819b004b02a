"""A relay's copy of a room: as far as the owner has shown it, whole and in order. What did not come is read from the journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gameserver.counts import COUNTS
from gameserver.engine.copied import follow, pass_by, restore
from gameserver.engine.past import KEEP
from gameserver.engine.registry import Registry
from gameserver.engine.room import Room
from gameserver.hub import Hub
from gameserver.journal import Journal
from gameserver.outlet import Prepared
from gameserver.relay.mirror import Mirror

log = logging.getLogger(__name__)
AGAIN_S = 0.25
"""Before a gap that could not be read is tried again."""
_decode = msgspec.json.decode


class Copy:
    """Shows to `hub` what comes, each event once. `lost`: called when too much is missing to be shown at once.

    settled: called when nothing is missing any more, and behind everything that was shown.
    """

    def __init__(
        self, hub: Hub, mirror: Mirror, journal: Journal, registry: Registry, lost: Callable[[], None], settled: Callable[[], None]
    ):
        self.room: Room | None = None
        self.key = 0
        self._hub = hub
        self._mirror = mirror
        self._journal = journal
        self._registry = registry
        self._lost = lost
        self._settled = settled
        self._target = 0
        self._behind: list[dict[str, Any]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.room is not None and self._task is None

    def stop(self) -> None:
        """Show nothing more."""
        self.room = None
        if self._task is not None:
            self._task.cancel()

    async def start(self, kit: dict[str, Any]) -> None:
        """Be where the owner is: the room is read, or what is missing of it. Raises as Registry.lanes, and what the database raises."""
        room = self.room
        if room is None or self.key != kit["key"] or room.first_epoch != kit["first_epoch"] or kit["seq"] - room.durable > room.max_gap:
            fresh = Room(kit["epoch"], kit["first_epoch"], self._registry.lanes(kit["world"]), kit["floor"])
            loaded = await self._journal.read(self._journal.store.load, kit["key"], KEEP, fresh.passing)
            fresh.load(loaded.snapshot, loaded.entries, loaded.lasting)
            if room is not None:
                # Sockets that are here would miss what lies between: they come back and get it by position.
                self._lost()
            self.room = room = fresh
            self.key = kit["key"]
            self._hub.shown = fresh.epoch, fresh.durable
        room.epoch = kit["epoch"]
        restore(room, kit["state"])
        news = self._mirror.start(kit["present"], kit["players"], kit["told"])
        if news is not None:
            self._hub.show(Prepared(news))
        self.reach(kit["epoch"], kit["seq"])

    def reach(self, epoch: int, seq: int) -> None:
        """The owner is at this position: get there if something is missing."""
        room = self.room
        if room is None or epoch < room.epoch:
            return
        room.epoch = epoch
        if seq > room.durable:
            self._read_up_to(seq)

    def follow(self, epoch: int, texts: Sequence[bytes]) -> None:
        """Take what the owner showed in one write."""
        room = self.room
        if room is None or epoch < room.epoch:
            return
        room.epoch = epoch
        shown = []
        for text in texts:
            message: dict[str, Any] = _decode(text)
            if self._task is not None:
                # Whoever comes late to the journal's part must not be overtaken; what passes is worth nothing by then.
                if message["type"] != "ephemeral":
                    self._behind.append(message)
                continue
            if message["type"] == "events" and message["events"][0]["seq"] > room.durable + 1:
                COUNTS.relay_gaps += 1
                self._behind.append(message)
                self._read_up_to(message["events"][0]["seq"] - 1)
                continue
            prepared = Prepared(message, text).after(room.durable)
            if prepared is not None:
                self._take(room, prepared)
                shown.append(prepared)
        if shown:
            self._hub.show(*shown)
            self._settled()

    def _take(self, room: Room, prepared: Prepared) -> None:
        message = prepared.message
        if message["type"] == "events":
            follow(room, message["events"])
        elif message["type"] == "ephemeral":
            pass_by(room, message["events"])
        elif message["type"] == "presence":
            self._mirror.follow(message)

    def _read_up_to(self, seq: int) -> None:
        self._target = max(self._target, seq)
        if self._task is None:
            self._task = asyncio.ensure_future(self._fill())

    async def _fill(self) -> None:
        """Read what is missing until nothing is, and show it; then what came meanwhile."""
        while (room := self.room) is not None and self._target > room.durable:
            after, upto = room.durable, min(self._target, room.durable + room.max_gap)
            try:
                entries = await self._journal.read(self._journal.store.since, self.key, after, upto)
            except Exception as error:  # noqa: BLE001
                log.warning("What a relay missed of room %d cannot be read: %r", self.key, error)
                entries = []
            events = [entry.event for entry in entries]
            if room is not self.room:
                continue
            if [event["seq"] for event in events] == list(range(after + 1, upto + 1)):
                prepared = Prepared({"type": "events", "epoch": room.epoch, "events": events})
                self._take(room, prepared)
                self._hub.show(prepared)
            elif events and upto <= room.floor:
                self._lost()
                room.durable = room.seq = upto
            else:
                await asyncio.sleep(AGAIN_S)
        behind, self._behind, self._task = self._behind, [], None
        for message in behind:
            if self.room is not None:
                self.follow(self.room.epoch, [msgspec.json.encode(message)])
        self._settled()
