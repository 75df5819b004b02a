"""The gameserver tells that it lives."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from gameserver import heartbeat as module
from gameserver.heartbeat import INTERVAL_S, Beat, Heartbeat
from tests.gameserver.rooms import PATIENCE_S, until

BEAT = Beat("cdg", "m1", "rooms", 1.0, 0, [], 0, False)


class Listener:
    """Keeps what it was told, and by which thread; fails or hangs as told."""

    def __init__(self) -> None:
        self.recorded: list[Sequence[Beat]] = []
        self.retired: list[Sequence[Beat]] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self.calls = 0
        self.gate = threading.Event()
        self.gate.set()

    def record(self, beats: Sequence[Beat]) -> None:
        self.calls += 1
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        self.recorded.append(beats)

    def retire(self, beats: Sequence[Beat]) -> None:
        self.retired.append(beats)


def beating(listener: Listener, **options: Any) -> Heartbeat:
    return Heartbeat(lambda: [BEAT], listener.record, listener.retire, interval_s=0.005, **options)


async def test_it_beats_and_says_goodbye() -> None:
    """[GS25] It beats at once and again and again, on one thread of its own, and retires once."""
    assert INTERVAL_S == 1
    listener = Listener()
    heartbeat = beating(listener)
    heartbeat.start()
    await until(lambda: len(listener.recorded) >= 3)
    await heartbeat.stop()
    assert listener.recorded[0] == [BEAT]
    assert listener.threads == {"heartbeat"}
    assert listener.retired == [[BEAT]]
    assert not heartbeat._thread.is_alive()


async def test_a_listener_that_fails_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """[GS25] However often it fails there is one line, and one more when it is heard again."""
    caplog.set_level("INFO")
    listener = Listener()
    listener.error = OSError("no database")
    heartbeat = beating(listener)
    heartbeat.start()
    await until(lambda: listener.calls >= 4)
    assert caplog.text.count("Nobody hears the heartbeat") == 1
    listener.error = None
    await until(lambda: "heard again" in caplog.text)
    await heartbeat.stop()
    assert caplog.text.count("heard again") == 1


async def test_a_listener_that_hangs_holds_nothing_up(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS25] A listener that does not answer is logged once, gets no queue of old beats, and does not hold up the end."""
    monkeypatch.setattr(module, "HANGING_S", 0.02)
    listener = Listener()
    listener.gate.clear()
    heartbeat = beating(listener)
    heartbeat.start()
    await until(lambda: "no answer" in caplog.text)
    assert listener.calls == 1
    await heartbeat.stop(0.01)
    assert listener.retired == []
    assert heartbeat._thread.daemon
    listener.gate.set()
    await until(lambda: not heartbeat._thread.is_alive())
    assert caplog.text.count("Nobody hears the heartbeat") == 1
