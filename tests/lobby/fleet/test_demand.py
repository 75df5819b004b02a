"""Who waits, and what they are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings as SettingsWrapper

from lobby.fleet import demand, memory
from lobby.fleet.demand import outlook, waiting, want
from lobby.fleet.model import Mark, Outlooks, Why
from lobby.fleet.tables import Backoff, Boot, Demand, FleetLimits
from lobby.places import Given, take
from tests.lobby.fleet.api import NO_ROOM, FakeApi, machine
from tests.lobby.fleet.fleets import beat, done, later, seen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_regions")]


def test_demand_is_the_largest_number_lately() -> None:
    """[FP30] Of what processes say within a few seconds the largest number counts; who asks for nobody, or for no region, says nothing."""
    want("cdg", 500)
    want("cdg", 3)
    want("ams", 0)
    want("zzz", 5)
    assert waiting() == {"cdg": 500}
    Demand.objects.update(told_at=Now() - timedelta(seconds=demand.KEEP_S + 1), last_asked=Now() - timedelta(seconds=2))
    want("cdg", 3)
    assert waiting() == {"cdg": 3}


def test_demand_ages_out() -> None:
    """[FP30] Nobody waits any more when nobody asked for a minute; whoever asks then waits from then on."""
    want("cdg", 5)
    Demand.objects.update(last_asked=Now() - timedelta(seconds=demand.AGE_S + 1), since=Now() - timedelta(hours=1))
    assert waiting() == {}
    want("cdg", 1)
    assert waiting() == {"cdg": 1}
    assert outlook("cdg").seconds_so_far < 60


def test_asking_again_writes_nothing(django_assert_num_queries: Any) -> None:
    """[FP30] Who asks again within a second costs one read."""
    want("cdg", 5)
    with django_assert_num_queries(1):
        want("cdg", 4)


def test_whoever_plans_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FP30] Demand that rises wakes the planner of the same process; the same again does not."""
    woken: list[int] = []
    monkeypatch.setattr(demand, "wakers", [lambda: woken.append(1)])
    want("cdg", 1)
    Demand.objects.update(last_asked=Now() - timedelta(seconds=2))
    want("cdg", 1)
    assert woken == [1]
    want("cdg", 2)
    assert woken == [1, 1]


def test_nobody_is_counted_twice() -> None:
    """[FP30] Who waited for a region that is up now is in or on the way: those in are counted there, and after ten seconds all are."""
    want("cdg", 500)
    beat("cdg1", sockets=0)
    assert waiting() == {"cdg": 500}
    beat("cdg1", sockets=180)
    assert waiting() == {"cdg": 320}
    Demand.objects.update(last_asked=Now() - timedelta(seconds=demand.KEEP_S + 1))
    assert waiting() == {}


def test_new_rooms_go_to_the_least_loaded(settings: SettingsWrapper) -> None:
    """[FP21] A new room is made on the least loaded Machine that is in service; only if none is, on one that is not. A room that is there
    stays where it is."""
    settings.ROOM_PLACES = 1
    beat("m1", sockets=5, rooms=[{"slug": "main", "players": 1}])
    beat("m2", sockets=3)
    beat("m3")
    memory.mark("m3", "cdg", Mark.SURPLUS)
    assert take("cdg", "anna") == Given("main-2", "m2")
    memory.mark("m1", "cdg", Mark.SURPLUS)
    memory.mark("m2", "cdg", Mark.SURPLUS)
    assert take("cdg", "bert") == Given("main-3", "m3")
    settings.ROOM_PLACES = 2
    assert take("cdg", "carl") == Given("main", "m1")


def test_the_outlook_of_a_sleeping_region() -> None:
    """[FP31] Asleep, with the seconds that somebody has waited; then starting, with the seconds of the start; then up."""
    api = FakeApi(machine("m1", state="stopped"))
    memory.looked("test")
    assert outlook("cdg").state == Outlooks.ASLEEP
    want("cdg", 1)
    assert done(api) == ["start m1"]
    later(7)
    told = outlook("cdg")
    assert (told.state, told.usually_s) == (Outlooks.STARTING, None)
    assert 7 <= told.seconds_so_far < 20
    api.machines["m1"] = machine("m1")
    beat("m1")
    seen(api)
    told = outlook("cdg")
    assert told.state == Outlooks.UP
    assert told.usually_s is not None
    assert told.usually_s >= 7


def test_what_a_start_usually_takes_is_measured() -> None:
    """[FP32] It is the median of the region's last starts; of all regions' while it has fewer than three."""
    for seconds, region in ((2.0, "ams"), (4.0, "ams"), (60.0, "nrt")):
        Boot.objects.create(machine="m", region=region, asked_at=Now(), seconds=seconds)
    assert demand.usually_s("ams") == 4.0
    for seconds in (9.0, 11.0, 10.0):
        Boot.objects.create(machine="m", region="cdg", asked_at=Now(), seconds=seconds)
    assert demand.usually_s("cdg") == 10.0


def test_a_region_without_capacity_offers_the_nearest() -> None:
    """[FP31] A refusal is told with its reason and the nearest region that is up; what is long refused is not tried at each look."""
    api = FakeApi(machine("a1", "ams"), machine("n1", "nrt"))
    api.refusals["create cdg"] = NO_ROOM
    beat("a1", "ams")
    beat("n1", "nrt")
    seen(api)
    want("cdg", 1)
    assert "create cdg-1" in done(api)
    assert Backoff.objects.get().failures == 1
    assert done(api) == ["refuse cdg"]
    told = outlook("cdg")
    assert (told.state, told.nearest, told.refusal) == (Outlooks.NO_CAPACITY, "ams", Why.NO_CAPACITY)
    for _ in range(5):
        assert done(api) == []
    assert api.calls["create"] == 1


def test_the_spend_cap_is_told() -> None:
    """[FP31] A start that the cap forbids is a refusal that players and staff read; with a higher cap it is taken back."""
    FleetLimits.objects.create(cap=0.5, price=1.0)
    api = FakeApi(machine("m1", state="stopped"))
    want("cdg", 1)
    assert done(api) == ["refuse cdg"]
    assert outlook("cdg").state == Outlooks.SPEND_CAP
    FleetLimits.objects.update(cap=100)
    assert done(api) == ["start m1", "admit cdg"]
    assert outlook("cdg").state == Outlooks.STARTING


def test_nobody_knows_when_nobody_looks() -> None:
    """[FP31] When nobody could look for half a minute a region that is not up is unknown; where nobody has a token it is asleep."""
    assert outlook("cdg").state == Outlooks.UNKNOWN
    memory.looked("test")
    assert outlook("cdg").state == Outlooks.ASLEEP


def test_without_a_token_nobody_is_asked(settings: SettingsWrapper) -> None:
    """[FP31] Without a token for the API a region that is not up sleeps: a replay wakes it."""
    settings.MACHINES_API_TOKEN = ""
    assert outlook("cdg").state == Outlooks.ASLEEP
