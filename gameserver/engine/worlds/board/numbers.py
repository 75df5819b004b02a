"""Numbers of the board: multiples of 1/8, which add up to the same in any order, here and in a browser."""

from __future__ import annotations

from math import floor

Num = int | float
"""A multiple of 1/8; an int when it is whole, so that equal numbers are written alike."""
MAX_COORDINATE = 1_000_000
MAX_SIZE = 100_000
MAX_SENT = 1e9
"""The largest number that is read at all. Eight times a sum of millions of them is far below 2^53."""
TURN = 360


def q(value: float) -> Num:
    """The multiple of 1/8 that is nearest; the higher one of two. Never a negative zero."""
    eighths = floor(8 * value + 0.5)
    return eighths / 8 if eighths & 7 else eighths >> 3


def regular(value: Num) -> Num:
    """The same number, an int when it is whole."""
    return int(value) if type(value) is float and value.is_integer() else value


def add(value: Num, delta: Num, low: int, high: int) -> Num:
    """A sum that stops at bounds."""
    total = value + delta
    if total < low:
        return low
    return high if total > high else regular(total)


def turn(value: Num) -> Num:
    """An angle from 0 to below 360."""
    return regular(value % TURN)
