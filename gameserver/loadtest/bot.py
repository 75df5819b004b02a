"""One bot: its session, and the sockets that it has one after the other."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from typing import Any

from msgspec import DecodeError

from gameserver.loadtest.link import Link, connect
from gameserver.loadtest.pace import pause_s
from gameserver.loadtest.scenarios import Pilot
from gameserver.loadtest.session import Session
from gameserver.loadtest.tally import Tally
from gameserver.loadtest.target import Target
from gameserver.loadtest.wire import Batch, Message, Reader

HANDSHAKE_S = 15.0
WELCOME_S, LONGEST_WELCOME_S = 10.0, 80.0
"""docs/protocol.md, section 1; a welcome is waited for twice as long each time."""
QUIET_US = 15_000_000
"""Silence after which the room is asked whether it answers."""
ANSWER_US = 10_000_000
STOP = range(4500, 5000)
"""Close codes that mean: do not come back."""


def now_us() -> int:
    """The machine's monotonic clock, the same one in every process."""
    return time.monotonic_ns() // 1000


class Bot:
    """Comes, stays, comes back, until it is told to leave, or by a code to stop. Everything happens on the event loop.

    pilot: speaks for it in bytes; None where it has commands to send.
    """

    def __init__(
        self, session: Session, target: Target, reader: Reader, tally: Tally, rng: random.Random, pilot: Pilot | None = None
    ) -> None:
        self.session = session
        self.is_stopped = False
        self._target = target
        self._reader = reader
        self._tally = tally
        self._rng = rng
        self._pilot = pilot
        self._loop = asyncio.get_running_loop()
        self._link: Link | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._was_in = self._is_open = False
        self._failures = self._slow_welcomes = 0
        self._began_us = self._heard_us = 0
        self._asked_us: int | None = None
        self._back_us: int | None = None
        self._takes = {
            "welcome": self._welcomed,
            "events": self._shown,
            "ephemeral": self._passed,
            "reply": self._replied,
            "status": self._status,
            "error": self._refused,
            "bye": self._bye,
        }

    def enter(self) -> None:
        """Connect; what fails is tried again."""
        self._attempt = self._loop.create_task(self._connect())
        self._attempt.add_done_callback(_check)

    def leave(self) -> None:
        """Go, for good."""
        self.is_stopped = True
        for timer in self._timers.values():
            timer.cancel()
        if self._attempt is not None:
            self._attempt.cancel()
        if self._link is not None:
            self._link.leave()

    def say(self, due_us: int) -> None:
        """Have a command sent that is due at that moment, or what its pilot says."""
        if self._pilot is None:
            self.session.say(due_us)
            self._speak()
        elif self.session.is_in and self._link is not None and (data := self._pilot.speak(due_us)):
            self._link.send_bytes(data)

    def measure(self, *, on: bool) -> None:
        """Have its pilot count what comes from now on, or no more."""
        if self._pilot is not None:
            self._pilot.is_measuring = on

    def look(self) -> None:
        """Ask a room that has been silent whether it answers, and give up a socket that stays silent."""
        now = now_us()
        if not self.session.is_in or self._link is None or now - self._heard_us < QUIET_US:
            self._asked_us = None
        elif self._asked_us is None:
            self._asked_us = now
            self._link.send(self.session.ping())
        elif now - self._asked_us > ANSWER_US:
            self._asked_us = None
            self._link.drop()

    async def _connect(self) -> None:
        self._began_us, self._is_open, self._back_us = now_us(), False, None
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                self._link = await connect(self._target, self)
        except (OSError, TimeoutError):
            self._tally.counts["handshake.nobody"] += 1
            self._come_back()
            return
        self._after("patience", HANDSHAKE_S, self._link.drop)

    # What the link tells

    def opened(self) -> None:
        """See Listener."""
        self._is_open = True
        # Before the task that connected goes on, if the answer was there at once.
        self._loop.call_soon(self._join)

    def _join(self) -> None:
        if self._link is not None:
            self._link.send(self.session.join())
            self._after("patience", min(LONGEST_WELCOME_S, WELCOME_S * 2.0**self._slow_welcomes), self._give_up_welcome)

    def heard(self, payload: bytes | bytearray) -> None:
        """See Listener."""
        self._tally.messages += 1
        self._heard_us = now = now_us()
        if self._pilot is not None:
            self._pilot.read(len(payload))
        try:
            message, batch = self._reader.read(payload)
        except (DecodeError, UnicodeDecodeError):
            self._tally.counts["malformed"] += 1
            return
        take = self._takes.get(message.type)
        if take is not None:
            take(message, batch, now)

    def heard_bytes(self, payload: bytes | bytearray) -> None:
        """See Listener."""
        self._tally.messages += 1
        self._heard_us = now_us()
        if self._pilot is not None:
            self._pilot.read(len(payload))
            try:
                self._pilot.heard(payload, self._heard_us)
            except ValueError:
                self._tally.counts["malformed"] += 1

    def ended(self, code: int, refusal: int | None) -> None:
        """See Listener."""
        self._link = None
        self._stop_timer("patience")
        self.session.gone()
        what = f"closed.{code}" if self._is_open else f"handshake.{refusal or 'broken'}"
        self._tally.counts[what] += 1
        if code in STOP:
            self.is_stopped = True
        else:
            self._come_back()

    # What the room says

    def _welcomed(self, message: Message[Any], batch: Batch, now: int) -> None:
        if not self.session.welcomed(message, batch, now):
            self._drop()
            return
        self._stop_timer("patience")
        self._failures = self._slow_welcomes = 0
        self._tally.joining.record(now - self._began_us)
        self._tally.counts["reconnects" if self._was_in else "entered"] += 1
        self._was_in = True
        if self._pilot is not None and self._pilot.welcomed(message):
            self.session.say(now)
        self._speak()

    def _shown(self, message: Message[Any], batch: Batch, now: int) -> None:
        if not self.session.shown(batch, now):
            self._drop()
        elif self._pilot is not None:
            self._pilot.told(message.events)

    def _passed(self, message: Message[Any], batch: Batch, now: int) -> None:
        self.session.passed(batch, now)
        if self._pilot is not None:
            self._pilot.told(message.events)

    def _refused(self, message: Message[Any], batch: Batch, now: int) -> None:
        self._tally.counts[f"refused.{message.code}"] += 1

    def _replied(self, message: Message[Any], batch: Batch, now: int) -> None:
        self.session.replied(message, now)
        self._speak()

    def _status(self, message: Message[Any], batch: Batch, now: int) -> None:
        self.session.status(message.available)
        self._speak()

    def _bye(self, message: Message[Any], batch: Batch, now: int) -> None:
        if message.retry_ms:
            self._back_us = now + message.retry_ms * 1000

    # What the bot does

    def _speak(self) -> None:
        if self._link is None:
            return
        now = now_us()
        for message in self.session.outgoing(now):
            self._link.send(message)
        wait_us = self.session.wait_us(now)
        if wait_us is None:
            self._stop_timer("speak")
        else:
            self._after("speak", wait_us / 1e6, self._speak)

    def _come_back(self) -> None:
        """When the `bye` said so, to the millisecond, or after a random time."""
        wait_s = pause_s(self._failures, self._rng) if self._back_us is None else max(0.0, (self._back_us - now_us()) / 1e6)
        self._failures += 1
        self._after("enter", wait_s, self.enter)

    def _give_up_welcome(self) -> None:
        self._slow_welcomes += 1
        self._drop()

    def _drop(self) -> None:
        if self._link is not None:
            self._link.drop()

    def _after(self, name: str, wait_s: float, act: Any) -> None:
        self._stop_timer(name)
        self._timers[name] = self._loop.call_later(wait_s, act)

    def _stop_timer(self, name: str) -> None:
        with suppress(KeyError):
            self._timers.pop(name).cancel()


def _check(attempt: asyncio.Task[None]) -> None:
    """An error that nobody thought of ends the process, by the loop's exception handler."""
    if not attempt.cancelled():
        attempt.result()
