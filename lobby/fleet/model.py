"""What the planner is told, and what it answers: values only, nothing of Django's, nothing of the network's.

Times are seconds since 1970 by the global database's clock; whoever looks turns everything into that clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HOUR_S = 3600.0


class Why(StrEnum):
    """Why a region's players are refused; the words that pages and commands show."""

    NO_CAPACITY = "no_capacity"
    """Fly has no room for a Machine there; tried again later and later."""
    SPEND_CAP = "spend_cap"
    """One more Machine would cost more in an hour than staff allow."""
    FULL = "full"
    """As many Machines run as the region may have, and none has a place."""
    CLOSED = "closed"
    """The region may have no Machines."""
    NO_TEMPLATE = "no_template"
    """There is no Machine to copy, or the one there is has a volume, which belongs to it alone."""
    UNWELL = "unwell"
    """Machines that were started there failed or were never heard; tried again later and later."""


class Mark(StrEnum):
    """Why the fleet took a Machine out of service. One that somebody else cordoned has none, and is left to them."""

    NONE = ""
    SURPLUS = "surplus"
    """The others would do: no new room is sent there, its own rooms go on and can be joined; back in service when it is needed."""
    EMPTY = "empty"
    """It had nobody for long: the lobby sends nobody there; stopped when it still has nobody, back in service when it is needed."""
    OPERATOR = "operator"
    """Somebody asked: no new room, and stopped when the last one has gone."""
    GHOST = "ghost"
    """It runs, says the API, and is not heard: cordoned, and destroyed unless it is heard again."""


# Wanted


@dataclass(frozen=True, slots=True)
class Policy:
    """What staff want of one region. `places`: sockets of one Machine. `fill`: the part of them at which another Machine starts."""

    minimum: int = 0
    maximum: int = 2
    warm: int = 0
    """Machines kept ready beyond what the players there need."""
    places: int = 10_000
    fill: float = 0.7
    empty_s: float = 300.0
    """Without anybody for so long, a Machine is drained and stopped; the least time between its start and its stop, too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What staff want of the whole fleet. `cap`: what its Machines may cost in an hour, in the unit of `price`, a Machine hour's."""

    cap: float = 20.0
    price: float = 1.0
    ghost_s: float = 20.0
    """A Machine that runs and is silent for so long is a ghost; after twice as long it is destroyed."""
    lost_s: float = 5.0
    """One whose host the API cannot reach either is a ghost after so long."""
    boot_s: float = 120.0
    """A Machine that has just been started may be silent for so long."""
    stuck_s: float = 300.0
    """A Machine in a passing state for so long is stuck (Fly's documentation, machine states)."""
    young_s: float = 30.0
    """A Machine that runs for less is not given up: whoever it was started for still reads a page. As long as gameservers wait (ID2)."""
    creates: int = 10
    """Machines that are being made at once: the API takes one create a second, and who waits longest for a turn has failed."""
    drain_s: float = 5.0
    """Between taking an empty Machine out of service and stopping it: who was on the way is heard by then."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Policies by region code, in the order of the lobby. Machines in other regions are none of the planner's."""

    regions: Mapping[str, Policy]
    limits: Limits = field(default_factory=Limits)


# Seen


@dataclass(frozen=True, slots=True)
class Machine:
    """One Machine as the API shows it, joined with what its gameserver told last.

    state: Fly's word for it, seen since `since`. heard_at: its last beat, 0.0 for none. empty_since: 0.0 while anybody is in, or nothing
    was heard. held_until: the API refused something about it; leave it alone until then. unreachable: the API says that its host is.
    """

    id: str
    name: str
    region: str
    state: str
    since: float
    cordoned: bool = False
    heard_at: float = 0.0
    players: int = 0
    sockets: int = 0
    rooms: int = 0
    draining: bool = False
    empty_since: float = 0.0
    mark: Mark = Mark.NONE
    marked_at: float = 0.0
    held_until: float = 0.0
    volume: bool = False
    unreachable: bool = False

    @property
    def load(self) -> int:
        """Places taken."""
        return max(self.players, self.sockets)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Starts in a region that failed in a row, and until when nobody tries again."""

    until: float
    failures: int
    why: Why = Why.NO_CAPACITY


@dataclass(frozen=True, slots=True)
class Refusal:
    """What players of a region are told at present."""

    why: Why
    nearest: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the planner knows. It keeps nothing from one plan to the next.

    demand: players who wait, by region. spent_s: Machine seconds since the full hour began. hearing_since: since when beats are heard
    without a break; nobody is called silent for longer than that. template: whether there is a Machine that may be copied.
    here: the Machine that plans, which it never stops.
    """

    machines: tuple[Machine, ...] = ()
    demand: Mapping[str, int] = field(default_factory=dict)
    backoffs: Mapping[str, Backoff] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    spent_s: float = 0.0
    hearing_since: float = 0.0
    template: bool = True
    here: str = ""


# Actions


@dataclass(frozen=True, slots=True)
class Create:
    """Make a Machine of this name and start it. The same state of things leads to the same name, so that twice is once."""

    region: str
    name: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start a Machine that is stopped or suspended, and put it in service. Running already is no error."""

    machine: str
    region: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a Machine that is out of service: only if it still has nobody, unless `force`, which is for ghosts."""

    machine: str
    region: str
    why: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class Drain:
    """Take a Machine out of service: those who are in stay, and the lobby sends no new room there.

    Not cordoned at Fly's proxy. While somebody is in, friends would not reach their room, and who lost their connection would not come
    back to it; and a cordon outlives a stop, so that no request could wake the Machine.
    """

    machine: str
    region: str
    mark: Mark = Mark.EMPTY


@dataclass(frozen=True, slots=True)
class Cordon:
    """Take a ghost out of service: Fly's proxy sends it nothing new."""

    machine: str
    region: str


@dataclass(frozen=True, slots=True)
class Serve:
    """Put a Machine back in service that the fleet took out."""

    machine: str
    region: str


@dataclass(frozen=True, slots=True)
class Destroy:
    """Destroy a Machine that is of no use any more, whatever it does. Never one with a volume."""

    machine: str
    region: str
    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell players of a region that nothing starts there, why, and which region is nearest ("" if none is)."""

    region: str
    why: Why
    nearest: str


@dataclass(frozen=True, slots=True)
class Admit:
    """Take a region's refusal back."""

    region: str


Action = Create | Start | Stop | Drain | Cordon | Serve | Destroy | Refuse | Admit


# What people are told (lobby.fleet.demand.outlook)


class Outlooks(StrEnum):
    """What a region is, for somebody who wants to play there."""

    UP = "up"
    STARTING = "starting"
    ASLEEP = "asleep"
    NO_CAPACITY = "no_capacity"
    SPEND_CAP = "spend_cap"
    UNKNOWN = "unknown"
    """Nobody could ask the API for a while."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """seconds_so_far: since the start was asked for, or since players wait. usually_s: the median of recent starts, None before the first.

    nearest: the nearest other region where one can play now, "" if there is none. refusal: a sentence's worth of why (Why), or "".
    """

    state: Outlooks
    seconds_so_far: float = 0.0
    usually_s: float | None = None
    nearest: str = ""
    refusal: str = ""
