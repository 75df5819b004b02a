"""The gameserver tells that it lives."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from fly.here import Here
from gameserver import heartbeat as module
from gameserver.beats import beats
from gameserver.heartbeat import INTERVAL_S, Beat, Heartbeat
from tests.gameserver.rooms import PATIENCE_S, until
from tests.gameserver.sockets import Talk, running

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


async def test_off_fly_one_process_serves_every_region() -> None:
    """[GS27] Off Fly there is a beat for every region, and the same room in two regions is two rooms."""
    async with running() as process:
        ewr, cdg = Talk(region="ewr"), Talk(region="cdg")
        await ewr.joined()
        await cdg.joined()
        ewr.send({"cmd": "chat.say", "ref": 1, "text": "in ewr"})
        await ewr.read()
        cdg.send({"cmd": "room.ping", "ref": 1})
        assert (await cdg.read())["type"] == "reply"
        assert [(beat.region, beat.machine, beat.players) for beat in beats(process)] == [("ewr", "local", 1), ("cdg", "local", 1)]
        await ewr.leave()
        await cdg.leave()


async def test_on_fly_a_process_serves_its_own_region() -> None:
    """[GS27] On a Machine there is one beat, of its region."""
    async with running(here=Here("rooms", "148e", "cdg"), regions=("ewr", "cdg")) as process:
        (beat,) = beats(process)
        assert (beat.region, beat.machine, beat.app, beat.players, beat.rooms, beat.draining) == ("cdg", "148e", "rooms", 0, [], False)


async def test_beats_count_players_and_name_the_fullest_rooms_first() -> None:
    """[GS25] A beat holds sockets, players, and the rooms that have any, the fullest first."""
    async with running() as process:
        talks = [Talk("busy"), Talk("busy"), Talk("calm"), Talk("other", region="ewr")]
        for number, talk in enumerate(talks):
            await talk.joined(number)
        await process.owner("cdg", "main")
        beat = beats(process)[1]
        assert (beat.region, beat.players, beat.sockets) == ("cdg", 3, 4)
        assert beat.rooms == [{"slug": "busy", "players": 2}, {"slug": "calm", "players": 1}]
        for talk in talks:
            await talk.leave()
