"""The proxy's loop that stops what is not needed, one Machine a pass in each region; the last one of a region when nobody is there.

Source: Fly docs, reference/fly-proxy-autostop-autostart; close 1001 before it: community 27544.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fly.edge.api.states import WrongState
from fly.edge.rules import Candidate
from fly.edge.troubles import Refusal

if TYPE_CHECKING:
    from fly.edge.fleet import Fleet
    from fly.edge.machine import Machine


def excess(running: Sequence[Candidate], at_least: int) -> Candidate | None:
    """The Machine of one region that can be stopped, of those that run there: the least loaded. None if all are needed.

    at_least: min_machines_running, 0 outside the primary region.
    """
    if not running or len(running) <= at_least:
        return None
    least = min(running, key=lambda one: (one.load, one.turn))
    if len(running) == 1:
        return least if least.load == 0 else None
    over = sum(one.is_busy for one in running)
    return least if len(running) - (over + 1) >= 1 else None


class Autostop:
    """Looks every `every_s` seconds. Fly says "every few minutes"."""

    def __init__(self, fleet: Fleet, every_s: float) -> None:
        self.fleet = fleet
        self.every_s = every_s
        self._loop: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look from now on."""
        self._loop = asyncio.ensure_future(self._look())

    async def close(self) -> None:
        """Look no more."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    async def look(self) -> list[str]:
        """One pass: at most one Machine of each app and region is stopped or suspended; their names."""
        stopped = []
        for app, region in sorted({(one.plan.app, one.plan.region) for one in self.fleet.machines.values()}):
            # As it is now: while another region's Machine was put to sleep somebody may have come here.
            machine = self._unneeded(app, region)
            if machine is not None and await self._put_to_sleep(machine):
                stopped.append(machine.plan.name)
        return stopped

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self.every_s)
            await self.look()

    def _unneeded(self, app: str, region: str) -> Machine | None:
        by_id = {one.id: one for one in self.fleet.machines.values()}
        here = [
            one
            for one in self.fleet.candidates()
            if (one.app, one.region) == (app, region)
            and one.state == "up"
            and not one.cordoned
            and by_id[one.machine].limits().autostop != "off"
        ]
        at_least = max((by_id[one.machine].limits().min_running for one in here), default=0) if region == self.fleet.primary else 0
        chosen = excess(here, at_least)
        return None if chosen is None else by_id[chosen.machine]

    async def _put_to_sleep(self, machine: Machine) -> bool:
        """Nothing new for it, its WebSockets are closed with 1001, then it stops or is suspended."""
        how = machine.limits().autostop
        machine.draining = True
        try:
            await self.fleet.cables.farewell(machine.id)
            with contextlib.suppress(WrongState, Refusal):
                if how == "suspend":
                    machine.begin_suspend("proxy")
                else:
                    machine.begin_stop(by="proxy")
                self.fleet.say(f"{machine.label} is not needed: {'suspended' if how == 'suspend' else 'stopped'} by the proxy")
                return True
        finally:
            # From here its state says that it gets nothing, and a request may wake it.
            machine.draining = False
        return False
