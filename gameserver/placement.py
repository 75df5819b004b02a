"""Which Machine of the region owns which room, as this one knows it: a table in memory, read again in the background.

It may be a second old, and is read again before it sends anybody away: a Machine that has just let its rooms go takes nobody, and an edge
that is sent there waits for its next start. A handshake that goes to the wrong place all the same finds its way from there, or is told when
to come back.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence

from gameserver.clock import steady
from gameserver.engine.lease import is_served
from gameserver.store import Held

log = logging.getLogger(__name__)
REFRESH_S = 1.0
FRESH_S = 0.04
"""Its age when it sends somebody away: who is told by a drain to come back comes 50 ms later (SOONEST_MS), when the lease is given back."""
PATIENCE_S = 0.5
_ID = re.compile(r"[0-9a-z]{4,32}\Z")


def machine_in(text: str) -> str:
    """A Machine's id as an address may carry it; empty for what is none."""
    return text if _ID.match(text) else ""


class Placement:
    """`read` gives the table anew; `of` is asked for every handshake and costs a look into a dict."""

    def __init__(self, machine: str, read: Callable[[], asyncio.Future[Sequence[Held]]]) -> None:
        self._machine = machine
        self._read = read
        self._read_at = 0.0
        self._table: dict[tuple[str, str], Held] = {}
        self._task: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._failing = False

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

    async def fresh(self) -> None:
        """Have the table no older than FRESH_S; all who wait share one look. What the database does not say in time is as it was known."""
        if steady() - self._read_at < FRESH_S:
            return
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look())
            self._looking.add_done_callback(self._looked)
        # One of those who wait may go away, and the look goes on for the others.
        await asyncio.wait([self._looking], timeout=PATIENCE_S)

    def _looked(self, looking: asyncio.Task[None]) -> None:
        self._looking = None

    async def _look(self) -> None:
        began = steady()
        try:
            rows = await self._read()
        except Exception as error:  # noqa: BLE001
            if not self._failing:
                log.warning("The table of leases cannot be read: %r", error)
            self._failing = True
        else:
            self._table, self._read_at, self._failing = {(held.region, held.slug): held for held in rows}, began, False

    async def _run(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(REFRESH_S)
