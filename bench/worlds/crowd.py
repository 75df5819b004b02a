"""A crowd: everybody is moved at random by the world, and is shown all of them, six bytes each. The simpler job of others' measurements."""

from __future__ import annotations

import random
import struct

from msgspec import Struct

from gameserver.engine.protocol import Ref
from gameserver.engine.worlds import BaseWorld, Decided, Happening, Who

MOST = 65_535
"""Of a number in a frame: the field goes from 0 to there in both directions."""
STEPS = tuple(2 * die - 255 for die in range(256))
"""How far somebody goes in a direction in a tick, by a die."""


class Enter(Struct, tag_field="cmd", tag="crowd.enter", forbid_unknown_fields=True, frozen=True):
    """Be one of the crowd, until the last tab is closed."""

    ref: Ref


class World(BaseWorld):
    """The lane `crowd`. A frame: the tick (u32), then number, x and y (u16) of each; the same bytes for everybody."""

    name = "crowd"
    commands = (Enter,)
    draws = True
    tick_s = 1 / 20
    frames = 20.0

    def __init__(self) -> None:
        # Seeded: what costs is the same in every run.
        self._dice = random.Random(20)
        self._ticks = 0
        self._frame: bytes | None = None
        self._players: list[str] = []
        self._places: list[int] = []
        """x and y of each player, in turn."""

    def decide(self, who: Who, command: Enter, at: int) -> Decided:
        """Nothing that is told: a place is kept for this owner's life only."""
        if who.id not in self._players:
            self._players.append(who.id)
            self._places += (MOST // 2, MOST // 2)
        return NOTHING

    def gone(self, player: str) -> None:
        """One less."""
        if player in self._players:
            number = self._players.index(player)
            del self._players[number], self._places[2 * number : 2 * number + 2]

    def tick(self, at: int) -> tuple[Happening, ...]:
        """Everybody moves, but not through a wall."""
        self._ticks += 1
        count = len(self._players)
        dice = self._dice.randbytes(2 * count)
        moved = [there if 0 <= (there := here + STEPS[die]) <= MOST else here for here, die in zip(self._places, dice, strict=True)]
        told = [0] * (3 * count)
        told[::3], told[1::3], told[2::3] = range(count), moved[::2], moved[1::2]
        self._places = moved
        self._frame = struct.pack(f"<I{3 * count}H", self._ticks, *told)
        return ()

    def frame(self, player: str) -> bytes | None:
        """All of them."""
        return self._frame


NOTHING = Decided()
