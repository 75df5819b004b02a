"""Our side of the rate limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fly.machines import MachinesError
from fly.machines.limits import GET, USUAL, Limits, rate_of
from tests.fly.machines.far import ID, MACHINE, Far, reply


def test_the_rates() -> None:
    """[MC20] Get Machine has 5 a second and a burst of 10; everything else 1 and 3."""
    assert (rate_of("get"), GET.per_s, GET.burst) == (GET, 5.0, 10)
    assert (rate_of("start"), USUAL.per_s, USUAL.burst) == (USUAL, 1.0, 3)


@given(st.sampled_from(["get", "start"]), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_window_has_more(action: str, gaps: list[float]) -> None:
    """[MC20] In no stretch of time more requests are sent than the burst and what the rate adds, and they keep their order."""
    limits, now, sent = Limits(), 0.0, []
    for gap in gaps:
        now += gap
        sent.append(now + limits.take(action, ID, now, 1e9))
    rate = rate_of(action)
    assert sent == sorted(sent)
    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= rate.burst + (sent[last] - start) * rate.per_s + 1e-6


def test_nobody_waits_without_need() -> None:
    """[MC20] A burst goes at once, then one a second, and after a rest a burst again; another Machine and another action have their own."""
    limits = Limits()
    assert [limits.take("start", "a", 0.0, 60) for _ in range(5)] == [0, 0, 0, 1, 2]
    assert limits.take("start", "b", 0.0, 60) == 0
    assert limits.take("stop", "a", 0.0, 60) == 0
    assert [limits.take("start", "a", 100.0, 60) for _ in range(4)] == [0, 0, 0, 1]


def test_who_has_no_patience_takes_nothing() -> None:
    """[MC20] A turn that comes too late is not taken, so that nobody behind waits for it."""
    limits = Limits()
    assert [limits.take("start", "a", 0.0, 60) for _ in range(4)][-1] == 1
    assert [limits.take("start", "a", 0.0, 1) for _ in range(9)] == [2.0] * 9
    assert limits.take("start", "a", 0.0, 60) == 2


def test_buckets_are_bounded() -> None:
    """[MC20] As many buckets are kept as are said; full ones go first, then the one nearest to it."""
    limits = Limits(most=10)
    for number in range(100):
        limits.take("start", f"m{number}", number * 0.01, 60)
        assert len(limits) <= 10
    limits = Limits(most=2)
    for _ in range(3):
        limits.take("start", "busy", 0.0, 60)
    for number in range(20):
        limits.take("start", f"m{number}", 0.0, 60)
    assert limits.take("start", "busy", 0.0, 60) == 1


async def test_the_client_waits_its_turn() -> None:
    """[MC20] Five starts of one Machine at once take two seconds; nobody is refused by the API for it."""
    far = Far(reply(200, {}))
    async with far.client() as fly:
        for _ in range(5):
            await fly.start(ID)
    assert [at - 1000 for at in far.times] == [0, 0, 0, 1, 2]


async def test_a_turn_that_comes_too_late() -> None:
    """[MC20] Whoever would wait longer than the call may take gets an error with status 429 and code own_rate, and nothing is sent."""
    far = Far(reply(200, MACHINE))
    async with far.client() as fly:
        for _ in range(200):
            fly._limits.take("get", ID, far.now, 1e9)
        with pytest.raises(MachinesError) as caught:
            await fly.get(ID)
    assert (caught.value.status, caught.value.code) == (429, "own_rate")
    assert far.requests == []
