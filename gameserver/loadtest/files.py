"""How many sockets the processes may have open, which is how many bots fit."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress

RESERVE = 32
"""Files of a process that are no sockets of bots: pipes, modules, one socket that closes while the next one opens."""


def raise_limit() -> int:
    """Allow this process, and those it starts, as many open files as it may have at all; that number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A system may call it unlimited and take no such number all the same.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def fitting(files: int, processes: int) -> int:
    """How many bots fit into so many processes with so many files each."""
    return max(0, files - RESERVE) * processes
