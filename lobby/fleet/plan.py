"""What to do about the fleet: wanted and seen in, actions out. Pure: no clock, no database, no network, and nothing remembered.

One round at a time: what an action leads to is seen before the next is planned. Planned again on what is seen afterwards it
comes to rest; planned twice on the same it says the same, so that two who plan at once do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from fly.regions import by_distance
from lobby.fleet.model import (
    HOUR_S,
    Action,
    Admit,
    Cordon,
    Create,
    Destroy,
    Drain,
    Limits,
    Machine,
    Mark,
    Refusal,
    Refuse,
    Seen,
    Serve,
    Start,
    Stop,
    Wanted,
    Why,
)
from lobby.fleet.situation import Situation, costs, situations


def plan(wanted: Wanted, seen: Seen, now: float) -> tuple[Action, ...]:
    """The next actions, in the order in which they should be done. Empty when all is as it should be."""
    found = situations(wanted, seen, now)
    actions: list[Action] = []
    for situation in found.values():
        back = _back(situation)
        actions += [Serve(machine.id, situation.region) for machine in back]
        actions += _aftercare(situation, wanted.limits, seen, now, {machine.id for machine in back})
        actions += _drains(situation, wanted.limits, seen.here, now)
    budget = _Budget(wanted.limits, seen, now)
    starts, blocked = _starts(found, seen, now, budget)
    begun = {one.region for one in starts if isinstance(one, Start | Create)}
    whys = {region: _why(one, blocked, now, is_begun=region in begun) for region, one in found.items()}
    return (*actions, *starts, *_refusals(found, seen, now, blocked, budget, whys))


# Machines that are there


def _back(situation: Situation) -> list[Machine]:
    """Machines that were taken out of service and are needed again: cheaper than any start."""
    missing = situation.goal - len(situation.serving) - len(situation.booting)
    # Those with players first: their rooms are joined all the same.
    return sorted(situation.resting, key=lambda machine: (-machine.load, machine.id))[: max(0, missing)]


def _drains(situation: Situation, limits: Limits, here: str, now: float) -> Iterator[Action]:
    """More Machines serve than are kept: the longest empty go, of others the least loaded get no new rooms, until they are empty too."""
    excess = len(situation.serving) - situation.kept
    # What has just been started is not given up; nor is the Machine that plans.
    began = now - max(situation.policy.empty_s, limits.young_s)
    old = [one for one in situation.serving if one.since <= began and one.id != here and one.held_until <= now]
    for machine in sorted(old, key=lambda machine: (machine.load, machine.empty_since or now, machine.id))[: max(0, excess)]:
        if _is_long_empty(machine, situation, now):
            yield Drain(machine.id, machine.region)
        elif situation.kept:
            yield Drain(machine.id, machine.region, Mark.SURPLUS)


def _is_long_empty(machine: Machine, situation: Situation, now: float) -> bool:
    return machine.load == 0 and 0 < machine.empty_since <= now - situation.policy.empty_s


def _aftercare(situation: Situation, limits: Limits, seen: Seen, now: float, back: set[str]) -> Iterator[Action]:
    """What follows for each Machine from its mark and its state."""
    ghosts = {machine.id for machine in situation.ghosts}
    for machine in situation.machines:
        if machine.held_until > now or machine.id in back:
            continue
        if machine.id in ghosts:
            if machine.id != seen.here:
                yield from _exorcism(machine, limits, now)
        elif machine.state == "failed" and not machine.volume:
            yield Destroy(machine.id, machine.region, "it failed")
        elif machine.state == "started" and machine.mark != Mark.NONE:
            yield from _marked(machine, situation, limits, seen.here, now)


def _marked(machine: Machine, situation: Situation, limits: Limits, here: str, now: float) -> Iterator[Action]:
    # In a new life, which a request has begun, the mark of the old one is over.
    is_back = machine.mark == Mark.GHOST or (machine.mark == Mark.EMPTY and machine.load > 0) or machine.since > machine.marked_at
    if is_back or (machine.id == here and machine.mark != Mark.OPERATOR):
        # A gameserver that is about to end is not put in service.
        if not machine.draining:
            yield Serve(machine.id, machine.region)
    elif machine.mark == Mark.SURPLUS:
        if _is_long_empty(machine, situation, now):
            yield Drain(machine.id, machine.region)
    elif machine.load == 0 and machine.empty_since > 0 and now - max(machine.marked_at, machine.empty_since) >= limits.drain_s:
        yield Stop(machine.id, machine.region, machine.mark)


def _exorcism(machine: Machine, limits: Limits, now: float) -> Iterator[Action]:
    """Cordoned, so that nobody is sent there; then, if it stays silent, destroyed. One that somebody else cordoned is left to them."""
    if machine.mark == Mark.NONE and machine.cordoned:
        return
    if machine.mark != Mark.GHOST:
        yield Cordon(machine.id, machine.region)
    elif now - max(machine.marked_at, machine.heard_at + limits.ghost_s) >= limits.ghost_s:
        if machine.volume:
            yield Stop(machine.id, machine.region, Mark.GHOST, force=True)
        else:
            yield Destroy(machine.id, machine.region, "it is not heard")


# Machines that are missing


@dataclass(slots=True)
class _Budget:
    """What may still be started within the cap: in this hour, given what was spent, and in every later one, given what runs."""

    limits: Limits
    seen: Seen
    now: float
    running: int = field(init=False)

    def __post_init__(self) -> None:
        self.running = sum(costs(machine, self.limits, self.now) for machine in self.seen.machines)

    def allows_one(self) -> bool:
        """Whether one more may run from now on."""
        price, hourly = self.limits.price, self.limits.cap
        left_s = HOUR_S - self.now % HOUR_S
        this_hour = (self.seen.spent_s + (self.running + 1) * left_s) * price
        return (self.running + 1) * price <= hourly and this_hour <= hourly * HOUR_S


@dataclass(frozen=True, slots=True, order=True)
class _Need:
    """One Machine that is missing. urgency: 0 players and nobody to serve them, 1 players, 2 the minimum, 3 a spare."""

    urgency: int
    place: int
    number: int
    region: str


def _needs(place: int, situation: Situation) -> list[_Need]:
    have = len(situation.serving) + len(situation.booting) + len(_back(situation))
    return [_Need(_urgency(number, situation), place, number, situation.region) for number in range(have + 1, situation.goal + 1)]


def _urgency(number: int, situation: Situation) -> int:
    if number <= situation.needed:
        return 0 if number == 1 else 1
    return 2 if number <= situation.policy.minimum else 3


def _starts(found: Mapping[str, Situation], seen: Seen, now: float, budget: _Budget) -> tuple[list[Action], dict[str, Why | None]]:
    """Starts within maximum, cap and backoff, the most urgent first; and why a region gets none, None if it only takes a moment."""
    names = {machine.name for machine in seen.machines}
    asleep = {region: sorted(one.asleep, key=_readiness) for region, one in found.items()}
    existing = {region: len(one.machines) for region, one in found.items()}
    costing = {region: one.costing for region, one in found.items()}
    turns = budget.limits.creates - sum(machine.state == "creating" for machine in seen.machines)
    actions: list[Action] = []
    blocked: dict[str, Why | None] = {}
    for need in sorted(need for place, one in enumerate(found.values()) for need in _needs(place, one)):
        region, policy = need.region, found[need.region].policy
        if region in blocked:
            continue
        backoff = seen.backoffs.get(region)
        if backoff is not None and backoff.until > now:
            blocked[region] = backoff.why
        elif costing[region] >= policy.maximum:
            blocked[region] = _in_the_way(found[region])
        elif not budget.allows_one():
            blocked[region] = Why.SPEND_CAP
        elif asleep[region]:
            actions.append(Start(asleep[region].pop(0).id, region))
        elif seen.template and existing[region] < 2 * policy.maximum:
            # Twice as many as may run: a stopped one whose host is full is not the end of a region.
            if turns <= 0:
                # The next rounds'.
                blocked[region] = None
                continue
            actions.append(Create(region, _new_name(region, names)))
            existing[region] += 1
            turns -= 1
        else:
            blocked[region] = _no_other(found[region], seen, now)
        if region not in blocked:
            costing[region] += 1
            budget.running += 1
    return actions, blocked


def _in_the_way(situation: Situation) -> Why | None:
    """Why none starts while as many run as may: they are full, or a ghost is among them, or one goes, which is soon over."""
    if situation.is_going:
        return None
    return Why.UNWELL if situation.ghosts else Why.FULL


def _no_other(situation: Situation, seen: Seen, now: float) -> Why | None:
    """Why none starts where none can be started and none made."""
    if situation.is_going:
        return None
    is_held = any(one.held_until > now for one in situation.machines)
    return Why.NO_CAPACITY if seen.template or is_held else Why.NO_TEMPLATE


def _readiness(machine: Machine) -> tuple[bool, str]:
    # A suspended one is back in a few hundred ms.
    return machine.state != "suspended", machine.id


def _new_name(region: str, names: set[str]) -> str:
    number = 1
    while f"{region}-{number}" in names:
        number += 1
    names.add(f"{region}-{number}")
    return f"{region}-{number}"


# What players are told


def _refusals(
    found: Mapping[str, Situation],
    seen: Seen,
    now: float,
    blocked: Mapping[str, Why | None],
    budget: _Budget,
    whys: Mapping[str, Why | None],
) -> Iterator[Action]:
    standing: dict[str, Refusal] = {}
    for region, why in whys.items():
        if why is not None:
            standing[region] = Refusal(why, _nearest(region, found, seen, now, blocked, budget))
    for region, refusal in standing.items():
        if seen.refusals.get(region) != refusal:
            yield Refuse(region, refusal.why, refusal.nearest)
    for region in sorted(set(seen.refusals) - set(standing)):
        yield Admit(region)


def _why(situation: Situation, blocked: Mapping[str, Why | None], now: float, *, is_begun: bool) -> Why | None:
    """Why players are refused: a start that is needed is not made, or none is left to make and every place is taken."""
    # As long as one boots there is something to wait for; of one that is held nobody knows.
    boots = is_begun or any(one.held_until <= now for one in situation.booting)
    if situation.region in blocked:
        return None if boots and not situation.serving else blocked[situation.region]
    if situation.waiting and situation.ghosts and not (situation.serving or boots):
        return Why.UNWELL
    if situation.waiting == 0 or situation.free > 0 or len(situation.serving) < situation.goal:
        return None
    return Why.FULL if situation.policy.maximum else Why.CLOSED


def _nearest(
    region: str, found: Mapping[str, Situation], seen: Seen, now: float, blocked: Mapping[str, Why | None], budget: _Budget
) -> str:
    """The nearest other region with a place; else the nearest one that boots; else the nearest one that could."""
    others = [code for code in by_distance(region, found) if code != region]
    backed_off = {code for code, backoff in seen.backoffs.items() if backoff.until > now}
    could = budget.allows_one()
    fits: tuple[Callable[[str], bool], ...] = (
        lambda code: found[code].free > 0,
        lambda code: bool(found[code].booting),
        lambda code: could and found[code].policy.maximum > 0 and code not in blocked and code not in backed_off,
    )
    return next((code for is_fit in fits for code in others if is_fit(code)), "")
