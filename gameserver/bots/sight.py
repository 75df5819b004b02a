"""What a bot sees: the bytes of a frame (docs/arena.md, section 5), as far as it looks at them."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

KIND = 2
NOBODY, SHIP, RETURNING = 0, 1, 2
"""Who one is, in a frame."""
THRUSTS, INVULNERABLE = 1, 2
_HEAD = Struct("<BIBHIddddHBBIBB")
_SHIP = Struct("<HHHbbBB")
_BULLET = Struct("<HHHbb")
_CRYSTAL = Struct("<HH")
_TITLE = 4


class Sight(NamedTuple):
    """The beginning of a frame: ticks, and the own ship after its input number `ack`. px, px/tick; `heading` of 1024."""

    kind: int
    tick: int
    you: int
    slot: int
    ack: int
    x: float
    y: float
    vx: float
    vy: float
    heading: int
    cooldown: int
    hull: int
    check: int
    waiting: int
    cells: int


class Other(NamedTuple):
    """Another ship, or a bullet of one: px, px/tick."""

    slot: int
    x: float
    y: float
    vx: float
    vy: float
    is_safe: bool = False


class Seen(NamedTuple):
    """What is around."""

    ships: list[Other]
    bullets: list[Other]
    crystals: list[tuple[float, float]]


def read(data: bytes | bytearray) -> Sight:
    """The beginning of a frame. Raises ValueError for anything else."""
    if len(data) < _HEAD.size or data[0] != KIND:
        raise ValueError("That is no frame.")
    return Sight._make(_HEAD.unpack_from(data))


def count(data: bytes | bytearray) -> int:
    """How many ships, bullets and crystals a frame tells of. Raises ValueError if it is none, or its cells do not fill it."""
    if len(data) < _HEAD.size:
        raise ValueError("That is no frame.")
    place, entities = _HEAD.size, 0
    for _ in range(data[_HEAD.size - 1]):
        if place + _TITLE > len(data):
            break
        ships, bullets, crystals = data[place + 1 : place + _TITLE]
        entities += ships + bullets + crystals
        place += _TITLE + ships * _SHIP.size + bullets * _BULLET.size + crystals * _CRYSTAL.size
    if place != len(data):
        raise ValueError("A frame's cells do not fill it.")
    return entities


def look(data: bytes | bytearray) -> Seen:
    """Everything in a whole frame."""
    seen = Seen([], [], [])
    place = _HEAD.size
    for _ in range(data[_HEAD.size - 1]):
        ships, bullets, crystals = data[place + 1 : place + _TITLE]
        place += _TITLE
        end = place + ships * _SHIP.size
        for slot, x, y, vx, vy, _heading, flags in _SHIP.iter_unpack(data[place:end]):
            seen.ships.append(Other(slot, x / 16, y / 16, vx / 8, vy / 8, bool(flags & INVULNERABLE)))
        place, end = end, end + bullets * _BULLET.size
        for slot, x, y, vx, vy in _BULLET.iter_unpack(data[place:end]):
            seen.bullets.append(Other(slot, x / 16, y / 16, vx / 4, vy / 4))
        place, end = end, end + crystals * _CRYSTAL.size
        seen.crystals.extend((x / 16, y / 16) for x, y in _CRYSTAL.iter_unpack(data[place:end]))
        place = end
    return seen
