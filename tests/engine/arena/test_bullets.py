"""Bullets: where they fly, whom they hit, and as of when."""

from __future__ import annotations

from math import ceil

import pytest

from gameserver.engine.worlds.arena.bullets import SPEED
from gameserver.engine.worlds.arena.past import HIT, MAX_LAG
from gameserver.engine.worlds.arena.rules import RADIUS
from tests.engine.arena.arenas import Arena, message

FIRE = 2


def duel(*, lag: int | None = 0, count: int = 2) -> Arena:
    """Ships 200 px apart on one line, the first looking at the others; it has shot. lag: as its author saw them; None: from the future."""
    arena = Arena(count)
    arena.clear()
    for number in range(count):
        arena.put(number, 1000.0 + 200 * number, 1000.0)
    arena.tick(20)
    seen = 2**32 - 1 if lag is None else max(arena.game.tick + 1 - lag, 0)
    arena.heard(0, message(1, [(0, FIRE)], seen))
    arena.tick()
    return arena


def test_a_bullet_flies_for_a_second() -> None:
    """[AR17] It leaves the nose with 14 px a tick and the ship's velocity, moves in that tick, and lives 60 of them."""
    arena = Arena(1)
    arena.clear()
    ship = arena.put(0, 1000.0, 1000.0, heading=256)
    ship.vx = 1.0
    arena.heard(0, message(1, [(0, FIRE)]))
    arena.tick()
    shots = arena.game.bullets
    assert (shots.xs, shots.ys) == ([ship.x + ship.vx], [1000.0 + 16 + 14])
    assert (shots.vxs, shots.vys) == ([127 / 128], [14.0])
    arena.tick(58)
    assert shots.ys == [1000.0 + 16 + 59 * 14]
    arena.tick()
    assert shots.ys == []


@pytest.mark.parametrize("heading", [0, 256, 512, 768, 100])
def test_walls_stop_bullets(heading: int) -> None:
    """[AR18] A bullet that touches a wall is gone."""
    arena = Arena(1)
    arena.clear()
    far = {0: (4000.0, 2000.0), 256: (2000.0, 4000.0), 512: (100.0, 2000.0), 768: (2000.0, 100.0), 100: (4000.0, 4000.0)}
    arena.put(0, *far[heading], heading)
    arena.heard(0, message(1, [(0, FIRE)]))
    arena.tick(10)
    assert arena.game.bullets.xs == []


def test_rocks_stop_bullets() -> None:
    """[AR18] A bullet that touches a rock is gone, and hits nobody behind it."""
    arena = Arena(2)
    rx, ry, rr = arena.game.field.rocks[0]
    arena.put(0, rx - rr - 30, ry)
    arena.put(1, rx + rr + 30, ry)
    arena.heard(0, message(1, [(0, FIRE)]))
    arena.tick(60)
    assert arena.game.bullets.xs == []
    assert "arena.hit" not in arena.names()


def test_three_hits_destroy() -> None:
    """[AR19] A hit takes a third of a hull and the bullet; the third one destroys, and is 5 points to who shot."""
    arena = duel()
    for first in range(2, 80):
        arena.heard(0, message(first, [(0, FIRE)], arena.game.tick))
        arena.tick()
    assert arena.told("arena.hit") == [{"slot": 1, "by": 0}] * 2
    assert arena.told("arena.destroyed") == [{"slot": 1, "by": 0}]
    assert arena.told("arena.scored") == [{"slot": 0, "points": 5, "of": 1}]
    assert [ship["points"] for ship in arena.world.view()["ships"]] == [5, 0]
    assert not arena.ship(1).is_live


def test_nobody_hits_oneself() -> None:
    """[AR19] A ship that overtakes its bullet is not hit by it."""
    arena = Arena(1)
    arena.clear()
    arena.put(0, 1000.0, 1000.0)
    arena.heard(0, message(1, [(0, FIRE)], arena.game.tick + 1))
    arena.tick()
    arena.ship(0).x = arena.game.bullets.xs[0] + 14
    arena.tick(3)
    assert arena.ship(0).hull == 3


def sidestep(lag: int | None) -> Arena:
    """The target goes aside two ticks before the bullet is where it was."""
    arena = duel(lag=lag)
    # It is near enough after the 12th of its moves, the first of which was that of the shot.
    moves = ceil((200.0 - RADIUS - HIT) / SPEED)
    arena.tick(moves - 3)
    arena.ship(1).y += 100.0
    arena.tick(8)
    return arena


@pytest.mark.parametrize(("lag", "hits"), [(None, 0), (0, 0), (1, 0), (3, 1), (MAX_LAG, 1)])
def test_who_aims_at_what_is_on_the_screen_hits_it(lag: int | None, hits: int) -> None:
    """[AR20] A bullet meets ships where they were as many ticks ago as its author saw them late, whatever they did since."""
    assert len(sidestep(lag).told("arena.hit")) == hits


@pytest.mark.parametrize(("ago", "lag", "hits"), [(2, 3, 0), (2, 15, 1), (2, 1000, 1), (10, 15, 0), (10, 25, 0), (10, 1000, 0)])
def test_lag_is_made_up_for_up_to_15_ticks(ago: int, lag: int, hits: int) -> None:
    """[AR20] Who claims to have seen what is longer ago hits what was there 15 ticks ago, and not what was there before."""
    arena = Arena(2)
    arena.clear()
    arena.put(0, 1000.0, 1000.0)
    arena.put(1, 1200.0, 1000.0)
    arena.tick(30)
    arena.ship(1).y += 100.0
    arena.tick(ago)
    arena.heard(0, message(arena.ship(0).queue.ack + 1, [(0, FIRE)], max(arena.game.tick + 1 - lag, 0)))
    arena.tick(30)
    assert len(arena.told("arena.hit")) == hits


def test_who_has_just_come_is_not_hit() -> None:
    """[AR21] A ship is not hit for 2 s after it has come, nor where it was in an earlier life; its own shot ends that."""
    arena = duel()
    arena.put(1, 1200.0, 1000.0, is_safe=True)
    arena.tick(20)
    assert "arena.hit" not in arena.names()
    assert len(arena.game.bullets.xs) == 1
    arena = duel()
    arena.put(1, 1200.0, 1000.0, is_safe=True)
    arena.heard(1, message(1, [(0, FIRE)], arena.game.tick))
    arena.tick(20)
    assert arena.told("arena.hit")[0] == {"slot": 1, "by": 0}
    arena = duel(lag=MAX_LAG)
    arena.ship(1).since = arena.game.tick + 1
    arena.tick(20)
    assert "arena.hit" not in arena.names()


def test_the_oldest_bullet_and_the_lowest_slot_come_first() -> None:
    """[AR22] Of two bullets that hit a ship's last third in one tick the older one destroys it; of two ships the lower slot is hit."""
    arena = Arena(3)
    arena.clear()
    arena.put(0, 1000.0, 1000.0)
    arena.put(1, 1100.0, 1000.0).hull = 1
    arena.put(2, 1200.0, 1000.0, heading=512)
    for number in (2, 0):
        arena.game.bullets.shoot(arena.ship(number), arena.game.tick, arena.game.tick)
    arena.tick(6)
    assert arena.told("arena.destroyed") == [{"slot": 1, "by": 2}]
    arena = Arena(3)
    arena.clear()
    arena.put(0, 1000.0, 1000.0)
    arena.put(1, 1100.0, 1001.0)
    arena.put(2, 1100.0, 1000.0)
    arena.heard(0, message(1, [(0, FIRE)]))
    arena.tick(10)
    assert arena.told("arena.hit") == [{"slot": 1, "by": 0}]


def test_bullets_go_with_their_ship() -> None:
    """[AR23] Who leaves takes the bullets along: whoever gets the slot next scores by none of them."""
    arena = duel()
    assert arena.game.bullets.slots == [0]
    arena.watch(0)
    assert arena.game.bullets.slots == []
