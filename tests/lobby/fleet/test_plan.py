"""The policy, case by case: what is seen, and what is done about it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from lobby.fleet.model import HOUR_S, Drain, Limits, Mark, Seen, Wanted
from lobby.fleet.plan import plan
from tests.lobby.fleet.world import PARIS, T0, WANTED, asleep, of_paris, planned, up


def test_without_a_wish_nothing_is_done() -> None:
    """[FP7] A region without players, minimum or spare sleeps; one with a quiet Machine that is needed is left alone."""
    assert planned(asleep("m1")) == []
    assert planned(up("m1", players=5)) == []
    assert planned(up("m1", empty_since=T0 - 59)) == []


@pytest.mark.parametrize("waiting", [1, 50])
def test_demand_starts_one(waiting: int) -> None:
    """[FP8] The first who waits starts a Machine before anybody is in; while it starts, whoever else waits starts none."""
    assert planned(asleep("m1"), asleep("m2"), demand={"cdg": waiting}) == ["start m1"]
    assert planned(replace(asleep("m1"), state="starting", since=T0 - 5), asleep("m2"), demand={"cdg": waiting}) == []
    assert planned(up("m1", since=T0 - 5, heard_at=0.0), asleep("m2"), demand={"cdg": waiting}) == []


def test_a_crowd_that_waits_starts_as_many_as_it_fills() -> None:
    """[FP8] A hundred and fifty who wait for Machines of a hundred places start more than one, at once."""
    assert planned(asleep("m1"), asleep("m2"), demand={"cdg": 150}, wanted=of_paris(maximum=5)) == ["start m1", "start m2", "create cdg-1"]


@pytest.mark.parametrize(("players", "actions"), [(69, []), (70, ["start m2"]), (100, ["start m2"])])
def test_a_second_one_when_the_first_is_seventy_percent_full(players: int, actions: list[str]) -> None:
    """[FP9] At 70 % of the places of all that serve, one more starts; who waits counts as in."""
    assert planned(up("m1", players=players), asleep("m2")) == actions
    assert planned(up("m1", sockets=players), asleep("m2")) == actions
    assert planned(up("m1", players=players - 5), asleep("m2"), demand={"cdg": 5}) == actions


def test_players_of_one_that_goes_come_back() -> None:
    """[FP9] Those whose Machine is about to end count for the next one; it counts for nothing itself."""
    assert planned(up("m1", players=30, draining=True), asleep("m2")) == ["start m2"]


def test_minimum_and_spare() -> None:
    """[FP10] So many run as the minimum says; spares come on top of what the players need, up to the maximum."""
    assert planned(asleep("m1"), wanted=of_paris(minimum=1)) == ["start m1"]
    assert planned(asleep("m1"), wanted=of_paris(warm=1)) == ["start m1"]
    assert planned(up("m1", players=1), asleep("m2"), asleep("m3"), wanted=of_paris(warm=2, maximum=2)) == ["start m2"]
    assert planned(up("m1"), wanted=of_paris(minimum=1)) == []
    assert planned(up("m1"), wanted=of_paris(warm=1)) == []


def test_the_readiest_first() -> None:
    """[FP11] What was only taken out of service comes back before any start, a suspended one before a stopped one; last, one is made."""
    resting = up("m9", mark=Mark.EMPTY, marked_at=T0 - 2)
    assert planned(resting, asleep("m1"), demand={"cdg": 1}) == ["serve m9"]
    assert planned(asleep("m1"), asleep("m2", state="suspended"), demand={"cdg": 1}) == ["start m2"]
    assert planned(demand={"cdg": 1}) == ["create cdg-1"]
    assert planned(up("cdg-1", players=70), asleep("cdg-3", "ams"), demand={"cdg": 1}) == ["create cdg-2"]


def test_no_more_are_made_than_the_api_takes() -> None:
    """[FP48] Ten Machines at most are being made at once, the most urgent first; the others are the next rounds', and no refusal."""
    wanted = Wanted({"nrt": replace(PARIS, minimum=1), "cdg": replace(PARIS, maximum=20), "ams": PARIS}, Limits(cap=99.0))
    made = planned(wanted=wanted, demand={"cdg": 1000, "ams": 1})
    assert made[:2] == ["create cdg-1", "create ams-1"]
    assert made[2:] == [f"create cdg-{number}" for number in range(2, 10)]
    under_way = [replace(asleep(f"cdg-{number}"), state="creating", since=T0) for number in range(1, 10)]
    assert planned(*under_way, wanted=wanted, demand={"cdg": 1000, "ams": 1}) == ["create ams-1"]


def test_the_cap_goes_to_those_who_wait() -> None:
    """[FP12] What the cap leaves is for players without a Machine first, then to crowded ones, minima and spares, in the lobby's order."""
    wanted = Wanted({"nrt": replace(PARIS, minimum=1), "ams": replace(PARIS, warm=1), "cdg": PARIS}, Limits(cap=2.0))
    machines = [asleep("n1", "nrt"), asleep("a1", "ams"), asleep("c1"), asleep("c2")]
    assert planned(*machines, wanted=wanted, demand={"cdg": 150})[:2] == ["start c1", "start c2"]
    assert planned(*machines, wanted=wanted)[:2] == ["start n1", "start a1"]


def test_the_cap_counts_money() -> None:
    """[FP12] With a price the cap is money: what runs until the end of the hour, what was spent, and what every later hour would cost."""
    wanted = Wanted({"cdg": PARIS}, Limits(cap=0.05, price=0.02))
    assert planned(asleep("m1"), demand={"cdg": 1}, wanted=wanted) == ["start m1"]
    assert planned(asleep("m1"), demand={"cdg": 1}, wanted=wanted, spent_s=1.6 * HOUR_S) == ["refuse cdg"]
    assert planned(asleep("m1"), up("a1", "ams"), up("a2", "ams"), demand={"cdg": 1}, wanted=wanted) == ["refuse cdg"]


def test_empty_for_long_is_drained_then_stopped() -> None:
    """[FP16] Empty for the region's time: out of service; still empty some seconds later: stopped; with a player meanwhile: back."""
    old = up("m1")
    assert planned(old) == ["drain m1"]
    assert planned(up("m1", since=T0 - 59)) == []
    hasty = of_paris(empty_s=6.0)
    assert planned(up("m1", since=T0 - 29, empty_since=T0 - 28), wanted=hasty) == []
    assert planned(up("m1", since=T0 - 30, empty_since=T0 - 6), wanted=hasty) == ["drain m1"]
    drained = replace(old, mark=Mark.EMPTY, marked_at=T0 - 4)
    assert planned(drained) == []
    assert planned(replace(drained, marked_at=T0 - 5)) == ["stop m1"]
    assert planned(replace(drained, marked_at=T0 - 5, players=1, empty_since=0.0)) == ["serve m1"]


def test_a_new_life_has_no_mark() -> None:
    """[FP16] A Machine that a request woke after it was stopped is in service, also before anybody is heard in it."""
    woken = up("m1", mark=Mark.EMPTY, marked_at=T0 - 600, since=T0 - 10, empty_since=T0 - 8)
    assert planned(woken) == ["serve m1"]
    assert planned(replace(woken, mark=Mark.OPERATOR)) == ["serve m1"]
    assert planned(replace(woken, draining=True)) == []


def test_as_many_are_kept_as_are_needed() -> None:
    """[FP16] Of several the longest empty go, and only as many as are more than needed; what was started stays for a fifth less."""
    machines = [up("m1", players=50), up("m2", empty_since=T0 - 100), up("m3", empty_since=T0 - 200)]
    assert planned(*machines, wanted=of_paris(maximum=3)) == ["drain m3", "drain m2"]
    assert planned(*machines, wanted=of_paris(maximum=3, warm=1)) == ["drain m3"]
    assert planned(up("m1", players=56), up("m2")) == []
    assert planned(up("m1", players=55), up("m2")) == ["drain m2"]


def test_players_are_gathered_by_sending_nobody_new() -> None:
    """[FP22] Where the others would do the least loaded gets no new rooms; nobody is sent away, nor kept from a room that is there."""
    machines = (up("m1", players=20), up("m2", players=10))
    assert plan(WANTED, Seen(machines, hearing_since=T0 - HOUR_S), T0) == (Drain("m2", "cdg", Mark.SURPLUS),)
    surplus = replace(machines[1], mark=Mark.SURPLUS, marked_at=T0 - 60)
    assert planned(machines[0], surplus) == []
    assert planned(up("m1", players=60), surplus) == ["serve m2"]
    assert planned(machines[0], up("m2", mark=Mark.SURPLUS, marked_at=T0 - 60)) == ["drain m2"]
    assert planned(machines[0], up("m2", mark=Mark.SURPLUS, marked_at=T0 - 60, empty_since=T0 - 59)) == []
    assert planned(up("m1", players=20), up("m2", players=10, since=T0 - 59)) == ["drain m1"]


def test_a_machine_that_somebody_drains() -> None:
    """[FP17] What an operator drains gets no new rooms, and is stopped when the last has gone, however many wait."""
    drained = up("m1", players=2, mark=Mark.OPERATOR, marked_at=T0 - 60)
    assert planned(drained, up("m2")) == []
    empty = replace(drained, players=0, empty_since=T0 - 1)
    assert planned(empty) == []
    empty = replace(empty, empty_since=T0 - 5)
    assert planned(empty) == ["stop m1"]
    assert planned(empty, asleep("m2"), demand={"cdg": 1}) == ["stop m1", "start m2"]


def test_the_planner_stays() -> None:
    """[FP6] The Machine that plans is not drained, and comes back in service if another planner took it out; an operator may drain it."""
    drained = up("m1", mark=Mark.EMPTY, marked_at=T0 - 60)
    assert planned(up("m1"), here="m1") == []
    assert planned(drained, here="m1") == ["serve m1"]
    assert planned(up("m1", heard_at=T0 - 30), here="m1") == []
    assert planned(replace(drained, mark=Mark.OPERATOR), here="m1") == ["stop m1"]


def test_the_planner_is_pure() -> None:
    """[FP5] The planner loads nothing of Django, of the network or of the database."""
    program = "import sys, lobby.fleet.plan; print([name for name in ('django', 'httpx', 'channels', 'asyncio') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
