"""The policy when something is wrong: refused, full, silent, failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lobby.fleet.model import HOUR_S, Backoff, Cordon, Machine, Mark, Refusal, Refuse, Seen, Start, Wanted, Why
from lobby.fleet.plan import plan
from lobby.fleet.underway import as_ordered
from tests.lobby.fleet.world import EUROPE, PARIS, T0, WANTED, asleep, kinds, of, of_paris, planned, up, world

GHOST = {"heard_at": T0 - 30}


def test_a_region_in_backoff_is_refused() -> None:
    """[FP13] While a region is backed off nothing is tried there, and its players are told why, once; afterwards it is tried again."""
    backoffs = {"cdg": Backoff(T0 + 1, 1)}
    assert planned(asleep("m1"), demand={"cdg": 1}, backoffs=backoffs) == ["refuse cdg"]
    refused = {"cdg": Refusal(Why.NO_CAPACITY, "")}
    assert planned(asleep("m1"), demand={"cdg": 1}, backoffs=backoffs, refusals=refused) == []
    assert planned(asleep("m1"), demand={"cdg": 1}, backoffs={"cdg": Backoff(T0, 1)}, refusals=refused) == ["start m1", "admit cdg"]
    assert planned(asleep("m1"), backoffs=backoffs, refusals=refused) == ["admit cdg"]


@pytest.mark.parametrize(
    ("machines", "nearest"),
    [
        ([up("n1", "nrt"), up("a1", "ams")], "ams"),
        ([up("n1", "nrt"), up("a1", "ams", players=100)], "nrt"),
        ([up("n1", "nrt"), asleep("a1", "ams")], "nrt"),
        ([replace(asleep("n1", "nrt"), state="starting", since=T0), asleep("a1", "ams")], "nrt"),
        ([asleep("n1", "nrt"), asleep("a1", "ams")], "ams"),
    ],
)
def test_the_nearest_region_is_offered(machines: list[Machine], nearest: str) -> None:
    """[FP14] Offered is the nearest region with a place; else one that boots; else one that could."""
    seen = Seen(tuple(machines), {"cdg": 1}, {"cdg": Backoff(T0 + 60, 1)}, hearing_since=T0 - HOUR_S)
    (refuse,) = [one for one in of(Refuse, plan(EUROPE, seen, T0)) if one.region == "cdg"]
    assert refuse == Refuse("cdg", Why.NO_CAPACITY, nearest)


def test_a_full_region_is_refused() -> None:
    """[FP15] When as many run as may and all places are taken, who waits is told; with a place left nobody is."""
    full = [up("m1", players=100), up("m2", players=100)]
    seen = Seen(tuple(full), {"cdg": 1}, hearing_since=T0 - HOUR_S)
    assert plan(WANTED, seen, T0) == (Refuse("cdg", Why.FULL, ""),)
    assert planned(up("m1", players=100), up("m2", players=99), demand={"cdg": 1}) == []
    closed = plan(of_paris(maximum=0), Seen((asleep("m1"),), {"cdg": 1}), T0)
    assert closed == (Refuse("cdg", Why.CLOSED, ""),)


def test_what_cannot_be_copied_is_said() -> None:
    """[FP15] Without a Machine to copy, none is made and the region says so; where the API holds one back, it is for want of room."""
    assert plan(WANTED, Seen((), {"cdg": 1}, template=False), T0) == (Refuse("cdg", Why.NO_TEMPLATE, ""),)
    held = asleep("m1", held_until=T0 + 5, volume=True)
    assert plan(WANTED, Seen((held,), {"cdg": 1}, template=False), T0) == (Refuse("cdg", Why.NO_CAPACITY, ""),)


def test_what_takes_a_moment_is_no_refusal() -> None:
    """[FP15] While the one Machine that may run stops, who waits is not refused: it starts then. Behind a ghost they are told so."""
    going = asleep("m1", state="stopping", since=T0 - 3)
    assert planned(going, demand={"cdg": 1}, wanted=of_paris(maximum=1)) == []
    assert planned(going, demand={"cdg": 1}, template=False) == []
    ghost = up("m1", cordoned=True, mark=Mark.GHOST, marked_at=T0 - 5, **GHOST)
    seen = Seen((ghost,), {"cdg": 1}, hearing_since=T0 - HOUR_S)
    assert plan(of_paris(maximum=1), seen, T0) == (Refuse("cdg", Why.UNWELL, ""),)


def test_a_ghost_is_cordoned_and_replaced() -> None:
    """[FP18] Silent for long: cordoned, and another one started; silent on: destroyed; heard again: back in service."""
    wanted = of_paris(minimum=1)
    assert planned(up("m1", **GHOST), asleep("m2"), wanted=wanted) == ["cordon m1", "start m2"]
    marked = up("m1", **GHOST, cordoned=True, mark=Mark.GHOST, marked_at=T0 - 10)
    assert planned(marked, up("m2"), wanted=wanted) == []
    assert planned(replace(marked, marked_at=T0 - 20), up("m2"), wanted=wanted) == []
    silent = replace(marked, marked_at=T0 - 20, heard_at=T0 - 40)
    assert planned(silent, up("m2"), wanted=wanted) == ["destroy m1"]
    assert planned(replace(marked, heard_at=T0), wanted=wanted) == ["serve m1"]
    assert planned(replace(silent, volume=True), wanted=wanted, template=False)[0] == "stop m1"


@pytest.mark.parametrize("mark", [Mark.SURPLUS, Mark.OPERATOR, Mark.EMPTY])
def test_a_ghost_has_its_time_whatever_else_it_was(mark: Mark) -> None:
    """[FP18] A Machine that goes silent with players in it has the time of a ghost, also if it was out of service for another reason."""
    silent = up("m1", players=10, mark=mark, marked_at=T0 - 600, **GHOST)
    assert planned(silent, up("m2", players=5)) == ["cordon m1"]


def test_who_boots_may_be_silent() -> None:
    """[FP18] A Machine is no ghost before its time for a boot is over, nor before the planner has listened long enough itself."""
    assert planned(up("m1", since=T0 - 119, heard_at=0.0), wanted=of_paris(minimum=1)) == []
    assert planned(up("m1", since=T0 - 121, heard_at=0.0)) == ["cordon m1"]
    assert planned(up("m1", **GHOST), hearing_since=T0 - 19, wanted=of_paris(minimum=1)) == []


def test_when_most_are_silent_we_are_deaf() -> None:
    """[FP18] More than half of three or more silent at once get ten times as long, but for those whose host the API cannot reach."""
    deaf = [up("m1", **GHOST), up("a1", "ams", **GHOST), up("n1", "nrt", players=1)]
    wanted = Wanted({region: replace(PARIS, minimum=1) for region in ("cdg", "ams", "nrt")})
    assert planned(*deaf, wanted=wanted) == []
    assert planned(replace(deaf[0], unreachable=True), *deaf[1:], wanted=wanted) == ["cordon m1", "create cdg-1"]
    assert planned(*(replace(one, heard_at=T0 - 201) for one in deaf[:2]), deaf[2], wanted=wanted)[:2] == ["cordon m1", "cordon a1"]


def test_who_waits_for_a_lost_region_is_told() -> None:
    """[FP18] One whose host the API cannot reach is a ghost after 5 s. Who waits behind ghosts is told, and offered another region, until a
    start has been answered."""
    assert planned(up("m1", unreachable=True, heard_at=T0 - 4), wanted=of_paris(minimum=1)) == []
    lost = up("m1", unreachable=True, heard_at=T0 - 6)
    assert planned(lost, asleep("m2"), demand={"cdg": 1}) == ["cordon m1", "start m2"]
    seen = Seen((lost, up("a1", "ams"), asleep("m2")), {"cdg": 1}, hearing_since=T0 - HOUR_S)
    unanswered = as_ordered(seen, [Cordon("m1", "cdg"), Start("m2", "cdg")], T0)
    assert [one for one in plan(EUROPE, unanswered, T0) if one.region == "cdg"] == [Refuse("cdg", Why.UNWELL, "ams")]
    boots = replace(asleep("m2"), state="starting", since=T0)
    assert planned(replace(lost, cordoned=True, mark=Mark.GHOST, marked_at=T0), boots, demand={"cdg": 1}) == []


def test_what_failed_is_destroyed() -> None:
    """[FP19] A Machine that failed is destroyed, but with a volume it is started again; one that is stuck goes as a ghost does."""
    assert planned(asleep("m1", state="failed")) == ["destroy m1"]
    assert planned(asleep("m1", state="failed", volume=True), demand={"cdg": 1}) == ["start m1"]
    assert planned(asleep("m1", state="starting", since=T0 - 301)) == ["cordon m1"]
    assert planned(asleep("m1", state="starting", since=T0 - 299)) == []
    assert planned(asleep("m1", state="created"), demand={"cdg": 1}) == ["start m1"]


def test_what_the_api_refused_is_left_alone() -> None:
    """[FP20] A Machine that is held is not touched until then."""
    assert planned(asleep("m1", held_until=T0 + 1), asleep("m2"), demand={"cdg": 1}) == ["start m2"]
    assert planned(up("m1", held_until=T0 + 1)) == []
    assert planned(asleep("m1", state="failed", held_until=T0 + 1)) == []
    resting = up("m1", mark=Mark.EMPTY, marked_at=T0 - 2, held_until=T0 + 1)
    assert planned(resting, asleep("m2"), demand={"cdg": 1}) == ["start m2"]


def test_a_full_region_is_asked_less_and_less() -> None:
    """[FP13] In a region that never has capacity an hour of demand costs a handful of calls, and its players are told throughout."""
    paris = world(asleep("m1"), demand={"cdg": 1}, wanted=WANTED, full={"cdg"})
    tries = sum("start m1" in kinds(paris.round()) for _ in range(720))
    assert 5 <= tries <= 12
    assert paris.refusals["cdg"].why == Why.NO_CAPACITY
    paris.full.clear()
    paris.until_rest(200)
    assert not paris.refusals
    assert paris.running() == 1
