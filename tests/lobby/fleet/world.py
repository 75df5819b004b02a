"""A world that plans are tried on: Machines that boot, are heard, fall silent and stop, as plainly as can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lobby.fleet.model import (
    HOUR_S,
    Action,
    Admit,
    Backoff,
    Cordon,
    Create,
    Destroy,
    Drain,
    Machine,
    Mark,
    Policy,
    Refusal,
    Refuse,
    Seen,
    Serve,
    Start,
    Stop,
    Wanted,
    Why,
)
from lobby.fleet.plan import plan
from lobby.fleet.situation import COMING, backoff_s, costs

T0 = 1_800_000_000.0
"""A full hour."""
ASLEEP = ("stopped", "suspended", "created", "failed")


def up(id: str, region: str = "cdg", **facts: object) -> Machine:
    """A Machine in service that has run for an hour, with nobody in for as long unless told otherwise."""
    base = Machine(id, id, region, "started", T0 - HOUR_S, heard_at=T0, empty_since=T0 - HOUR_S)
    machine = replace(base, **facts)  # type: ignore[arg-type]
    return replace(machine, empty_since=0.0) if machine.load else machine


def asleep(id: str, region: str = "cdg", **facts: object) -> Machine:
    """A Machine that was stopped an hour ago."""
    return replace(Machine(id, id, region, "stopped", T0 - HOUR_S), **facts)  # type: ignore[arg-type]


@dataclass
class World:
    """Time passes with `step`. dead: ids of Machines that run and are never heard. full: regions where nothing can be started."""

    wanted: Wanted
    machines: dict[str, Machine] = field(default_factory=dict)
    demand: dict[str, int] = field(default_factory=dict)
    now: float = T0
    boot_s: float = 10.0
    dead: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    backoffs: dict[str, Backoff] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    spent_s: float = 0.0
    here: str = ""
    asked: dict[str, float] = field(default_factory=dict)
    stopped_with_players: list[str] = field(default_factory=list)

    def seen(self) -> Seen:
        """What a look would find."""
        machines = tuple(self.machines.values())
        return Seen(machines, self.demand, self.backoffs, self.refusals, self.spent_s, T0 - HOUR_S, here=self.here)

    def plan(self) -> tuple[Action, ...]:
        """The next actions."""
        return plan(self.wanted, self.seen(), self.now)

    def round(self, step_s: float = 5.0) -> tuple[Action, ...]:
        """Plan, apply, let time pass."""
        actions = self.plan()
        self.apply(actions)
        self.step(step_s)
        return actions

    def until_rest(self, rounds: int, step_s: float = 15.0, quiet: int = 25) -> int:
        """Rounds until nothing was left to do for `quiet` rounds; fails after `rounds`."""
        still = 0
        for number in range(rounds):
            still = 0 if self.round(step_s) else still + 1
            if still == quiet:
                return number - quiet
        raise AssertionError(f"no rest after {rounds} rounds: {self.plan()}")

    def apply(self, actions: Iterable[Action]) -> None:
        """Do what is said, as the API and the gameservers would."""
        for action in actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        if isinstance(action, Refuse):
            self.refusals[action.region] = Refusal(action.why, action.nearest)
        elif isinstance(action, Admit):
            self.refusals.pop(action.region, None)
        elif isinstance(action, Create | Start):
            self._begin(action)
        elif action.machine in self.machines:
            self._change(action)

    def _begin(self, action: Create | Start) -> None:
        id = action.name if isinstance(action, Create) else action.machine
        if action.region in self.full:
            failures = self.backoffs[action.region].failures + 1 if action.region in self.backoffs else 1
            self.backoffs[action.region] = Backoff(self.now + backoff_s(Why.NO_CAPACITY, failures), failures)
        elif id not in self.machines or self.machines[id].state in ASLEEP:
            self.machines[id] = Machine(id, id, action.region, "starting", self.now)
            self.asked[id] = self.now

    def _change(self, action: Stop | Drain | Cordon | Serve | Destroy) -> None:
        machine = self.machines[action.machine]
        if isinstance(action, Destroy):
            del self.machines[machine.id]
        elif isinstance(action, Stop):
            if machine.load and not action.force:
                return
            if machine.load and machine.id not in self.dead:
                self.stopped_with_players.append(machine.id)
            self.machines[machine.id] = replace(machine, state="stopping", since=self.now, players=0, sockets=0, empty_since=0.0)
        elif isinstance(action, Serve):
            self.machines[machine.id] = replace(machine, cordoned=False, mark=Mark.NONE, marked_at=0.0)
        elif isinstance(action, Drain):
            self.machines[machine.id] = replace(machine, mark=action.mark, marked_at=self.now)
        else:
            self.machines[machine.id] = replace(machine, cordoned=True, mark=Mark.GHOST, marked_at=self.now)

    def step(self, seconds: float) -> None:
        """Let time pass: boots end, the living are heard, what stops is stopped."""
        if self.now // HOUR_S != (self.now + seconds) // HOUR_S:
            self.spent_s = 0.0
        self.now += seconds
        self.spent_s += seconds * self.running()
        for id, machine in list(self.machines.items()):
            self.machines[id] = self._later(machine)
            if self.machines[id].state == "destroying":
                del self.machines[id]

    def _later(self, machine: Machine) -> Machine:
        age = self.now - machine.since
        if machine.state in COMING and age >= self.boot_s and not (machine.state == "created" and machine.id not in self.asked):
            return self._heard(replace(machine, state="started", since=self.now))
        if machine.state in ("stopping", "suspending"):
            return replace(machine, state="stopped", since=self.now, empty_since=0.0)
        return self._heard(machine) if machine.state == "started" else machine

    def _heard(self, machine: Machine) -> Machine:
        if machine.id in self.dead:
            return machine
        empty_since = (machine.empty_since or self.now) if machine.load == 0 else 0.0
        return replace(machine, heard_at=self.now, empty_since=empty_since)

    def enter(self, id: str, players: int) -> None:
        """So many players are in a Machine now."""
        machine = self.machines[id]
        self.machines[id] = replace(machine, players=players, sockets=players, empty_since=0.0 if players else self.now)

    def running(self, region: str = "") -> int:
        """Machines that cost something."""
        return sum(costs(one, self.wanted.limits, self.now) for one in self.machines.values() if not region or one.region == region)


def kinds(actions: Iterable[Action]) -> list[str]:
    """What is done to which Machine or region: "start cdg1"."""
    return [f"{type(one).__name__.lower()} {getattr(one, 'machine', None) or getattr(one, 'name', None) or one.region}" for one in actions]


def of(kind: type, actions: Iterable[Action]) -> list[Action]:
    """The actions of one kind."""
    return [one for one in actions if isinstance(one, kind)]


def world(*machines: Machine, demand: Mapping[str, int] | None = None, wanted: Wanted, **facts: object) -> World:
    """A world with these Machines."""
    return World(wanted, {machine.id: machine for machine in machines}, dict(demand or {}), **facts)  # type: ignore[arg-type]


PARIS = Policy(0, 2, 0, 100, 0.7, 60.0)
WANTED = Wanted({"cdg": PARIS})
EUROPE = Wanted({"cdg": PARIS, "ams": PARIS, "nrt": PARIS})


def planned(*machines: Machine, wanted: Wanted = WANTED, **facts: object) -> list[str]:
    """What is planned for these Machines, by somebody who has listened for an hour."""
    return kinds(plan(wanted, replace(Seen(machines, hearing_since=T0 - HOUR_S), **facts), T0))  # type: ignore[arg-type]


def of_paris(**facts: object) -> Wanted:
    """Another policy for Paris."""
    return Wanted({"cdg": replace(PARIS, **facts)})  # type: ignore[arg-type]
