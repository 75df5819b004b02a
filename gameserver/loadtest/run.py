"""A whole run: everybody comes in, the talking, and the wait until all that was said has arrived everywhere."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from gameserver.loadtest.cpu import Meter, NoProcess
from gameserver.loadtest.crew import Crew
from gameserver.loadtest.orders import End, Enter, Hush, Plan, Talk
from gameserver.loadtest.tally import Tally

START_S = 60.0
"""For the processes to be there."""
ENTER_S = 30.0
"""After the ramp, for the last bots to be in the room."""
LEAD_S = 0.1
"""Between an order and the moment that it names: all processes have read it by then."""
LATE_S = 15.0
"""For processes that are behind their clocks to have sent what was due."""


@dataclass(slots=True)
class Outcome:
    """What came of a run. `away`: bots not in the room at the end. `talked_s`: from the first command to the last event.

    `waiting`: commands without a reply when the wait for them was cut short. `cpu_s`: what the server's process used, if known.
    """

    tally: Tally
    away: int
    stopped: int
    talked_s: float
    busy: float
    waiting: int = 0
    is_interrupted: bool = False
    is_cut: bool = False
    failure: str = ""
    cpu_s: float | None = None


class Run:
    """One run. `phase` and `talk_s` say how far it is, for whoever shows it."""

    def __init__(self, plan: Plan, settle_s: float, meter: Meter | None) -> None:
        self.plan = plan
        self.phase = "starting"
        self.talk_s = 0.0
        """When the talking began, by the monotonic clock; 0 before."""
        self.crew = Crew(plan)
        self._settle_s = settle_s
        self._meter = meter
        self._is_interrupted = self._is_cut = False

    def interrupt(self) -> None:
        """Say nothing more, and wait for what was said; a second time: do not wait, either."""
        self._is_cut = self._is_interrupted
        self._is_interrupted = True
        self.crew.wake()

    async def go(self) -> Outcome:
        """All of it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.interrupt)
        async with self.crew:
            outcome = await self._phases()
        outcome.failure = self.crew.failure
        return outcome

    async def _phases(self) -> Outcome:
        crew, plan = self.crew, self.plan
        if await self._until(lambda: crew.each(lambda _: True), START_S):
            self.phase = "coming in"
            crew.order(Enter(time.monotonic() + LEAD_S))
            await self._until(lambda: crew.total("inside") == plan.bots, plan.ramp_s + ENTER_S)
        elif not self._is_over:
            crew.failure = f"The processes of the load test did not start within {START_S:g} s."
        if not self._is_over:
            self.phase = "talking"
            self.talk_s = time.monotonic() + LEAD_S
            self._measure()
            crew.order(Talk(self.talk_s))
            await self._until(lambda: crew.each(lambda status: status.is_done), LEAD_S + plan.count / plan.rate + LATE_S)
        self.phase = "settling"
        crew.order(Hush())
        if self.talk_s:
            await crew.until(lambda: self.is_settled or self._is_cut, time.monotonic() + self._settle_s)
        cpu_s = self._meter.used_s() if self._meter is not None and self.talk_s else None
        away, waiting, stopped = plan.bots - crew.total("inside"), crew.total("unanswered"), crew.total("stopped")
        busy = max((status.busy for status in crew.statuses.values()), default=0.0)
        crew.order(End(None if self._is_cut else crew.highest("promised")))
        await crew.until(lambda: crew.each(lambda status: status.is_last) or bool(crew.failure), time.monotonic() + LATE_S)
        talked_s = max(0.0, crew.highest("last_us") / 1e6 - self.talk_s) if self.talk_s else 0.0
        return Outcome(crew.tally, away, stopped, talked_s, busy, waiting, self._is_interrupted, self._is_cut, cpu_s=cpu_s)

    @property
    def _is_over(self) -> bool:
        return self._is_interrupted or bool(self.crew.failure)

    @property
    def is_settled(self) -> bool:
        """Nobody waits for a reply, nobody is on the way back, and all that was promised is everywhere."""
        crew = self.crew
        if crew.total("unanswered") or crew.total("inside") + crew.total("stopped") < crew.bots:
            return False
        promised = crew.highest("promised")
        return crew.each(lambda status: status.is_done and (not status.inside or status.lowest >= promised))

    async def _until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        return await self.crew.until(lambda: condition() or self._is_over, time.monotonic() + timeout_s) and not self._is_over

    def _measure(self) -> None:
        if self._meter is not None:
            try:
                self._meter.start()
            except NoProcess:
                self._meter = None
