"""The token bucket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gameserver.engine.bucket import Bucket


def test_a_burst_passes_and_the_next_one_waits() -> None:
    """[EN11] Ten pass at once; the eleventh is told to wait for a fifth of a second, and passes then."""
    bucket = Bucket(5, 10, 0.0)
    assert [bucket.take(0.0) for _ in range(11)] == [0] * 10 + [200]
    assert bucket.take(0.1) == 100
    assert bucket.take(0.2) == 0


def test_rest_does_not_save_up_more_than_a_burst() -> None:
    """[EN11] After an hour of rest ten pass at once, not more."""
    bucket = Bucket(5, 10, 0.0)
    assert sum(bucket.take(3600.0) == 0 for _ in range(50)) == 10


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    """[EN11] A clock that is set back neither fills a bucket nor keeps it shut for longer."""
    bucket = Bucket(5, 1, 100.0)
    assert bucket.take(100.0) == 0
    assert bucket.take(50.0) == 200
    assert bucket.take(100.2) == 0


@given(st.lists(st.floats(0, 3), max_size=60))
def test_whoever_waits_as_told_is_served(pauses: list[float]) -> None:
    """[EN11] The wait that a refusal names is enough, and never more than the time for one token."""
    bucket, now = Bucket(5, 10, 0.0), 0.0
    for pause in pauses:
        now += pause
        wait_ms = bucket.take(now)
        assert 0 <= wait_ms <= 200
        if wait_ms:
            now += wait_ms / 1000
            assert bucket.take(now + 1e-9) == 0


@given(st.floats(1.7e9, 1.8e9), st.sampled_from([0.5, 3.0, 5.0, 7.0, 20.0, 30.0]))
def test_whoever_waits_as_told_is_served_by_the_wall_clock(now: float, rate: float) -> None:
    """[EN11] Seconds since 1970 are no exact numbers; the wait that a refusal names is enough all the same."""
    bucket = Bucket(rate, 1, now)
    for _ in range(20):
        wait_ms = bucket.take(now)
        if wait_ms:
            now += wait_ms / 1000
            assert bucket.take(now) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_no_pattern_gets_more_than_the_rate(pauses: list[float]) -> None:
    """[EN11] In any stretch of time no more passes than the burst and the rate allow."""
    bucket, now, served = Bucket(5, 10, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        served += bucket.take(now) == 0
    assert served <= 10 + 5 * now + 1e-6
