"""Who comes when, and who speaks when. Pure: it follows from the numbers alone, so that processes need not agree on it."""

from __future__ import annotations

import random
from collections.abc import Iterator

PAUSE_S = 0.3
LONGEST_PAUSE_S = 15.0
"""docs/protocol.md, section 6: a random time of up to 300 ms, doubled with each attempt that fails, 15 s at most."""


def members(bots: int, processes: int, process: int) -> range:
    """The numbers of the bots that a process has: every `processes`-th one, so that all have listeners and talkers alike."""
    return range(process, bots, processes)


def entry_s(bot: int, bots: int, ramp_s: float) -> float:
    """When a bot comes, in seconds from the begin: all of them evenly over the ramp."""
    return ramp_s * bot / bots


def turns(rate: float, count: int, talkers: int, mine: range) -> Iterator[tuple[float, int]]:
    """When which of `mine` speaks, of `count` commands in all, `rate` a second, in seconds from the begin.

    The talkers are the bots 0 to `talkers` - 1; each speaks once before anybody speaks again.
    """
    own = [bot for bot in mine if bot < talkers]
    for first in range(0, count, talkers):
        for bot in own:
            if first + bot >= count:
                break
            yield (first + bot) / rate, bot


def pause_s(failures: int, rng: random.Random) -> float:
    """How long to stay away after so many attempts in a row that failed."""
    return rng.uniform(0.0, min(LONGEST_PAUSE_S, PAUSE_S * 2.0 ** min(failures, 10)))
