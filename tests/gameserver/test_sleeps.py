"""A process that slept, by clocks made of numbers: what it may still believe, and whom it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from fly.here import Here
from gameserver import departure, idle
from gameserver.departure import Departure
from gameserver.engine.lease import CLOSE_S, REFUSE_S
from gameserver.idle import Go, Idle
from gameserver.visits import Visits
from tests.gameserver.rooms import PATIENCE_S, Shaky, until
from tests.gameserver.sockets import Talk, running
from tests.gameserver.test_departure import Api

HERE = Here("rooms", "aaaa", "cdg")
HOUR_S = 3600.0


@pytest.fixture
def store() -> Shaky:
    return Shaky()


async def test_sockets_that_wait_for_a_renewal_are_in_after_it(store: Shaky) -> None:
    """[ID9] Who comes to a process that has just woken up waits for its next renewal and is in; without one it is told to come back."""
    now = 1000.0
    async with running(store, here=HERE, regions=("cdg",), clock=lambda: now) as process:
        store.failing = {"renew"}
        await until(lambda: store.count("renew") > 1, "a renewal that fails")
        now += REFUSE_S
        talk = Talk()
        await until(lambda: process.is_opening, "somebody to wait")
        store.failing = set()
        await talk.joined()
        await talk.leave()


async def test_the_clock_on_the_wall_tells_of_a_sleep_too(store: Shaky) -> None:
    """[ID9] Where the steady clock stood still the one on the wall runs ahead by seconds, and the leases are that much older."""
    wall = 5000.0
    async with running(store, here=HERE, regions=("cdg",), clock=lambda: 1000.0, wall=lambda: wall) as process:
        talk = Talk()
        await talk.joined()
        wall += 1.9
        process.renewal.look()
        assert process.decides()
        wall -= 60.0
        process.renewal.look()
        assert process.decides()
        wall += 60.0
        process.renewal.look()
        assert not process.decides()
        bye, code = await talk.closed()
        assert bye is not None
        assert (code, "asleep" in bye["text"]) == (4003, True)
        await talk.leave()


async def test_a_renewal_that_was_slept_over(store: Shaky) -> None:
    """[ID9] An answer that the database gave before the sleep proves nothing behind it, though the steady clock stood still."""
    wall = 5000.0
    async with running(store, here=HERE, regions=("cdg",), clock=lambda: 1000.0, wall=lambda: wall) as process:
        asked = store.shut("renew")
        before = store.count("renew")
        await until(lambda: store.count("renew") > before, "a renewal to be under way")
        wall += HOUR_S
        process.renewal.look()
        again = store.shut("renew")
        asked.set()
        await until(lambda: store.count("renew") > before + 1, "its answer, and the next renewal")
        assert not process.decides()
        again.set()
        await until(process.decides, "an answer of the present")


class Freezer(Api):
    """An API that suspends the process that asks, by its clocks: `sleep` moves them on."""

    def __init__(self, store: Shaky, sleep: Callable[[], None]) -> None:
        super().__init__()
        self.renewals = 0
        self._store, self._sleep = store, sleep

    async def suspend(self, id: str) -> None:
        await super().suspend(id)
        self._sleep()
        self.renewals = self._store.count("renew")


@pytest.mark.parametrize("steady", [HOUR_S, CLOSE_S, 0.0], ids=["an hour", "just too long", "an hour that only the wall knows of"])
async def test_nobody_is_let_in_on_what_was_proven_before(store: Shaky, monkeypatch: pytest.MonkeyPatch, steady: float) -> None:
    """[ID7] [ID9] Resumed by the API's order it has renewed its leases before it is open again, by whichever clock the sleep went on."""
    clocks = {"steady": 1000.0, "wall": 5000.0}

    def sleep() -> None:
        clocks["steady"] += steady
        clocks["wall"] += steady or HOUR_S

    async def slept() -> None:
        pass

    monkeypatch.setattr(departure, "_slept", slept)
    async with running(store, here=HERE, regions=("cdg",), clock=lambda: clocks["steady"], wall=lambda: clocks["wall"]) as process:
        process.is_draining = True
        api = Freezer(store, sleep)
        await asyncio.wait_for(Departure(process, 0.1, lambda: None, lambda: api).go(), PATIENCE_S)  # type: ignore[arg-type,return-value]
        assert store.count("renew") > api.renewals
        assert (process.decides(), process.is_draining) == (True, False)
        talk = Talk()
        await talk.joined()
        await talk.leave()


@pytest.mark.parametrize(("steady_s", "wall_s"), [(HOUR_S, HOUR_S), (0.0, HOUR_S)], ids=["frozen", "on a disk"])
async def test_whoever_woke_it_is_waited_for(store: Shaky, monkeypatch: pytest.MonkeyPatch, steady_s: float, wall_s: float) -> None:
    """[ID2] Suspended or frozen by anybody, as by the proxy, it has the grace of a start; a moment in which it was busy is no sleep."""
    monkeypatch.setattr(idle, "GRACE_S", 30.0)
    clocks = {"steady": 1000.0, "wall": 5000.0}

    def passed(seconds: float, wall: float | None = None) -> bool:
        """Whether it goes after that."""
        clocks["steady"] += seconds
        clocks["wall"] += seconds if wall is None else wall
        return isinstance(watch.look(), Go)

    async def nobody() -> int:
        return 0

    async def go() -> None:
        pass

    async with running(store, here=HERE, regions=("cdg",)) as process:
        watch = Idle(process, 5.0, nobody, go, Visits(), lambda: clocks["steady"], lambda: clocks["wall"])
        assert not any(passed(1.0) for _ in range(29))
        assert not passed(steady_s, wall_s)
        assert not any(passed(1.0) for _ in range(29))
        assert passed(1.0)
        assert passed(1.9)
