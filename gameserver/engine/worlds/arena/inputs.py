"""What the author of a ship wants of it: numbered inputs that wait for their tick. Nobody is faster than time here."""

from __future__ import annotations

from dataclasses import dataclass, field

from gameserver.engine.worlds.arena.wire import Input

AHEAD = 120
"""Inputs whose number is further ahead than that are dropped: so many wait at most."""
SPARE = 30
"""Inputs that may be done before ticks have passed for them."""
MAX_CREDIT = 60
"""Credit is not hoarded: `SPARE`, and the half second after which the owner goes on by itself."""
MAX_AT_ONCE = 3
"""In a tick, while more than `CALM` wait."""
CALM = 2
STARVED_TICKS = 30
"""Ticks in a row without an input after which the owner does empty ones."""
MAX_NUMBER = 1 << 31
"""Numbering that is taken over from before a failover begins below this: `ack` stays a u32."""
COASTING: Input = (0, 0, 0)


@dataclass(slots=True)
class Queue:
    """The inputs of a ship. `ack`: number of the last one done. credit: how many may be done now; a tick that passes gives one."""

    ack: int = 0
    credit: int = SPARE
    starved: int = 0
    """Ticks in a row in which there was nothing to do."""
    is_open: bool = False
    """Whether the next number is whatever comes first: after a failover, as `ack` is of a while ago."""
    waiting: dict[int, Input] = field(default_factory=dict)

    def take(self, first: int, inputs: list[Input]) -> None:
        """Let inputs wait, numbered from `first`. Those done already, there already or too far ahead are dropped."""
        if self.is_open and 0 < first < MAX_NUMBER:
            self.ack, self.is_open = first - 1, False
        waiting, low, high = self.waiting, self.ack, self.ack + AHEAD
        for number, each in enumerate(inputs, first):
            if low < number <= high and number not in waiting:
                waiting[number] = each

    def due(self) -> tuple[Input, ...]:
        """The inputs to do in this tick. They count as done."""
        waiting = self.waiting
        number = self.ack + 1
        one = waiting.pop(number, None)
        if one is None:
            return self._coast()
        # It takes the credit that this tick gives.
        self.ack, self.starved = number, 0
        return (one,) if len(waiting) <= CALM else (one, *self._more())

    def forgive(self, ticks: int) -> None:
        """Time has passed in which nothing was done: in ticks."""
        self.credit = min(self.credit + ticks, MAX_CREDIT)

    def _more(self) -> list[Input]:
        more: list[Input] = []
        waiting = self.waiting
        while len(more) < MAX_AT_ONCE - 1 and len(waiting) > CALM and self.credit > 0 and self.ack + 1 in waiting:
            self.ack += 1
            self.credit -= 1
            more.append(waiting.pop(self.ack))
        return more

    def _coast(self) -> tuple[Input, ...]:
        self.starved += 1
        if self.starved <= STARVED_TICKS:
            self.forgive(1)
            return ()
        self.ack += 1
        return (COASTING,)
