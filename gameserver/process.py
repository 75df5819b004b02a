"""What this process owns: its rooms, its leases, its connections, whether it drains. One for each process, made at start-up."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from fly.here import Here
from gameserver.admission import Admission
from gameserver.clock import steady
from gameserver.engine import lease
from gameserver.engine.errors import Close
from gameserver.engine.lease import NOBODY, Step
from gameserver.engine.registry import Registry, discover
from gameserver.journal import Journal
from gameserver.outlet import Outlet
from gameserver.owner import Owner
from gameserver.placement import Placement
from gameserver.relay.exchange import Exchange
from gameserver.renewal import Renewal
from gameserver.store import Leases
from gameserver.throttle import Throttle

log = logging.getLogger(__name__)

MAX_SOCKETS = 10_000
"""Sockets of one process where MAX_SOCKETS says nothing; fly.toml's hard_limit is the same number."""
IDLE_ROOM_S = 60.0
"""How long a room without anybody stays in memory."""
PROOF_S = 2.0
"""How long whoever wants a room waits for a renewal, where the last one is too old: a process that was asleep needs a moment."""
RETRY_MS = (100, 1000)
"""When the clients of a room that was lost come back: spread, so that the next owner is not stormed."""
MAIN = "main"
"""The room that every region has."""


class Unavailable(Exception):
    """This process cannot prove that its leases run: it takes no room until it can."""


def end_this_process() -> None:
    """What an operator's drain comes to: the same as SIGTERM."""
    os.kill(os.getpid(), signal.SIGTERM)


class Process:
    """The gameserver of this process: a Keeper of owners. Called on the event loop. `clock`: see gameserver.clock.

    layer: a Channels layer that reaches the region's other Machines, for this process alone; without one there is no `exchange`.
    """

    def __init__(
        self,
        here: Here,
        regions: Iterable[str],
        journal: Journal,
        leases: Leases,
        registry: Registry | None = None,
        clock: Callable[[], float] = steady,
        asked_to_drain: Callable[[], None] = end_this_process,
        layer: Any = None,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self.here = here
        self.regions = (here.region,) if here.is_fly else tuple(regions)
        self.journal = journal
        self.leases = leases
        self.registry = registry or discover()
        self.holder = NOBODY
        self.placement = Placement(here.machine, lambda: journal.read(leases.held))
        self.started_at = time.time()
        self.is_draining = False
        self.max_sockets = MAX_SOCKETS
        self.outlets: set[Outlet] = set()
        self.exchange: Exchange | None = None
        self.throttle = Throttle()
        self.admission = Admission()
        self.going: set[int] = set()
        """Rooms that are being given back."""
        # A test's clock has no other one beside it.
        self.renewal = Renewal(self, clock, wall or (time.time if clock is steady else clock), asked_to_drain)
        self._clock = clock
        self._layer = layer
        self._rooms: dict[tuple[str, str], asyncio.Task[Owner]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin this Machine's new life, and open what its last one held. Raises what the database raises."""
        began = self._clock()
        started = await self.journal.call(self.leases.start, self.here.machine, secrets.token_hex(4))
        self.holder = started.holder
        self.renewal.began(began)
        if self._layer is not None:
            self.exchange = Exchange(self, self._layer)
            self.exchange.start()
        self._go_on(self.renewal.renew())
        self._go_on(self.renewal.watch())
        self.placement.start()
        for region, slug in started.rooms:
            self._rooms[region, slug] = asyncio.ensure_future(self._open(region, slug, ""))
            self._rooms[region, slug].add_done_callback(lambda task: task.cancelled() or task.exception())

    def _go_on(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def step(self) -> Step:
        """What our leases allow just now, by the age of their last renewal."""
        return self.renewal.step()

    def decides(self) -> bool:
        """Whether they allow to decide anything: the same, for every command."""
        return self.renewal.decides()

    async def owner(self, region: str, slug: str, world: str = "") -> Owner:
        """The owner of a room, in this process: the room is claimed and read if it is not in memory.

        Raises LeaseHeld, TooManyRooms, Unavailable, KeyError for a world there is not, or what the database raises.
        """
        key = (region, slug)
        task = self._rooms.get(key)
        if task is None or (task.done() and _opened(task) is None):
            # Shared by all who wait for the room: none of them may cancel it.
            task = self._rooms[key] = asyncio.ensure_future(self._open(region, slug, world))
        try:
            return await asyncio.shield(task)
        except Exception:
            if self._rooms.get(key) is task:
                del self._rooms[key]
            raise

    async def _open(self, region: str, slug: str, world: str) -> Owner:
        if not await self.renewal.proven(PROOF_S):
            raise Unavailable
        owner = Owner(region, slug, self, world)
        await owner.open()
        asyncio.get_running_loop().call_later(IDLE_ROOM_S, self._forget, owner)
        return owner

    def owner_here(self, region: str, slug: str) -> Owner | None:
        """The owner of a room that is in memory here."""
        return _opened(self._rooms.get((region, slug)))

    def owned(self, region: str, slug: str) -> bool:
        """Whether the room is in memory here."""
        return self.owner_here(region, slug) is not None

    @property
    def is_opening(self) -> bool:
        """Whether a room is being claimed and read just now."""
        return any(not task.done() for task in self._rooms.values())

    def forget_rooms(self) -> None:
        """After a drain: no room is here any more."""
        self._rooms.clear()

    @property
    def places(self) -> int:
        """How many more sockets this process takes."""
        return 0 if self.is_draining else max(0, self.max_sockets - len(self.outlets))

    def rooms(self) -> list[Owner]:
        """The rooms in memory. May be called from any thread."""
        return [owner for task in list(self._rooms.values()) if (owner := _opened(task)) is not None]

    def left(self, owner: Owner) -> None:
        """Somebody left a room: if it stays empty, it leaves the memory."""
        if not owner.hub.people:
            asyncio.get_running_loop().call_later(IDLE_ROOM_S, self._forget, owner)

    def _forget(self, owner: Owner) -> None:
        if owner.is_idle and not self.is_draining and self._remove(owner):
            self._go_on(self._give_back(owner))

    async def _give_back(self, owner: Owner) -> None:
        self.going.add(owner.key)
        await owner.retire(lease.REFUSE_S)
        owner.stop()
        self.going.discard(owner.key)
        await self.release([owner])

    async def release(self, owners: Iterable[Owner], timeout_s: float | None = None) -> None:
        """Let anybody have these rooms at once. When the database does not answer, their leases run out by themselves."""
        await self.release_keys({owner.key: owner.epoch for owner in owners if owner.epoch}, timeout_s)

    async def release_keys(self, rooms: Mapping[int, int], timeout_s: float | None = None) -> None:
        """The same for rooms by their keys, each with its epoch."""
        patience_s = lease.REFUSE_S if timeout_s is None else timeout_s
        try:
            await asyncio.wait_for(self.journal.call(self.leases.release, self.holder, rooms), patience_s)
        except Exception as error:  # noqa: BLE001
            log.warning("%d leases were not given back and will run out: %r", len(rooms), error)

    def _remove(self, owner: Owner) -> bool:
        """Forget an owner; False if another owner of the same room has taken its place already."""
        key = (owner.region, owner.slug)
        if _opened(self._rooms.get(key)) is not owner:
            return False
        del self._rooms[key]
        return True

    def lost(self, owner: Owner) -> None:
        """Another process owns the room now: send everybody there."""
        log.info("Room %s/%s has another owner.", owner.region, owner.slug)
        self.let_go(owner, "This room has another owner now.")

    def let_go(self, owner: Owner, text: str) -> None:
        """Serve a room no more; everybody in it is told why and comes back."""
        self._remove(owner)
        owner.stop()
        owner.hub.close(Close.OWNER_LOST, text, RETRY_MS)

    async def stop(self) -> None:
        """End what goes on by itself, and hold nothing any more."""
        self.placement.stop()
        if self.exchange is not None:
            await self.exchange.stop()
        for task in [*self._tasks, *self._rooms.values()]:
            task.cancel()
        for owner in self.rooms():
            owner.stop()
        # What would forget an idle room later finds none.
        self._rooms.clear()
        if self.holder != NOBODY:
            try:
                await asyncio.wait_for(self.journal.call(self.leases.end, self.holder), lease.REFUSE_S)
            except Exception as error:  # noqa: BLE001
                log.warning("The leases were not given back and will run out: %r", error)


def _opened(task: asyncio.Task[Owner] | None) -> Owner | None:
    """The owner that a task has opened; None while it opens, and when it could not."""
    return task.result() if task is not None and task.done() and not task.cancelled() and task.exception() is None else None


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
