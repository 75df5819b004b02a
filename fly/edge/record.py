"""What the API knows of a Machine: state, versions, events, config, lease; and whoever waits for it to change."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from fly.edge.api.states import State, reached

MAX_EVENTS = 40


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `timestamp_ms` since the epoch, `source` is user, flyd or proxy."""

    type: str
    status: str
    source: str
    timestamp_ms: int
    request: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody's right to change a Machine alone, until `expires_at` (seconds since the epoch)."""

    nonce: str
    expires_at: float
    owner: str
    description: str
    version: str


class LeaseHeld(Exception):
    """Another one has the lease; the message is Fly's."""


@dataclass(eq=False, slots=True)
class Record:
    """The API's entry for a Machine. Times in seconds since the epoch."""

    name: str
    config: dict[str, Any]
    state: State = "created"
    version: int = 1
    cordoned: bool = False
    host_status: str = "ok"
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))
    _lease: Lease | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, state: State, type: str, source: str, request: dict[str, Any] | None = None) -> None:
        """It is in this state from now on, and that is an event."""
        self.state, self.updated_at = state, time.time()
        self.events.appendleft(Event(type, state, source, int(self.updated_at * 1000), request))
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, timeout_s: float) -> None:
        """Wait until something changes. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._changed.wait()

    async def until(self, wanted: frozenset[str], timeout_s: float) -> None:
        """Wait until it is in one of these states. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not reached(self.state, wanted):
                await self._changed.wait()

    def lease(self) -> Lease | None:
        """The lease that runs; None when there is none or it has run out."""
        if self._lease is not None and self._lease.expires_at <= time.time():
            self._lease = None
        return self._lease

    def take_lease(self, ttl_s: float, description: str, nonce: str, owner: str, version: str) -> Lease:
        """A new lease, or with the nonce of the one that runs the same for longer. Raises LeaseHeld."""
        held = self.lease()
        if held is not None and held.nonce != nonce:
            raise LeaseHeld(self._held(held))
        self._lease = Lease(held.nonce if held else secrets.token_hex(6), time.time() + ttl_s, owner, description, version)
        return self._lease

    def give_lease(self, nonce: str) -> bool:
        """End the lease with this nonce; False when there is none. Raises LeaseHeld for another's."""
        held = self.lease()
        if held is None:
            return False
        self.check_lease(nonce)
        self._lease = None
        return True

    def check_lease(self, nonce: str) -> None:
        """Raises LeaseHeld when somebody else has the lease."""
        held = self.lease()
        if held is not None and held.nonce != nonce:
            raise LeaseHeld(self._held(held))

    def _held(self, held: Lease) -> str:
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(held.expires_at))
        return f"failed_precondition: machine lease currently held by {held.owner}, expires at {until}"


def exit_event(code: int | None, *, is_asked: bool) -> dict[str, Any] | None:
    """What the event of an exit says of the process; None when there was none."""
    if code is None:
        return None
    number, status = (-code, 128 - code) if code < 0 else (0, code)
    about = {"exit_code": status, "signal": number or -1, "requested_stop": is_asked, "oom_killed": False, "restarting": False}
    return {"exit_event": about}
