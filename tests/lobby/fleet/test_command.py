"""`manage.py fleet`, on an API in memory."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.functions import Now
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.machines.errors import MachinesError
from lobby.fleet import lifespan, memory, orders
from lobby.fleet.model import Mark
from lobby.fleet.tables import FleetLease, FleetLimits, Watched
from lobby.models import Gameserver, Region
from tests.lobby.fleet.api import NO_ROOM, FakeApi, machine
from tests.lobby.fleet.fleets import APP, beat, seen

pytestmark = pytest.mark.django_db
TOKEN = "a-token-that-nobody-may-see"


class Booting(FakeApi):
    """What starts runs by the next look, and its gameserver is heard from then on."""

    async def list(self) -> list[Any]:
        found = await super().list()
        for one in found:
            if one.state == "starting":
                self.machines[one.id] = replace(one, state="started")
                await orders.directly(beat, one.id, one.region)
        await Gameserver.objects.aupdate(last_seen=Now())
        return found


@pytest.fixture
def api(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """Paris has a Machine that runs and one that sleeps; Amsterdam has a sleeping one."""
    settings.REGIONS, settings.GAMESERVER_APP, settings.MACHINES_API_TOKEN = ("cdg", "ams"), APP, TOKEN
    Region.objects.update(enabled=False)
    Region.objects.filter(pk__in=settings.REGIONS).update(enabled=True)
    api = Booting(machine("m1"), machine("m2", state="stopped"), machine("a1", "ams", "stopped"))
    monkeypatch.setattr(lifespan, "machines", lambda: api)
    monkeypatch.setattr(orders, "POLL_S", 0.0)
    beat("m1", sockets=3)
    seen(api)
    return api


def fleet(*words: str) -> str:
    out = StringIO()
    call_command("fleet", *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def declined(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        fleet(*words)
    assert caught.value.returncode != 0
    return caught.value


def test_status_shows_regions_and_machines(api: FakeApi) -> None:
    """[FC1] `status` says who plans, what the hour cost, each region and each Machine; with --json as plain values."""
    text = fleet("status")
    for words in ("nobody plans", "cdg", "up", "asleep", "m1", "yes"):
        assert words in text
    state = json.loads(fleet("status", "--json"))
    assert [one["region"] for one in state["regions"]] == ["cdg", "ams"]
    assert {one["id"]: (one["state"], one["players"]) for one in state["machines"]}["m1"] == ("started", 3)
    assert state["hour"]["cap"] == 20
    memory.take("lobby-1")
    memory.looked("lobby-1")
    assert "lobby-1 plans, looked 0 s ago" in fleet("status")


def test_plan_does_nothing(api: FakeApi) -> None:
    """[FC2] `plan` prints what would be done, and does nothing."""
    assert fleet("plan") == "All is as it should be.\n"
    Region.objects.filter(pk="ams").update(min_machines=1)
    assert fleet("plan") == "start ams a1\n"
    assert json.loads(fleet("plan", "--json")) == [{"action": "start", "machine": "a1", "region": "ams"}]
    assert set(api.calls) == {"list"}


def test_apply_does_one_round(api: FakeApi) -> None:
    """[FC3] `apply` does what `plan` says, and gives the planner's place back."""
    Region.objects.filter(pk="ams").update(min_machines=1)
    assert fleet("apply") == "start ams a1: done\n"
    assert fleet("apply") == "All is as it should be.\n"
    assert memory.take("somebody")


def test_apply_leaves_it_to_whoever_plans(api: FakeApi) -> None:
    """[FC3] Where a lobby plans, `apply` says so and does nothing."""
    assert memory.take("lobby-1")
    assert "lobby-1 plans" in str(declined("apply"))
    assert FleetLease.objects.get().holder == "lobby-1"


def test_apply_fails_when_something_failed(api: FakeApi) -> None:
    """[FC3] When an action failed, so does `apply`, behind the lines of all."""
    Region.objects.filter(pk="ams").update(min_machines=1)
    api.refusals["start"] = MachinesError(500, "", "trouble")
    assert "1 of 1 failed" in str(declined("apply"))


def test_start_wakes_a_region(api: FakeApi) -> None:
    """[FC4] `start REGION` starts the readiest Machine and waits until it is heard; a region that is up is no error."""
    assert fleet("start", "ams").startswith("ams is up after")
    assert api.calls["start a1"] == 1
    assert fleet("start", "ams") == fleet("start", "a1").replace("a1", "ams") == "ams is up.\n"
    assert fleet("start", "cdg") == "cdg is up.\n"


def test_start_starts_a_machine(api: FakeApi) -> None:
    """[FC4] `start MACHINE` starts that one, and puts one back in service that was taken out."""
    assert fleet("start", "m2").startswith("m2 is up after")
    beat("m1")
    fleet("drain", "m1")
    assert Watched.objects.get(pk="m1").mark == Mark.OPERATOR
    fleet("start", "m1")
    assert Watched.objects.get(pk="m1").mark == Mark.NONE


def test_start_says_what_is_in_the_way(api: FakeApi) -> None:
    """[FC4] A region that the cap, its maximum or Fly's capacity keeps asleep, or that is not enabled, is an error that says what to do."""
    FleetLimits.objects.create(cap=1.0)
    assert "Raise it in the admin" in str(declined("start", "ams"))
    FleetLimits.objects.update(cap=20.0)
    api.refusals["start a1"] = NO_ROOM
    assert "insufficient_capacity" in str(declined("start", "ams"))
    Region.objects.filter(pk="ams").update(max_machines=0)
    assert "maximum is 0" in str(declined("start", "ams"))
    assert "regions --enable" in str(declined("start", "nrt"))


def test_start_gives_up(api: FakeApi) -> None:
    """[FC4] A Machine that is not heard in time is an error that names its log."""
    api.machines["a1"] = machine("a1", "ams", "created")
    api.refusals["list a"] = NO_ROOM

    async def start(id: str) -> None:
        api.calls.update(["start"])

    api.start = start  # type: ignore[method-assign]
    assert "fly logs --region ams" in str(declined("start", "a1", "--timeout", "0"))


def test_stop_stops_what_is_empty(api: FakeApi) -> None:
    """[FC5] `stop` stops a Machine, or all of a region, that nobody is in; one that sleeps is no error."""
    beat("m1")
    assert "m1 is stopped." in fleet("stop", "cdg")
    assert api.machines["m1"].state == "stopped"
    assert fleet("stop", "cdg") == "cdg was stopped already.\n"


def test_stop_leaves_players_alone(api: FakeApi) -> None:
    """[FC5] With players in it, it is refused with the way out; --force sends them on by a drain."""
    assert "Players are in m1 (3)" in str(declined("stop", "m1"))
    assert not Watched.objects.get(pk="m1").mark
    assert "m1 is stopped." in fleet("stop", "m1", "--force")
    assert api.calls["stop SIGTERM"] == 1


def test_players_who_come_in_that_moment_keep_it(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """[FC5] When somebody comes between the look and the stop it is not done, and the Machine is in service as before."""
    beat("m1")
    monkeypatch.setattr(memory, "players_of", lambda machine: 2)
    assert "2 came" in str(declined("stop", "m1"))
    assert api.calls["stop"] == 0
    assert Watched.objects.get(pk="m1").mark == Mark.NONE


def test_stop_tells_that_it_comes_back(api: FakeApi) -> None:
    """[FC5] Where a minimum keeps a region awake, `stop` says that the planner starts it again."""
    Region.objects.filter(pk="cdg").update(min_machines=1)
    beat("m1")
    assert "cdg has a minimum" in fleet("stop", "cdg")


def test_drain_lets_players_finish(api: FakeApi) -> None:
    """[FC6] `drain` takes a Machine out of service and says how many are in; the planner stops it when they have gone."""
    text = fleet("drain", "m1")
    assert "Players in it: 3." in text
    assert "Nobody plans" in text
    assert Watched.objects.get(pk="m1").mark == Mark.OPERATOR
    assert "nobody to drain" in str(declined("drain", "m2"))
    assert "Regions: ams, cdg. Machines: a1, m1, m2." in str(declined("drain", "zzz"))
    assert "m1 is out of service" in fleet("drain", "cdg")


def test_watch_looks_again_and_again(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """[FC7] `watch` shows the status until it is ended; with --json one line a look."""

    async def at_once(seconds: float) -> None:
        assert seconds > 0

    monkeypatch.setattr(asyncio, "sleep", at_once)
    lines = fleet("watch", "--json", "--times", "2").splitlines()
    assert [json.loads(line)["app"] for line in lines] == [APP, APP]
    assert fleet("watch", "--times", "1").count("yes") == 1


def test_watch_goes_on_through_trouble(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """[FC7] Who watches while the API fails sees the last look and what is wrong; only a first look that fails is the end."""

    async def pause(seconds: float) -> None:
        if api.refusals.pop("list", None) is None:
            api.refusals["list"] = MachinesError(503, "", "trouble")

    monkeypatch.setattr(asyncio, "sleep", pause)
    text = fleet("watch", "--times", "3")
    assert text.count("Machines API: 503: trouble; below is what was seen before") == 1
    assert text.count("yes") == 3
    api.refusals["list"] = MachinesError(503, "", "trouble")
    assert "503" in str(declined("watch"))


@pytest.mark.parametrize(("status", "words"), [(401, "fly tokens create"), (0, "MACHINES_API_URL"), (404, "GAMESERVER_APP")])
def test_what_the_api_says_is_explained(api: FakeApi, status: int, words: str) -> None:
    """[FC8] An error of the API says what to do about it, and never the token."""
    api.refusals["list"] = MachinesError(status, "", "no")
    told = str(declined("status"))
    assert words in told
    assert TOKEN not in told


def test_without_a_token_or_an_app_it_cannot_be_asked(api: FakeApi, settings: SettingsWrapper) -> None:
    """[FC8] Without a token, or off Fly without an app's name, every action is refused with exit code 2 and says what is missing."""
    settings.MACHINES_API_TOKEN = ""
    told = declined("plan")
    assert (told.returncode, "MACHINES_API_TOKEN" in str(told)) == (2, True)
    settings.GAMESERVER_APP = ""
    told = declined("status")
    assert (told.returncode, "GAMESERVER_APP" in str(told)) == (2, True)
