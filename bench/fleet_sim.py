"""A day of the whole world for the planner, in seconds. `python -m bench.fleet_sim [--plot FILE]`.

The pure planner of the lobby (`lobby.fleet.plan`) looks after Machines that exist in memory only: 18 regions with the same players
each over their day, which follows the sun (most at 20:00, a tenth of it at 8:00), a million at the world's peak; people who come each for
themselves and stay for half an hour on average; boots of 3 s in the median and 12 s at p99, of which 1 % fail and 0.5 % are never heard;
one region out for an hour at its busiest. These are assumptions; the rest is measured. Printed: waiting time of joins, joins that
were sent to another region or away, Machine hours against an ideal fleet, calls of the API against its limits; the same without
gathering players, for a world so quiet that regions sleep, and, with --tenfold, for ten times as many. docs/scale.md reads the figures.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from bench.fleet_box import Tally
from bench.fleet_plot import Point, draw
from bench.fleet_world import SESSION_S, World
from fly.regions import REGIONS
from lobby.fleet.model import HOUR_S, Drain, Limits, Mark, Policy, Wanted
from lobby.fleet.plan import plan

CURRENT = tuple(code for code, region in REGIONS.items() if not region.deprecated)
DAY_S = 24 * HOUR_S
START = 1_800_057_600.0
"""A midnight."""
WARM_S = HOUR_S
PLACES, FILL = 10_000, 0.7
PEAK_HOUR, LEAST = 20.0, 0.1
OUTAGE = "cdg"
OUTAGE_H = (19.0, 20.0)
PICTURE_S = 300.0
QUIET = 60
"""Players of a world in which regions sleep."""
LISTS_A_SECOND = 1.0
"""What the API takes of one app (Fly docs, Machines API, rate limits); the same for creates, with a burst of 3."""


@dataclass(frozen=True, slots=True)
class Day:
    """What is simulated. gather: whether surplus Machines get no new rooms."""

    players: int = 1_000_000
    tick_s: float = 10.0
    places: int = PLACES
    hours: float = 24.0
    seed: int = 1
    gather: bool = True


A_DAY = Day()


def local_hour(region: str, now: float) -> float:
    """The hour of the sun at a region, 0 to 24."""
    return (now / HOUR_S + REGIONS[region].lon / 15) % 24


def share(region: str, now: float) -> float:
    """How much of its busiest hour a region has now, LEAST to 1."""
    turn = 2 * math.pi * (local_hour(region, now) - PEAK_HOUR) / 24
    return LEAST + (1 - LEAST) * ((1 + math.cos(turn)) / 2) ** 2


def each(players: int) -> float:
    """Players of one region at its busiest, so that the world has `players` at its own busiest."""
    return players / max(sum(share(region, START + minute * 60) for region in CURRENT) for minute in range(0, 1440, 10))


def joins(region: str, at_peak: float, now: float, tick_s: float) -> float:
    """Joins that are expected in a tick: as many as leave, and what the hour adds."""
    return max(0.0, at_peak * (share(region, now + tick_s) - share(region, now) * math.exp(-tick_s / SESSION_S)))


def world_of(day: Day) -> World:
    """A world at its first hour, with policies that its peaks fit in; during the outage neighbours take a region more."""
    most = math.ceil(2 * each(day.players) / (FILL * day.places)) + 2
    policy = Policy(0, most, 0, day.places, FILL, 300.0)
    wanted = Wanted(dict.fromkeys(CURRENT, policy), Limits(cap=float(most * len(CURRENT))))
    world = World(wanted, day.places, Random(day.seed), START - WARM_S)
    for region in CURRENT:
        world.settle(region, round(each(day.players) * share(region, world.now)), FILL)
    return world


def live(day: Day) -> tuple[World, list[Point], list[float]]:
    """Simulate; returns the world at the end, a point for each five minutes, and how long each plan took in ms."""
    world, at_peak, points, took = world_of(day), each(day.players), [], []
    waited_before = 0
    while world.now < START + day.hours * HOUR_S:
        hour = (world.now - START) / HOUR_S
        if hour == 0:
            # The first hour only brings the world to where a day begins.
            world.tally, took = Tally(came=world.pending()), []
        if OUTAGE_H[0] <= hour < OUTAGE_H[1] and OUTAGE not in world.out:
            world.outage(OUTAGE)
        elif hour >= OUTAGE_H[1] and OUTAGE in world.out:
            world.outage(OUTAGE, over=True)
        for region in CURRENT:
            world.come(region, joins(region, at_peak, world.now, day.tick_s))
            world.seat(region, world.now)
        took.append(_planned(world, day))
        world.offer()
        ideal = world.ideal(day.tick_s, day.places)
        if hour >= 0 and (world.now - START) % PICTURE_S < day.tick_s:
            waited = sum(number for wait_s, number in world.tally.waits.items() if wait_s > 0)
            points.append(Point(hour, world.playing(), world.running(), ideal, waited - waited_before))
            waited_before = waited
        world.step(day.tick_s)
    return world, points, took


def _planned(world: World, day: Day) -> float:
    seen, began = world.seen(), time.process_time()
    actions = plan(world.wanted, seen, world.now)
    took_ms = (time.process_time() - began) * 1000
    if not day.gather:
        actions = tuple(one for one in actions if not (isinstance(one, Drain) and one.mark == Mark.SURPLUS))
    # One look every five seconds, one a second while a Machine boots or goes.
    is_busy = bool(actions or any(one.state in ("creating", "starting") for one in seen.machines))
    world.tally.calls["list"] += round(day.tick_s / (1.0 if is_busy else 5.0))
    world.apply(actions)
    return took_ms


def quantile(waits: Counter[float], part: float) -> float:
    """Seconds that this part of the joins waited at most."""
    left = part * sum(waits.values())
    for wait_s in sorted(waits):
        left -= waits[wait_s]
        if left <= 0:
            return wait_s
    return 0.0


def measured(day: Day) -> tuple[dict[str, Any], list[Point]]:
    """Simulate, and say what it came to."""
    world, points, took = live(day)
    tally, seconds = world.tally, day.hours * HOUR_S
    waited = Counter({wait_s: number for wait_s, number in tally.waits.items() if wait_s > 0})
    return {
        "players_at_peak": max(point.players for point in points),
        "machines_at_peak": max(point.machines for point in points),
        "joins": tally.came,
        "wait_s": {"p50": quantile(tally.waits, 0.5), "p99": quantile(tally.waits, 0.99), "max": max(tally.waits, default=0.0)},
        "waited_part": round(sum(waited.values()) / max(1, tally.came), 6),
        "of_those_s": {"p50": quantile(waited, 0.5), "p99": quantile(waited, 0.99)},
        "dropped_by_outage": tally.dropped,
        "sent_to_nearest": tally.moved,
        "refused": tally.refused,
        "machine_hours": round(tally.machine_s / HOUR_S, 1),
        "emptying_hours": round(tally.emptying_s / HOUR_S, 1),
        "ideal_hours": round(tally.ideal_s / HOUR_S, 1),
        "against_ideal": round(tally.machine_s / max(1.0, tally.ideal_s), 3),
        "calls_a_second": {name: round(number / seconds, 4) for name, number in sorted(tally.calls.items())},
        "lists_of_limit": round(tally.calls["list"] / seconds / LISTS_A_SECOND, 3),
        "creates_in_one_round": tally.busiest,
        "longest_turn_s": round(tally.turn_s, 1),
        "plan_ms": {"p50": round(sorted(took)[len(took) // 2], 2), "max": round(max(took), 2)},
        "heartbeats_a_second": max(point.machines for point in points),
    }, points


def run(day: Day = A_DAY, *, others: bool = True, tenfold: bool = False, picture: Path | None = None) -> dict[str, Any]:
    """The day; as `others`, the same without gathering players, and a quiet world; as `tenfold`, ten times the players."""
    began = time.process_time()
    found, points = measured(day)
    if picture is not None:
        draw(points, f"A day of {day.players:,} players, planned", (OUTAGE, *OUTAGE_H), picture)
    result: dict[str, Any] = {"bench": "fleet_sim", "seed": day.seed, **found}
    if others:
        result["scattered"] = measured(replace(day, gather=False))[0]
        result["quiet"] = measured(replace(day, players=QUIET))[0]
    if tenfold:
        result["tenfold"] = measured(replace(day, players=day.players * 10))[0]
    result["cpu_s"] = round(time.process_time() - began, 1)
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Simulate a day of the fleet.")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE")
    parser.add_argument("--tenfold", action="store_true", help="also ten times as many players, which takes minutes")
    given = parser.parse_args()
    print(json.dumps(run(tenfold=given.tenfold, picture=given.plot)))
