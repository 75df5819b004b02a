"""Where ships were: a bullet meets what its author saw when it was shot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from gameserver.engine.worlds.arena.grid import Around
from gameserver.engine.worlds.arena.rules import RADIUS
from gameserver.engine.worlds.arena.ships import Ship

MAX_LAG = 15
"""Ticks, 250 ms: what is shown 100 ms late, and a round trip of 150 ms. More would hit people well behind a corner."""
BULLET_RADIUS = 4.0
HIT = RADIUS + BULLET_RADIUS
"""Distance in px at which a bullet hits a ship."""

_AROUND = Around(int(HIT))

Seen = tuple[Ship, float, float]
"""A ship and where it was."""
Grid = dict[int, list[Seen]]
"""Ships by each cell of the field from which a bullet could hit them, lowest slot first."""


class Moment:
    """All live ships after a tick."""

    __slots__ = ("_grid", "seen", "tick")

    def __init__(self, tick: int, ships: Iterable[Ship]) -> None:
        self.tick = tick
        self.seen: list[Seen] = [(ship, ship.x, ship.y) for ship in ships if ship.is_live]
        self._grid: Grid | None = None

    @property
    def grid(self) -> Grid:
        """Made when it is first asked for: of most moments it never is."""
        if self._grid is None:
            around = _AROUND.of
            grid = self._grid = defaultdict(list)
            for seen in self.seen:
                for cell in around(seen[1], seen[2]):
                    grid[cell].append(seen)
        return self._grid


class Past:
    """The last moments, the newest first: `moments[lag]`."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []

    def remember(self, tick: int, ships: Iterable[Ship]) -> None:
        """Keep how things are after the ships of a tick have moved."""
        self.moments.insert(0, Moment(tick, ships))
        del self.moments[MAX_LAG + 1 :]

    def ago(self, lags: Collection[int]) -> dict[int, Moment]:
        """The moments so many ticks ago; the oldest there is for those before it."""
        last = len(self.moments) - 1
        return {lag: self.moments[min(lag, last)] for lag in lags}


def lag_of(tick: int, seen: int) -> int:
    """How many ticks ago a bullet looks for ships that was shot in `tick` by somebody who saw `seen`."""
    return min(max(tick - seen, 0), MAX_LAG)
