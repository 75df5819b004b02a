"""The field of a seed, and how things near each other are found on it."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.worlds.arena.chance import Chance
from gameserver.engine.worlds.arena.field import LARGEST, ROCK_GAP, ROCKS, SMALLEST, WALL_GAP, Field, rocks_of
from gameserver.engine.worlds.arena.grid import CELLS, Around, cell_of
from gameserver.engine.worlds.arena.rules import RADIUS, SIZE

SEEDS = st.integers(0, 2**32 - 1)
PLACES = st.floats(16, SIZE - 16)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_a_field_leaves_room_for_ships(seed: int) -> None:
    """[AR7] A seed leads to 24 rocks of 40 to 120 px, always the same; a ship passes between any two and along the walls."""
    rocks = rocks_of(seed)
    assert rocks == rocks_of(seed)
    assert len(rocks) == ROCKS
    for x, y, radius in rocks:
        assert SMALLEST <= radius <= LARGEST
        assert all(radius + WALL_GAP <= place <= SIZE - radius - WALL_GAP for place in (x, y))
    for (ax, ay, ar), (bx, by, br) in combinations(rocks, 2):
        assert (ax - bx) ** 2 + (ay - by) ** 2 >= (ar + br + ROCK_GAP) ** 2


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.sampled_from([12, 16]))
def test_a_place_is_in_no_rock(seed: int, radius: int) -> None:
    """[AR7] A random place for a disc is in no rock and no wall."""
    field = Field(seed)
    x, y = field.place(Chance.of_seed(seed), radius)
    assert all((x - rx) ** 2 + (y - ry) ** 2 >= (rr + radius) ** 2 for rx, ry, rr in field.rocks)
    assert all(radius <= place <= SIZE - radius for place in (x, y))


@given(PLACES, PLACES, st.floats(-28, 28), st.floats(-28, 28), st.sampled_from([20, 28]))
def test_what_is_in_reach_is_in_the_cells_around(x: float, y: float, dx: float, dy: float, reach: int) -> None:
    """[AR8] Whatever is in reach of a place is in one of the cells around it, which are four at most."""
    other = min(max(x + dx, 0.0), SIZE - 1), min(max(y + dy, 0.0), SIZE - 1)
    cells = AROUND[reach].of(x, y)
    assert list(cells) == sorted(set(cells))
    assert 1 <= len(cells) <= 4
    assert all(0 <= cell < CELLS * CELLS for cell in cells)
    if max(abs(other[0] - x), abs(other[1] - y)) < reach:
        assert cell_of(*other) in cells


AROUND = {reach: Around(reach) for reach in (20, 28)}


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_chance_spreads(seed: int) -> None:
    """[AR8] The random source gives every number below a limit about as often, for any seed."""
    chance = Chance.of_seed(seed)
    counts = [0] * 10
    for _ in range(10_000):
        counts[chance.below(10)] += 1
    assert all(850 < count < 1150 for count in counts)
    assert RADIUS == 16
