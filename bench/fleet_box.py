"""What a simulated day is made of: one Machine, what its orders ask of the API, and what the day came to. See bench/fleet_sim.py."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lobby.fleet.model import Action, Drain, Machine, Mark, Serve, Start


@dataclass(slots=True)
class Group:
    """Players who pressed Join at the same time and wait. moved: they were offered another region, and wait there."""

    came_at: float
    number: int
    moved: bool = False


@dataclass(slots=True, eq=False)
class Box:
    """One Machine. turn_at: when the API takes its create; ready_at: when its boot ends; fate: how it ends."""

    id: str
    region: str
    state: str
    since: float
    turn_at: float = 0.0
    ready_at: float = 0.0
    fate: str = "well"
    players: int = 0
    heard_at: float = 0.0
    empty_since: float = 0.0
    cordoned: bool = False
    mark: Mark = Mark.NONE
    marked_at: float = 0.0
    unreachable: bool = False

    def shown(self) -> Machine:
        """As the planner sees it."""
        return Machine(
            self.id, self.id, self.region, self.state, self.since, self.cordoned, self.heard_at, self.players, self.players, 0, False,
            self.empty_since, self.mark, self.marked_at, 0.0, False, self.unreachable,
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Whether new players are sent there and get in."""
        return self.state == "started" and self.fate == "well" and self.mark == Mark.NONE and not self.unreachable


@dataclass
class Tally:
    """What a day came to. came: joins. waits: seconds, rounded up, to joins that were let in, those of the dropped among them."""

    came: int = 0
    waits: Counter[float] = field(default_factory=Counter)
    moved: int = 0
    refused: int = 0
    dropped: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    busiest: int = 0
    turn_s: float = 0.0
    """The longest that a create waited for its turn at the API."""
    machine_s: float = 0.0
    ideal_s: float = 0.0
    emptying_s: float = 0.0
    """Machine seconds of those that get no new players, until their last has left."""
    stops: int = 0


def calls_of(action: Action, box: Box) -> list[str]:
    """What an action asks of the API: being out of service is the lobby's own note, but for ghosts."""
    if isinstance(action, Drain):
        return []
    if isinstance(action, Serve):
        return ["uncordon"] if box.cordoned else []
    return [type(action).__name__.lower(), *(["uncordon"] if isinstance(action, Start) and box.cordoned else [])]
