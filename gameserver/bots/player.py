"""One bot at the arena's protocol: frames in, inputs out. No socket and no clock: whoever has them calls it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from struct import Struct

from gameserver.bots import sight
from gameserver.bots.arena import MAX_INPUTS, TURN, Rock, rocks_of
from gameserver.bots.brain import Brain, State
from gameserver.bots.sight import Sight

_KIND = 1
_HEAD = Struct("<BIIB")
_INPUT = Struct("<bB")
_THRUST, _FIRE = 1, 2
MOST_UNDER_WAY = 100
"""Inputs without an answer: the owner drops what lies more than 120 ahead, and would never come to it."""
FEW, MANY = 1, 3
"""Inputs that should wait at the owner: with fewer it may lack one, with more they come late."""


class Player:
    """A bot's ship. `number`: of the last input sent; `sight`: the last frame's beginning, None before the first."""

    def __init__(self, brain: Brain) -> None:
        self.number = 0
        self.sight: Sight | None = None
        self._brain = brain
        self._rocks: Sequence[Rock] = ()
        self._looked: int | None = None
        self._under_way: deque[tuple[int, int]] = deque()
        """Inputs that are not acknowledged yet: number and turn."""

    def begin(self, seed: int) -> None:
        """A round with the field of that seed."""
        self._rocks = rocks_of(seed)

    def rejoin(self) -> None:
        """The socket is another one: what was under way is not any more."""
        self._under_way.clear()
        self.sight, self._looked = None, None

    @property
    def is_ship(self) -> bool:
        """Whether it has a ship, on the field or on its way back there."""
        return self.sight is not None and self.sight.you != sight.NOBODY

    def take(self, data: bytes | bytearray) -> Sight:
        """Take a frame. Raises ValueError for what is none."""
        before, seen = self.sight, sight.read(data)
        self.sight = seen
        under_way = self._under_way
        if before is not None and (seen.you == sight.NOBODY or seen.ack < before.ack):
            # Another ship, or that of an earlier snapshot: it does not know of them.
            under_way.clear()
        while under_way and under_way[0][0] <= seen.ack:
            under_way.popleft()
        if seen.ack > self.number or not under_way:
            # The owner went on by itself, or counts anew.
            self.number = seen.ack
        if seen.you == sight.SHIP and (self._looked is None or not 0 <= seen.tick - self._looked < self._brain.reaction_ticks):
            self._looked = seen.tick
            self._brain.look(seen.tick, self._state(seen), sight.look(data), self._rocks)
        return seen

    def inputs(self, ticks: int) -> bytes:
        """A message of inputs for so many ticks that have passed, a few more or less as the owner has too few or too many.

        Empty if there is nothing to send: no ship, or enough waits.
        """
        seen = self.sight
        if seen is None or not self.is_ship or len(self._under_way) > MOST_UNDER_WAY:
            return b""
        count = min(MAX_INPUTS, ticks + (seen.waiting < FEW) - (seen.waiting > MANY))
        if count <= 0:
            return b""
        turn, flags = self._wish(seen)
        parts = [_HEAD.pack(_KIND, self.number + 1, seen.tick, count)]
        for _ in range(count):
            step = min(TURN, max(-TURN, turn))
            turn -= step
            self.number += 1
            self._under_way.append((self.number, step))
            parts.append(_INPUT.pack(step, flags))
        return b"".join(parts)

    def _wish(self, seen: Sight) -> tuple[int, int]:
        if seen.you != sight.SHIP:
            return 0, 0
        wish = self._brain.steer(seen.tick, self._state(seen))
        return wish.turn, _THRUST * wish.thrusts | _FIRE * wish.fires

    def _state(self, seen: Sight) -> State:
        """The ship as it will be when what is under way is done, nearly."""
        ticks = len(self._under_way)
        heading = seen.heading + sum(turn for _, turn in self._under_way)
        return State(seen.x + seen.vx * ticks, seen.y + seen.vy * ticks, seen.vx, seen.vy, heading, seen.hull, seen.slot)
