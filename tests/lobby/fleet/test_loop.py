"""The one who plans, of all lobby processes."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models.functions import Now
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.machines.errors import MachinesError
from lobby.fleet import lifespan as lifespan_module
from lobby.fleet import loop as module
from lobby.fleet import memory
from lobby.fleet.demand import want
from lobby.fleet.lifespan import FleetLifespan
from lobby.fleet.loop import Loop
from lobby.fleet.tables import FleetLease
from lobby.seeds import seed
from tests.lobby.fleet.api import FakeApi, machine
from tests.lobby.fleet.fleets import APP

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 60.0
TOKEN = "a-token-that-nobody-may-see"


@pytest.fixture(autouse=True)
def quick(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds and renewals every few hundredths of a second."""
    settings.REGIONS, settings.MACHINES_API_TOKEN, settings.GAMESERVER_APP = ("cdg", "ams"), TOKEN, APP
    # Tests with transactions of their own begin with empty tables.
    seed(settings.REGIONS)
    monkeypatch.setattr(module, "RENEW_S", 0.05)
    monkeypatch.setattr(module, "GATHER_S", 0.01)


def planner(api: FakeApi, name: str = "lobby", period_s: float = 0.05) -> Loop:
    return Loop(lambda: api, APP, name, period_s=period_s, hurry_s=0.03)


async def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.01)


async def test_demand_becomes_a_start() -> None:
    """[FP41] The loop of a lobby turns demand into one start, at once though its next look is far, and says so in one line."""
    api = FakeApi(machine("m1", state="stopped"))
    loop = planner(api, period_s=3600)
    loop.start()
    await until(lambda: loop.rounds, "a first round")
    for number in (1, 200, 500):
        await sync_to_async(want, thread_sensitive=False)("cdg", number)
    await until(lambda: api.calls["start"], "a start")
    await until(lambda: loop.rounds > 3, "some more rounds")
    await loop.stop()
    assert api.calls["start"] == 1


async def test_one_plans_and_the_next_takes_over() -> None:
    """[FP42] Of several processes one plans; when it ends the next one plans at once, and when it dies, after its lease."""
    api = FakeApi(machine("m1"))
    first, second, third = (planner(api, name) for name in ("one", "two", "three"))
    first.start()
    await until(lambda: first.rounds, "the first plans")
    second.start()
    await until(lambda: first.rounds > 5, "some rounds")
    assert second.rounds == 0
    await first.stop()
    await until(lambda: second.rounds, "the second plans")
    # Dead: its tasks are gone, its lease is not.
    for task in second._tasks:
        task.cancel()
    third.start()
    rounds = third.rounds
    await sync_to_async(FleetLease.objects.update, thread_sensitive=False)(expires_at=Now() - timedelta(seconds=1))
    await until(lambda: third.rounds > rounds, "the third plans")
    await second.stop()
    await third.stop()


async def test_it_ends_also_when_news_come_at_that_moment() -> None:
    """[FP45] Demand in the very moment in which the process ends does not keep the planner, and so the process, from ending."""
    loop = Loop(lambda: FakeApi(machine("m1")), APP, "lobby", period_s=3600, hurry_s=3600)
    loop.start()
    await until(lambda: loop.rounds, "it plans")
    await until(lambda: not loop._news.is_set(), "it waits for news")
    for _ in range(20):
        await asyncio.sleep(0.01)
    loop._news.set()
    await asyncio.wait_for(loop.stop(), PATIENCE_S)


async def test_a_lease_that_ran_out_is_known_without_the_database() -> None:
    """[FP42] A process that could not renew its lease stops to plan before another one may begin."""
    loop = planner(FakeApi(machine("m1")))
    loop.start()
    await until(lambda: loop.rounds, "it plans")
    assert loop.holds
    loop._holds_until = asyncio.get_running_loop().time()
    assert not loop.holds
    await loop.stop()


async def test_an_api_that_fails_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """[FP43] While the API fails the loop goes on, says so once, and once when it is over; nobody is called silent for what was missed."""
    api = FakeApi(machine("m1"))
    api.refusals["list"] = MachinesError(0, "no_answer", "No answer to list.")
    loop = planner(api)
    with caplog.at_level(logging.INFO, "lobby.fleet"):
        loop.start()
        await until(lambda: api.calls["list"] > 3, "some tries")
        assert (await FleetLease.objects.aget()).hearing_since is None
        api.refusals.clear()
        await until(lambda: loop.rounds > 1, "it plans")
    await loop.stop()
    said = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(said) == 1
    assert "no_answer" in said[0]
    assert sum("again" in record.message for record in caplog.records) == 1
    assert (await FleetLease.objects.aget()).hearing_since is not None
    assert TOKEN not in caplog.text


async def test_a_bug_does_not_end_the_loop(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[FP43] An error that nobody foresaw costs a round, not the loop."""
    loop = planner(FakeApi(machine("m1")))
    tried: list[int] = []

    def broken(*_: Any, **__: Any) -> Any:
        tried.append(1)
        raise RuntimeError("no such thing")

    with monkeypatch.context() as broke:
        broke.setattr(module, "look", broken)
        loop.start()
        await until(lambda: len(tried) > 2, "some tries")
    await until(lambda: loop.rounds, "it plans")
    await loop.stop()
    assert sum("no such thing" in record.message for record in caplog.records) == 1


async def test_without_a_client_it_is_tried_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[FP43] Where no client can be made, as with a token that cannot be one, it is said once and tried again; status shows it."""
    monkeypatch.setattr(module, "TROUBLED_S", 0.01)
    clients: list[Any] = [MachinesError(0, "bad_token", "The token is not one line."), ValueError("no such URL"), FakeApi(machine("m1"))]

    def client() -> Any:
        one = clients.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    loop = Loop(client, APP, "lobby", period_s=0.05, hurry_s=0.03)
    loop.start()
    await until(lambda: loop.rounds, "it plans")
    await loop.stop()
    assert [record.message.partition(":")[0] for record in caplog.records if record.levelno >= logging.ERROR] == [
        "The fleet cannot be looked after"
    ] * 2
    assert not (await FleetLease.objects.aget()).trouble


async def test_a_region_that_is_slow_holds_up_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FP46] While the API takes its time with one region's start, another region is woken, and the first one is not asked for twice."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    api, go = FakeApi(machine("m1", state="stopped"), machine("a1", "ams", "stopped")), asyncio.Event()
    start = api.start

    async def slow(id: str) -> None:
        if id == "m1":
            api.calls.update(["asked m1"])
            await go.wait()
        await start(id)

    monkeypatch.setattr(api, "start", slow)
    loop = planner(api)
    loop.start()
    await sync_to_async(want, thread_sensitive=False)("cdg", 1)
    await until(lambda: api.calls["asked m1"], "Paris is being started")
    await sync_to_async(want, thread_sensitive=False)("ams", 1)
    await until(lambda: api.calls["start a1"], "Amsterdam is started")
    rounds = loop.rounds
    await until(lambda: loop.rounds > rounds + 3, "some more rounds")
    go.set()
    await until(lambda: api.calls["start m1"], "Paris is started")
    await loop.stop()
    assert api.calls["asked m1"] == 1


async def test_whoever_is_in_the_way_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FP47] A planner whose own Machine nobody needs leaves the lease to another process, and takes it again if nobody else does."""
    monkeypatch.setattr(module, "REST_S", 0.3)
    answers = [True]
    monkeypatch.setattr(module, "is_in_the_way", lambda *_: bool(answers and answers.pop()))
    loop = planner(FakeApi(machine("m1")))
    loop.start()
    await until(lambda: not answers, "it hands over")
    await until(lambda: not loop.holds, "it does not plan")
    rounds = loop.rounds
    await until(lambda: loop.rounds > rounds, "it plans again")
    await loop.stop()


async def test_the_event_loop_never_waits_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FP44] The database is asked on a thread of the planner's own; while it hangs the event loop goes on."""
    threads: list[str] = []
    hang, hanging = threading.Event(), threading.Event()
    look = module.look

    def slow(*arguments: Any, **more: Any) -> Any:
        threads.append(threading.current_thread().name)
        hanging.set()
        assert hang.wait(PATIENCE_S)
        return look(*arguments, **more)

    monkeypatch.setattr(module, "look", slow)
    loop = planner(FakeApi(machine("m1")))
    loop.start()
    await until(hanging.is_set, "the database hangs")
    turns = 0
    while turns < 100:
        turns += 1
        await asyncio.sleep(0)
    assert loop.rounds == 0
    hang.set()
    await until(lambda: loop.rounds, "it goes on")
    await loop.stop()
    assert all(name.startswith("fleet") for name in threads)


class Life:
    """A server's side of a lifespan around one that does nothing."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[Any] = asyncio.Queue()
        self.told: asyncio.Queue[Any] = asyncio.Queue()
        self.task = asyncio.ensure_future(FleetLifespan(inner)({"type": "lifespan"}, self.asked.get, self.told.put))

    async def say(self, event: str) -> Any:
        self.asked.put_nowait({"type": f"lifespan.{event}"})
        return await asyncio.wait_for(self.told.get(), PATIENCE_S)


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """Any lifespan."""
    for event in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{event}"
        await send({"type": f"lifespan.{event}.complete"})


async def test_the_loop_lives_as_long_as_the_lobby(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FP45] Where there is a token the planner begins with the process, and has ended and given its lease back when the process ends."""
    api = FakeApi(machine("m1"))
    monkeypatch.setattr(lifespan_module, "machines", lambda: api)
    life = Life()
    assert (await life.say("startup"))["type"] == "lifespan.startup.complete"
    await until(lambda: api.calls["list"], "it plans")
    assert (await life.say("shutdown"))["type"] == "lifespan.shutdown.complete"
    await asyncio.wait_for(life.task, PATIENCE_S)
    assert await sync_to_async(memory.take, thread_sensitive=False)("another")


async def test_without_a_token_nobody_plans(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    """[FP45] Without a token there is no planner, and nothing but the lifespan as it was."""
    settings.MACHINES_API_TOKEN = ""
    monkeypatch.setattr(lifespan_module, "machines", None)
    life = Life()
    await life.say("startup")
    await life.say("shutdown")
    await asyncio.wait_for(life.task, PATIENCE_S)
    assert not await FleetLease.objects.aexists()
