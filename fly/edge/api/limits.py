"""The API's rate: one request a second with a burst of three, for each action on each Machine or app; five and ten to get. Pure (EM12).

Source: Fly docs, machines/api/working-with-machines-api. Time is given, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RATE, BURST = 1.0, 3.0
GET_RATE, GET_BURST = 5.0, 10.0
MOST_BUCKETS = 10_000
"""Beyond this the full ones are forgotten: they are as good as new."""


@dataclass(slots=True)
class Rates:
    """Buckets by action and identifier."""

    _buckets: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, action: str, ident: str, now: float) -> float:
        """0.0 if one more may come now, and it is counted; else the seconds until one may, and nothing is counted."""
        rate, burst = (GET_RATE, GET_BURST) if action == "get" else (RATE, BURST)
        left, then = self._buckets.get((action, ident), (burst, now))
        left = min(burst, left + (now - then) * rate)
        if left < 1.0:
            return (1.0 - left) / rate
        if len(self._buckets) >= MOST_BUCKETS:
            self._forget(now)
        self._buckets[action, ident] = (left - 1.0, now)
        return 0.0

    def _forget(self, now: float) -> None:
        for key, (left, then) in list(self._buckets.items()):
            rate, burst = (GET_RATE, GET_BURST) if key[0] == "get" else (RATE, BURST)
            if left + (now - then) * rate >= burst:
                del self._buckets[key]
