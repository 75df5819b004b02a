"""Whatever a client sends: no effect beyond the rules."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.worlds.arena.inputs import AHEAD, SPARE
from gameserver.engine.worlds.arena.rules import MAX_SPEED, RADIUS, SIZE
from tests.engine.arena.arenas import Arena, hash_of, message, read

INPUT = st.tuples(st.integers(-128, 127), st.integers(0, 3))
NUMBERS = st.one_of(st.integers(0, 400), st.integers(0, 2**32 - 1))
MESSAGES = st.builds(message, NUMBERS, st.lists(INPUT, min_size=1, max_size=12), NUMBERS)
SENT = st.lists(st.one_of(MESSAGES, MESSAGES, MESSAGES, st.binary(max_size=40)), max_size=6)
STEPS = st.lists(
    st.tuples(SENT, st.sampled_from(["tick", "tick", "tick", "ticks", "late", "watch", "play", "gone", "restore"])), max_size=40
)


def check(arena: Arena) -> None:
    """What holds at any time."""
    world = arena.world
    for ship in world.game.ships.all:
        assert all(isfinite(number) for number in (ship.x, ship.y, ship.vx, ship.vy))
        assert sqrt(ship.vx**2 + ship.vy**2) <= MAX_SPEED + 1e-9
        assert RADIUS <= ship.x <= SIZE - RADIUS
        assert RADIUS <= ship.y <= SIZE - RADIUS
        assert 0 <= ship.cooldown <= 12
        assert 0 <= ship.hull <= 3
        assert (ship.hull > 0) == ship.is_live
        assert len(ship.queue.waiting) <= AHEAD
    assert len(world.game.bullets.xs) <= 5 * len(world.game.ships.all)
    for number in range(4):
        assert read(world.frame(f"p{number}") or b"")["tick"] == world.game.tick


def act(arena: Arena, what: str) -> None:
    if what in ("tick", "ticks"):
        arena.tick(1 if what == "tick" else 40)
    elif what == "late":
        arena.later(400)
    elif what == "watch":
        arena.watch(0, 1)
    elif what == "play":
        arena.play(0)
    elif what == "gone":
        arena.world.gone("p0")
    else:
        arena.world.restore(arena.world.snapshot())


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_nothing_that_is_sent_breaks_the_rules(steps: list[tuple[list[bytes], str]]) -> None:
    """[AR47] Any bytes, numbers, ticks that were seen, floods, at any time: refused, dropped, or a move within the rules."""
    arena = Arena(2)
    for sent, what in steps:
        for data in sent:
            refuses(arena, data)
        act(arena, what)
        check(arena)


@settings(deadline=None, max_examples=40)
@given(st.lists(SENT, max_size=30))
def test_a_ship_is_moved_by_its_own_player_alone(sent: list[list[bytes]]) -> None:
    """[AR48] Whatever somebody without a ship sends, and whatever malformed messages come, the arena is bit by bit as without them."""
    attacked, left_alone = Arena(2), Arena(2)
    for messages in sent:
        for data in messages:
            try:
                attacked.heard(99, data)
            except Rejected:
                # Malformed: so it is with a ship, too.
                before = hash_of(attacked.world)
                assert refuses(attacked, data)
                assert hash_of(attacked.world) == before
        attacked.tick()
        left_alone.tick()
    assert hash_of(attacked.world) == hash_of(left_alone.world)


def refuses(arena: Arena, data: bytes) -> bool:
    try:
        arena.heard(0, data)
    except Rejected as refused:
        return refused.code == Code.BAD_MESSAGE
    return False


def flown(send: Any) -> tuple[float, int, int]:
    """How far a ship comes in 10 s, how many inputs it did and how many shots it fired, when `send(arena)` is called before each tick."""
    arena = Arena(1)
    arena.clear()
    ship = arena.put(0, 100.0, 2000.0)
    shots = 0
    for _ in range(600):
        send(arena)
        before = len(arena.game.bullets.xs)
        arena.tick()
        shots += max(len(arena.game.bullets.xs) - before, 0)
        ship.x = min(ship.x, 3000.0) if ship.x < 3000.0 else 100.0
    return ship.vx, ship.queue.ack, shots


def test_a_flood_wins_nothing() -> None:
    """[AR48] Who sends 120 inputs before each tick does 30 more of them in 10 s than who sends one: three shots more."""

    def fair(arena: Arena) -> None:
        arena.heard(0, message(arena.ship(0).queue.ack + 1, [(0, 3)]))

    def flood(arena: Arena) -> None:
        first = arena.ship(0).queue.ack + 1
        for number in range(first, first + 120, 12):
            arena.heard(0, message(number, [(0, 3)] * 12))

    (speed, done, shots), (flood_speed, flood_done, flood_shots) = flown(fair), flown(flood)
    assert (done, flood_done) == (600, 1 + 600 + SPARE)
    assert max(speed, flood_speed) <= MAX_SPEED + 1e-9
    assert flood_shots - shots <= SPARE // 12 + 1
