"""What an arena costs, and with how many players a core is full. `python -m bench.arena`.

One Machine with SQLite; 50, 200 and 500 players in one room, who fly by dice and shoot, 30 messages of inputs a second each; the server on
one core, its load on another. `trigger`: the largest but one of these, with everybody's trigger held all the time, which no person does.

`core_percent`: of one core, all that the server's process takes, inputs, simulation, frames and sockets. `cpu_ms_a_tick`: the same for one
of 60 ticks a second. `cpu_us_an_update`: for one ship, bullet or crystal in a frame that somebody was sent. `updates_a_client`: of those, a
second. `kb_a_client`: thousand bytes a second, whatever they are. `late_ms`: from when a tick was due until its frame was on the socket, at
four of the players, by the kernel's clock; 0 is the earliest twentieth of all. `slow_percent`: by how much the owner's time went slower
than time, because ticks were left out; all after them are late. `frames_dropped`: not made because something waited for the player.
`event_writes_a_client`: a second, of what a room tells everybody (points, hits), besides frames. `lapses`: how often the owner went on
without inputs of somebody. `load_percent`: of a core, what the clients took: near 100 they are the slower side. `ratio_to_c_limit`: to a
plain loop of send() in C that writes as many frames of that size to as many sockets in the same run, and reads nothing and simulates
nothing.

`full`: the most players, found by halving, for whom 27 frames a second came and time was not slower than by 2%. A goal is met by nobody who
does not keep up in this way: a server that is not let run takes little of a core.

`crowd`: a simpler job that others were measured at: 200 players whom the server moves at random, 20 frames a second, everybody sees
everybody, 6 bytes a player (`bench/worlds/crowd.py`). `published`: what is known of the others, of another day (2026-11-23). What can be
compared is `ratio_to_c_small`: to as many send() in C of 122 bytes, which both days measured, each on its own machine.
"""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.request import urlopen

from bench.board import c_core_percent
from bench.flying import TICKS_PER_S, Flock, kept_on, lateness_ms, lookers, percentile, pilots
from bench.load import build
from bench.machine import LOADS_CORE, SERVERS_CORE, allow_sockets, cpu_ns, machine

SETTINGS = "bench.settings"
SIZES = (50, 200, 500)
ROUNDS = 3
SECONDS = 8.0
WARM_S = 2.0
SETTLE_S = 0.1
PATIENCE_S = 30.0
STEP = 20
"""Players, to which it is known how many fill a core."""
ENOUGH_FRAMES = 27.0
SLOW_PERCENT = 2.0
FIRING = 0.25
"""Part of the time that a trigger is held: one and a quarter shots a second, which is what a person does who aims."""
GOAL_PLAYERS = 200
GOALS = {"core_percent": ("at most", 40.0), "updates_a_client": ("at least", 300.0), "kb_a_client": ("below", 40.0)}
CROWD, CROWD_TICKS_PER_S = 200, 20
PUBLISHED = {
    "colyseus": {"cpu_ms_a_tick": 2.8, "kb_a_client": 34},
    "ws_binary": {"cpu_ms_a_tick": 2.5, "kb_a_client": 24},
    "phoenix": {"cpu_ms_a_tick": 10.7, "kb_a_client": 62},
}
PUBLISHED_C_SEND_US = 6.4
"""Of a send() in C of SMALL_BYTES, on the day and the machine of the published figures: 6.0 to 6.8."""
SMALL_BYTES = 122

Row = dict[str, float | dict[str, float]]


def metric(port: int, name: str) -> float:
    """A value of /metrics."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        found = re.search(rf"^gameserver_{name}(?:_total)? (\S+)$", answer.read().decode(), re.MULTILINE)
    assert found, name
    return float(found[1])


def window(flock: Flock, server: tuple[int, int], seconds: float, ticks_per_s: int) -> Row:
    """Everybody flies for a while, and what that came to."""
    port, pid = server
    people, counts = flock.people, ("own_frames_dropped", "deliveries")
    known = [metric(port, name) for name in counts]
    # What came while those were asked for is read before the window.
    flock.fly(SETTLE_S)
    flock.forget()
    before = [(person.frames_shown, person.bytes_shown) for person in people]
    tick, spent, load, began = people[0].tick, cpu_ns(pid), time.process_time(), time.perf_counter()
    flock.fly(seconds)
    while not flock.was_told and time.perf_counter() - began < PATIENCE_S:
        # A window that is too short for a busy machine is lengthened: without a frame there is nothing to measure.
        flock.fly(seconds)
    took, load, spent = time.perf_counter() - began, time.process_time() - load, cpu_ns(pid) - spent
    dropped, deliveries = (metric(port, name) - then for name, then in zip(counts, known, strict=True))
    ticks = people[0].tick - tick
    late = lateness_ms([seat.arrivals for seat in flock.watched], 1 / ticks_per_s)
    frames = statistics.mean(person.frames_shown - then for person, (then, _) in zip(people, before, strict=True)) / took
    return {
        "core_percent": spent / took / 1e7,
        "cpu_ms_a_tick": spent / 1e6 / max(ticks, 1),
        **entities_told(flock, frames, spent / 1e3 / took / len(people)),
        "kb_a_client": statistics.mean(person.bytes_shown - then for person, (_, then) in zip(people, before, strict=True)) / took / 1e3,
        "frames_a_client": frames,
        "late_ms": {"p50": percentile(late, 50), "p99": percentile(late, 99)},
        "slow_percent": max(0.0, 100 - 100 * ticks / took / ticks_per_s),
        "frames_dropped": dropped,
        "event_writes_a_client": deliveries / took / len(people),
        "lapses": sum(flyer.lapses for flyer in flock.flyers),
        "load_percent": load / took * 100,
    }


def entities_told(flock: Flock, frames: float, spent_us: float) -> Row:
    """Of those who fly: what there was in a frame, and updates. spent_us: of the server for each client a second."""
    told = sum((flyer.told for flyer in flock.flyers), Counter())
    if not told["frames"]:
        return {}
    in_frame = {name: told[name] / told["frames"] for name in ("ships", "bullets", "crystals")}
    updates = sum(in_frame.values()) * frames
    return {"cpu_us_an_update": spent_us / max(updates, 1.0), "updates_a_client": updates, "in_a_frame": in_frame}


def median(rows: list[Row]) -> Row:
    """Of each figure."""
    found: Row = {}
    for name in rows[0]:
        values = [row[name] for row in rows if name in row]
        inner = [value for value in values if isinstance(value, dict)]
        outer = [value for value in values if not isinstance(value, dict)]
        found[name] = {key: _middle(value[key] for value in inner) for key in inner[0]} if inner else _middle(outer)
    return found


def _middle(values: Iterable[float]) -> float:
    middle = statistics.median(values)
    return round(middle, 1) if middle >= 10 else round(middle, 3)


class Course:
    """A server, and rooms of it one after the other. `measure` says what so many players come to."""

    def __init__(self, folder: Path, server: tuple[int, int], seconds: float, rounds: int) -> None:
        self.folder, self.server, self.seconds, self.rounds = folder, server, seconds, rounds
        self._rooms = 0

    def path(self, world: str) -> str:
        """Of a room that nobody was in."""
        self._rooms += 1
        return f"/ws/r/bench-{self._rooms}/?world={world}"

    def measure(self, players: int, firing: float = FIRING, rounds: int = 0) -> Row:
        """Medians of so many players; of other `rounds`, where it is said."""
        with kept_on(LOADS_CORE), closing(pilots(self.server[0], self.path("arena"), players, firing)) as flock:
            return self._measured(flock, TICKS_PER_S, rounds or self.rounds)

    def measure_crowd(self, players: int) -> Row:
        """Medians of the simpler job."""
        with kept_on(LOADS_CORE), closing(lookers(self.server[0], self.path("crowd"), players)) as flock:
            return self._measured(flock, CROWD_TICKS_PER_S, self.rounds)

    def _measured(self, flock: Flock, ticks_per_s: int, rounds: int) -> Row:
        flock.fly(min(WARM_S, self.seconds))
        return median([window(flock, self.server, self.seconds, ticks_per_s) for _ in range(rounds)])

    def c_percent(self, row: Row, players: int) -> float:
        """What the loop in C takes of a core for as many frames."""
        return max(c_core_percent(self.folder, row, players, self.seconds), 0.01)


def keeps_up(row: Row) -> bool:
    """Whether so many players are served as they should be."""
    return float(str(row["slow_percent"])) <= SLOW_PERCENT and float(str(row["frames_a_client"])) >= ENOUGH_FRAMES


def most(measure: Callable[[int], Row], known: dict[int, Row], step: int = STEP) -> dict[str, object]:
    """The most players with whom a core keeps up: by halving between those known, to a step. `measure` is asked for the others."""
    good = max((players for players, row in known.items() if keeps_up(row)), default=0)
    bad = min((players for players in known if players > good), default=None)
    tried = {str(players): row["core_percent"] for players, row in sorted(known.items())}
    while bad is not None and bad - good > step:
        players = (good + bad) // 2
        row = measure(players)
        tried[str(players)] = row["core_percent"]
        good, bad = (players, bad) if keeps_up(row) else (good, players)
    return {"players": good, "is_bound": bad is not None, "core_percent": tried}


def reached(row: Row) -> dict[str, bool]:
    """Which goals are met; none without keeping up."""
    found = {"keeps_up": keeps_up(row)}
    for name, (how, goal) in GOALS.items():
        value = float(str(row[name]))
        found[f"{name}_{how.replace(' ', '_')}_{goal:g}"] = found["keeps_up"] and (value >= goal if how == "at least" else value <= goal)
    return found


def crowd(course: Course, players: int) -> dict[str, object]:
    """The simpler job, beside the loop in C, and what is published of others."""
    row = course.measure_crowd(players)
    spent = float(str(row["core_percent"]))
    small = {"frames_a_client": row["frames_a_client"], "kb_a_client": float(str(row["frames_a_client"])) * SMALL_BYTES / 1e3}
    c_percent, c_small_percent = course.c_percent(row, players), course.c_percent(small, players)
    ratios = {"ratio_to_c_limit": round(spent / c_percent, 2), "ratio_to_c_small": round(spent / c_small_percent, 2)}
    then_ms = CROWD * PUBLISHED_C_SEND_US / 1e3
    others = {name: {**told, "ratio_to_c_small": round(told["cpu_ms_a_tick"] / then_ms, 2)} for name, told in PUBLISHED.items()}
    return {"players": players, **row, **ratios, "published": others}


def run(sizes: tuple[int, ...] = SIZES, seconds: float = SECONDS, rounds: int = ROUNDS, crowd_of: int = CROWD) -> dict[str, object]:
    """Measure each size, then how many there may be, then the simpler job."""
    allow_sockets(max(*sizes, crowd_of))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        with machine(folder, SETTINGS, SERVERS_CORE) as server:
            course = Course(folder, server, seconds, rounds)
            rows = {players: course.measure(players) for players in sizes}
            trigger = course.measure(sizes[-2], firing=1.0)
            full = most(partial(course.measure, rounds=1), rows)
            simpler = crowd(course, crowd_of)
        for players, row in (*rows.items(), (sizes[-2], trigger)):
            row["ratio_to_c_limit"] = round(float(str(row["core_percent"])) / course.c_percent(row, players), 2)
    goals = {"goals": reached(rows[GOAL_PLAYERS])} if GOAL_PLAYERS in rows else {}
    told = {f"players_{players}": row for players, row in rows.items()}
    setting = {"rounds": rounds, "messages_a_second": 30, "firing": FIRING}
    return {"bench": "arena", **setting, **told, "trigger": {"players": sizes[-2], **trigger}, **goals, "full": full, "crowd": simpler}


if __name__ == "__main__":
    print(json.dumps(run()))
