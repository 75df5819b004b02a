"""What the load test counts and measures with: histograms, tallies, processor time, and how many bots fit."""

from __future__ import annotations

import os
import random
import resource
from pathlib import Path

import pytest

from gameserver.loadtest import files
from gameserver.loadtest.cpu import Meter, NoProcess
from gameserver.loadtest.histogram import MAX_US, SIZE, STEPS, Histogram, bucket_of, longest_of
from gameserver.loadtest.tally import LOSSES, Tally, losses


def histogram_of(*times_us: int) -> Histogram:
    histogram = Histogram()
    for time_us in times_us:
        histogram.record(time_us)
    return histogram


def test_a_bucket_is_a_128th_wide() -> None:
    """[LT2] A bucket's longest time is never below one that is in it, and less than a 128th above it; short times have one bucket each."""
    rng = random.Random(1)
    for value in [*range(5000), *(rng.randrange(1 << rng.randint(1, 36)) for _ in range(20_000)), MAX_US]:
        longest = longest_of(bucket_of(value))
        assert value <= longest < value + max(1, value / STEPS)
        assert bucket_of(longest) == bucket_of(value)


def test_buckets_are_in_order_without_a_hole() -> None:
    """Each bucket begins where the one before ends, up to the last one."""
    assert bucket_of(0) == 0
    assert [bucket_of(longest_of(bucket)) for bucket in range(SIZE)] == list(range(SIZE))
    assert [bucket_of(longest_of(bucket) + 1) for bucket in range(SIZE - 1)] == list(range(1, SIZE))
    assert longest_of(SIZE - 1) == MAX_US


def test_percentiles() -> None:
    """[LT2] A percentile is the time that so many were not longer than: the nearest rank, exact for short times."""
    histogram = histogram_of(*range(1, 101))
    assert [histogram.percentile(part) for part in (0.5, 0.95, 0.99, 1.0, 0.0)] == [50, 95, 99, 100, 1]
    assert (histogram.count, histogram.longest_us) == (100, 100)


@pytest.mark.parametrize("seed", range(5))
def test_percentiles_have_a_bounded_error(seed: int) -> None:
    """[LT2] Of long times a percentile is never too short, and too long by less than a 128th."""
    rng = random.Random(seed)
    times = sorted(int(rng.lognormvariate(9, 2)) for _ in range(2000))
    histogram = histogram_of(*times)
    for part, rank in ((0.5, 1000), (0.95, 1900), (0.99, 1980)):
        exact, found = times[rank - 1], histogram.percentile(part)
        assert found is not None
        assert exact <= found < exact + max(1, exact / STEPS)
    assert histogram.percentile(1.0) == times[-1]


def test_no_times_have_no_percentile() -> None:
    """Where nothing was measured nothing is said."""
    assert Histogram().percentile(0.5) is None


def test_times_out_of_range() -> None:
    """What is below nothing counts as nothing, what is too long as the longest."""
    histogram = histogram_of(-5, MAX_US + 9)
    assert (histogram.percentile(0.5), histogram.percentile(1.0)) == (0, MAX_US)


def test_histograms_add_up() -> None:
    """[LT2] Two histograms put together are what one would have been."""
    times = [random.Random(2).randrange(10_000_000) for _ in range(1000)]
    whole, one, other = histogram_of(*times), histogram_of(*times[:300]), histogram_of(*times[300:])
    one.add(other.sparse(), other.longest_us)
    assert (one.buckets, one.longest_us) == (whole.buckets, whole.longest_us)


def test_steps_of_processes_add_up() -> None:
    """[LT2] What processes tell in steps adds up, each step once; what begins with a name is found by it."""
    process, command = Tally(), Tally()
    process.counts.update({"ok": 2, "refused.rate": 1, "gap": 3})
    process.messages = 7
    process.delivery.record(100)
    command.add(process.take())
    process.counts["ok"] += 1
    process.messages += 1
    process.delivery.record(300)
    process.reply.record(5)
    for _ in range(2):
        command.add(process.take())
    assert command.counts == {"ok": 3, "refused.rate": 1, "gap": 3, "messages": 8}
    assert command.under("refused") == {"rate": 1}
    assert (command.delivery.count, command.delivery.longest_us, command.reply.count) == (2, 300, 1)
    assert losses(command.counts) == {**dict.fromkeys(LOSSES, 0), "gap": 3}


# Processor time


def stat(folder: Path, utime: int, stime: int, began: int) -> None:
    """A process 7 with a nasty name, as proc(5) has it."""
    (folder / "7").mkdir(exist_ok=True)
    fields = ["S", *"1" * 10, str(utime), str(stime), *"0000", "9", "0", str(began), "0"]
    (folder / "7" / "stat").write_text(f"7 (a) b (c) {' '.join(fields)}\n")


def test_processor_time_of_a_process(tmp_path: Path) -> None:
    """[LT9] What a process used is user and system time since the start of measuring."""
    ticks = os.sysconf("SC_CLK_TCK")
    stat(tmp_path, 10 * ticks, 5 * ticks, 42)
    meter = Meter(7, tmp_path)
    stat(tmp_path, 11 * ticks, 5 * ticks, 42)
    meter.start()
    stat(tmp_path, 13 * ticks, 6 * ticks, 42)
    assert meter.used_s() == 3.0


def test_processor_time_of_a_process_that_ended(tmp_path: Path) -> None:
    """[LT9] A process that ended, or another one of its number, has used nothing that is known."""
    stat(tmp_path, 1, 1, 42)
    meter = Meter(7, tmp_path)
    stat(tmp_path, 1, 1, 43)
    assert meter.used_s() is None
    (tmp_path / "7" / "stat").unlink()
    assert meter.used_s() is None
    with pytest.raises(NoProcess, match="There is no process 7 on this machine"):
        Meter(7, tmp_path)


def test_processor_time_of_this_process() -> None:
    """The system's own file is read."""
    used_s = Meter(os.getpid()).used_s()
    assert used_s is not None
    assert used_s >= 0


# Files


def test_how_many_bots_fit() -> None:
    """[LT10] Each process has a few files besides its sockets."""
    assert files.fitting(1024, 2) == (1024 - files.RESERVE) * 2
    assert files.fitting(10, 2) == 0


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limits of this process, the last one of them valid."""
    found = [(256, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda what: found[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: found.append(limit))
    return found


def test_the_limit_is_raised(limits: list[tuple[int, int]]) -> None:
    """[LT10] As many files may be open as the system allows at all."""
    assert files.raise_limit() == 4096
    assert limits[-1] == (4096, 4096)


def test_a_limit_that_is_none(limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """[LT10] Without a limit as many bots fit as anybody wants; where the system does not take that, it stays what it is."""
    limits.append((256, resource.RLIM_INFINITY))
    assert files.raise_limit() > 1_000_000

    def refuse(what: int, limit: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    limits.append((256, resource.RLIM_INFINITY))
    assert files.raise_limit() == 256
