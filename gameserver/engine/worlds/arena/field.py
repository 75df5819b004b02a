"""The field of a round: rocks that follow from its seed, and which of them are near a place."""

from __future__ import annotations

from math import sqrt

from gameserver.engine.worlds.arena.chance import Chance
from gameserver.engine.worlds.arena.grid import CELL, CELLS
from gameserver.engine.worlds.arena.rules import RADIUS, SIZE, Rock

ROCKS = 24
SMALLEST, LARGEST = 40, 120
"""Radius in px."""
WALL_GAP = 48
"""At least that much between a rock and a wall: a ship of 32 passes."""
ROCK_GAP = 64
"""At least that much between two rocks. So a ship that is put out of one is in no other and in no wall."""
_REACH = 32.0
"""More than a ship can move in a tick, 9 px, and be put out of a rock after that, 9 px again."""
_MAX_TRIES = 10_000


class Field:
    """Rocks in the order in which they were placed. `near[cell_of(x, y)]`: those of them that a ship there may touch in this tick."""

    def __init__(self, seed: int) -> None:
        self.rocks = rocks_of(seed)
        self.near = near_cells(self.rocks)

    def is_free(self, x: float, y: float, radius: float) -> bool:
        """Whether nothing of a disc lies in a rock."""
        return all((x - rx) ** 2 + (y - ry) ** 2 >= (rr + radius) ** 2 for rx, ry, rr in self.rocks)

    def place(self, chance: Chance, radius: int) -> tuple[float, float]:
        """A random place for a disc between rocks and walls, of whole pixels."""
        while True:
            x = float(radius + chance.below(int(SIZE) - 2 * radius + 1))
            y = float(radius + chance.below(int(SIZE) - 2 * radius + 1))
            if self.is_free(x, y, radius):
                return x, y


def rocks_of(seed: int) -> tuple[Rock, ...]:
    """The rocks of a seed of 0 to 2^32-1, by whole numbers only; tests/vectors/arena/README.md says how."""
    chance = Chance.of_seed(seed)
    rocks: list[tuple[int, int, int]] = []
    for _ in range(_MAX_TRIES):
        radius = SMALLEST + chance.below(LARGEST - SMALLEST + 1)
        edge = radius + WALL_GAP
        x = edge + chance.below(int(SIZE) - 2 * edge + 1)
        y = edge + chance.below(int(SIZE) - 2 * edge + 1)
        if all((x - rx) ** 2 + (y - ry) ** 2 >= (radius + rr + ROCK_GAP) ** 2 for rx, ry, rr in rocks):
            rocks.append((x, y, radius))
            if len(rocks) == ROCKS:
                break
    return tuple((float(x), float(y), float(radius)) for x, y, radius in rocks)


def near_cells(rocks: tuple[Rock, ...]) -> list[tuple[Rock, ...]]:
    """For each cell the rocks that a ship which begins a tick in it may touch, in the order of the field."""
    cells: list[list[Rock]] = [[] for _ in range(CELLS * CELLS)]
    for x, y, radius in rocks:
        reach = radius + RADIUS + _REACH
        for row in range(max(int(y - reach) // CELL, 0), min(int(y + reach) // CELL, CELLS - 1) + 1):
            for column in range(max(int(x - reach) // CELL, 0), min(int(x + reach) // CELL, CELLS - 1) + 1):
                if _distance(x, y, column * CELL, row * CELL) < reach:
                    cells[row * CELLS + column].append((x, y, radius))
    return [tuple(cell) for cell in cells]


def _distance(x: float, y: float, left: int, top: int) -> float:
    """From a place to the nearest one of a cell."""
    dx = max(left - x, 0.0, x - (left + CELL))
    dy = max(top - y, 0.0, y - (top + CELL))
    return sqrt(dx * dx + dy * dy)
