"""Actions that take longer than a round."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from lobby.fleet.apply import Done, Hands
from lobby.fleet.loop import is_in_the_way
from lobby.fleet.model import HOUR_S, Action, Admit, Create, Drain, Limits, Mark, Policy, Refuse, Seen, Start, Wanted, Why
from lobby.fleet.plan import plan
from lobby.fleet.underway import UnderWay, as_ordered
from tests.lobby.fleet.world import PARIS, T0, asleep, kinds, up

TWO = Wanted({"cdg": PARIS, "ams": PARIS}, Limits(cap=2.0))
VIEW: Any = None


class SlowHands(Hands):
    """Does nothing, and for Paris not before it is told to."""

    def __init__(self) -> None:
        super().__init__(VIEW, VIEW)
        self.go = asyncio.Event()

    async def do(self, action: Action, view: Any) -> Done:
        if action.region == "cdg":
            await self.go.wait()
        if action.region == "zzz":
            raise RuntimeError("no database")
        return Done(action, ok=True)


def after(under_way: list[Action], seen: Seen) -> list[str]:
    return kinds(plan(TWO, as_ordered(seen, under_way, T0), T0))


def test_what_was_ordered_is_not_ordered_again() -> None:
    """[FP46] While an order is under way the planner takes it as good: no second start, and none beyond the maximum or the cap."""
    waits = Seen((asleep("m1"), asleep("a1", "ams")), {"cdg": 1, "ams": 1}, hearing_since=T0 - HOUR_S)
    assert after([], waits) == ["start m1", "start a1"]
    assert after([Start("m1", "cdg")], waits) == ["start a1"]
    crowd = replace(waits, demand={"cdg": 150, "ams": 1})
    assert after([Start("m1", "cdg"), Create("cdg", "cdg-1")], crowd) == ["refuse ams"]
    made = replace(waits, machines=(*waits.machines, asleep("cdg-1", state="starting", since=T0)))
    assert after([Create("cdg", "cdg-1")], made) == ["start a1"]


def test_a_machine_is_left_alone_meanwhile() -> None:
    """[FP46] A Machine with an order under way gets no other one; what players are told is no order about a Machine."""
    old = Seen((up("m1"), up("a1", "ams")), hearing_since=T0 - HOUR_S)
    assert after([], old) == ["drain m1", "drain a1"]
    assert after([Drain("m1", "cdg"), Refuse("ams", Why.FULL, ""), Admit("ams")], old) == ["drain a1"]


async def test_a_slow_region_holds_up_no_other_one() -> None:
    """[FP46] A round waits a little for its actions; what takes longer goes on beside the next rounds, and is told when it is over."""
    hands = SlowHands()
    under_way = UnderWay(hands, 0.05)
    paris, amsterdam = Start("m1", "cdg"), Start("a1", "ams")
    assert [one.action for one in await under_way.apply([paris, amsterdam], VIEW)] == [amsterdam]
    assert under_way.actions == [paris]
    assert await under_way.apply([], VIEW) == []
    hands.go.set()
    assert [one.action for one in await under_way.apply([amsterdam], VIEW)] == [paris, amsterdam]
    assert under_way.actions == []


async def test_what_the_database_raises_ends_nothing_else() -> None:
    """[FP46] An error of the database is the round's; what else is under way goes on, until the planner ends."""
    under_way = UnderWay(SlowHands(), 0.05)
    with pytest.raises(RuntimeError):
        await under_way.apply([Start("m1", "cdg"), Start("z1", "zzz")], VIEW)
    assert kinds(under_way.actions) == ["start m1"]
    await under_way.stop()
    assert under_way.actions == []


def test_a_planner_on_a_machine_that_nobody_needs_is_in_the_way() -> None:
    """[FP47] The Machine that plans is in the way when it would be stopped if it did not plan, and another one stays."""
    home = Wanted({"cdg": PARIS, "ams": Policy(1, 2, 0, 100, 0.7, 60.0)})

    def is_it(*machines: Any, wanted: Wanted = home) -> bool:
        return is_in_the_way(wanted, Seen(machines, hearing_since=T0 - HOUR_S, here="m1"), T0)

    assert is_it(up("m1"), up("a1", "ams"))
    assert is_it(up("m1", mark=Mark.OPERATOR, marked_at=T0 - 60), up("a1", "ams"))
    assert not is_it(up("m1", players=1), up("a1", "ams"))
    assert not is_it(up("m1"))
    assert not is_it(up("m1"), up("a1", "ams"), wanted=Wanted({"cdg": PARIS, "ams": PARIS}))
    assert not is_it(up("m1"), up("a1", "ams", draining=True))
    assert not is_it(up("m1"), up("a1", "ams", heard_at=T0 - 10))
