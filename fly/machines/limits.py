"""Our side of the API's rate limit: token buckets, one for each action on each Machine or app. Pure: times in, waits out.

Source: Fly docs, working with the Machines API: 1 request a second with a burst of 3 for each action and identifier; Get Machine 5 and 10.
"""

from __future__ import annotations

from dataclasses import dataclass

Key = tuple[str, str]
"""An action, and the Machine or app it is done to."""
MOST_BUCKETS = 4096
"""Buckets that are kept. A bucket that is full again says nothing and is forgotten first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` requests a second, `burst` at once."""

    per_s: float
    burst: int


USUAL = Rate(1.0, 3)
GET = Rate(5.0, 10)


def rate_of(action: str) -> Rate:
    """The rate that the API allows an action."""
    return GET if action == "get" else USUAL


def turn(full_at: float, rate: Rate, now: float) -> tuple[float, float]:
    """Take one token of a bucket that is full again at `full_at`.

    Returns when it is full after that, and the seconds to wait until the token is there. Tokens are promised in the order of the calls.
    """
    start = max(full_at, now)
    wait_s = max(0.0, start - now - (rate.burst - 1) / rate.per_s)
    return start + 1.0 / rate.per_s, wait_s


class Limits:
    """The buckets of one client. Time is given, in seconds; it never goes back."""

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        self._full_at: dict[Key, float] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, action: str, ident: str, now: float, patience_s: float) -> float:
        """Seconds to wait before the request may be sent; beyond `patience_s` nothing is taken, and nobody waits for it."""
        key = (action, ident)
        full_at, wait_s = turn(self._full_at.get(key, now), rate_of(action), now)
        if wait_s > patience_s:
            return wait_s
        if key not in self._full_at and len(self._full_at) >= self._most:
            self._forget(now)
        self._full_at[key] = full_at
        return wait_s

    def _forget(self, now: float) -> None:
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        # All of them busy: what is nearest to full is the least loss, and the API says 429 if it was one.
        for key in sorted(self._full_at, key=self._full_at.__getitem__)[: len(self._full_at) - self._most + 1]:
            del self._full_at[key]
