"""Frames: all that is near, once for all, and to the bit what the owner has."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.worlds.arena import frames, wire
from gameserver.engine.worlds.arena.frames import Frames
from gameserver.engine.worlds.arena.rules import Body
from tests.engine.arena.arenas import Arena, message, read, shown

PLACES = st.floats(16, 4080)


def crowd(count: int = 40) -> Arena:
    """Ships that have flown and shot for a while."""
    arena = Arena(count)
    for _ in range(30):
        for number in range(count):
            first = arena.ship(number).queue.ack + 1
            arena.heard(number, message(first, [(number % 9 - 4, 3)] * 2, arena.game.tick))
        arena.tick(2)
    return arena


def test_a_frame_is_what_the_owner_has() -> None:
    """[AR41] The own ship is in it bit by bit; other ships, bullets and crystals are, rounded, as the owner has them."""
    arena = crowd()
    game = arena.game
    ship = arena.ship(3)
    arena.heard(3, message(ship.queue.ack + 1, [(0, 0)] * 5))
    frame = read(arena.world.frame("p3") or b"")
    assert (frame["tick"], frame["you"], frame["slot"], frame["ack"]) == (game.tick, int(2 - ship.is_live), 3, ship.queue.ack)
    own = struct.pack("<4d", *(frame[name] for name in ("x", "y", "vx", "vy")))
    assert own == struct.pack("<4d", ship.x, ship.y, ship.vx, ship.vy)
    assert (frame["heading"], frame["cooldown"], frame["hull"], frame["waiting"]) == (ship.heading, ship.cooldown, ship.hull, 5)
    others = {other.slot: other for other in game.ships.all if other.is_live}
    for slot, x, y, vx, vy, heading, flags in shown(frame, 0):
        other = others[slot]
        assert (x, y, heading) == (int(other.x * 16), int(other.y * 16), other.heading // 4)
        assert abs(vx - other.vx * 8) <= 0.5
        assert abs(vy - other.vy * 8) <= 0.5
        assert flags == other.is_thrusting + 2 * (other.safe_until >= game.tick) + 4 * other.hull
    shots = {(slot, int(x * 16), int(y * 16)) for slot, x, y in zip(game.bullets.slots, game.bullets.xs, game.bullets.ys, strict=True)}
    assert {tuple(bullet[:3]) for bullet in shown(frame, 1)} <= shots
    assert shown(frame, 1)
    crystals = {(int(place[0] * 16), int(place[1] * 16)) for place in game.crystals.places if place}
    assert {tuple(crystal) for crystal in shown(frame, 2)} <= crystals


@pytest.fixture(scope="module")
def flown() -> Arena:
    return crowd(80)


@settings(deadline=None)
@given(x=PLACES, y=PLACES)
def test_a_frame_has_all_that_is_near(flown: Arena, x: float, y: float) -> None:
    """[AR42] Every cell within 1100 px to the sides and 700 px up and down is told unless it is empty, and no other one."""
    game = flown.game
    number = next(number for number in range(80) if flown.ship(number).is_live)
    ship = flown.ship(number)
    before = ship.x, ship.y
    ship.x, ship.y = x, y
    frame = read(Frames(game, 0).own(ship))
    things = [(other.x, other.y) for other in game.ships.all if other.is_live]
    things += [*zip(game.bullets.xs, game.bullets.ys, strict=True), *(place for place in game.crystals.places if place)]
    filled = {(int(ty // 512), int(tx // 512)) for tx, ty in things}
    near = {
        row * 8 + column
        for row, column in filled
        if column * 512 <= x + 1100 and x - 1100 < (column + 1) * 512 and row * 512 <= y + 700 and y - 700 < (row + 1) * 512
    }
    ship.x, ship.y = before
    assert set(frame["cells"]) == near
    assert len(shown(frame, 0)) + len(shown(frame, 1)) + len(shown(frame, 2)) == sum(
        (int(ty // 512) * 8 + int(tx // 512)) in near for tx, ty in things
    )


def test_a_cell_is_made_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """[AR43] However many are shown a tick, each cell is made into bytes once; who watches the same ship gets the same bytes."""
    arena = crowd()
    made: list[int] = []
    real = wire.cell
    monkeypatch.setattr(frames.wire, "cell", lambda place, *things: made.append(place) or real(place, *things))
    arena.tick()
    assert all(arena.world.frame(f"p{number}") for number in range(60))
    assert 0 < len(made) == len(set(made)) <= 64
    assert arena.world.frame("p50") is arena.world.frame("p51")


def test_the_check_proves_a_frame_now_and_then() -> None:
    """[AR44] Every 32nd frame of a ship has the FNV-1a of its bytes 8 to 47, the others have 0; not all ships in the same one."""
    arena = Arena(3)
    checked: list[tuple[int, int]] = []
    for number in range(96):
        arena.tick(2)
        for slot in range(3):
            data = arena.world.frame(f"p{slot}") or b""
            check = read(data)["check"]
            if check:
                assert check == wire.fnv(data[8:48])
                checked.append((slot, number))
    assert len(checked) == 9
    assert len({number for _, number in checked}) == 9
    assert all((slot, number + 32) in checked for slot, number in checked if number < 64)


def test_a_crowded_cell_tells_255() -> None:
    """[AR43] What is in a cell beyond 255 ships or bullets is not told: its count is a byte."""
    ship, bullet = wire.ship(0, Body(1.0, 1.0), 0), wire.bullet(0, 16, 16, 0, 0)
    cell = wire.cell(0, [ship] * 300, [bullet] * 256, b"")
    assert list(cell[:4]) == [0, 255, 255, 0]
    assert len(cell) == 4 + 255 * (len(ship) + len(bullet))
