"""The fleet's eyes, on a database and on an API in memory."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.here import Here
from lobby.fleet.demand import want
from lobby.fleet.model import Why
from lobby.fleet.tables import FleetLease, Refusal, Spent, Watched
from lobby.models import Gameserver
from tests.lobby.fleet.api import CONFIG, FakeApi, machine
from tests.lobby.fleet.fleets import APP, beat, done, later, one_round, seen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_regions")]


def test_a_look_joins_the_api_with_beats() -> None:
    """[FP33] A Machine has its state from the API and its players from its gameserver; who has nobody is empty since the first look."""
    api = FakeApi(machine("m1"), machine("m2", "ams", "stopped"))
    seen(api)
    beat("m1", sockets=3)
    m1, m2 = seen(api).seen.machines
    assert (m1.sockets, m1.empty_since, m1.heard_at > 0) == (3, 0.0, True)
    assert (m2.state, m2.heard_at) == ("stopped", 0.0)
    beat("m1")
    first = seen(api).seen.machines[0].empty_since
    later(30)
    beat("m1")
    assert first - seen(api).seen.machines[0].empty_since == pytest.approx(30)


def test_only_the_planner_remembers() -> None:
    """[FP33] A look for a command leaves nothing behind."""
    api = FakeApi(machine("m1"))
    seen(api, remember=False)
    assert not Watched.objects.exists()
    assert not Spent.objects.exists()


def test_what_is_not_a_gameserver_is_not_seen() -> None:
    """[FP33] Release commands, consoles, schedules and standbys are none of the fleet's."""
    strange = [
        CONFIG | {"metadata": {"fly_process_group": "fly_app_console"}},
        CONFIG | {"schedule": "daily"},
        CONFIG | {"standbys": ["m1"]},
    ]
    api = FakeApi(machine("m1"), *(machine(f"s{number}", config=config) for number, config in enumerate(strange)))
    assert [one.id for one in seen(api).seen.machines] == ["m1"]


def test_a_machine_with_a_volume_is_not_copied() -> None:
    """[FP34] A new Machine has the config of the oldest one that runs; with volumes only, none is made, and the region says why."""
    volume = CONFIG | {"mounts": [{"volume": "vol_1", "path": "/data"}]}
    api = FakeApi(machine("m1", "ams", config=volume))
    beat("m1", "ams")
    seen(api)
    want("cdg", 1)
    assert done(api) == ["refuse cdg"]
    assert Refusal.objects.get().why == Why.NO_TEMPLATE
    api.machines["m2"] = machine("m2", "nrt", created_at="2025-01-01T00:00:00Z", config=CONFIG | {"env": {"A": "1"}})
    beat("m2", "nrt")
    assert "create cdg-1" in done(api)
    assert api.machines["id-cdg-1"].config["env"] == {"A": "1"}


def test_a_region_that_is_not_enabled_goes_to_sleep(settings: SettingsWrapper) -> None:
    """[FP33] Where staff hid a region nothing starts, and what is empty is stopped."""
    api = FakeApi(machine("m1", "nrt"))
    settings.REGIONS = ("cdg",)
    seen(api)
    for _ in range(3):
        beat("m1", "nrt")
        one_round(api)
        later(61)
    assert api.machines["m1"].state == "stopped"


def test_an_hour_is_counted() -> None:
    """[FP35] Machine seconds are counted from look to look; after a time without a planner, from when each Machine began to run."""
    api = FakeApi(machine("m1"), machine("m2"), machine("m3", state="stopped"))
    seen(api)
    Spent.objects.update(machine_s=0.0, counted_at=Now() - timedelta(seconds=10))
    seen(api)
    hour = Spent.objects.order_by("-hour").first()
    assert hour is not None
    # At a full hour the count begins anew.
    assert hour.machine_s == pytest.approx(20, abs=1) or hour.hour > hour.counted_at - timedelta(seconds=15)


def test_what_was_told_in_an_earlier_life_is_over() -> None:
    """[FP33] A gameserver that broke off while it drained drains no more in its next life; its players are counted for half a minute."""
    api = FakeApi(machine("m1"))
    seen(api)
    beat("m1", sockets=7, draining=True)
    assert seen(api).seen.machines[0].draining
    api.machines["m1"] = machine("m1", state="starting")
    seen(api)
    api.machines["m1"] = machine("m1")
    Gameserver.objects.update(last_seen=Now() - timedelta(seconds=10))
    (again,) = seen(api).seen.machines
    assert (again.draining, again.load, again.empty_since) == (False, 7, 0.0)
    Gameserver.objects.update(last_seen=Now() - timedelta(seconds=31))
    assert seen(api).seen.machines[0].load == 0
    api.machines["m1"] = machine("m1", state="stopped")
    assert seen(api).seen.machines[0].load == 0


def test_the_planner_does_not_stop_itself(settings: SettingsWrapper) -> None:
    """[FP6] Where every Machine is lobby and gameserver, the one that plans is not stopped."""
    settings.HERE = Here(APP, "m1", "cdg")
    api = FakeApi(machine("m1"), machine("m2"))
    assert seen(api).seen.here == "m1"
    beat("m1")
    beat("m2")
    one_round(api)
    later(61)
    beat("m1")
    beat("m2")
    assert done(api) == ["drain m2"]


def test_gameservers_of_deleted_machines_are_nothing() -> None:
    """[FP33] What is remembered of a Machine goes with it."""
    api = FakeApi(machine("m1"))
    seen(api)
    beat("m1")
    del api.machines["m1"]
    seen(api)
    assert not Watched.objects.exists()
    assert Gameserver.objects.exists()


def test_a_gameserver_says_when_it_began() -> None:
    """[FP33] A Machine that stopped itself and was started between two looks began anew, by its gameserver's own word; what lies ahead is
    not believed."""
    api = FakeApi(machine("m1"))
    seen(api)
    beat("m1")
    seen(api)
    later(3600)
    assert seen(api).seen.machines[0].since < time.time() - 3500
    beat("m1", started_at=time.time() - 20)
    (again,) = seen(api).seen.machines
    assert again.since == pytest.approx(time.time() - 20, abs=5)
    assert again.empty_since > again.since
    assert seen(api).seen.machines[0].since == again.since
    beat("m1", started_at=time.time() + 3600)
    assert seen(api).seen.machines[0].since == again.since


def test_a_command_plans_as_the_planner_does(settings: SettingsWrapper) -> None:
    """[FP33] A look from elsewhere knows by the lease which Machine plans. If that is of the fleet, lobby and gameservers are one app,
    and the primary region keeps one."""
    settings.GAMESERVER_APP, settings.HERE = APP, Here("local", "local", "", "ams")
    api = FakeApi(machine("m1"))
    view = seen(api, remember=False)
    assert (view.seen.here, view.wanted.regions["ams"].minimum) == ("", 0)
    FleetLease.objects.update(holder="m1-0a1b2c3d")
    view = seen(api, remember=False)
    assert (view.seen.here, view.wanted.regions["ams"].minimum) == ("m1", 1)
    FleetLease.objects.update(holder="lobby1-0a1b2c3d")
    assert seen(api, remember=False).wanted.regions["ams"].minimum == 0
