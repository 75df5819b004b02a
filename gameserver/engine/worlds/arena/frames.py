"""Frames of a tick: each cell's bytes are made once for all, and each player's frame is joined of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter

from gameserver.engine.worlds.arena import wire
from gameserver.engine.worlds.arena.game import Game
from gameserver.engine.worlds.arena.rules import Body
from gameserver.engine.worlds.arena.ships import Ship

CELLS = 8
"""In a row, of 512 px each."""
NOBODY, LIVE, COMING = 0, 1, 2
"""Who somebody is, in a frame."""
CHECKED = 32
"""Every so many frames of a ship have its check; not all ships in the same one, as it takes a while."""
ASIDE, UP = 1100, 700
"""How far one sees, in px: more than a wide screen shows."""
_STEP = 4
"""ASIDE and UP are multiples of it, so that what one sees is the same within so many px."""
_MIDDLE = Body(2048.0, 2048.0)


def _spans(reach: int) -> list[tuple[int, int]]:
    """By coordinate / _STEP: the first cell that one sees in that direction, and the one after the last."""
    return [(max(place - reach >> 9, 0), min(place + reach >> 9, CELLS - 1) + 1) for place in range(0, CELLS * 512, _STEP)]


Pick = Callable[[Sequence[bytes]], tuple[bytes, ...]]


def _windows() -> tuple[list[int], list[int], list[Pick]]:
    """By x / _STEP and by y / _STEP numbers whose sum is the index of what picks the cells that one sees."""
    columns, rows = _spans(ASIDE), _spans(UP)
    wide, high = sorted(set(columns)), sorted(set(rows))
    seen = [[row * CELLS + column for row in range(*down) for column in range(*across)] for down in high for across in wide]
    picks: list[Pick] = [itemgetter(*places) for places in seen]
    return [wide.index(span) for span in columns], [high.index(span) * len(wide) for span in rows], picks


_COLUMNS, _ROWS, _PICKS = _windows()


class Frames:
    """The frames of one tick. `number`: how many ticks had frames before."""

    def __init__(self, game: Game, number: int) -> None:
        self._tick = game.tick
        self._number = number
        self._cells = cells_of(game)
        self._windows: dict[int, tuple[int, bytes]] = {}
        self._followed: dict[int, bytes] = {}

    def own(self, ship: Ship) -> bytes:
        """The frame of the player who flies a ship."""
        queue = ship.queue
        you = LIVE if ship.is_live else COMING
        is_checked = (self._number + ship.slot) % CHECKED == 0
        count, seen = self._window(ship.x, ship.y)
        head = wire.head(self._tick, you, ship.slot, queue.ack, ship, ship.hull, min(len(queue.waiting), 255), count, is_checked=is_checked)
        return head + seen

    def watched(self, ship: Ship | None) -> bytes:
        """The frame of somebody who follows a ship, or sees the middle of the field."""
        slot = wire.NOBODY if ship is None else ship.slot
        if slot not in self._followed:
            body, hull = (_MIDDLE, 0) if ship is None else (ship, ship.hull)
            count, seen = self._window(body.x, body.y)
            self._followed[slot] = wire.head(self._tick, NOBODY, slot, 0, body, hull, 0, count, is_checked=False) + seen
        return self._followed[slot]

    def _window(self, x: float, y: float) -> tuple[int, bytes]:
        """How many cells one sees from a place, and their bytes."""
        index = _COLUMNS[int(x) >> 2] + _ROWS[int(y) >> 2]
        window = self._windows.get(index)
        if window is None:
            cells = _PICKS[index](self._cells)
            window = self._windows[index] = len(cells) - cells.count(b""), b"".join(cells)
        return window


def cells_of(game: Game) -> Sequence[bytes]:
    """The bytes of each cell, row by row; none of one with nothing in it."""
    ships: list[list[bytes]] = [[] for _ in range(CELLS * CELLS)]
    bullets: list[list[bytes]] = [[] for _ in range(CELLS * CELLS)]
    tick, shots = game.tick, game.bullets
    tell_ship, tell_bullet = wire.ship, wire.bullet
    for ship in game.ships.all:
        if ship.is_live:
            flags = ship.hull << 2 | (2 if ship.safe_until >= tick else 0) | ship.is_thrusting
            ships[(int(ship.y) >> 9) * CELLS + (int(ship.x) >> 9)].append(tell_ship(ship.slot, ship, flags))
    for slot, x, y, vx, vy in zip(shots.slots, shots.xs, shots.ys, shots.told_vxs, shots.told_vys, strict=True):
        # In 1/16 px a cell is 2^13 wide.
        x16, y16 = int(x * 16.0), int(y * 16.0)
        bullets[(y16 >> 13) * CELLS + (x16 >> 13)].append(tell_bullet(slot, x16, y16, vx, vy))
    cells = []
    for place in range(CELLS * CELLS):
        crystals = game.crystals.told(place)
        is_filled = ships[place] or bullets[place] or crystals
        cells.append(wire.cell(place, ships[place], bullets[place], crystals) if is_filled else b"")
    return cells
