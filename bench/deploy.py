"""A rolling deploy of three regions with two Machines each, under people who talk. `python -m bench.deploy`.

The emulator's Machines API gives one Machine after the other another BUILD, as `fly deploy` does with `max_unavailable = 1`. In the middle
each region has a Machine of the old release beside one of the new, and newcomers open rooms; `side_by_side`: who is with which.
`lost`: lines without a reply at the end, which is to be 0. `gap_ms`: from the last thing that somebody heard to the next welcome, a line's
pace included; its goal is a second at the 99th percentile. `cut_gap_ms`, in the same run: all connections break, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.support.deploy import NEW, OLD, Deploy, Talker
from tests.support.emulator import Running, running
from tests.support.returning import until

REGIONS = ("ewr", "nrt", "cdg")
PEOPLE = int(os.environ.get("PEOPLE", "20"))
"""In each region, in ROOMS rooms."""
ROOMS = 4
LATE = 3
"""Newcomers in each region, in the middle, each with a room of its own."""
PACE_S = 0.5
GOAL_MS = 1000


def percentiles(gaps: list[float]) -> dict[str, int]:
    """In ms."""
    quantiles = statistics.quantiles([gap * 1000 for gap in gaps], n=100, method="inclusive")
    return {"p50": round(quantiles[49]), "p99": round(quantiles[98]), "most": round(max(gaps) * 1000)}


class Crowd:
    """Everybody who talks, in all regions. `middle`: the releases that they were with in the middle of the deploy."""

    def __init__(self, fly: Running) -> None:
        self.fly = fly
        self.ports = {region: fly.port(region) for region in REGIONS}
        self.talkers: list[Talker] = []
        self.middle: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, people: int, rooms: int, prefix: str) -> None:
        """So many more in each region, in so many rooms; returns when everybody, old and new, has been answered again."""
        newcomers = [
            Talker(self.ports[region], region, f"{prefix}-{number % rooms}", PACE_S) for region in REGIONS for number in range(people)
        ]
        self.talkers += newcomers
        self._tasks += [asyncio.ensure_future(talker.run()) for talker in newcomers]
        at = [len(talker.replies) for talker in self.talkers]
        await until(lambda: all(len(one.replies) > count + 2 for one, count in zip(self.talkers, at, strict=True)), "everybody to talk")

    async def cut(self) -> list[float]:
        """All connections break, and nothing else: the gaps."""
        for region in REGIONS:
            await asyncio.to_thread(self.fly.order, "cut", region)
        await until(lambda: all(talker.gaps for talker in self.talkers), "everybody to be back")
        gaps = [gap for talker in self.talkers for gap in talker.gaps]
        for talker in self.talkers:
            talker.gaps.clear()
        return gaps

    async def half(self) -> None:
        """In the middle of the deploy others come, with rooms of their own, and both releases serve for a while."""
        await self.come(LATE, LATE, "late")
        self.middle = [talker.builds[-1] for talker in self.talkers]

    async def end(self) -> int:
        """Wait until all are with the new release and have their last reply; how many found a promise broken."""
        await until(lambda: all(talker.builds[-1] == NEW for talker in self.talkers), "everybody to be with the new release")
        for talker in self.talkers:
            talker.is_talking = False
        await until(lambda: all(talker.is_answered for talker in self.talkers), "the last replies")
        broken = sum(task.done() for task in self._tasks)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return broken


async def run() -> dict[str, object]:
    """Measure."""
    options = ("--regions", ",".join(REGIONS), "--machines", "2")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "fly", *options, env={"BUILD": OLD}) as fly:
        crowd = Crowd(fly)
        await crowd.come(PEOPLE, ROOMS, "room")
        cuts = await crowd.cut()
        began = time.monotonic()
        async with Deploy(fly) as deploy:
            await deploy.rolling([f"{region}/{number}" for number in (1, 2) for region in REGIONS], NEW, crowd.half)
        took_s = time.monotonic() - began
        broken = await crowd.end()
    return {**report(crowd, cuts), "broken_promises": broken, "deploy_s": round(took_s, 1)}


def report(crowd: Crowd, cuts: list[float]) -> dict[str, object]:
    """What is told of a crowd; `cuts`: the gaps when only the connections broke, against which the deploy's are set."""
    gaps = [gap for talker in crowd.talkers for gap in talker.gaps]
    found, cut = percentiles(gaps), percentiles(cuts)
    return {
        "bench": "deploy",
        "regions": len(REGIONS),
        "machines": 2 * len(REGIONS),
        "people": len(crowd.talkers),
        "lines": sum(talker.said for talker in crowd.talkers),
        "lost": sum(talker.said - len(talker.replies) for talker in crowd.talkers),
        "reconnects": len(gaps),
        "gap_ms": found,
        "gap_goal_ms": GOAL_MS,
        "within_goal": found["p99"] < GOAL_MS,
        "cut_gap_ms": cut,
        "p99_against_cut": round(found["p99"] / cut["p99"], 2),
        "pace_ms": round(PACE_S * 1000),
        "side_by_side": {build: crowd.middle.count(build) for build in (OLD, NEW)},
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run())))
