"""A token bucket: so many a second, so many at once."""

from __future__ import annotations

import math


class Bucket:
    """`rate` tokens a second, `burst` at most; starts full. Time is given, in seconds."""

    __slots__ = ("burst", "rate", "stamp", "tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.stamp = now

    def take(self, now: float) -> int:
        """Take a token and return 0, or take none and return the milliseconds to wait until there is one."""
        elapsed = max(0.0, now - self.stamp)
        self.tokens = min(self.burst, self.tokens + elapsed * self.rate)
        self.stamp = max(self.stamp, now)
        # Seconds since 1970 are exact to a quarter of a microsecond: whoever waited as told has not quite a token.
        if self.tokens >= 1 - 1e-4:
            self.tokens -= 1
            return 0
        return max(1, math.ceil((1 - self.tokens) / self.rate * 1000))
