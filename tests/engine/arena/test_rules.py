"""A ship's tick: what holds whatever is asked of it."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.worlds.arena import wire
from gameserver.engine.worlds.arena.chance import Chance
from gameserver.engine.worlds.arena.field import Field
from gameserver.engine.worlds.arena.grid import cell_of
from gameserver.engine.worlds.arena.rules import COOLDOWN, MAX_SPEED, RADIUS, SIZE, TURN, Body, step

INPUTS = st.lists(st.tuples(st.integers(-128, 127), st.booleans(), st.booleans()), min_size=1, max_size=150)
SEEDS = st.integers(0, 2**32 - 1)
ROUNDING = 1e-9


@settings(deadline=None, max_examples=60)
@given(SEEDS, INPUTS)
def test_nobody_is_too_fast_or_where_nobody_can_be(seed: int, inputs: list[tuple[int, bool, bool]]) -> None:
    """[AR4] Whatever the inputs, a ship moves at most 9 px a tick and what a rock or wall pushes it, and is never in either."""
    field = Field(seed)
    body = Body(*field.place(Chance.of_seed(seed), int(RADIUS)))
    for turn, thrust, fire in inputs:
        before = body.x, body.y
        step(body, turn, thrust, fire, field.rocks)
        assert sqrt(body.vx**2 + body.vy**2) <= MAX_SPEED + ROUNDING
        assert sqrt((body.x - before[0]) ** 2 + (body.y - before[1]) ** 2) <= 2 * MAX_SPEED + ROUNDING
        assert RADIUS <= body.x <= SIZE - RADIUS
        assert RADIUS <= body.y <= SIZE - RADIUS
        assert field.is_free(body.x, body.y, RADIUS - ROUNDING)


@settings(deadline=None)
@given(INPUTS)
def test_nobody_shoots_or_turns_faster_than_the_rules(inputs: list[tuple[int, bool, bool]]) -> None:
    """[AR5] Two shots are 12 ticks apart at least, and a tick turns by 14 directions at most, whatever the inputs."""
    body = Body(2048.0, 2048.0)
    last = -COOLDOWN
    for tick, (turn, thrust, fire) in enumerate(inputs):
        heading = body.heading
        shot = step(body, turn, thrust, fire, ())
        assert min((body.heading - heading) % 1024, (heading - body.heading) % 1024) <= TURN
        assert 0 <= body.heading < 1024
        if shot:
            assert fire
            assert tick - last >= COOLDOWN
            last = tick


def test_who_holds_fire_shoots_every_twelfth_tick() -> None:
    """[AR5] Holding fire is a shot at once and one in every 12th tick after it."""
    body = Body(2048.0, 2048.0)
    assert [tick for tick in range(40) if step(body, 0, 0, 1, ())] == [0, 12, 24, 36]


def test_walls_and_rocks_give_half_the_speed_back() -> None:
    """[AR4] Head on, a wall or a rock turns a velocity around and leaves half of it; along it, all is left."""
    wall = Body(20.0, 2048.0, -8.0, 1.0)
    step(wall, 0, 0, 0, ())
    assert (wall.x, wall.vx, wall.vy) == (16.0, 8.0 * 127 / 128 / 2, 127 / 128)
    rock = Body(1070.0, 1000.0, -8.0, 1.0)
    step(rock, 0, 0, 0, [(1000.0, 1000.0, 50.0)])
    assert rock.vx == pytest.approx(8.0 * 127 / 128 / 2, abs=0.1)
    assert rock.vy == pytest.approx(127 / 128, abs=0.2)


@settings(deadline=None, max_examples=60)
@given(SEEDS, INPUTS)
def test_rocks_that_are_far_need_no_look(seed: int, inputs: list[tuple[int, bool, bool]]) -> None:
    """[AR6] With the rocks near its cell alone a ship comes to the same bits as with all rocks of the field."""
    field = Field(seed)
    rock = field.rocks[seed % len(field.rocks)]
    start = rock[0] - rock[2] - 30.0, rock[1], 9.0, 0.0
    one, other = Body(*start), Body(*start)
    for turn, thrust, fire in inputs:
        step(one, turn, thrust, fire, field.near[cell_of(one.x, one.y)])
        step(other, turn, thrust, fire, field.rocks)
        assert wire.moving(one) == wire.moving(other)
