"""What a ship does in a tick: the reference that browsers predict by, bit for bit.

Only + - * / sqrt and comparisons, in the order of docs/arena.md section 3: another order is another result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, sqrt

SIZE = 4096.0
"""Width and height of the field in pixels."""
RADIUS = 16.0
THRUST = 0.15625
DRAG = 0.9921875
MAX_SPEED = 9.0
TURN = 14
"""Directions a tick, at most."""
BOUNCE = 0.5
COOLDOWN = 12
"""Ticks between two shots."""
HULL = 3
TICKS_PER_S = 60

HEADINGS = 1024
UNIT = 32768
"""The table of directions is in multiples of 1 / UNIT."""
TABLE = tuple(round(UNIT * cos(2 * pi * heading / HEADINGS)) for heading in range(HEADINGS))
"""UNIT times the cosine of each heading. No value lies near a half, so every library of mathematics rounds it alike."""
COS = tuple(value / UNIT for value in TABLE)
SIN = tuple(COS[(heading - HEADINGS // 4) % HEADINGS] for heading in range(HEADINGS))

_PUSH_X = tuple(THRUST * value for value in COS)
_PUSH_Y = tuple(THRUST * value for value in SIN)
_MAX_SPEED_SQUARED = MAX_SPEED * MAX_SPEED
_FAR = SIZE - RADIUS
_BACK = 1 + BOUNCE

Rock = tuple[float, float, float]
"""x, y, radius."""


@dataclass(slots=True)
class Body:
    """What of a ship moves. x, y in px; vx, vy in px/tick; heading 0 to 1023, 0 along x, 256 along y; cooldown in ticks."""

    x: float = 0.0
    y: float = 0.0
    vx: float = 0.0
    vy: float = 0.0
    heading: int = 0
    cooldown: int = 0


def step(body: Body, turn: int, thrust: int, fire: int, rocks: Iterable[Rock]) -> bool:
    """Do one input on a body. Whether it shot. `rocks` in the order of the field: all, or at least all that may be touched."""
    if turn > TURN:
        turn = TURN
    elif turn < -TURN:
        turn = -TURN
    heading = body.heading = (body.heading + turn) % HEADINGS
    vx, vy = body.vx, body.vy
    if thrust:
        vx = vx + _PUSH_X[heading]
        vy = vy + _PUSH_Y[heading]
    vx = vx * DRAG
    vy = vy * DRAG
    s = vx * vx + vy * vy
    if s > _MAX_SPEED_SQUARED:
        f = MAX_SPEED / sqrt(s)
        vx = vx * f
        vy = vy * f
    x = body.x + vx
    y = body.y + vy
    if not (RADIUS <= x <= _FAR and RADIUS <= y <= _FAR):
        x, vx = _within_walls(x, vx)
        y, vy = _within_walls(y, vy)
    body.x, body.y, body.vx, body.vy = x, y, vx, vy
    for rock in rocks:
        _off_rock(body, rock)
    cooldown = body.cooldown
    if cooldown > 1:
        body.cooldown = cooldown - 1
        return False
    body.cooldown = COOLDOWN if fire else 0
    return bool(fire)


def _within_walls(place: float, speed: float) -> tuple[float, float]:
    """A coordinate and its velocity, after the two walls across it."""
    if place < RADIUS:
        return RADIUS, -speed * BOUNCE if speed < 0 else speed
    if place > _FAR:
        return _FAR, -speed * BOUNCE if speed > 0 else speed
    return place, speed


def _off_rock(body: Body, rock: Rock) -> None:
    """Put a body outside a rock, and turn what of its velocity goes into it."""
    rx, ry, rr = rock
    dx = body.x - rx
    dy = body.y - ry
    d = dx * dx + dy * dy
    r = rr + RADIUS
    if d >= r * r:
        return
    d = sqrt(d)
    if d == 0:
        d, dx, dy = 1.0, 1.0, 0.0
    nx = dx / d
    ny = dy / d
    body.x = rx + nx * r
    body.y = ry + ny * r
    n = body.vx * nx + body.vy * ny
    if n < 0:
        body.vx = body.vx - _BACK * n * nx
        body.vy = body.vy - _BACK * n * ny
