"""Time in this process: the clock that deadlines are kept by, and times that are spread so that not all come at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial


def _steady() -> Callable[[], float]:
    # Linux: CLOCK_MONOTONIC stands still while a machine is suspended, and a holder would believe in a lease that ran out.
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if boottime is None else partial(time.clock_gettime, boottime)


steady = _steady()
"""Seconds since some time in the past: the clock only goes forward, and on while the Machine is frozen or suspended."""


UNSEEN_S = 2.0
"""By how much the clock on the wall must run ahead between two looks to tell of a sleep, and not of a clock that is being set right."""


class Sleep:
    """Notices that this process did not run for a while.

    `steady`, `wall`: seconds. The one goes on while a process is frozen; the other also while a whole Machine lies on a disk, when the
    first may stand still.
    """

    def __init__(self, steady: Callable[[], float] = steady, wall: Callable[[], float] = time.time) -> None:
        self._steady, self._wall = steady, wall
        self._at = (steady(), wall())
        self.since_s = 0.0
        """Between the last two looks, by the steady clock."""
        self.unseen_s = 0.0
        """What passed between them beside it, by the clock on the wall; 0 for less than UNSEEN_S."""

    def look(self) -> None:
        """Compare the clocks with those of the last look."""
        at = (self._steady(), self._wall())
        self.since_s = at[0] - self._at[0]
        unseen_s = at[1] - self._at[1] - self.since_s
        self.unseen_s = unseen_s if unseen_s >= UNSEEN_S else 0.0
        self._at = at


def spread_ms(between: tuple[int, int]) -> int:
    """A time of one's own, in ms, so that not all who wait for the same thing come for it together."""
    return random.randint(*between)  # noqa: S311
