"""The fleet's hands, on a database and on an API in memory."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.machines.errors import MachinesError
from lobby.fleet import memory
from lobby.fleet.apply import says
from lobby.fleet.demand import outlook, want
from lobby.fleet.model import Cordon, Create, Drain, Mark, Outlooks, Refuse, Start, Stop, Why
from lobby.fleet.situation import FIRST_S, LONGEST_S, backoff_s
from lobby.fleet.tables import Backoff, Boot, Watched
from lobby.heartbeats import taking
from lobby.models import Region
from tests.lobby.fleet.api import NO_ROOM, FakeApi, machine
from tests.lobby.fleet.fleets import beat, do, done, later, one_round, seen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_regions")]


def test_demand_for_a_sleeping_region_is_one_start() -> None:
    """[FP36] However many ask, and however often it is looked, a sleeping region has one start, also while the API shows it asleep."""
    api = FakeApi(machine("m1", state="stopped"), machine("m2", state="stopped"))
    for _ in range(3):
        want("cdg", 50)
        one_round(api)
        api.machines["m1"] = machine("m1", state="stopped")
    assert api.calls["start"] == 1


def test_the_same_plan_applied_twice_makes_one_machine() -> None:
    """[FP36] Two processes that apply the same plan at the same time make one Machine, and start one."""
    api = FakeApi(machine("a1", "ams"), machine("m1", state="stopped"))
    view = seen(api)
    for _ in range(2):
        assert all(one.ok for one in do(api, Create("nrt", "nrt-1"), Start("m1", "cdg"), view=view))
    assert sorted(api.machines) == ["a1", "id-nrt-1", "m1"]
    assert Boot.objects.filter(seconds=None).count() == 2


def test_empty_is_drained_and_then_stopped(settings: SettingsWrapper) -> None:
    """[FP37] A Machine that had nobody for long is out of service, and stopped a moment later by SIGTERM, which is the drain; never
    cordoned, so that whoever comes by another road than the lobby's still wakes it."""
    api = FakeApi(machine("m1"))
    seen(api)
    beat("m1")
    one_round(api)
    later(61)
    beat("m1")
    assert done(api) == ["drain m1"]
    assert not taking().exists()
    assert done(api) == []
    later(6)
    beat("m1")
    assert done(api) == ["stop m1"]
    assert api.calls["stop SIGTERM"] == 1
    want("cdg", 1)
    assert done(api) == ["start m1"]
    assert not api.calls["cordon"] + api.calls["uncordon"]
    assert Watched.objects.get(pk="m1").mark == Mark.NONE


def test_whoever_presses_join_in_that_moment_has_it_back() -> None:
    """[FP37] A region whose last Machine is about to be stopped is none that one enters: who waits there has it back in service."""
    api = FakeApi(machine("m1"))
    memory.looked("test")
    seen(api)
    beat("m1")
    do(api, Drain("m1", "cdg"))
    assert outlook("cdg").state == Outlooks.ASLEEP
    want("cdg", 1)
    assert done(api) == ["serve m1"]
    assert outlook("cdg").state == Outlooks.UP
    do(api, Drain("m1", "cdg", Mark.OPERATOR))
    assert outlook("cdg").state == Outlooks.ASLEEP
    beat("m1", sockets=1)
    assert outlook("cdg").state == Outlooks.UP


@pytest.mark.parametrize("how", ["stop", "suspend"])
def test_who_wakes_it_between_two_looks_has_it(how: str, settings: SettingsWrapper) -> None:
    """[FP37] A Machine that a request woke so soon that no look has seen it stopped is not stopped again: it begins anew."""
    settings.IDLE_STOP = how
    api = FakeApi(machine("m1"))
    seen(api)
    beat("m1")
    one_round(api)
    later(61)
    beat("m1")
    assert done(api) == ["drain m1"]
    later(6)
    assert done(api) == ["stop m1"]
    api.machines["m1"] = machine("m1")
    beat("m1")
    assert done(api) == []
    later(59)
    assert done(api) == []


def test_suspending_is_an_option(settings: SettingsWrapper) -> None:
    """[FP37] With IDLE_STOP=suspend what is empty is suspended."""
    settings.IDLE_STOP = "suspend"
    api = FakeApi(machine("m1"))
    do(api, Stop("m1", "cdg", Mark.EMPTY))
    assert api.machines["m1"].state == "suspended"


def test_players_who_come_in_that_moment_keep_it() -> None:
    """[FP37] A stop looks once more: with a player in it is not done, and the Machine is put back in service."""
    api = FakeApi(machine("m1"))
    seen(api)
    do(api, Drain("m1", "cdg"))
    view = seen(api)
    beat("m1", sockets=1)
    (one,) = do(api, Stop("m1", "cdg", Mark.EMPTY), view=view)
    assert (one.ok, api.calls["stop"]) == (False, 0)
    assert done(api) == ["serve m1"]


def test_a_ghost_is_cordoned_destroyed_and_replaced() -> None:
    """[FP38] A Machine that runs and is not heard is taken out of service and replaced; silent on, it is destroyed."""
    Region.objects.filter(pk="cdg").update(min_machines=1)
    api = FakeApi(machine("m1"))
    seen(api)
    later(60)
    beat("m1")
    assert done(api) == []
    later(30, unheard=True)
    assert done(api) == ["cordon m1", "create cdg-1"]
    later(30, unheard=True)
    assert "destroy m1" in done(api)
    assert sorted(api.machines) == ["id-cdg-1"]
    # It had run: that is no start that failed.
    assert not Backoff.objects.exists()


def test_a_ghost_that_comes_back_is_uncordoned() -> None:
    """[FP38] What was taken for a ghost and is heard again takes people again, also if a list has missed it meanwhile."""
    api = FakeApi(machine("m1"), machine("m2"))
    seen(api)
    beat("m1", sockets=1)
    do(api, Cordon("m1", "cdg"))
    assert not taking().filter(machine="m1").exists()
    missed = api.machines.pop("m1")
    seen(api)
    api.machines["m1"] = missed
    assert "serve m1" in done(api)
    assert not api.machines["m1"].cordoned
    assert taking().filter(machine="m1").exists()


def test_a_start_that_is_never_heard_is_tried_later_and_later() -> None:
    """[FP38] When what was started is never heard the region is unwell: the first time it is tried again at once, then after longer."""
    for failures, shortest in ((1, 0), (2, FIRST_S - 1), (3, 2 * FIRST_S - 1)):
        memory.failed("cdg", Why.UNWELL)
        row = Backoff.objects.annotate(now=Now()).get()
        assert row.failures == failures
        assert (row.until - row.now).total_seconds() >= shortest - 1
    memory.came("m1", "cdg", 3.0)
    assert not Backoff.objects.exists()
    assert backoff_s(Why.UNWELL, 10_000) == backoff_s(Why.NO_CAPACITY, 10_000) == LONGEST_S


def test_what_was_started_and_is_destroyed_unheard_has_failed() -> None:
    """[FP38] A Machine that is destroyed before it was ever heard is a start that failed, and known as one at once."""
    api = FakeApi(machine("m1", state="stopped"))
    want("cdg", 1)
    assert done(api) == ["start m1"]
    api.machines["m1"] = machine("m1", state="failed")
    assert "destroy m1" in done(api)
    assert Backoff.objects.get().why == Why.UNWELL
    assert not Boot.objects.filter(machine="m1").exists()


def test_a_boot_that_failed_is_known() -> None:
    """[FP38] A start of which nothing was heard within the time for a boot counts as failed."""
    api = FakeApi(machine("m1", state="stopped"))
    want("cdg", 1)
    one_round(api)
    later(130)
    seen(api)
    assert Backoff.objects.get().why == Why.UNWELL
    assert not Boot.objects.exists()


@pytest.mark.parametrize(
    "error", [MachinesError(0, "no_answer", "No answer"), MachinesError(500, "", "trouble"), MachinesError(412, "", "wrong state")]
)
def test_what_the_api_refuses_is_left_alone_for_a_while(error: MachinesError) -> None:
    """[FP39] A refused action is told, holds its Machine for some seconds, and raises nothing; others go on."""
    api = FakeApi(machine("m1", state="stopped"), machine("a1", "ams", "stopped"))
    api.refusals["start m1"] = error
    want("cdg", 1)
    want("ams", 1)
    first = {one.action.region: one.ok for one in one_round(api)}
    assert first == {"cdg": False, "ams": True}
    assert "start m1" not in done(api)
    api.refusals.clear()
    later(11)
    assert "create cdg-1" not in done(api)


def test_a_full_host_is_not_a_full_region() -> None:
    """[FP39] A Machine whose host has no room is left asleep for a minute, and another one is made."""
    api = FakeApi(machine("m1", state="stopped"))
    api.refusals["start m1"] = NO_ROOM
    want("cdg", 1)
    assert done(api) == ["start m1"]
    assert done(api) == ["create cdg-1"]


def test_a_line_says_what_was_done() -> None:
    """[FP40] Each action is one line, with the reason and what became of it, and never a token."""
    api = FakeApi(machine("m1"))
    lines = [says(one) for one in do(api, Refuse("cdg", Why.SPEND_CAP, "ams"), Drain("m1", "cdg"), Start("zzz", "cdg"))]
    assert lines[0] == "refuse cdg (spend_cap), nearest ams: done"
    assert lines[1] == "drain cdg m1 (empty): done"
    assert lines[2].startswith("start cdg zzz: failed: Machines API: 404")
