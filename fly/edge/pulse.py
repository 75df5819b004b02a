"""The pulse of a Machine: what its health check says, for as long as one process of it lives (ED47)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from fly.edge import health
from fly.edge.child import Child
from fly.edge.record import Record

BOOT_S = 60.0
"""How long a Machine may take until it answers /healthz; a laptop that does three things at once is slow."""
POLL_S = 0.05


class Pulse:
    """Asks, and calls `found` with what it said before and says now. What is learned of a process counts for that process only.

    `healthy` is None as long as it has not answered since its process began, or was thawed by a start.
    """

    def __init__(self, record: Record, found: Callable[[bool | None, bool], None]) -> None:
        self.healthy: bool | None = None
        self._record = record
        self._found = found

    def forget(self) -> None:
        """Nothing is known any more."""
        self.healthy = None

    async def watch(self, child: Child, port: int) -> None:
        """Ask for as long as the process lives: often until it has answered once, then every few seconds."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + BOOT_S
        while child.pid is not None:
            due = clock() + health.EVERY_S
            if self._record.state == "started":
                await self._ask(child, port, is_late=clock() >= deadline)
            if self._record.state == "started" and self.healthy is None:
                await asyncio.sleep(POLL_S)
            else:
                deadline = clock() + BOOT_S
                with suppress(TimeoutError):
                    await self._record.change(max(POLL_S, due - clock()))

    async def _ask(self, child: Child, port: int, *, is_late: bool) -> None:
        is_booting = self.healthy is None
        healthy = await health.answers(port, health.BOOT_LIMIT_S if is_booting else health.LIMIT_S)
        if child.pid is None or self._record.state != "started" or (is_booting and not healthy and not is_late):
            return
        before, self.healthy = self.healthy, healthy
        self._found(before, healthy)
        if healthy is not before:
            self._record.wake()
