"""What bots do: one module for each scenario, with a class `Scenario` derived from the one here. Pure.

A scenario says what a command is and how an event of it is known again; all else is the same for all of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from msgspec import Struct

from gameserver.loadtest import pace

CHAT = "chat"
"""The lane that every room has."""


class NoScenario(Exception):
    """There is none of this name; the message is one line."""


class Mark(NamedTuple):
    """Which command an event came from: its bot, its ref, and when it was due, in µs of the machine's monotonic clock."""

    bot: int
    ref: int
    due_us: int


class Numbered(Struct, gc=False):
    """An event, as little of it as a bot needs; a scenario adds what its mark is in. `seq`: 0 for an ephemeral one."""

    ev: str
    seq: int = 0


class BaseScenario:
    """`run` is in every mark, so that lines of an earlier run, or of one beside it, are nobody's."""

    name: ClassVar[str]
    world: ClassVar[str] = ""
    """What a new room has besides chat."""
    event: ClassVar[type[Numbered]]
    is_journalled: ClassVar[bool] = True
    """Whether each command leads to an event with a number, which its reply repeats."""

    def __init__(self, run: str) -> None:
        self.run = run

    @property
    def lane(self) -> str:
        """Whose rate in `welcome` the commands count against."""
        return self.world or CHAT

    def turns(self, rate: float, count: int, talkers: int, mine: range) -> Iterator[tuple[float, int]]:
        """When which of `mine` has a command due: see pace.turns."""
        return pace.turns(rate, count, talkers, mine)

    def command(self, mark: Mark) -> dict[str, Any]:
        """The command that carries a mark: `cmd` and its fields, without `ref`."""
        raise NotImplementedError

    def mark(self, event: Any) -> Mark | None:
        """The mark that an event carries; None for events of others, whatever they are."""
        raise NotImplementedError


def names() -> list[str]:
    """All scenarios."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(name: str) -> type[BaseScenario]:
    """The scenario of that name. Raises NoScenario."""
    if name not in names():
        raise NoScenario(f"There is no scenario {name!r}. There are: {', '.join(names())}")
    found: type[BaseScenario] = importlib.import_module(f"{__name__}.{name}").Scenario
    return found
