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

    def take(self, now: float, count: int = 1) -> int:
        """Take tokens and return 0, or take none and return the milliseconds to wait until there are so many."""
        # Written out: every message of every client goes through here several times.
        if now > self.stamp:
            self.tokens += (now - self.stamp) * self.rate
            if self.tokens > self.burst:
                self.tokens = self.burst
            self.stamp = now
        # Seconds since 1970 are exact to a quarter of a microsecond: whoever waited as told has not quite a token.
        if self.tokens >= count - 1e-4:
            self.tokens -= count
            return 0
        return max(1, math.ceil((count - self.tokens) / self.rate * 1000))
