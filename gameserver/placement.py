"""Which Machine of the region owns which room, as this one knows it: a table in memory, read again in the background.

It may be a second old. A handshake that it sends to the wrong place finds its way from there, or is told when to come back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from gameserver.clock import steady
from gameserver.engine.lease import is_served
from gameserver.store import Held

log = logging.getLogger(__name__)
REFRESH_S = 1.0


class Placement:
    """`read` gives the table anew; `of` is asked for every handshake and costs a look into a dict."""

    def __init__(self, machine: str, read: Callable[[], asyncio.Future[Sequence[Held]]]) -> None:
        self._machine = machine
        self._read = read
        self._read_at = 0.0
        self._table: dict[tuple[str, str], Held] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Keep the table fresh from now on."""
        self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """No more."""
        if self._task is not None:
            self._task.cancel()

    def of(self, region: str, slug: str) -> str:
        """The other Machine that lets people into a room; empty if there is none, as far as is known."""
        held = self._table.get((region, slug))
        if held is None or held.machine == self._machine:
            return ""
        return held.machine if is_served(held.remaining_ms - round((steady() - self._read_at) * 1000)) else ""

    def learn(self, held: Held) -> None:
        """Somebody was found to have a room before the table said so."""
        age_ms = round((steady() - self._read_at) * 1000)
        self._table[held.region, held.slug] = Held(held.region, held.slug, held.machine, held.remaining_ms + age_ms)

    def forget(self, region: str, slug: str) -> None:
        """Whoever was thought to have a room is not to be reached: nobody else is sent there until the table says so anew."""
        self._table.pop((region, slug), None)

    async def _run(self) -> None:
        failing = False
        while True:
            began = steady()
            try:
                rows = await self._read()
            except Exception as error:  # noqa: BLE001
                if not failing:
                    log.warning("The table of leases cannot be read: %r", error)
                failing = True
            else:
                self._table, self._read_at, failing = {(held.region, held.slug): held for held in rows}, began, False
            await asyncio.sleep(REFRESH_S)
