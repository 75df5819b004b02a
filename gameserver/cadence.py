"""How often a room shows something: at once when little happens, at its own pace under load, and never with all of the time there is."""

from __future__ import annotations

BURST = 4.0
"""Frames in a row that are not delayed: a line, its answer, and a word to that."""
SHORT_S = 0.002
"""A write that took no longer leaves enough time to others anyhow."""


class Cadence:
    """Pure; times in seconds of any clock. `frames_a_second`: what a busy room settles at."""

    __slots__ = ("_credit", "_frames_a_second", "_not_before", "_stamp")

    def __init__(self, frames_a_second: float) -> None:
        self._frames_a_second = frames_a_second
        self._credit = BURST
        self._stamp = 0.0
        self._not_before = 0.0

    @property
    def frame_s(self) -> float:
        """From one frame to the next in a busy room."""
        return 1 / self._frames_a_second

    def wait_s(self, now: float) -> float:
        """How long the next frame has to wait; 0 if it need not."""
        credit = min(BURST, self._credit + max(0.0, now - self._stamp) * self._frames_a_second)
        return max(0.0, (1 - credit) / self._frames_a_second, self._not_before - now)

    def shown(self, began: float, ended: float) -> None:
        """A frame was written in this time. Half as long is left to others: input, other rooms, the journal."""
        self._credit = min(BURST, self._credit + max(0.0, began - self._stamp) * self._frames_a_second) - 1
        self._stamp = began
        cost_s = ended - began
        self._not_before = ended + cost_s / 2 if cost_s > SHORT_S else 0.0
