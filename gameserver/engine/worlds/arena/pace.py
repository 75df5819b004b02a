"""How many ticks are due: the owner's time on one side, ticks of 1/60 s on the other."""

from __future__ import annotations

from gameserver.engine.worlds.arena.rules import TICKS_PER_S

MAX_STEPS = 5
"""Ticks that are made up for at once. What is later than that is left out: time slows."""
PAUSE_MS = 5_000
"""Nothing ticks in an empty room: longer than this is no lateness."""


class Pace:
    """`due` says it; `slowed_ticks` are those left out so far."""

    def __init__(self) -> None:
        self.slowed_ticks = 0
        self._began_at: int | None = None
        self._done = 0
        """Ticks since then."""
        self._last_at = 0

    def due(self, at: int) -> tuple[int, int]:
        """How many ticks to do at a time in ms, and how many to leave out. The first time, and after a pause or a step back: one."""
        if self._began_at is None or not 0 <= at - self._last_at < PAUSE_MS:
            self._began_at, self._done, self._last_at = at, 0, at
            return 1, 0
        self._last_at = at
        # To the nearest: who calls 60 times a second has one due each time, though `at` is in whole ms and comes a little early or late.
        due = ((at - self._began_at) * TICKS_PER_S + 500) // 1000 - self._done
        slowed = max(due - MAX_STEPS, 0)
        self._done += due
        self.slowed_ticks += slowed
        return due - slowed, slowed
