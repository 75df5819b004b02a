"""What holds of plans from any state whatever."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lobby.fleet.model import HOUR_S, Create, Destroy, Limits, Machine, Mark, Policy, Start, Stop, Wanted
from lobby.fleet.plan import plan
from lobby.fleet.situation import ASLEEP, COSTING, situations
from tests.lobby.fleet.world import T0, World, of

REGIONS = ("cdg", "ams", "nrt")
STATES = (*sorted(ASLEEP), *sorted(COSTING), "started", "started", "created", "failed", "destroying")
PLACES = 100
EMPTY_S = 60.0
ROUNDS = 120
"""Of 15 s: a stuck Machine takes 5 minutes to be known as one, a ghost two, and what is empty one minute more."""

policies = st.builds(
    lambda low, more, warm: Policy(min(low, low + more), low + more, warm, PLACES, 0.7, EMPTY_S),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 1),
)
wanteds = st.builds(
    lambda each, cap: Wanted(dict(zip(REGIONS, each, strict=True)), Limits(cap=cap)),
    st.lists(policies, min_size=3, max_size=3),
    st.integers(0, 8).map(float),
)


@st.composite
def machines(draw: Any, number: int) -> Machine:
    """A Machine in any state, heard or not, with or without players."""
    state, age = draw(st.sampled_from(STATES)), draw(st.integers(0, 900))
    mark = draw(st.sampled_from([Mark.NONE, Mark.NONE, *Mark]))
    players = draw(st.sampled_from([0, 0, 0, 1, 69, 70, 71, 100])) if state == "started" else 0
    heard = draw(st.sampled_from([0, 0, 0, 5, 60, 2000]))
    return Machine(
        id=f"m{number}",
        name=f"m{number}",
        region=draw(st.sampled_from((*REGIONS, "gru"))),
        state=state,
        since=T0 - age,
        cordoned=draw(st.booleans()) if mark != Mark.NONE else draw(st.sampled_from([False] * 7 + [True])),
        heard_at=0.0 if heard == 2000 else T0 - heard,
        players=players,
        sockets=players,
        draining=False,
        empty_since=0.0 if players or state != "started" else T0 - draw(st.integers(0, age)),
        mark=mark,
        marked_at=T0 - draw(st.integers(0, 300)) if mark != Mark.NONE else 0.0,
        volume=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def worlds(draw: Any) -> World:
    """Any state of three regions, and of Machines in a fourth one that nobody spoke of."""
    found = [draw(machines(number)) for number in range(draw(st.integers(0, 9)))]
    dead = {one.id for one in found if one.heard_at < T0 - 10}
    demand = {region: draw(st.sampled_from([0, 0, 1, 150])) for region in REGIONS}
    here = draw(st.sampled_from(["", "m0"]))
    return World(draw(wanteds), {one.id: one for one in found}, demand, dead=dead - {here}, here=here)


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_it_comes_to_rest(world: World) -> None:
    """[FP1] From any state, planned and applied again and again with the same players, there is nothing left to do after a while."""
    world.until_rest(ROUNDS)
    for region, situation in situations(world.wanted, world.seen(), world.now).items():
        assert len(situation.serving) >= situation.goal or region in world.refusals


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_it_never_starts_beyond_maximum_and_cap(world: World) -> None:
    """[FP2] No start ever makes more Machines run in a region than its maximum, or more in all than the cap pays for in any hour."""
    for _ in range(120):
        actions = world.plan()
        began = of(Start, actions) + of(Create, actions)
        world.apply(actions)
        for one in began:
            assert world.running(one.region) <= world.wanted.regions[one.region].maximum
        if began:
            assert world.running() <= world.wanted.limits.cap
        world.step(5.0)


@given(worlds(), st.integers(0, 8))
@settings(max_examples=15, deadline=None)
def test_an_hour_never_costs_more_than_the_cap(world: World, hours: int) -> None:
    """[FP2] With Machines of the planner's own no hour of the clock costs more than the cap, however players come and go."""
    dice = Random(hours)
    world.machines = {id: one for id, one in world.machines.items() if one.state in ASLEEP}
    world.now += dice.uniform(0, HOUR_S)
    for _ in range(250):
        world.demand = {region: dice.choice([0, 1, 80, 300]) for region in REGIONS}
        world.round(15.0)
        assert world.spent_s <= world.wanted.limits.cap * HOUR_S


@given(worlds(), st.integers())
@settings(max_examples=30, deadline=None)
def test_it_never_stops_players(world: World, seed: int) -> None:
    """[FP3] No Machine with players that is heard is ever stopped or destroyed, also when they come between the plan and what is done."""
    dice = Random(seed)
    for _ in range(100):
        actions = world.plan()
        by_id = world.machines
        for stop in of(Stop, actions):
            assert stop.force or by_id[stop.machine].load == 0
        for gone in (*of(Destroy, actions), *(stop for stop in of(Stop, actions) if stop.force)):
            machine = by_id[gone.machine]
            assert machine.state != "started" or machine.id in world.dead or world.now - machine.heard_at > world.wanted.limits.ghost_s
        for id, machine in by_id.items():
            if machine.state == "started" and not machine.cordoned and dice.random() < 0.1:
                world.enter(id, dice.choice([0, 1, 50]))
        world.apply(actions)
        world.step(5.0)
    assert not world.stopped_with_players


@given(worlds(), st.integers(0, 2), st.sampled_from([0, 1, 30, 69, 70, 139, 140, 250]))
@settings(max_examples=30, deadline=None)
def test_it_never_flaps(world: World, place: int, waiting: int) -> None:
    """[FP4] Whatever constant demand: what it started is not stopped within the time that a Machine must be empty, nor ever again."""
    world.dead.clear()
    # A ghost that is heard again is a change of the world, and may make its successor one too many.
    well = [one for one in world.machines.values() if one.state in ("started", "stopped", "suspended")]
    world.machines = {one.id: replace(one, heard_at=T0) for one in well}
    world.demand = {REGIONS[place]: waiting}
    begun: dict[str, float] = {}
    for _ in range(100):
        actions = world.round(5.0)
        for stop in of(Stop, actions):
            assert stop.machine not in begun
        begun |= {getattr(one, "machine", "") or getattr(one, "name", ""): world.now for one in of(Start, actions) + of(Create, actions)}


@given(worlds(), st.integers())
def test_the_same_is_planned_from_the_same(world: World, seed: int) -> None:
    """[FP5] What is planned depends on what is seen only, not on the order in which the API lists Machines, and never names one twice."""
    seen = world.seen()
    mixed = list(seen.machines)
    Random(seed).shuffle(mixed)
    first = plan(world.wanted, seen, world.now)
    assert first == plan(world.wanted, seen, world.now) == plan(world.wanted, replace(seen, machines=tuple(mixed)), world.now)
    named = [getattr(one, "machine", "") or getattr(one, "name", "") for one in first if hasattr(one, "machine") or hasattr(one, "name")]
    assert len(named) == len(set(named))


@given(worlds())
def test_it_leaves_alone_what_is_not_its_own(world: World) -> None:
    """[FP6] Machines of regions nobody spoke of, those that others cordoned, and the Machine that plans are never stopped or destroyed."""
    for one in world.plan():
        machine = world.machines.get(getattr(one, "machine", ""))
        if machine is None:
            continue
        assert machine.region != "gru"
        if isinstance(one, Stop | Destroy) and machine.state == "started":
            assert not (machine.cordoned and machine.mark == Mark.NONE)
            assert machine.id != world.here or machine.mark == Mark.OPERATOR
