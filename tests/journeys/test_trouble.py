"""The fleet in trouble, on real processes: whoever wants to play is somewhere or is told why not, and the planner comes to rest."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from fly.edge.control import order
from lobby.heartbeats import TTL_S
from tests.journeys.crowd import Visitor
from tests.support.deploy import Talker
from tests.support.emulator import PARENT, ROOT, Running, environment, running, wait_until
from tests.support.returning import until

ASLEEP = ("cdg", "nrt", "sin", "gru", "fra", "syd")
LIMIT_S = 60.0
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
AGO = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-60 seconds')"


PROGRAM = """
import sys, django
django.setup()
from django.core.management import call_command
for line in sys.stdin:
    call_command("fleet", "plan", "--json")
    print("over", flush=True)
"""


@dataclass
class Fleet(Running):
    """An emulator, and an operator who asks what the planner would do, in a process of their own."""

    operator: subprocess.Popen[str]

    def planned(self) -> Any:
        """What `manage.py fleet plan --json` says."""
        assert self.operator.stdin is not None
        assert self.operator.stdout is not None
        print(file=self.operator.stdin, flush=True)
        return json.loads("".join(iter(self.operator.stdout.readline, "over\n")))


@pytest.fixture(scope="module")
def fly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """New York is up and plans; six regions sleep, so that each test has its own."""
    with running(tmp_path_factory.mktemp("trouble"), "--regions", f"ewr,{','.join(ASLEEP)}", "--asleep", ",".join(ASLEEP)) as emulator:
        given = dict(line.split("=", 1) for line in (emulator.folder / "api.env").read_text().splitlines())
        env = environment(emulator.folder) | given | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        command, pipe = [sys.executable, "-c", PROGRAM], subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True) as operator:
            fleet = Fleet(emulator.folder, emulator.process, operator)
            # A planner that never looked has nothing to say of a region but that it does not know.
            wait_until(lambda: ask(fleet, "SELECT 1 FROM lobby_fleetlease WHERE looked_at IS NOT NULL"), "the planner has looked")
            yield fleet
            assert operator.stdin is not None
            operator.stdin.close()


def breaks(fly: Fleet, verb: str, target: str, **values: object) -> None:
    """Have the emulator break something, or mend it."""
    answer = order(fly.folder / "control", verb, target, values)
    assert "error" not in answer, answer


def ask(fly: Fleet, statement: str) -> list[Any]:
    """Ask the lobby's database, or have time skipped in it."""
    with closing(sqlite3.connect(fly.folder / "lobby.sqlite3", timeout=20)) as link, link:
        return link.execute(statement).fetchall()


def listed(fly: Fleet) -> dict[str, Any]:
    """The regions that the lobby lists as up, each with a gameserver that was heard within its time to live when the list was made."""
    asked = time.time()
    page = httpx.get(f"http://127.0.0.1:{fly.port('ewr')}/", headers={"host": PARENT}, timeout=LIMIT_S).text
    rows = json.loads(page.partition('id="page-data" type="application/json">')[2].partition("</script>")[0])["regions"]
    heard = dict(ask(fly, "SELECT region_id, max(last_seen) FROM lobby_gameserver GROUP BY region_id"))
    up = {row["code"]: row for row in rows if row["state"] == "up"}
    for code in up:
        # Milliseconds are all that the database keeps.
        assert datetime.fromisoformat(heard[code]).replace(tzinfo=UTC).timestamp() >= asked - TTL_S - 0.01, f"{code} is a ghost"
    return up


async def rests(fly: Fleet, region: str = "") -> None:
    """Wait until the planner has nothing left to do, in a region or at all, as an operator sees it."""
    async with asyncio.timeout(LIMIT_S):
        while any(region in ("", one["region"]) for one in await asyncio.to_thread(fly.planned)):
            await asyncio.sleep(0.1)


@asynccontextmanager
async def pressing(fly: Fleet, region: str) -> AsyncIterator[tuple[Visitor, asyncio.Task[None]]]:
    """Somebody in New York who has pressed Join, and stays on the page until let in."""
    player = Visitor(fly.port("ewr"), region)
    task = asyncio.ensure_future(player.play())
    try:
        async with asyncio.timeout(LIMIT_S):
            yield player, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await player.leave()


async def plays(fly: Fleet, region: str) -> None:
    """Somebody gets in, however long it takes."""
    async with pressing(fly, region) as (player, playing):
        await playing
        assert player.welcome["region"] == region


async def is_told(player: Visitor, playing: asyncio.Task[None], state: str = "") -> dict[str, Any]:
    """What somebody is told who is not let in: that it is in this state, or that nothing starts just now."""
    await until(lambda: (player.told.get("state") == state if state else player.told.get("is_refused")) or playing.done(), "a word")
    assert not playing.done(), player.states
    return player.told


@pytest.fixture
def api(fly: Fleet) -> Iterator[None]:
    """It is well afterwards, whatever became of the test."""
    yield
    breaks(fly, "api", "up")


@pytest.mark.usefixtures("api")
async def test_an_api_that_is_down(fly: Fleet) -> None:
    """[FS1] With the API down, who presses Join on a region that sleeps is told that nobody can wake it, and where to play at once. When
    the API is back they are in, without having done anything. (Half a minute is skipped in the database.)"""
    breaks(fly, "api", "down")
    async with pressing(fly, "nrt") as (player, playing):
        await until(lambda: "asleep" in player.states, "a first answer")
        ask(fly, f"UPDATE lobby_fleetlease SET looked_at = {AGO}")
        told = await is_told(player, playing, "unknown")
        assert "does not answer" in told["text"]
        await plays(fly, told["nearest"]["code"])
        breaks(fly, "api", "up")
        await playing
        assert player.welcome["region"] == "nrt"
    await rests(fly)


@pytest.mark.usefixtures("api")
async def test_an_api_that_is_slow(fly: Fleet) -> None:
    """[FS2] With an API that takes a second for each answer two regions that are wanted at once are woken, each by one start; both players
    are in."""
    breaks(fly, "api", "slow", slow=1)
    await asyncio.gather(plays(fly, "sin"), plays(fly, "fra"))
    breaks(fly, "api", "up")
    assert ask(fly, "SELECT region, count(*) FROM lobby_boot WHERE region IN ('fra', 'sin') GROUP BY region") == [("fra", 1), ("sin", 1)]
    await rests(fly)


async def kill_a_machine(fly: Fleet) -> None:
    """Who is in when a Machine is killed comes back and goes on where they were, with nothing lost of what they said."""
    await plays(fly, "cdg")
    talker = Talker(fly.port("ewr"), "cdg", "main", 0.1)
    talking = asyncio.ensure_future(talker.run())
    await until(lambda: len(talker.replies) > 1 or talking.done(), "two lines")
    before = fly.machine("cdg")["pid"]
    breaks(fly, "kill", "cdg")
    said = talker.said
    while talker.said < said + 3:
        await asyncio.to_thread(listed, fly)
        await asyncio.sleep(0.1)
        assert not talking.done()
    talker.is_talking = False
    await until(lambda: talker.is_answered, "every line has its reply")
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    assert fly.machine("cdg")["pid"] != before
    assert "cdg" in await asyncio.to_thread(listed, fly)


async def fill_a_region(fly: Fleet) -> None:
    """Who wants into a region where Fly has no room is told so, and is in elsewhere at once; with room, there. Backoffs are skipped."""
    breaks(fly, "capacity", "gru", most=0)
    async with pressing(fly, "gru") as (player, playing):
        told = await is_told(player, playing)
        assert "no free Machine in São Paulo" in told["text"]
        await plays(fly, told["nearest"]["code"])
        await rests(fly, "gru")
        breaks(fly, "capacity", "gru", over=True)
        ask(fly, f"UPDATE lobby_backoff SET until = {NOW} WHERE region_id = 'gru'")
        ask(fly, f"UPDATE lobby_watched SET held_until = {NOW} WHERE region = 'gru'")
        # Somebody else who comes is a reason to look at once.
        await asyncio.gather(playing, plays(fly, "gru"))
        assert player.welcome["region"] == "gru"


async def lose_a_region(fly: Fleet) -> None:
    """Who was in a region that is gone is told so, and is in elsewhere; its Machine leaves the list and is destroyed; when the region is
    back it has another one. Backoffs, and the rest of the time that a ghost has, are skipped."""
    async with pressing(fly, "syd") as (player, playing):
        await playing
        dead = fly.machine("syd")["id"]
        breaks(fly, "outage", "syd")
        assert player.socket is not None
        await asyncio.wait_for(player.socket.wait_closed(), LIMIT_S)
    while "syd" in await asyncio.to_thread(listed, fly):
        await asyncio.sleep(0.1)
    async with pressing(fly, "syd") as (player, playing):
        told = await is_told(player, playing)
        assert "Sydney" in told["text"]
        await plays(fly, told["nearest"]["code"])
        ask(fly, f"UPDATE lobby_gameserver SET last_seen = {AGO} WHERE machine = '{dead}'")
        ask(fly, f"UPDATE lobby_watched SET marked_at = {AGO}, since = {AGO} WHERE machine = '{dead}'")
        await until(lambda: dead not in [one["id"] for one in fly.machines().values()], "the dead Machine is destroyed")
        breaks(fly, "outage", "syd", over=True)
        ask(fly, f"UPDATE lobby_backoff SET until = {NOW} WHERE region_id = 'syd'")
        await playing
        assert player.welcome["region"] == "syd"
        assert player.welcome["machine"] != dead


async def test_machines_and_regions_that_break_at_once(fly: Fleet) -> None:
    """[FS3] [FS4] [FS5] [FS6] A Machine is killed, a region has no room, another one is gone, all at once: who plays or wants to is back,
    or elsewhere, or told; no list has a ghost; in the end nobody is refused, nothing is planned, every Machine is listed."""
    async with asyncio.TaskGroup() as group:
        for trouble in (kill_a_machine, fill_a_region, lose_a_region):
            group.create_task(trouble(fly))
    await rests(fly)
    assert ask(fly, "SELECT count(*) FROM lobby_refusal") == [(0,)]
    up = await asyncio.to_thread(listed, fly)
    runs = [one["region"] for one in fly.machines().values() if one["state"] == "up"]
    assert {code: row["machines"] for code, row in up.items()} == {code: runs.count(code) for code in runs}
