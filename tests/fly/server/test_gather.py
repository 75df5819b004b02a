"""A busy loop handles together what comes within a moment; a quiet one handles each event as it comes."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from fly.server import gather
from fly.server.gather import BUSY, WINDOW_S, GatheringSelector, make_loop


class Clock:
    """Time that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Wake:
    """Counts how often was waited for more."""

    def __init__(self) -> None:
        self.waits = 0

    def poll(self, timeout_ms: float) -> list[object]:
        self.waits += 1
        return []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(gather, "monotonic", clock)
    return clock


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    pair = socket.socketpair()
    yield pair
    for end in pair:
        end.close()


@pytest.fixture
def selector(clock: Clock, ends: tuple[socket.socket, socket.socket]) -> Iterator[GatheringSelector]:
    """A selector whose only file can always be read."""
    selector = GatheringSelector()
    ends[0].send(b"x")
    selector.register(ends[1], 1)
    selector._wake = Wake()  # type: ignore[assignment]
    yield selector
    selector.close()


def looks(selector: GatheringSelector, clock: Clock, a_second: float, windows: int, timeout: float | None = None) -> int:
    """Look so many times a second for some windows, an event each; how often it waited for more."""
    before = selector._wake.waits  # type: ignore[attr-defined]
    for _ in range(int(a_second * WINDOW_S * windows)):
        clock.now += 1 / a_second
        assert selector.select(timeout)
    return int(selector._wake.waits - before)  # type: ignore[attr-defined]


def test_a_quiet_loop_never_waits(selector: GatheringSelector, clock: Clock) -> None:
    """[SV60] Below the limit every event is handled as it comes."""
    assert looks(selector, clock, BUSY * 0.8, 20) == 0


def test_a_busy_loop_waits_and_a_quiet_one_stops(selector: GatheringSelector, clock: Clock) -> None:
    """[SV60] Above the limit the loop waits a moment before each look; when less comes it stops doing so, after a pause at once."""
    looks(selector, clock, BUSY * 2, 3)
    assert looks(selector, clock, BUSY * 2, 1) == int(BUSY * 2 * WINDOW_S)
    clock.now += 60
    assert looks(selector, clock, BUSY * 0.5, 4) == 0


def test_what_is_due_is_not_waited_with(selector: GatheringSelector, clock: Clock) -> None:
    """[SV60] With a timer that is due, or callbacks that wait, a busy loop looks at once."""
    looks(selector, clock, BUSY * 2, 3)
    assert looks(selector, clock, BUSY * 2, 1, timeout=0) == 0
    assert looks(selector, clock, BUSY * 2, 1, timeout=0.0005) == 0
    assert looks(selector, clock, BUSY * 2, 1, timeout=1.0) > 0


def test_other_threads_wake_a_loop_that_waits() -> None:
    """[SV60] What a thread hands to the loop is handled while it waits for more, however long that is."""
    loop = make_loop()
    selector = loop._selector  # type: ignore[attr-defined]
    done = threading.Event()

    async def main() -> None:
        woken = asyncio.Event()
        selector._judge = lambda now: setattr(selector, "is_busy", True)
        threading.Thread(target=lambda: loop.call_soon_threadsafe(woken.set)).start()
        await woken.wait()
        done.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "GATHER_S", 3600.0)
        loop.run_until_complete(asyncio.wait_for(main(), 60 * 60 * 2))
    assert done.is_set()
    loop.close()
