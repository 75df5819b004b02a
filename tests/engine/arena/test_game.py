"""Crystals, coming back, and what ticks are due when."""

from __future__ import annotations

import pytest

from gameserver.engine.worlds.arena import crystals
from gameserver.engine.worlds.arena.grid import cell_of
from gameserver.engine.worlds.arena.pace import MAX_STEPS, PAUSE_MS, Pace
from gameserver.engine.worlds.arena.ships import BACK_TICKS, SAFE_TICKS
from tests.engine.arena.arenas import BEGAN_AT, Arena, message, read, shown

THRUST, FIRE = 1, 2


def beside_crystal(arena: Arena, distance: float) -> tuple[float, float]:
    """The first ship lies so far from a crystal, and from no other one."""
    arena.clear()
    arena.game.crystals.lie([(1000.0, 1000.0), (3000.0, 3000.0)], ())
    arena.put(0, 1000.0 + distance, 1000.0)
    return 1000.0, 1000.0


def test_a_ship_takes_what_it_touches() -> None:
    """[AR24] A crystal is a point and a third of a hull, up to whole; it is taken once."""
    arena = Arena(2)
    beside_crystal(arena, crystals.TOUCH - 0.5)
    arena.put(1, 990.0, 1000.0)
    arena.ship(0).hull = 1
    arena.tick(2)
    assert (arena.ship(0).hull, arena.ship(0).found, arena.ship(1).found) == (2, 1, 0)
    arena.ship(0).hull = 3
    arena.game.crystals.lie([(1000.0, 1000.0)], ())
    arena.tick()
    assert (arena.ship(0).hull, arena.ship(0).found) == (3, 2)


def test_a_ship_takes_nothing_from_afar() -> None:
    """[AR24] What is further than both radii is not taken, nor is anything by a ship that is not there."""
    arena = Arena(1)
    beside_crystal(arena, crystals.TOUCH)
    arena.tick(2)
    assert arena.ship(0).found == 0
    beside_crystal(arena, 0.0)
    arena.ship(0).leave_field(arena.game.tick + 10)
    arena.tick(2)
    assert arena.ship(0).found == 0


def test_a_crystal_comes_back_elsewhere() -> None:
    """[AR25] 5 s after it was taken it lies at another place, in no rock, and everybody is shown 160 of them again."""
    arena = Arena(1)
    here = arena.game.crystals.places[0]
    assert told(arena) == crystals.COUNT
    arena.put(0, *here)
    arena.tick()
    taken = arena.ship(0).found
    assert arena.game.crystals.places.count(None) == taken >= 1
    assert told(arena) == crystals.COUNT - taken
    arena.watch(0)
    arena.tick(crystals.BACK_TICKS - 1)
    assert arena.game.crystals.places.count(None) == taken
    arena.tick()
    places = arena.game.crystals.places
    assert len(places) == crystals.COUNT
    assert places[0] not in (None, here)
    assert all(arena.game.field.is_free(*place, 12) for place in places)
    assert told(arena) == crystals.COUNT


def told(arena: Arena) -> int:
    """Crystals in all cells of a frame."""
    return sum(len(arena.game.crystals.told(cell)) for cell in range(64)) // 4


def test_crystals_are_told_together() -> None:
    """[AR26] Points for crystals are told once a second, as one event for each ship; then they are in the state."""
    arena = Arena(1)
    beside_crystal(arena, 0.0)
    arena.tick()
    arena.game.crystals.lie([(1000.0, 1000.0)], ())
    arena.tick(60)
    assert arena.told("arena.scored") == [{"slot": 0, "points": 2}]
    assert arena.world.view()["ships"][0]["points"] == 2
    assert arena.ship(0).found == 0


def destroyed(arena: Arena) -> None:
    """The second ship is."""
    arena.clear()
    arena.put(0, 1000.0, 1000.0)
    arena.put(1, 1060.0, 1000.0).hull = 1
    arena.heard(0, message(1, [(0, FIRE)], arena.game.tick))
    while "arena.destroyed" not in arena.names():
        arena.tick()


def test_who_is_destroyed_comes_back() -> None:
    """[AR27] After 3 s, whole, at rest, free of rocks, and not to be hit for 2 s; until then inputs are done and do nothing."""
    arena = Arena(2)
    destroyed(arena)
    ship = arena.ship(1)
    place = ship.x, ship.y
    arena.heard(1, message(1, [(5, THRUST | FIRE)] * 12))
    arena.tick(BACK_TICKS - 1)
    frame = read(arena.world.frame("p1") or b"")
    assert (frame["you"], frame["hull"], frame["x"], frame["y"]) == (2, 0, *place)
    assert ship.queue.ack >= 12
    assert [seen[0] for seen in shown(frame, 0)] == [0]
    arena.tick()
    frame = read(arena.world.frame("p1") or b"")
    assert (frame["you"], frame["hull"], frame["vx"], frame["vy"], frame["cooldown"]) == (1, 3, 0.0, 0.0, 0)
    assert ship.safe_until == arena.game.tick + SAFE_TICKS


def test_nobody_comes_back_beside_somebody() -> None:
    """[AR27] A place with nobody near is taken if one is found soon, though there are hundreds about."""
    arena = Arena(200)
    for _ in range(30):
        arena.ship(0).leave_field(arena.game.tick + 1)
        arena.tick()
        ship = arena.ship(0)
        assert ship.is_live
        assert cell_of(ship.x, ship.y) not in arena.game.past.moments[0].grid


def test_leaving_is_no_way_out() -> None:
    """[AR28] Who leaves and plays again comes back as late as who was destroyed then."""
    arena = Arena(1)
    arena.watch(0)
    arena.play(0)
    arena.tick(BACK_TICKS - 1)
    assert not arena.ship(0).is_live
    arena.tick()
    assert arena.ship(0).is_live


def test_ticks_follow_the_time() -> None:
    """[AR29] Called 60 times a second, one tick is due each time; called rarely, as many as it takes to be in time again."""
    pace = Pace()
    assert [pace.due(BEGAN_AT + tick * 1000 // 60) for tick in range(600)] == [(1, 0)] * 600
    assert pace.due(BEGAN_AT + 10_000 + 50) == (4, 0)
    assert pace.due(BEGAN_AT + 10_000 + 50) == (0, 0)


def test_time_slows_when_the_owner_is_late() -> None:
    """[AR30] At most 5 ticks are made up for at once; the rest is left out and counted."""
    pace = Pace()
    pace.due(BEGAN_AT)
    assert pace.due(BEGAN_AT + 1000) == (MAX_STEPS, 60 - MAX_STEPS)
    assert pace.due(BEGAN_AT + 1017) == (1, 0)
    assert pace.slowed_ticks == 55


@pytest.mark.parametrize("later", [PAUSE_MS, 10 * PAUSE_MS, -20, -PAUSE_MS])
def test_an_empty_room_is_not_late(later: int) -> None:
    """[AR30] A time that steps back, or as far forward as when nobody was in the room, is where ticks are counted from."""
    pace = Pace()
    pace.due(BEGAN_AT)
    assert pace.due(BEGAN_AT + later) == (1, 0)
    assert pace.due(BEGAN_AT + later + 17) == (1, 0)
    assert pace.slowed_ticks == 0


def test_a_late_owner_owes_nobody_time() -> None:
    """[AR15] What players sent during ticks that were left out is done as soon as three a tick allow."""
    arena = Arena(1)
    arena.ship(0).queue.credit = 0
    arena.later(1000)
    assert arena.world.slowed_ticks > 0
    arena.heard(0, message(1, [(0, 0)] * 12))
    arena.at += 1017
    acks = []
    for _ in range(5):
        arena.apply(arena.world.tick(arena.at))
        arena.at += 17
        acks.append(arena.ship(0).queue.ack)
    assert acks == [3, 6, 9, 10, 11]
