"""The ships of an arena: who flies which, in slots that are used again."""

from __future__ import annotations

from dataclasses import dataclass, field

from gameserver.engine.worlds import Who
from gameserver.engine.worlds.arena.inputs import Queue
from gameserver.engine.worlds.arena.rules import HULL, Body

MAX_SHIPS = 500
SAFE_TICKS = 120
"""Of a ship that has come back, unless it shoots before."""
BACK_TICKS = 180
"""From being destroyed until it comes back."""
GONE_TICKS = 600
"""How long a ship stays whose player has no socket any more."""
IDLE_TICKS = 3_600
"""Without any input but neutral ones."""
NEVER = 1 << 62
"""A tick that does not come."""

NOBODY = Who("", "", "")


@dataclass(slots=True)
class Ship(Body):
    """A ship. All that ends in `_at` or `_until` is a tick."""

    slot: int = 0
    who: Who = NOBODY
    queue: Queue = field(default_factory=Queue)
    hull: int = 0
    is_thrusting: bool = False
    is_live: bool = False
    """Whether it is on the field; otherwise it comes back in the tick `back_at`."""
    back_at: int = 0
    since: int = 0
    """The tick in which it came, the last time."""
    safe_until: int = 0
    """Not hit in this tick nor before it."""
    active_at: int = 0
    """Of the last input that was not neutral."""
    goes_at: int = NEVER
    found: int = 0
    """Crystals taken that were not told yet."""

    def come(self, x: float, y: float, heading: int, tick: int) -> None:
        """Be on the field, whole and at rest."""
        self.x, self.y, self.vx, self.vy, self.heading, self.cooldown = x, y, 0.0, 0.0, heading, 0
        self.hull, self.is_live, self.is_thrusting = HULL, True, False
        self.since, self.safe_until = tick, tick + SAFE_TICKS

    def leave_field(self, back_at: int) -> None:
        """Be off the field until a tick."""
        self.vx = self.vy = 0.0
        self.hull, self.is_live, self.is_thrusting, self.back_at = 0, False, False, back_at


class Ships:
    """All ships. `all`: in the order of their slots; `by_slot`, `by_player`: the same ones."""

    def __init__(self) -> None:
        self.all: list[Ship] = []
        self.by_slot: dict[int, Ship] = {}
        self.by_player: dict[str, Ship] = {}

    def free_slot(self) -> int | None:
        """The lowest slot that nobody has; None if there is none."""
        if len(self.all) >= MAX_SHIPS:
            return None
        return next(slot for slot in range(MAX_SHIPS) if slot not in self.by_slot)

    def add(self, ship: Ship) -> None:
        """Take in a ship; one in the same slot, or of the same player, makes room."""
        for before in (self.by_slot.get(ship.slot), self.by_player.get(ship.who.id)):
            if before is not None:
                self.remove(before.slot)
        self.by_slot[ship.slot] = self.by_player[ship.who.id] = ship
        self.all = [self.by_slot[slot] for slot in sorted(self.by_slot)]

    def remove(self, slot: int) -> None:
        """Let a ship go; nothing if there is none."""
        ship = self.by_slot.pop(slot, None)
        if ship is not None:
            del self.by_player[ship.who.id]
            self.all.remove(ship)
