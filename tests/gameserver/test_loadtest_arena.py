"""Bots of the load test that fly: by values, over a socket that is played by hand, and on a real server."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from struct import unpack_from
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from gameserver.bots import sight
from gameserver.loadtest.bot import Bot, now_us
from gameserver.loadtest.ledger import Ledger
from gameserver.loadtest.orders import Plan
from gameserver.loadtest.report import drawing_of, facts_of
from gameserver.loadtest.run import Outcome
from gameserver.loadtest.scenarios.arena import LATE_US, Flight, Scenario
from gameserver.loadtest.session import Session
from gameserver.loadtest.tally import Tally
from gameserver.loadtest.target import target_of
from gameserver.loadtest.wire import Message, Reader
from tests.gameserver.loadtests import loadtest
from tests.gameserver.machine import HOST, Machine
from tests.gameserver.rooms import sid, until
from tests.gameserver.test_bots import frame
from tests.gameserver.test_loadtest_report import drawn

MS = 1000
SEED = 5


def flight(*, plays: bool = True) -> tuple[Flight, Tally]:
    """A pilot that has been welcomed and shown a ship, and what it counts from now on."""
    tally = Tally()
    found = Scenario("run").pilot(0, tally, talks=plays)
    welcome = Reader(Scenario("run")).read(json.dumps({"type": "welcome", "state": {"arena": {"seed": SEED}}}).encode())[0]
    assert found.welcomed(welcome) is plays
    found.heard(frame(tick=100), 0)
    found.is_measuring = True
    return found, tally


def test_from_an_input_to_its_number() -> None:
    """[AR117] An input is as late as the time from when it was due to the first frame that has its number, or a higher one."""
    found, tally = flight()
    for due_us in (1 * MS, 34 * MS):
        assert found.speak(due_us)[9] == 2
    found.heard(frame(tick=102, ack=1), 40 * MS)
    assert tally.latency("ack").count == 0
    found.heard(frame(tick=104, ack=4), 70 * MS)
    found.heard(frame(tick=106, ack=4), 100 * MS)
    assert (tally.latency("ack").count, tally.latency("ack").longest_us) == (2, 69 * MS)
    assert tally.counts["inputs"] == 2


def test_frames_that_are_missing() -> None:
    """[AR117] A frame whose tick is further on than the next one's tells how many are lost; one that comes late is counted as that."""
    found, tally = flight()
    now = 0
    for tick, after_us in ((102, 33 * MS), (104, LATE_US + 1), (110, 33 * MS), (50, 33 * MS), (52, LATE_US)):
        now += after_us
        found.heard(frame(tick=tick), now)
    assert (tally.counts["frames"], tally.counts["frames_lost"], tally.counts["frames_late"]) == (5, 2, 1)
    assert (tally.counts["updates"], tally.last_us) == (15, now)


def test_what_comes_before_and_after_counts_nothing() -> None:
    """[AR117] Only what comes while bots talk is measured; frames on another socket follow none of the last one."""
    found, tally = flight()
    found.is_measuring = False
    found.speak(0)
    found.read(100)
    found.heard(frame(tick=200, ack=9), 99 * MS)
    assert tally.latency("ack").count == tally.counts["frames"] == tally.counts["bytes"] == 0
    found.is_measuring = True
    found.welcomed(Message("welcome"))
    found.heard(frame(tick=900), 5000 * MS)
    found.read(100)
    assert (tally.counts["frames_lost"], tally.counts["frames_late"], tally.counts["bytes"]) == (0, 0, 100)


def test_who_only_watches() -> None:
    """[AR117] A bot that is no talker asks for no ship and sends no inputs; one that has no ship holds them back."""
    watching, tally = flight(plays=False)
    assert watching.speak(0) == b""
    flying, other = flight()
    flying.heard(frame(tick=102, you=sight.NOBODY), 1)
    assert flying.speak(0) == b""
    assert tally.counts["inputs_held"] == other.counts["inputs_held"] == 1


def test_another_round() -> None:
    """[AR117] Bots know the rocks of the round that is, by its seed."""
    found, _ = flight()
    before = found._player._rocks
    found.told(Reader(Scenario("run")).read(b'{"type":"events","events":[{"seq":1,"ev":"arena.began","seed":9}]}')[0].events)
    assert len(found._player._rocks) == len(before) == 24
    assert found._player._rocks != before


# The report


PLAN = Plan(target_of("ws://localhost:8000/ws/r/load/"), "arena", "run", 4, 2, 2, 1.0, 60.0, 300)
COUNTS = {"frames": 600, "frames_lost": 3, "frames_late": 2, "updates": 6000, "bytes": 40_000, "inputs": 290, "inputs_held": 10, "sent": 2}


def facts(**more: Any) -> dict[str, Any]:
    tally = Tally()
    tally.counts.update(COUNTS)
    tally.latency("ack").record(50 * MS)
    outcome = Outcome(tally, **{"away": 0, "stopped": 0, "talked_s": 5.0, "busy": 0.1, **more})
    return facts_of(PLAN, Message("welcome", region="cdg", machine="m1", room="load"), outcome, 42)


def test_the_report_of_a_flight() -> None:
    """[AR118] The report has frames, updates and bytes a second for each bot, what was lost or late, and the server's time for a frame."""
    found = facts(cpu_s=0.3)
    assert found["measured"] == {
        "inputs": 290,
        "inputs_held": 10,
        "frames": 600,
        "frames_lost": 3,
        "frames_late": 2,
        "frames_per_s": 30.0,
        "updates_per_s": 300.0,
        "bytes_per_s": 2000.0,
        "us_per_frame": 500.0,
        "of_a_core": 0.06,
    }
    assert set(found["latency_ms"]) == {"reply", "waking", "joining", "ack"}
    rows = {line.split("  ")[0]: line.rstrip() for line in drawn(found).splitlines()}
    assert rows["frames"].endswith("600, 30.0 a second for each bot; 3 lost, 2 late (more than 50 ms after the one before)")
    assert rows["CPU per frame"].endswith("500.0 µs, 6% of a core in all")
    assert rows["ack"].endswith("due to its number in a frame")
    assert rows["commands"].endswith("2 sent, 0 ok, 0 sent again; refused: none")
    assert "60 messages of inputs a second by 2 of them for 5 s" in drawn(found)
    assert "CPU per delivery" not in rows


def test_what_a_flight_did_not_measure() -> None:
    """[AR118] Without a process, or without a moment of talking, there are no such numbers."""
    assert facts()["measured"]["us_per_frame"] is None
    assert "n/a (see --server-pid)" in drawn(facts())
    assert facts(talked_s=0.0, cpu_s=1.0)["measured"]["frames_per_s"] is None
    assert drawing_of(facts(talked_s=0.0), "")


# Over a socket


Answer = Callable[[ServerConnection, Any], Any]


@asynccontextmanager
async def hangar(answer: Answer) -> AsyncIterator[str]:
    """A room whose messages are played by hand; the URL."""

    async def stay(ws: ServerConnection) -> None:
        async for message in ws:
            await answer(ws, message)

    async with serve(stay, "127.0.0.1", 0, compression=None) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ws/r/load/"


@asynccontextmanager
async def flying(url: str) -> AsyncIterator[tuple[Bot, Tally]]:
    tally, scenario = Tally(), Scenario("run")
    session = Session(0, sid(), scenario, Ledger(range(1)), tally)
    pilot = scenario.pilot(0, tally, talks=True)
    bot = Bot(session, target_of(url), Reader(scenario), tally, random.Random(1), pilot)
    bot.enter()
    bot.measure(on=True)
    try:
        yield bot, tally
    finally:
        bot.leave()


WELCOME = {"type": "welcome", "v": 1, "position": [1000, 0], "recovered": False, "rates": {"arena": [60, 120]}, "state": {}}


async def test_a_bot_that_flies() -> None:
    """[AR119] A bot asks for a ship after each welcome, sends inputs as bytes, and reads frames, also cut up; others are malformed."""
    heard: list[bytes] = []
    plays: list[int] = []

    async def answer(ws: ServerConnection, message: Any) -> None:
        if isinstance(message, bytes):
            heard.append(message)
            await ws.send([frame(tick=102, ack=1)[:30], frame(tick=102, ack=1)[30:]], text=False)
            await ws.send(b"\x07\x07")
            await ws.send(json.dumps({"type": "error", "code": "rate", "text": ""}))
            return
        command = json.loads(message)
        if command["cmd"] == "room.join":
            await ws.send(json.dumps(WELCOME))
            await ws.send(frame(tick=100))
        else:
            plays.append(command["ref"])
            await ws.send(json.dumps({"type": "reply", "ref": command["ref"], "ok": True, "seq": 0, "slot": 7}))

    async with hangar(answer) as url, flying(url) as (bot, tally):
        await until(lambda: tally.counts["ok"] and tally.counts["frames"], "the ship")
        bot.say(now_us())
        await until(lambda: tally.counts["malformed"] and tally.under("refused"), "the answers")
        assert unpack_from("<BIIB", heard[0]) == (1, 1, 100, 2)
        assert (tally.counts["frames"], tally.counts["updates"], tally.under("refused")) == (2, 6, {"rate": 1})
        assert tally.counts["bytes"] > 2 * len(frame())
        assert (tally.counts["misplaced"], bot.session.unanswered) == (0, 0)
        bot._drop()
        await until(lambda: len(plays) == 2 and tally.counts["ok"] == 2, "the bot to come back")
    assert plays == [1, 2]


# On a real server


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with Machine(tmp_path) as begun:
        yield begun


async def test_a_whole_run_in_an_arena(machine: Machine) -> None:
    """[AR119] In an arena talkers fly and the others watch: all are shown frames, every input is answered, nothing is refused or lost."""
    assert machine.process is not None
    url = f"ws://{HOST}:{machine.port}/ws/r/load/"
    small = ("--bots", "6", "--talkers", "4", "--processes", "2", "--ramp", "0.3", "--duration", "3")
    done = await loadtest(url, *small, "--world", "arena", "--server-pid", str(machine.process.pid), "--json")
    assert (done.code, done.err) == (0, "")
    found = done.facts
    assert (found["scenario"], found["rate"], found["entered"], found["losses"]["total"]) == ("arena", 120.0, 6, 0)
    assert found["commands"] == {"due": None, "sent": 4, "ok": 4, "resent": 0, "waiting": 0, "refused": {}}
    measured = found["measured"]
    assert measured["inputs"] + measured["inputs_held"] == 360
    assert measured["inputs"] > 300
    assert found["latency_ms"]["ack"]["count"] > 250
    assert 0 < found["latency_ms"]["ack"]["p50"] <= found["latency_ms"]["ack"]["p99"]
    assert measured["frames"] > 6 * 3 * 10
    assert measured["updates_per_s"] > measured["frames_per_s"] > 10
    assert measured["us_per_frame"] > 0


async def test_more_inputs_than_a_ship_may_send(machine: Machine) -> None:
    """[LT5] The arena's rate holds for inputs: more than talkers may send is one line, and exit code 2."""
    url = f"ws://{HOST}:{machine.port}/ws/r/load/"
    done = await loadtest(url, "--scenario", "arena", "--bots", "2", "--rate", "121")
    assert (done.code, done.out) == (2, "")
    assert "the room takes 60 a second of each, so 3 talkers are needed, not 2" in done.err
