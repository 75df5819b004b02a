"""The benchmarks of the arena run, in a setting so small that it measures nothing, and what they count with counts right."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import arena, flying, machine, netcode
from bench.worlds import crowd
from gameserver.engine.worlds import Who
from tests.support.emulator import ROOT, wait_until
from tests.support.raw import LIMIT_S

FRAMES = json.loads((ROOT / "tests" / "vectors" / "arena" / "frames.json").read_text())["frames"]
GOOD: arena.Row = {"core_percent": 10.0, "slow_percent": 0.5, "frames_a_client": 30.0}
TURN = """
import { Witness } from "./witness.mjs";
const line = { ask: async () => {} };
const witness = new Witness(line);
for (const frame of JSON.parse(process.argv[1])) line.onBytes(Buffer.from(frame, "hex"));
console.log(JSON.stringify(JSON.parse(process.argv[2]).map(([slot, tick]) => witness.placeOf(slot, tick))));
"""


@contextmanager
def what_is_needed(program: str, word: str) -> Iterator[None]:
    """Where a program is not installed, a benchmark ends with a line that says so, and that is all that can be said of it."""
    if shutil.which(program):
        yield
    else:
        assert os.environ.get("CI") != "true"
        with pytest.raises(SystemExit, match=word):
            yield


def test_the_arena_can_be_measured() -> None:
    """The benchmark of the arena comes to its end in a tiny setting: a row for each size, and no size fills a core."""
    with what_is_needed("cc", "needs a C compiler"):
        found = arena.run((2, 3), seconds=0.3, rounds=1, crowd_of=3)
        rows: list[Any] = [found["players_2"], found["players_3"], found["trigger"]]
        assert all(row["updates_a_client"] > 0 and row["ratio_to_c_limit"] > 0 for row in rows)
        assert all(row["in_a_frame"]["crystals"] > 0 for row in rows)
        assert "\n" not in json.dumps(found)
        told: Any = found["crowd"]
        assert (told["players"], sorted(told["published"])) == (3, ["colyseus", "phoenix", "ws_binary"])


def test_the_netcode_can_be_measured() -> None:
    """The benchmark of the netcode comes to its end in a tiny setting: what both players had foreseen was compared with the owner."""
    with what_is_needed("node", "needs Node"):
        found = netcode.run(seconds=1.5, others=2, warm_s=1.0)
        for name in ("far", "near"):
            one: Any = found[name]
            assert one["own_compared"] > 0
            assert one["pictures_a_second"] > 0
        assert "\n" not in json.dumps(found)


def test_flyers_steer_and_shoot(tmp_path: Path) -> None:
    """The inputs of the benchmark's players are taken by the arena: their ships move, and bullets are seen."""
    path = "/ws/r/bench/?world=arena"
    with machine.machine(tmp_path, arena.SETTINGS) as (port, _), closing(flying.pilots(port, path, 3, firing=1.0)) as flock:
        wait_until(lambda: flock.fly(0.1) or sum(flyer.told["bullets"] for flyer in flock.flyers), "a bullet is seen")
        assert len(flock.watched) == 3
        assert all(seat.arrivals for seat in flock.watched)


def test_the_kernel_says_when_frames_came(tmp_path: Path) -> None:
    """A frame has the time at which it was on the socket, not at which it was read."""
    with machine.machine(tmp_path, arena.SETTINGS) as (port, _), closing(flying.lookers(port, "/ws/r/bench/?world=crowd", 1)) as flock:
        seat = flock.people[0]
        wait_until(lambda: flock.hear(0.1) or seat.arrivals, "a frame is seen")
        flock.forget()
        select.select([seat.socket], [], [], LIMIT_S)
        before_ns = time.time_ns()
        flock.hear(0)
        assert [at < before_ns for _, at in seat.arrivals] == [True]


@pytest.mark.parametrize("number", range(len(FRAMES)))
def test_ships_bullets_and_crystals_are_counted(number: int) -> None:
    """Of each frame of the vectors, as many ships, bullets and crystals are counted as it means."""
    payload, cells = bytes.fromhex(FRAMES[number]["hex"]), FRAMES[number]["means"]["cells"]
    counted = {name: sum(len(cell[name]) for cell in cells) for name in flying.ROW}
    assert flying.entities(payload) == {**counted, "frames": 1}
    with pytest.raises(AssertionError, match="another size"):
        flying.entities(payload + b"\0")


def test_lateness_is_from_when_a_tick_was_due() -> None:
    """A frame is late by how long after its tick it came, whichever tick and socket; not by one that came far too early."""
    tick_ns = 1_000_000_000 // 50
    first = [(tick, 7_000_000 + tick * tick_ns) for tick in range(40)]
    second = [(41, 12_000_000 + 41 * tick_ns), (42, 42 * tick_ns)]
    assert flying.lateness_ms([first, second], 1 / 50) == pytest.approx([0.0] * 41 + [5.0])
    assert flying.lateness_ms([[], []], 1 / 50) == []


def test_most_players_are_found_by_halving() -> None:
    """The most players for whom all goes well are found to a step, and nothing that is known is measured again."""
    asked = []

    def measure(players: int) -> arena.Row:
        asked.append(players)
        return GOOD if players <= 317 else {**GOOD, "frames_a_client": 26.0}

    known = {50: GOOD, 200: GOOD, 500: {**GOOD, "slow_percent": 3.0}}
    found = arena.most(measure, known, step=10)
    assert (found["players"], found["is_bound"]) == (312, True)
    assert asked == [350, 275, 312, 331, 321]
    assert arena.most(measure, {50: GOOD, 200: GOOD})["is_bound"] is False


def test_goals_are_met_or_not() -> None:
    """Each goal is told with what it asks for, and whether it was reached; by nobody who does not keep up."""
    row = {"core_percent": 40.0, "updates_a_client": 299.0, "kb_a_client": 40.1, "frames_a_client": 30.0, "slow_percent": 0.0}
    reached = arena.reached({**row})
    names = ["core_percent_at_most_40", "updates_a_client_at_least_300", "kb_a_client_below_40"]
    assert reached == {"keeps_up": True, **dict(zip(names, (True, False, False), strict=True))}
    for late in ({"frames_a_client": 26.0}, {"slow_percent": 2.5}):
        assert not any(arena.reached({**row, **late, "kb_a_client": 1.0}).values())


def test_a_median_is_of_each_figure() -> None:
    """Each figure of a row is the middle one of all rounds, also of those inside."""
    rows: list[arena.Row] = [{"a": value, "b": {"c": 10 * value}} for value in (1, 9, 2)]
    assert arena.median(rows) == {"a": 2, "b": {"c": 20}}


def test_a_crowd_is_shown_to_all_with_the_same_bytes() -> None:
    """In a crowd everybody is shown the same six bytes of each who is there, after each tick others, and never outside of the field."""
    world = crowd.World()
    assert world.frame("a") is None
    for player in "abc":
        world.decide(Who(player, player, "#000000"), crowd.Enter(ref=1), 0)
    world.tick(0)
    first = world.frame("a")
    assert first is not None
    assert first is world.frame("b")
    assert len(first) == 4 + 6 * 3
    world.tick(50)
    assert world.frame("a") != first
    world.gone("b")
    # For so long that dice bring them to the walls: what is outside of the field cannot be packed.
    for at in range(60_000):
        world.tick(at)
    last = world.frame("a")
    assert last is not None
    assert len(last) == 4 + 6 * 2


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_a_witness_says_where_a_ship_was() -> None:
    """A witness knows a ship straight between two frames, and nothing of one that it did not see or that came back elsewhere."""

    def told(tick: int, *ships: tuple[int, int, int]) -> str:
        head = bytes([2]) + tick.to_bytes(4, "little") + bytes(flying.HEAD - 6) + bytes([1])
        rows = [b"".join(value.to_bytes(2, "little") for value in (slot, 16 * x, 16 * y)) + bytes(4) for slot, x, y in ships]
        return (head + bytes([0, len(ships), 0, 0]) + b"".join(rows)).hex()

    frames = [told(10, (1, 100, 40), (2, 100, 100)), told(12, (1, 110, 60), (2, 400, 100)), told(18, (1, 115, 60))]
    asked = [(1, 10.5), (1, 9), (1, 13), (2, 11), (3, 11)]
    command = ["node", "--input-type=module", "-e", TURN, json.dumps(frames), json.dumps(asked)]
    done = subprocess.run(command, cwd=netcode.PROGRAM.parent, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [{"x": 102.5, "y": 45}, None, None, None, None]
