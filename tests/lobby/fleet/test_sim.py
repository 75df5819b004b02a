"""The simulated day: a short one, and that nobody is forgotten in it. What it measures is no test's business."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bench import fleet_round, fleet_sim
from bench.fleet_sim import Day, live, quantile
from bench.fleet_world import World

SHORT = Day(players=20_000, tick_s=60.0, places=1000, hours=1.5)


@pytest.fixture(autouse=True)
def early_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paris is out for a part of it."""
    monkeypatch.setattr(fleet_sim, "OUTAGE_H", (0.5, 0.8))


def test_nobody_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came, or was dropped by the outage, is let in, sent away, or still waits; no region has more Machines than it may."""
    step = World.step

    def checked(world: World, seconds: float) -> None:
        step(world, seconds)
        for region, policy in world.wanted.regions.items():
            assert sum(box.region == region and box.state in ("starting", "started") for box in world.boxes.values()) <= policy.maximum
        assert all(0 <= box.players <= SHORT.places for box in world.boxes.values())

    monkeypatch.setattr(World, "step", checked)
    world, points, took = live(SHORT)
    tally = world.tally
    assert tally.came + tally.dropped == sum(tally.waits.values()) + tally.refused + world.pending()
    assert (tally.dropped > 0, tally.moved > 0, world.refusals) == (True, True, {})
    assert max(point.players for point in points) > 5000
    assert len(took) == 90


def test_the_same_seed_is_the_same_day() -> None:
    """A day is its seed: what a figure was measured with can be had again."""
    day = Day(players=300, tick_s=60.0, places=100, hours=0.5)
    first, second = live(day)[0].tally, live(day)[0].tally
    assert (first.came, first.waits, first.calls, first.machine_s) == (second.came, second.waits, second.calls, second.machine_s)


def test_a_day_is_one_line_and_a_picture(tmp_path: Path) -> None:
    """The benchmark prints one line of JSON with its name, and draws one picture."""
    day = Day(players=300, tick_s=60.0, places=100, hours=1.5)
    found = fleet_sim.run(day, others=False, picture=tmp_path / "day.svg")
    assert json.loads(json.dumps(found))["bench"] == "fleet_sim"
    assert (tmp_path / "day.svg").read_text().startswith("<svg")


@pytest.mark.django_db
def test_a_round_can_be_measured() -> None:
    """What a round costs is measured in a setting so small that it measures nothing."""
    found = fleet_round.measured(20)
    assert found["machines"] == 20
    assert all(found[name] > 0 for name in ("list_kib", "read_ms", "look_ms", "plan_ms", "beat_ms"))


def test_quantiles() -> None:
    """A part of the joins waited at most so long."""
    waits = Counter({0.0: 98, 4.0: 1, 9.0: 1})
    assert [quantile(waits, part) for part in (0.5, 0.98, 0.99, 1.0)] == [0.0, 0.0, 4.0, 9.0]
