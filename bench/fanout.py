"""CPU time of a chat line on its way to everybody in a room, and how late it comes. `python -m bench.fanout`.

One Machine with SQLite, one room, one talker; the server on one core, its load on another. A line has 120 characters and goes the whole
way: decided, journalled (fsync), shown, replied. `cpu_us`: all that the server's process took while lines were said and until everybody
had them, for one delivery of one line; nothing is subtracted. Lines that go in one frame (`lines_a_frame`) are delivered by one write:
`ratio_of_a_write` compares what a write costs, whatever it carries. References, in the same rounds: `c_limit`, a plain loop of send() in C
with frames of the same size; `channels`, a stock consumer with a group on stock Daphne (in a shorter window: it does not keep up).
`curve`: what merging does as more is said. `idle_ms`: what the process takes in a second in which nobody says anything.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import Load, build
from bench.machine import SERVERS_CORE, allow_sockets, machine
from bench.peers import DAPHNES_BACKLOG, limit, stock

ROUNDS = 3
SECONDS = 3.0
STOCK_SECONDS = 1.0
RATE = 10
LINE_BYTES = 120
PATH = "/ws/r/bench/?world=load"
FAULTS = ("lost", "repeated", "disordered", "drops", "refused")

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Crowded:
    """A room that is measured. with_stock: against the stock way, too. curve: lines a second for the curve."""

    sockets: int
    with_stock: bool = False
    curve: Sequence[float] = ()


ROOMS = (Crowded(1000, with_stock=True), Crowded(5000, curve=(1, 10, 50, 200)))


def say(load: Load, rate: float, seconds: float) -> Said:
    """Lines at a rate: the client's answer, and `cpu_us` of a delivery."""
    said = load.measured("say", rate, seconds, LINE_BYTES)
    return {**said, "cpu_us": said["spent_us"] / max(said["delivered"], 1)}


def idle_ms(load: Load, seconds: float) -> float:
    """CPU time of a second without lines."""
    before = load.cpu_us
    time.sleep(seconds)
    return (load.cpu_us - before) / 1e3 / seconds


def sides(stack: ExitStack, folder: Path, room: Crowded, seconds: float) -> dict[str, Load]:
    """The servers, all up at once and each with its sockets in: who says nothing costs next to nothing."""
    ours = stack.enter_context(machine(folder, "bench.settings", SERVERS_CORE))
    found = {"ours": stack.enter_context(Load(folder, ours, PATH, room.sockets))}
    found["ours"].open(room.sockets)
    warm = say(found["ours"], RATE, seconds)
    c_limit = stack.enter_context(limit(folder, warm["bytes"] // warm["delivered"]))
    found["c_limit"] = stack.enter_context(Load(folder, c_limit, "/", room.sockets))
    found["c_limit"].open(room.sockets)
    if room.with_stock:
        found["channels"] = stack.enter_context(Load(folder, stack.enter_context(stock(folder)), "/chat/", room.sockets))
        found["channels"].open(room.sockets, DAPHNES_BACKLOG)
    return found


def compare(found: dict[str, Load], seconds: float, stock_seconds: float, rounds: int) -> dict[str, object]:
    """All sides in turn, several rounds, at RATE."""
    windows = {name: stock_seconds if name == "channels" else seconds for name in found}
    taken = [{name: say(load, RATE, windows[name]) for name, load in found.items()} for _ in range(rounds)]
    ours = [one["ours"] for one in taken]
    result: dict[str, object] = {"cpu_us": {name: round(statistics.median(one[name]["cpu_us"] for one in taken), 2) for name in found}}
    for name in list(found)[1:]:
        result[f"ratio_ours_to_{name}"] = round(statistics.median(one["ours"]["cpu_us"] / one[name]["cpu_us"] for one in taken), 4)
    writes = [one["ours"]["spent_us"] / one["ours"]["frames"] / one["c_limit"]["cpu_us"] for one in taken]
    return {
        **result,
        "ratio_of_a_write_ours_to_c_limit": round(statistics.median(writes), 2),
        "bytes_a_delivery": round(statistics.median(one["bytes"] / one["delivered"] for one in ours)),
        "lines_a_frame": round(statistics.median(one["delivered"] / one["frames"] for one in ours), 2),
        **lateness(ours),
    }


def lateness(taken: list[Said]) -> dict[str, object]:
    """How late lines came, medians of the rounds' percentiles; and the most of what went wrong in any round."""
    return {
        **{f"{name}_ms": round(statistics.median(one["late_ms"][name] for one in taken), 1) for name in ("p50", "p99")},
        **{name: max(one[name] for one in taken) for name in FAULTS},
    }


def curve(load: Load, rates: Sequence[float], seconds: float, rounds: int) -> dict[str, dict[str, object]]:
    """Our server, as more and more is said."""
    taken = [{rate: say(load, rate, seconds) for rate in rates} for _ in range(rounds)]
    return {str(rate): point([one[rate] for one in taken]) for rate in rates}


def point(said: list[Said]) -> dict[str, object]:
    """One rate of the curve."""
    return {
        "cpu_us": round(statistics.median(one["cpu_us"] for one in said), 2),
        "cpu_us_a_line": round(statistics.median(one["spent_us"] / one["lines"] for one in said)),
        "core_percent": round(statistics.median(one["spent_us"] / one["seconds"] / 1e4 for one in said)),
        "frames_a_second": round(statistics.median(one["frames"] / one["members"] / one["seconds"] for one in said), 1),
        **lateness(said),
    }


def measure(room: Crowded, seconds: float, stock_seconds: float, rounds: int) -> dict[str, object]:
    """One room, with everything that it is compared with."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        build(folder)
        found = sides(stack, folder, room, seconds)
        result = compare(found, seconds, stock_seconds, rounds)
        result["idle_ms"] = round(statistics.median(idle_ms(found["ours"], seconds) for _ in range(rounds)), 2)
        if room.curve:
            result["curve"] = curve(found["ours"], room.curve, seconds, rounds)
    return result


def run(
    rooms: Sequence[Crowded] = ROOMS, seconds: float = SECONDS, stock_seconds: float = STOCK_SECONDS, rounds: int = ROUNDS
) -> dict[str, object]:
    """Measure all rooms, one after the other."""
    allow_sockets(max(room.sockets for room in rooms))
    result: dict[str, object] = {"bench": "fanout", "rounds": rounds, "line_bytes": LINE_BYTES, "a_second": RATE}
    return result | {f"sockets_{room.sockets}": measure(room, seconds, stock_seconds, rounds) for room in rooms}


if __name__ == "__main__":
    print(json.dumps(run()))
