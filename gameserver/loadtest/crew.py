"""The processes of a run, as the command sees them: started, ordered, listened to, and ended."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from gameserver.loadtest.histogram import Histogram
from gameserver.loadtest.orders import Order, Plan, Status
from gameserver.loadtest.pace import members
from gameserver.loadtest.tally import Step, Tally

ROOT = Path(__file__).resolve().parents[2]
MAX_LINE_BYTES = 4 * 1024 * 1024
"""A process's line has at most all buckets of all histograms."""
END_S = 10.0
"""For a process to end after it was told to."""
WINDOW_S = 1.0


class Crew:
    """Adds up what the processes tell, as `tally`, and each one's newest status. Use as an async context manager."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        self.statuses: dict[int, Status] = {}
        self.failure = ""
        """One line on the first process that ended before it was told to."""
        self._dead = self._lost_bots = 0
        self._processes: list[asyncio.subprocess.Process] = []
        self._listeners: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._recent: deque[tuple[float, Step]] = deque()
        self._decode = msgspec.json.Decoder(Status).decode

    async def __aenter__(self) -> Crew:
        for number in range(self.plan.processes):
            # A session of its own: Ctrl-C is the command's to hear. A process whose command dies finds its input ended.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gameserver.loadtest"),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=MAX_LINE_BYTES,
                start_new_session=True,
            )
            self._processes.append(process)
            self._write(process, msgspec.structs.replace(self.plan, process=number))
            self._listeners.append(asyncio.create_task(self._listen(number, process)))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Every process is gone afterwards: whose input ends, ends."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await asyncio.gather(*(process.wait() for process in self._processes))
        except TimeoutError:
            for process in self._processes:
                if process.returncode is None:
                    process.kill()
        await asyncio.gather(*self._listeners)

    def order(self, order: Order) -> None:
        """Tell all of them."""
        for process in self._processes:
            if process.returncode is None:
                self._write(process, order)

    async def until(self, condition: Callable[[], bool], deadline_s: float) -> bool:
        """Wait for a condition on what was told; False if it does not hold by that moment of the monotonic clock."""
        while not condition():
            self._news.clear()
            try:
                async with asyncio.timeout(max(0.0, deadline_s - time.monotonic())):
                    await self._news.wait()
            except TimeoutError:
                return condition()
        return True

    def wake(self) -> None:
        """Have `until` look again."""
        self._news.set()

    @property
    def bots(self) -> int:
        """Bots whose processes live."""
        return self.plan.bots - self._lost_bots

    def total(self, name: str) -> int:
        """A number of Status, of all processes that live together."""
        return sum(getattr(status, name) for status in self.statuses.values())

    def highest(self, name: str) -> int:
        """The highest of a number of Status."""
        return max((getattr(status, name) for status in self.statuses.values()), default=0)

    def each(self, condition: Callable[[Status], bool]) -> bool:
        """Whether every process that lives has told, and what it told last is so."""
        return len(self.statuses) == self.plan.processes - self._dead and all(map(condition, self.statuses.values()))

    def recent(self) -> Histogram:
        """The deliveries of the last second."""
        histogram = Histogram()
        self._forget()
        for _, step in self._recent:
            histogram.add(step.latencies["delivery"], step.longest_us["delivery"])
        return histogram

    def _forget(self) -> None:
        oldest = time.monotonic() - WINDOW_S
        while self._recent and self._recent[0][0] < oldest:
            self._recent.popleft()

    def _write(self, process: asyncio.subprocess.Process, line: msgspec.Struct) -> None:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(line) + b"\n")

    async def _listen(self, number: int, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            status = self._decode(line)
            self.tally.add(status.step)
            self._recent.append((time.monotonic(), status.step))
            self._forget()
            self.statuses[number] = status
            self._news.set()
        code = await process.wait()
        if number not in self.statuses or not self.statuses[number].is_last or code:
            self._died(number, code)
        self._news.set()

    def _died(self, number: int, code: int) -> None:
        bots = len(members(self.plan.bots, self.plan.processes, number))
        self.statuses.pop(number, None)
        self._dead += 1
        self._lost_bots += bots
        said = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self.failure = self.failure or f"A process of the load test {said}; its {bots} bots are gone with it."
