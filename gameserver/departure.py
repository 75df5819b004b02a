"""The two roads of a gameserver that nobody needs: it ends, or it is suspended and goes on later where it was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from gameserver.clock import Sleep
from gameserver.drain import drain
from gameserver.process import Process, end_this_process

if TYPE_CHECKING:
    from fly.machines import Machines

log = logging.getLogger(__name__)

SIGNAL_S = 10.0
"""Beyond the drain's budget, until the API's SIGTERM must have come."""
FREEZE_S = 10.0
"""After the API has said that it will, until the process must have been frozen."""
PULSE_S = 0.05
ASLEEP_S = 0.3
"""A pulse that is late by so much says that the process did not run. One that was only busy opens again too early, and no more."""


class Departure:
    """Lets a process go that takes nobody any more.

    `stop_by`, `suspend_by`: each makes a client of the API, about this Machine, or says None. Without the second one the process stops.
    Without an API, or when it fails, it ends with 0 by its own SIGTERM, after the drain of every end.
    """

    def __init__(
        self,
        process: Process,
        budget_s: float,
        stop_by: Callable[[], Machines | None],
        suspend_by: Callable[[], Machines | None] | None = None,
        end: Callable[[], None] = end_this_process,
    ) -> None:
        self._process = process
        self._budget_s = budget_s
        self._stop_by = stop_by
        self._suspend_by = suspend_by
        self._end = end

    async def go(self) -> None:
        """Give all rooms back, then sleep or end. Returns when the process is awake again and open; ends it on any failure of ours."""
        try:
            # The listening socket stays until nothing is held any more: who comes now is told to come back, and finds nobody in the way.
            await drain(self._process, self._budget_s)
            self._process.forget_rooms()
            if self._suspend_by is None or not await self._suspend(self._suspend_by):
                await self._stop()
        except Exception:
            log.exception("This process should go, and did not as it should.")
            self._end()

    async def _stop(self) -> None:
        log.info("Nobody was here: this process stops.")
        machines = self._stop_by()
        if machines is not None:
            from fly.machines import MachinesError

            try:
                async with machines:
                    await machines.stop(self._process.here.machine)
                # It ends us; a second SIGTERM in the middle of that would cut it short.
                await asyncio.sleep(self._budget_s + SIGNAL_S)
                log.warning("The API was to stop this Machine, and no signal came.")
            except MachinesError as error:
                log.warning("The API does not stop this Machine: %s", error)
        self._end()

    async def _suspend(self, suspend_by: Callable[[], Machines | None]) -> bool:
        """Whether the process slept, or at least goes on: False if it has to stop instead."""
        machines = suspend_by()
        if machines is None:
            log.warning("There is no API to suspend this Machine by: it stops instead.")
            return False
        from fly.machines import MachinesError

        log.info("Nobody was here: this Machine is suspended.")
        slept = asyncio.ensure_future(_slept())
        try:
            async with machines:
                await machines.suspend(self._process.here.machine)
        except MachinesError as error:
            # Whoever slept over the answer has got what it asked for.
            await asyncio.sleep(PULSE_S * 2)
            if not slept.done():
                slept.cancel()
                log.warning("The API does not suspend this Machine: %s", error)
                return False
        with suppress(TimeoutError):
            await asyncio.wait_for(slept, FREEZE_S)
        # What was proven of the leases is as old as the sleep, by whichever clock went on in it: nobody is let in before it is proven anew.
        self._process.renewal.look()
        await self._process.renewal.proven(FREEZE_S)
        self._process.is_draining = False
        log.info("This process is open again.")
        return True


async def _slept() -> None:
    """Return after a time in which this process did not run."""
    sleep = Sleep()
    while True:
        await asyncio.sleep(PULSE_S)
        sleep.look()
        if sleep.unseen_s or sleep.since_s - PULSE_S >= ASLEEP_S:
            return
