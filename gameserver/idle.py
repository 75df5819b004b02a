"""A gameserver that nobody needs goes by itself: the rule, and who watches for it (docs/operations.md, "Stop when empty")."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from gameserver.clock import Sleep, steady
from gameserver.process import Process
from gameserver.visits import VISITS, Visits

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""Between two looks, at most."""
GRACE_S = 30.0
"""After a start nobody is missed for so long: whoever it was started for reads a page, gets a ticket, and joins."""
SLEPT_S = 2.0
"""A look that is late by so much tells of a sleep: whoever woke this Machine is on the way, however long nobody was here before."""
KEEP_S = 10.0
"""Before a Machine that has to stay asks again, and after a question that was not answered."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A process at one moment. People are sockets of people here, and people in rooms owned here whose sockets a relay has."""

    people: int
    arriving: int
    """Handshakes that are not answered yet."""
    is_waking: bool
    """A room is being claimed or read."""
    is_draining: bool
    quiet_s: float
    """Since the last of them left, or since the start."""
    is_new: bool
    """Nobody has been here since the start."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Not now; look again after so many seconds."""

    for_s: float


@dataclass(frozen=True, slots=True)
class Go:
    """Nobody needs this process."""


def decide(seen: Seen, limit_s: float) -> Stay | Go:
    """Whether a process may go that nobody needed for `limit_s`. What has begun to end needs no rule to end it."""
    if seen.is_draining or seen.people or seen.arriving or seen.is_waking:
        return Stay(LOOK_S)
    left_s = (max(limit_s, GRACE_S) if seen.is_new else limit_s) - seen.quiet_s
    return Go() if left_s <= 0 else Stay(min(left_s, LOOK_S))


def stays(machine: str, living: Iterable[str], keep: int) -> bool:
    """Whether a Machine is one of the `keep` that stay of those that live in its region.

    All of them answer alike, so that no two go because the other one stays.
    """
    return machine in sorted({machine, *living})[:keep]


Keep = Callable[[], Awaitable[int]]


class Idle:
    """Looks whether anybody needs a process, and calls `go` when nobody does; `go` returns if the process only slept.

    keep: how many Machines of the region stay. `limit_s`: see IDLE_STOP_S.
    """

    def __init__(
        self,
        process: Process,
        limit_s: float,
        keep: Keep,
        go: Callable[[], Awaitable[None]],
        visits: Visits = VISITS,
        clock: Callable[[], float] = steady,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._process = process
        self._limit_s = limit_s
        self._keep = keep
        self._go = go
        self._visits = visits
        self._clock = clock
        self._sleep = Sleep(clock, wall)
        self._due_s = 0.0
        """After the last look, when the next one is due."""
        self._began = self._busy_at = clock()
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on. On the event loop."""
        self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    def look(self) -> Stay | Go:
        """What the rule says now."""
        process, visits, now = self._process, self._visits, self._clock()
        self._sleep.look()
        if self._sleep.unseen_s or self._sleep.since_s - self._due_s >= SLEPT_S:
            self._began = self._busy_at = now
        people = max(visits.open, sum(owner.hub.people for owner in process.rooms()))
        if people:
            self._busy_at = now
        since = max(self._busy_at, visits.left_at)
        seen = Seen(people, visits.arriving, process.is_opening, process.is_draining, now - since, is_new=since <= self._began)
        return decide(seen, self._limit_s)

    async def _run(self) -> None:
        while True:
            seen = self.look()
            if isinstance(seen, Stay):
                await self._wait(seen.for_s)
            elif await self._must_stay():
                await self._wait(KEEP_S)
            elif isinstance(self.look(), Go):
                # The point of no return. Nothing runs between that look and this: a handshake was seen by it, or finds the process
                # draining, and is answered with 503 and a time to come back.
                self._process.is_draining = True
                await self._go()
                self._began = self._busy_at = self._clock()

    async def _wait(self, for_s: float) -> None:
        self._due_s = for_s
        await asyncio.sleep(for_s)

    async def _must_stay(self) -> bool:
        """Whether this Machine has to run even when nobody needs it; in doubt it does."""
        self._due_s = KEEP_S
        try:
            keep = await self._keep()
            peers = await self._process.journal.read(self._process.leases.peers) if keep else []
        except Exception as error:  # noqa: BLE001
            level = logging.DEBUG if self._failing else logging.WARNING
            log.log(level, "Nobody is here, but whether this Machine may go is unknown: %r", error)
            self._failing = True
            return True
        self._failing = False
        return stays(self._process.here.machine, [peer.machine for peer in peers], keep)
