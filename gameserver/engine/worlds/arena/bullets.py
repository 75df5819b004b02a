"""Bullets: they fly straight, and are gone at a wall, at a rock, with a hit or after a second. Oldest first, always."""

from __future__ import annotations

from collections.abc import Sequence

from gameserver.engine.worlds.arena import wire
from gameserver.engine.worlds.arena.field import Field
from gameserver.engine.worlds.arena.grid import CELLS
from gameserver.engine.worlds.arena.past import BULLET_RADIUS, HIT, Moment, Past, lag_of
from gameserver.engine.worlds.arena.rules import COS, RADIUS, SIN, SIZE
from gameserver.engine.worlds.arena.ships import Ship

SPEED = 14.0
"""px/tick, besides the ship's."""
LIFE_TICKS = 60
_FAR = SIZE - BULLET_RADIUS
_HIT_SQUARED = HIT * HIT


class Bullets:
    """Parallel lists, one entry for each bullet: loops over them cost a third of loops over objects."""

    def __init__(self) -> None:
        self.xs: list[float] = []
        self.ys: list[float] = []
        self.vxs: list[float] = []
        self.vys: list[float] = []
        self.told_vxs: list[int] = []
        self.told_vys: list[int] = []
        self.slots: list[int] = []
        """Who shot."""
        self.lags: list[int] = []
        self.untils: list[int] = []
        """The last tick in which it flies; rising."""

    def shoot(self, ship: Ship, tick: int, seen: int) -> None:
        """A bullet leaves the nose of a ship whose author saw the others as of the tick `seen`."""
        cos, sin = COS[ship.heading], SIN[ship.heading]
        self.xs.append(ship.x + RADIUS * cos)
        self.ys.append(ship.y + RADIUS * sin)
        self.vxs.append(ship.vx + SPEED * cos)
        self.vys.append(ship.vy + SPEED * sin)
        self.told_vxs.append(wire.bullet_speed(self.vxs[-1]))
        self.told_vys.append(wire.bullet_speed(self.vys[-1]))
        self.slots.append(ship.slot)
        self.lags.append(lag_of(tick, seen))
        self.untils.append(tick + LIFE_TICKS - 1)

    def fly(self, tick: int, field: Field, past: Past) -> list[tuple[Ship, int]]:
        """Move all by a tick. Whom they hit, and the slot of who shot; the hulls are lowered already, and none below 0."""
        xs = self.xs = [x + vx for x, vx in zip(self.xs, self.vxs, strict=True)]
        ys = self.ys = [y + vy for y, vy in zip(self.ys, self.vys, strict=True)]
        moments = past.ago(set(self.lags))
        grids = {lag: moment.grid for lag, moment in moments.items()}
        near = field.near
        hits: list[tuple[Ship, int]] = []
        gone: list[int] = []
        for index, (x, y, lag) in enumerate(zip(xs, ys, self.lags, strict=True)):
            if not (BULLET_RADIUS <= x <= _FAR and BULLET_RADIUS <= y <= _FAR):
                gone.append(index)
                continue
            cell = (int(y) >> 7) * CELLS + (int(x) >> 7)
            if near[cell] and _is_in_rock(x, y, field, cell):
                gone.append(index)
            elif cell in grids[lag]:
                ship = _struck(x, y, self.slots[index], moments[lag], cell, tick)
                if ship is not None:
                    ship.hull -= 1
                    hits.append((ship, self.slots[index]))
                    gone.append(index)
        old = next((index for index, until in enumerate(self.untils) if until > tick), len(xs))
        self._drop([*range(old), *(index for index in gone if index >= old)])
        return hits

    def forget(self, slot: int) -> None:
        """Those of a slot are gone."""
        self._drop([index for index, shooter in enumerate(self.slots) if shooter == slot])

    def clear(self) -> None:
        """All are gone."""
        self._drop(range(len(self.xs)))

    def _drop(self, gone: Sequence[int]) -> None:
        """gone: rising. Few are gone in a tick, and most of those are the first."""
        for index in reversed(gone):
            for column in (self.xs, self.ys, self.vxs, self.vys, self.told_vxs, self.told_vys, self.slots, self.lags, self.untils):
                del column[index]


def _is_in_rock(x: float, y: float, field: Field, cell: int) -> bool:
    """`near` is of ships, which reach further than bullets."""
    for rx, ry, rr in field.near[cell]:
        dx, dy, reach = x - rx, y - ry, rr + BULLET_RADIUS
        if dx * dx + dy * dy < reach * reach:
            return True
    return False


def _struck(x: float, y: float, shooter: int, moment: Moment, cell: int, tick: int) -> Ship | None:
    """The ship of the lowest slot that was there at that moment, on its present life, and can be hit now."""
    for ship, sx, sy in moment.grid[cell]:
        dx, dy = x - sx, y - sy
        if dx * dx + dy * dy >= _HIT_SQUARED or ship.slot == shooter or ship.hull <= 0:
            continue
        if ship.safe_until < tick and ship.since <= moment.tick:
            return ship
    return None
