"""The clock that deadlines are kept by in this process: it only goes forward, and on while the Machine is frozen or suspended."""

from __future__ import annotations

import time


def steady() -> float:
    """Seconds since some time in the past."""
    # Linux: CLOCK_MONOTONIC stands still while a machine is suspended, and a holder would believe in a lease that ran out.
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)
