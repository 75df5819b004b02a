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


def spread_ms(between: tuple[int, int]) -> int:
    """A time of one's own, in ms, so that not all who wait for the same thing come for it together."""
    return random.randint(*between)  # noqa: S311
