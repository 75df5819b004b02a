"""Cells of the field by which is found what is near: 32 by 32, of 128 px. They say what need not be compared, never what touches."""

from __future__ import annotations

from gameserver.engine.worlds.arena.rules import SIZE

CELL = 128
CELLS = 32
"""In a row."""
_STEP = 4


def cell_of(x: float, y: float) -> int:
    """The cell that a place on the field is in."""
    return (int(y) >> 7) * CELLS + (int(x) >> 7)


class Around:
    """`of(x, y)`: the cells that a square around a place touches, `reach` px to each side, which is a multiple of 4 and below 64.

    From a table: four lookups are a fraction of what working it out costs, and it is asked for each ship in each tick.
    """

    __slots__ = ("_cells", "_columns", "_rows")

    def __init__(self, reach: int) -> None:
        # A square touches cell n alone, or n - 1 and n: 2 n and 2 n - 1, the same for all places within 4 px.
        last = CELLS - 1
        spans = [(max(place - reach >> 7, 0), min(place + reach >> 7, last)) for place in range(0, int(SIZE), _STEP)]
        self._columns = [first + end for first, end in spans]
        self._rows = [(first + end) * 2 * CELLS for first, end in spans]
        self._cells = [_cells(row, column) for row in range(2 * CELLS) for column in range(2 * CELLS)]

    def of(self, x: float, y: float) -> tuple[int, ...]:
        """One, two or four cells, rising."""
        return self._cells[self._rows[int(y) >> 2] + self._columns[int(x) >> 2]]


def _cells(row: int, column: int) -> tuple[int, ...]:
    """By sums of the first and the last row and column."""
    rows, columns = {row // 2, (row + 1) // 2}, {column // 2, (column + 1) // 2}
    return tuple(row * CELLS + column for row in sorted(rows) for column in sorted(columns))
