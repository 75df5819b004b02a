"""Randomness that is a part of the state: a 32-bit xorshift. The same seed gives the same numbers everywhere."""

from __future__ import annotations

from dataclasses import dataclass

MASK = 0xFFFF_FFFF
_ZERO = 0x9E37_79B9
"""Stands for the seed 0, from which a xorshift does not move."""
_WARM_UP = 8
"""Numbers that are thrown away: those after a small seed are small."""


def advance(state: int) -> int:
    """The state after `state`, of 1 to 2^32-1, which is the number drawn as well."""
    state ^= state << 13 & MASK
    state ^= state >> 17
    return state ^ (state << 5 & MASK)


@dataclass(slots=True)
class Chance:
    """A source of numbers; `state` is all there is of it."""

    state: int

    @classmethod
    def of_seed(cls, seed: int) -> Chance:
        """The source that belongs to a seed of 0 to 2^32-1."""
        chance = cls(seed or _ZERO)
        for _ in range(_WARM_UP):
            chance.below(1)
        return chance

    def below(self, limit: int) -> int:
        """A number of 0 to `limit` - 1."""
        self.state = advance(self.state)
        return self.state % limit
