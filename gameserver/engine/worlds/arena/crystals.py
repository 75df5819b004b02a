"""Crystals: they lie about, are taken by touching them, and come back elsewhere."""

from __future__ import annotations

from collections import deque

from gameserver.engine.worlds.arena import wire
from gameserver.engine.worlds.arena.chance import Chance
from gameserver.engine.worlds.arena.field import Field
from gameserver.engine.worlds.arena.grid import Around, cell_of
from gameserver.engine.worlds.arena.rules import RADIUS

COUNT = 160
CRYSTAL_RADIUS = 12
BACK_TICKS = 300
TOUCH = RADIUS + CRYSTAL_RADIUS
"""Distance in px at which a ship takes one."""
_TOUCH_SQUARED = TOUCH * TOUCH
_AROUND = Around(int(TOUCH))

Place = tuple[float, float]


class Crystals:
    """`places`: where each lies, None for one that is taken; those come back in the order in which they were taken."""

    def __init__(self) -> None:
        self.places: list[Place | None] = []
        self.returning: deque[tuple[int, int]] = deque()
        """The tick, and which."""
        self.near: dict[int, list[int]] = {}
        """Which may be touched from a cell of the field."""
        self._told: dict[int, bytes] = {}
        """By cell of a frame, until one there is taken or comes."""

    def scatter(self, field: Field, chance: Chance) -> None:
        """All lie somewhere else."""
        self.lie([field.place(chance, CRYSTAL_RADIUS) for _ in range(COUNT)], ())

    def lie(self, places: list[Place | None] | list[Place], returning: tuple[tuple[int, int], ...] | list[tuple[int, int]]) -> None:
        """They lie as they are said to."""
        self.places = [None] * len(places)
        self.returning = deque(returning)
        self.near, self._told = {}, {}
        for index, place in enumerate(places):
            if place is not None:
                self._put(index, place)

    def take(self, x: float, y: float, tick: int) -> int:
        """How many a ship takes that is there."""
        taken = []
        for index in self.near.get(cell_of(x, y), ()):
            place = self.places[index]
            assert place is not None
            dx, dy = x - place[0], y - place[1]
            if dx * dx + dy * dy < _TOUCH_SQUARED:
                taken.append(index)
        for index in taken:
            self._lift(index)
            self.returning.append((tick + BACK_TICKS, index))
        return len(taken)

    def come_back(self, tick: int, field: Field, chance: Chance) -> None:
        """Those whose time it is lie somewhere again."""
        while self.returning and self.returning[0][0] <= tick:
            self._put(self.returning.popleft()[1], field.place(chance, CRYSTAL_RADIUS))

    def told(self, cell: int) -> bytes:
        """Those in a cell of a frame, as it tells them."""
        if cell not in self._told:
            here = [place for place in self.places if place is not None and _frame_cell(place) == cell]
            self._told[cell] = b"".join(wire.crystal(*place) for place in here)
        return self._told[cell]

    def _put(self, index: int, place: Place) -> None:
        self.places[index] = place
        for cell in _AROUND.of(*place):
            self.near.setdefault(cell, []).append(index)
        self._told.pop(_frame_cell(place), None)

    def _lift(self, index: int) -> None:
        place = self.places[index]
        assert place is not None
        for cell in _AROUND.of(*place):
            self.near[cell].remove(index)
        self._told.pop(_frame_cell(place), None)
        self.places[index] = None


def _frame_cell(place: Place) -> int:
    return (int(place[1]) >> 9) * 8 + (int(place[0]) >> 9)
