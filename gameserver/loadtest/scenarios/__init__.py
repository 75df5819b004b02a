"""What bots do: one module for each scenario, with a class `Scenario` derived from the one here. Pure.

A scenario says what a command is and how an event of it is known again; all else is the same for all of them. Where a world speaks in bytes
each bot has a pilot, and the scenario measures what is of interest there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from msgspec import Struct

from gameserver.loadtest import pace
from gameserver.loadtest.tally import Tally

CHAT = "chat"
"""The lane that every room has."""
RATE = 20.0


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


class Pilot(Protocol):
    """Speaks for one bot in bytes. Times are µs of the machine's monotonic clock. `is_measuring`: whether what comes counts."""

    is_measuring: bool

    def welcomed(self, message: Any) -> bool:
        """Another socket is in, by this welcome. Whether the scenario's command is to be sent now."""
        ...

    def told(self, events: Any) -> None:
        """Events were shown, with a number or without."""
        ...

    def speak(self, due_us: int) -> bytes:
        """What is to be sent in the turn that was due at that moment; empty for nothing."""
        ...

    def read(self, size_bytes: int) -> None:
        """A message of whatever kind was read."""
        ...

    def heard(self, data: bytes | bytearray, now_us: int) -> None:
        """A binary message came. Raises ValueError for what is not of the protocol."""
        ...


class Found(NamedTuple):
    """What a run has found, for a scenario's own measure. `cpu_s`: of the server, None if it is not known."""

    counts: Mapping[str, int]
    bots: int
    talked_s: float
    cpu_s: float | None


class BaseScenario:
    """`run` is in every mark, so that lines of an earlier run, or of one beside it, are nobody's."""

    name: ClassVar[str]
    world: ClassVar[str] = ""
    """What a new room has besides chat."""
    event: ClassVar[type[Numbered]]
    is_journalled: ClassVar[bool] = True
    """Whether each command leads to an event with a number, which its reply repeats."""
    is_marked: ClassVar[bool] = True
    """Whether events carry marks; without, there are no deliveries to measure."""
    turn: ClassVar[str] = "commands"
    """What there are so many of a second, for people."""
    latencies: ClassVar[dict[str, str]] = {}
    """What a pilot measures in a tally's `latency`, by name, and what it means."""

    def __init__(self, run: str) -> None:
        self.run = run

    @property
    def lane(self) -> str:
        """Whose rate in `welcome` the commands count against."""
        return self.world or CHAT

    @classmethod
    def rate_of(cls, talkers: int) -> float:
        """Turns a second of so many talkers together, where nobody says another number."""
        return RATE

    def pilot(self, bot: int, tally: Tally, *, talks: bool) -> Pilot | None:
        """Who speaks for a bot; None where it does so by commands."""
        return None

    @classmethod
    def measured(cls, found: Found) -> dict[str, Any]:
        """What it has measured besides, as values that JSON can hold."""
        return {}

    @classmethod
    def rows(cls, measured: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The same for people: a name and a sentence each."""
        return []

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
