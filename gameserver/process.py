"""What this process owns: its rooms, its connections, whether it drains. One for each process, made at start-up."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Iterable

from fly.here import Here
from gameserver.engine.errors import Close
from gameserver.heartbeat import Beat
from gameserver.journal import Journal
from gameserver.outlet import Outlet, goodbye
from gameserver.owner import Owner

log = logging.getLogger(__name__)

MAX_SOCKETS = 10_000
"""Sockets of one process; fly.toml's hard_limit is the same number."""
IDLE_ROOM_S = 60.0
"""How long a room without anybody stays in memory."""
CLOSE_BATCH = 100
"""Sockets closed at once in a drain, between two looks at the event loop."""
RETRY_MS = (200, 2000)
"""When a client comes back after a drain: spread, so that the successor is not stormed."""
MAIN = "main"
"""The room that every region has."""


class Process:
    """The gameserver of this process. Called on the event loop."""

    def __init__(self, here: Here, regions: Iterable[str], journal: Journal) -> None:
        self.here = here
        self.regions = (here.region,) if here.is_fly else tuple(regions)
        self.journal = journal
        self.started_at = time.time()
        self.is_draining = False
        self.outlets: set[Outlet] = set()
        self._rooms: dict[tuple[str, str], asyncio.Task[Owner]] = {}

    async def owner(self, region: str, slug: str) -> Owner:
        """The owner of a room, which is read from the journal if it is not in memory. Raises what `Owner.open` raises."""
        key = (region, slug)
        task = self._rooms.get(key)
        if task is None:
            # Shared by all who wait for the room: none of them may cancel it.
            task = self._rooms[key] = asyncio.ensure_future(self._open(region, slug))
        try:
            return await asyncio.shield(task)
        except Exception:
            if self._rooms.get(key) is task:
                del self._rooms[key]
            raise

    async def _open(self, region: str, slug: str) -> Owner:
        owner = Owner(region, slug, self.journal, self._lost)
        await owner.open()
        return owner

    def rooms(self) -> list[Owner]:
        """The rooms in memory. May be called from any thread."""
        tasks = list(self._rooms.values())
        return [task.result() for task in tasks if task.done() and not task.cancelled() and task.exception() is None]

    def left(self, owner: Owner) -> None:
        """Somebody left a room: if it stays empty, it leaves the memory."""
        if owner.is_idle:
            asyncio.get_running_loop().call_later(IDLE_ROOM_S, self._forget, owner)

    def _forget(self, owner: Owner) -> None:
        if owner.is_idle:
            self._remove(owner)

    def _remove(self, owner: Owner) -> None:
        owner.stop()
        key = (owner.region, owner.slug)
        task = self._rooms.get(key)
        # Another owner of the same room may have taken its place already.
        if task is not None and task.done() and task.exception() is None and task.result() is owner:
            del self._rooms[key]

    def _lost(self, owner: Owner) -> None:
        """Another process owns the room now: send everybody there."""
        log.warning("Lost room %s/%s to another owner.", owner.region, owner.slug)
        self._remove(owner)
        owner.close(Close.OWNER_LOST, "This room has another owner now.", retry_ms=random.randint(*RETRY_MS))  # noqa: S311

    def beats(self) -> list[Beat]:
        """What the lobby is told of this process, one beat a region."""
        rooms = self.rooms()
        return [self._beat(region, [owner for owner in rooms if owner.region == region]) for region in self.regions]

    def _beat(self, region: str, rooms: list[Owner]) -> Beat:
        crowded = [{"slug": owner.slug, "players": owner.hub.players} for owner in rooms if owner.hub.players]
        return Beat(
            region=region,
            machine=self.here.machine,
            app=self.here.app,
            started_at=self.started_at,
            players=sum(room["players"] for room in crowded),  # type: ignore[misc]
            rooms=sorted(crowded, key=lambda room: (-int(room["players"]), str(room["slug"]))),
            sockets=len(self.outlets),
            draining=self.is_draining,
        )

    def stop(self) -> None:
        """End what rooms do by themselves."""
        for owner in self.rooms():
            owner.stop()

    async def drain(self, budget_s: float) -> None:
        """Take no new joins, journal what waits, send everybody away with "moved, retry in N ms", spread over the budget (R15)."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + budget_s
        self.is_draining = True
        while any(not owner.is_settled for owner in self.rooms()) and loop.time() < deadline - budget_s / 2:
            await asyncio.sleep(0.005)
        waiting = list(self.outlets)
        batches = [waiting[start : start + CLOSE_BATCH] for start in range(0, len(waiting), CLOSE_BATCH)]
        # Half of the budget is for closing, and no more than a blink for each batch.
        pause = min(0.05, (deadline - loop.time()) / 2 / len(batches)) if batches else 0.0
        for batch in batches:
            for outlet in batch:
                goodbye(outlet, Close.MOVED, "This gameserver restarts.", retry_ms=random.randint(*RETRY_MS))  # noqa: S311
            await asyncio.sleep(pause)


_process: Process | None = None


def start(process: Process) -> None:
    """Make this the process that `current` gives."""
    global _process
    _process = process


def stop() -> None:
    """There is none any more."""
    global _process
    _process = None


def current() -> Process | None:
    """The gameserver of this process; None before start-up, after shutdown, and in management commands."""
    return _process


def draining() -> bool:
    """True when this process takes no more players; `/healthz` says so."""
    return _process is not None and _process.is_draining
