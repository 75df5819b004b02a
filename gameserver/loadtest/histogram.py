"""How long things took: any number of times in constant memory, each known to better than a part in 128. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

SUB_BITS = 7
STEPS = 1 << SUB_BITS
"""Buckets to each doubling: a bucket is at most a 128th of its smallest value wide; below 256 µs each has one value."""
MAX_US = (1 << 36) - 1
"""Longer times, of nineteen hours and more, count as this one."""


def bucket_of(value_us: int) -> int:
    """The number of the bucket that has this time, 0 to MAX_US."""
    shift = value_us.bit_length() - SUB_BITS - 1
    return value_us if shift <= 0 else (shift << SUB_BITS) + (value_us >> shift)


def longest_of(bucket: int) -> int:
    """The longest time in µs that is in a bucket."""
    if bucket < 2 * STEPS:
        return bucket
    shift = (bucket >> SUB_BITS) - 1
    return (((bucket & STEPS - 1) + STEPS + 1) << shift) - 1


SIZE = bucket_of(MAX_US) + 1


class Histogram:
    """Times in whole microseconds. Two of them add up to what one would have been."""

    __slots__ = ("buckets", "longest_us")

    def __init__(self) -> None:
        self.buckets = [0] * SIZE
        self.longest_us = 0

    def record(self, value_us: int) -> None:
        """Count one time; what is below 0, or beyond MAX_US, counts as that."""
        if not 0 <= value_us <= MAX_US:
            value_us = min(max(value_us, 0), MAX_US)
        if value_us > self.longest_us:
            self.longest_us = value_us
        self.buckets[bucket_of(value_us)] += 1

    @property
    def count(self) -> int:
        """How many times were recorded."""
        return sum(self.buckets)

    def percentile(self, part: float) -> int | None:
        """The time in µs that `part` (0 to 1) of all times were not longer than: never too short, too long by less than a 128th.

        None if there are no times.
        """
        count = self.count
        if not count:
            return None
        rank, seen = max(1, math.ceil(part * count)), 0
        for bucket, times in enumerate(self.buckets):
            seen += times
            if seen >= rank:
                return min(longest_of(bucket), self.longest_us)
        raise AssertionError("a rank beyond the count")

    def sparse(self) -> dict[int, int]:
        """The buckets that have any, by their number: for a pipe."""
        return {bucket: times for bucket, times in enumerate(self.buckets) if times}

    def add(self, sparse: Mapping[int, int], longest_us: int) -> None:
        """Count what another one counted."""
        for bucket, times in sparse.items():
            self.buckets[bucket] += times
        self.longest_us = max(self.longest_us, longest_us)
