"""Bytes of docs/arena.md section 5: inputs in, the parts of a frame out. Little endian, nothing but numbers."""

from __future__ import annotations

from struct import Struct

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.worlds.arena.rules import Body

NOBODY = 65535
"""Stands for a slot where there is none."""
MAX_INPUTS = 12
"""In a message."""

_KIND_INPUTS, _KIND_FRAME = 1, 2
_INPUTS = tuple(Struct("<BIIB" + count * "bB") for count in range(MAX_INPUTS + 1))
"""By how many inputs a message has."""
_SIZES = {each.size: each for each in _INPUTS[1:]}
_HEAD = Struct("<BIBHIddddHBBIBB")
_CHECKED = slice(8, 48)
_CHECK = Struct("<I")
_SHIP = Struct("<HHHbbBB")
_BULLET = Struct("<HHHbb")
_CRYSTAL = Struct("<HH")
_CELL = Struct("<BBBB")
_MOVING = Struct("<ddddHB")
_ALL_FLAGS = 3
_MOST = 255
_DOWN = 128
_UP = _DOWN + 0.5
"""`int(value + _UP) - _DOWN` rounds a speed to the nearest; it is quicker than `round`. Places are rounded down."""

Input = tuple[int, int, int]
"""turn, flags, seen."""


def inputs(data: bytes) -> tuple[int, list[Input]]:
    """The number of the first input of a message, and its inputs. Raises Rejected: bad_message."""
    layout = _SIZES.get(len(data))
    if layout is None:
        raise Rejected(Code.BAD_MESSAGE, "That is no input.")
    kind, first, seen, count, *pairs = layout.unpack(data)
    if kind != _KIND_INPUTS or _INPUTS[count if count <= MAX_INPUTS else 0] is not layout:
        raise Rejected(Code.BAD_MESSAGE, "That is no input.")
    found = []
    for index in range(0, 2 * count, 2):
        flags = pairs[index + 1]
        if flags > _ALL_FLAGS:
            raise Rejected(Code.BAD_MESSAGE, "An input has flags that there are not.")
        found.append((pairs[index], flags, seen))
    return first, found


def fnv(data: bytes) -> int:
    """FNV-1a, 32 bits."""
    value = 0x811C_9DC5
    for byte in data:
        value = (value ^ byte) * 0x0100_0193 & 0xFFFF_FFFF
    return value


def moving(body: Body) -> bytes:
    """The 35 bytes that a body is compared by: bytes 12 to 46 of a frame."""
    return _MOVING.pack(body.x, body.y, body.vx, body.vy, body.heading, body.cooldown)


def head(tick: int, you: int, slot: int, ack: int, body: Body, hull: int, waiting: int, cells: int, *, is_checked: bool) -> bytes:
    """The first 54 bytes of a frame."""
    b = body
    data = _HEAD.pack(_KIND_FRAME, tick, you, slot, ack, b.x, b.y, b.vx, b.vy, b.heading, b.cooldown, hull, 0, waiting, cells)
    if is_checked:
        return data[: _CHECKED.stop] + _CHECK.pack(fnv(data[_CHECKED])) + data[_CHECKED.stop + _CHECK.size :]
    return data


def cell(place: int, ships: list[bytes], bullets: list[bytes], crystals: bytes) -> bytes:
    """A cell of a frame; of ships and bullets no more than 255 each are told. Of crystals there are fewer."""
    if len(ships) > _MOST or len(bullets) > _MOST:
        ships, bullets = ships[:_MOST], bullets[:_MOST]
    title = _CELL.pack(place, len(ships), len(bullets), len(crystals) // _CRYSTAL.size)
    return b"".join((title, *ships, *bullets, crystals))


def ship(slot: int, body: Body, flags: int) -> bytes:
    """A ship as others see it. flags: 1 thrusts, 2 invulnerable, plus 4 times the hull."""
    x, y, vx, vy = int(body.x * 16.0), int(body.y * 16.0), int(body.vx * 8.0 + _UP) - _DOWN, int(body.vy * 8.0 + _UP) - _DOWN
    return _SHIP.pack(slot, x, y, vx, vy, body.heading >> 2, flags)


def bullet_speed(speed: float) -> int:
    """A bullet's vx or vy in a frame: it never changes."""
    return int(speed * 4.0 + _UP) - _DOWN


bullet = _BULLET.pack
"""A bullet: slot of who shot; x, y in 1/16 px; `bullet_speed` of vx and vy."""


def crystal(x: float, y: float) -> bytes:
    """A crystal."""
    return _CRYSTAL.pack(int(x * 16.0), int(y * 16.0))
