"""How often a room shows something, for any clock."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.cadence import BURST, SHORT_S, Cadence

FRAMES = 30.0
NOW = 1000.0


def shown(cadence: Cadence, began: float, cost_s: float = 0.0) -> None:
    assert cadence.wait_s(began) == 0
    cadence.shown(began, began + cost_s)


def busy(cadence: Cadence, start: float, stop: float, cost_s: float = 0.0) -> list[float]:
    """When frames go of a room that has something to show all the time, as it waits as it is told."""
    times, now = [], start
    while now < stop:
        now += cadence.wait_s(now)
        times.append(now)
        cadence.shown(now, now + cost_s)
        now += cost_s
    return times


def test_a_few_in_a_row_are_not_delayed() -> None:
    """[GS71] A line, its answer, and a word to that: four frames go at once, the fifth waits for what one frame takes."""
    assert BURST == 4
    cadence = Cadence(FRAMES)
    for _ in range(4):
        shown(cadence, NOW)
    assert cadence.wait_s(NOW) == pytest.approx(1 / FRAMES)
    assert cadence.wait_s(NOW + 1 / FRAMES) == pytest.approx(0)


def test_a_pause_brings_them_back() -> None:
    """[GS71] After a pause there are as many again, and after a long one no more than that."""
    cadence = Cadence(FRAMES)
    for now in (NOW, NOW + 4 / FRAMES + 0.001, NOW + 3600):
        for _ in range(4):
            shown(cadence, now)
        assert cadence.wait_s(now) > 0


@pytest.mark.parametrize("frames", [0.5, 20.0, 60.0])
def test_a_busy_room_settles_at_its_worlds_pace(frames: float) -> None:
    """[GS71] Whoever always has something to show does so as often as its world says, evenly, once the first few are gone."""
    times = busy(Cadence(frames), NOW, NOW + 100 / frames)
    assert len(times) == pytest.approx(100 + BURST, abs=1)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[5:])]
    assert min(gaps) == pytest.approx(1 / frames)
    assert max(gaps) == pytest.approx(1 / frames)


def test_a_long_write_leaves_half_as_long_to_others() -> None:
    """[GS71] A write that took a while is followed by half as long without one, however seldom the room shows something."""
    cadence = Cadence(FRAMES)
    shown(cadence, NOW, 0.5)
    assert cadence.wait_s(NOW + 0.5) == pytest.approx(0.25)
    assert cadence.wait_s(NOW + 1.0) == 0


def test_a_short_write_is_not_counted() -> None:
    """[GS71] A write of up to two milliseconds delays nothing."""
    cadence = Cadence(FRAMES)
    shown(cadence, NOW, SHORT_S - 1e-6)
    assert cadence.wait_s(NOW + SHORT_S) == 0


def test_a_room_that_cannot_keep_up_takes_two_thirds_of_the_time() -> None:
    """[GS71] Where every write takes longer than a frame may, a third of the time is still left to everything else."""
    times = busy(Cadence(FRAMES), NOW, NOW + 100, cost_s=0.25)
    assert len(times) == pytest.approx(267, abs=1)


MOMENTS = st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 0.05), st.booleans()), max_size=120)


@given(frames=st.floats(1, 120), moments=MOMENTS)
def test_no_window_has_more_than_its_share(frames: float, moments: list[tuple[float, float, bool]]) -> None:
    """[GS71] However it is called, in any window of t seconds there are no more than four frames and the world's share of t."""
    cadence, now = Cadence(frames), NOW
    times: list[float] = []
    for pause_s, cost_s, patient in moments:
        now += pause_s
        wait_s = cadence.wait_s(now)
        assert 0 <= wait_s <= 1 / frames + 0.05 + 1e-9
        if patient:
            now += wait_s
        elif wait_s:
            continue
        times.append(now)
        cadence.shown(now, now + cost_s)
        now += cost_s
    for start, first in enumerate(times):
        for stop, last in enumerate(times[start:], start + 1):
            assert stop - start <= BURST + frames * (last - first) + 1e-6


@given(frames=st.floats(1, 120), steps=st.lists(st.floats(0, 0.1), max_size=60))
def test_asking_changes_nothing(frames: float, steps: list[float]) -> None:
    """[GS71] How often a room asks makes no difference to when it may."""
    asked, silent, now = Cadence(frames), Cadence(frames), NOW
    for step in steps:
        for _ in range(3):
            asked.wait_s(now)
        assert asked.wait_s(now) == silent.wait_s(now)
        if not silent.wait_s(now):
            for cadence in (asked, silent):
                cadence.shown(now, now)
        now += step


def test_a_clock_that_stands_still_is_no_fault() -> None:
    """[GS71] Moments that are the same, or a little earlier, count as no time at all."""
    cadence = Cadence(FRAMES)
    for _ in range(4):
        shown(cadence, NOW)
    assert cadence.wait_s(NOW - 1) == pytest.approx(1 / FRAMES)
