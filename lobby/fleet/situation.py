"""What a region's Machines are good for, from their states and from what was heard of them. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lobby.fleet.model import Limits, Machine, Mark, Policy, Seen, Wanted, Why

PASSING = frozenset(("creating", "starting", "stopping", "restarting", "suspending", "updating", "replacing"))
"""States that Fly's Machines only pass through."""
COMING = frozenset(("creating", "created", "starting", "restarting", "updating", "replacing"))
ASLEEP = frozenset(("stopped", "suspended"))
OVER = frozenset(("destroying", "destroyed", "launch_failed", "migrated", "replaced"))
"""States that nobody needs to do anything about."""
COSTING = frozenset((*PASSING, "started"))

FIRST_S = 15.0
LONGEST_S = 600.0
"""Of a backoff: doubled with each failure in a row, from the first to the longest."""
MOST_DOUBLED = 10
"""More is longer than the longest, and after a thousand failures no number any more."""
MANY = 3
PATIENT = 10
"""When more than half of MANY Machines or more are silent at once it is probably we who are deaf: they get so many times as long,
but for those whose host the API itself cannot reach."""
KEEP = 0.8
"""A Machine is not given up before the others would be this much less than full enough for one more: what was started stays."""
_EPSILON = 1e-9
_BACK = (Mark.SURPLUS, Mark.EMPTY, Mark.GHOST)


@dataclass(frozen=True, slots=True)
class Situation:
    """One region. serving: take players. booting: will. resting: run, are heard, and are out of service. asleep: can be started."""

    region: str
    policy: Policy
    waiting: int
    machines: tuple[Machine, ...]
    serving: tuple[Machine, ...]
    booting: tuple[Machine, ...]
    resting: tuple[Machine, ...]
    asleep: tuple[Machine, ...]
    ghosts: tuple[Machine, ...]
    costing: int
    """Machines that run, or will or still do: what the maximum and the cap count."""

    load: int
    """Players who are in, whatever becomes of their Machine: they stay in the region."""

    @property
    def free(self) -> int:
        """Places left on the Machines that serve."""
        return sum(max(0, self.policy.places - machine.load) for machine in self.serving)

    @property
    def is_going(self) -> bool:
        """Whether a Machine is about to end: it can be started again when it has."""
        return any(one.state in ("stopping", "suspending") or (one.state == "started" and one.draining) for one in self.machines)

    @property
    def needed(self) -> int:
        """Machines for those who play and wait, none of them fuller than `fill`."""
        return _machines(self.load + self.waiting, self.policy.fill * self.policy.places)

    @property
    def goal(self) -> int:
        """Machines that should serve."""
        return self._within(self.needed)

    @property
    def kept(self) -> int:
        """Machines that are not given up, even if they are empty: no fewer than the goal."""
        return self._within(_machines(self.load + self.waiting, KEEP * self.policy.fill * self.policy.places))

    def _within(self, needed: int) -> int:
        return min(max(self.policy.minimum, needed + self.policy.warm), self.policy.maximum)


def costs(machine: Machine, limits: Limits, now: float) -> bool:
    """Whether it is counted as running: what has just been created boots, what was created long ago waits to be started."""
    return machine.state in COSTING or (machine.state == "created" and now - machine.since <= limits.boot_s)


def situations(wanted: Wanted, seen: Seen, now: float) -> dict[str, Situation]:
    """Every wanted region, in the given order."""
    silent = {machine.id for machine in seen.machines if _is_silent(machine, seen, wanted.limits, now, 1)}
    running = [machine for machine in seen.machines if machine.state == "started"]
    if len(running) >= MANY and len(silent) * 2 > len(running):
        silent = {machine.id for machine in seen.machines if _is_silent(machine, seen, wanted.limits, now, PATIENT)}
    by_region: dict[str, list[Machine]] = {region: [] for region in wanted.regions}
    for machine in sorted(seen.machines, key=lambda machine: machine.id):
        if machine.region in by_region and machine.state not in OVER:
            by_region[machine.region].append(machine)
    return {region: _situation(region, wanted, seen.demand.get(region, 0), machines, silent, now) for region, machines in by_region.items()}


def _situation(region: str, wanted: Wanted, waiting: int, machines: list[Machine], silent: set[str], now: float) -> Situation:
    limits = wanted.limits
    ghosts = [machine for machine in machines if machine.id in silent or _is_stuck(machine, limits, now)]
    lost = {machine.id for machine in ghosts}
    well = [machine for machine in machines if machine.id not in lost]
    return Situation(
        region=region,
        policy=wanted.regions[region],
        waiting=waiting,
        machines=tuple(machines),
        serving=tuple(one for one in well if _is_in_service(one) and _is_heard(one, limits, now)),
        booting=tuple(one for one in well if _is_booting(one, limits, now)),
        resting=tuple(one for one in well if _is_resting(one) and one.held_until <= now and _is_heard(one, limits, now)),
        asleep=tuple(one for one in well if _can_start(one, limits, now)),
        ghosts=tuple(ghosts),
        costing=sum(costs(one, limits, now) for one in machines),
        load=sum(one.load for one in well if one.state == "started"),
    )


def _machines(players: int, each: float) -> int:
    # At exactly 70 % the next one starts.
    return math.floor(players / each + _EPSILON) + 1 if players > 0 else 0


def _is_in_service(machine: Machine) -> bool:
    return machine.state == "started" and not machine.cordoned and not machine.draining and machine.mark == Mark.NONE


def _is_resting(machine: Machine) -> bool:
    return machine.state == "started" and machine.mark in _BACK and not machine.draining


def _is_heard(machine: Machine, limits: Limits, now: float) -> bool:
    return machine.heard_at >= machine.since and now - machine.heard_at <= limits.ghost_s


def _is_booting(machine: Machine, limits: Limits, now: float) -> bool:
    if machine.mark != Mark.NONE or machine.cordoned:
        return False
    # One that was heard in its earlier life only has still to be heard in this one.
    return _is_coming(machine, limits, now) or (_is_in_service(machine) and not _is_heard(machine, limits, now))


def _is_coming(machine: Machine, limits: Limits, now: float) -> bool:
    # What was made without a launch stays `created` until somebody starts it.
    return machine.state in COMING and not (machine.state == "created" and now - machine.since > limits.boot_s)


def _can_start(machine: Machine, limits: Limits, now: float) -> bool:
    if machine.held_until > now or (machine.cordoned and machine.mark == Mark.NONE):
        return False
    forgotten = machine.state == "created" and not _is_coming(machine, limits, now)
    # A volume is not given up: what failed with one is tried again.
    return machine.state in ASLEEP or forgotten or (machine.state == "failed" and machine.volume)


def _is_silent(machine: Machine, seen: Seen, limits: Limits, now: float, patience: int) -> bool:
    if machine.state != "started":
        return False
    # Two who do not hear it are enough.
    wait_s = limits.lost_s if machine.unreachable else limits.ghost_s * patience
    boot_s = limits.lost_s if machine.unreachable else limits.boot_s
    heard_until = machine.heard_at + wait_s if machine.heard_at >= machine.since else machine.since + boot_s
    return now > max(heard_until, seen.hearing_since + wait_s)


def _is_stuck(machine: Machine, limits: Limits, now: float) -> bool:
    return machine.state in PASSING and now - machine.since > limits.stuck_s


def backoff_s(why: Why, failures: int) -> float:
    """How long nobody tries in a region after so many failures in a row. One that is not the region's fault is tried again at once."""
    doubled = failures - 1 if why == Why.NO_CAPACITY else failures - 2
    return 0.0 if doubled < 0 else min(LONGEST_S, FIRST_S * 2 ** min(doubled, MOST_DOUBLED))
