"""The gameserver tells that it lives, every second, on a thread of its own; who listens is a setting.

GAMESERVER_HEARTBEAT and GAMESERVER_RETIRE name the listener's functions. A listener that fails or hangs is logged once and
costs the rooms nothing: the hot path never touches the global database.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

log = logging.getLogger(__name__)
INTERVAL_S = 1.0
STOP_S = 2.0
HANGING_S = 5.0
"""A listener that is silent for so long is logged as one that fails."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One process's word about one region it serves. `rooms`: [{"slug", "players"}], the fullest first."""

    region: str
    machine: str
    app: str
    started_at: float
    players: int
    rooms: list[dict[str, Any]]
    sockets: int
    draining: bool


Listener = Callable[[Sequence[Beat]], None]


class Heartbeat:
    """Calls `record` with fresh beats every second, and `retire` once at the end."""

    def __init__(
        self,
        beats: Callable[[], Sequence[Beat]],
        record: Callable[[Sequence[Beat]], None],
        retire: Callable[[Sequence[Beat]], None],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._beats = beats
        self._record = record
        self._retire = retire
        self._interval_s = interval_s
        self._work: queue.SimpleQueue[tuple[Listener, Sequence[Beat]] | None] = queue.SimpleQueue()
        # A daemon: a listener that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._timer: asyncio.TimerHandle | None = None
        self._busy_since: float | None = None
        self._failing = False

    def start(self) -> None:
        """Begin; called on the event loop."""
        self._thread.start()
        self._beat()

    async def stop(self, timeout_s: float = STOP_S) -> None:
        """Say goodbye and end, for at most `timeout_s`."""
        if self._timer is not None:
            self._timer.cancel()
        self._work.put((self._retire, self._beats()))
        self._work.put(None)
        await asyncio.to_thread(self._thread.join, timeout_s)

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._interval_s, self._beat)
        # Read once: the thread sets it to None when it is done.
        busy_since = self._busy_since
        if busy_since is None:
            self._busy_since = loop.time()
            self._work.put((self._record, self._beats()))
        elif loop.time() - busy_since > HANGING_S:
            self._failed(f"no answer for {HANGING_S:g} s")

    # On the thread

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            listener, beats = item
            try:
                listener(beats)
            except Exception as error:  # noqa: BLE001
                self._failed(repr(error))
                # The next beat begins with a new connection; while all goes well one is kept, because making it costs more than a beat.
                connections.close_all()
            else:
                if self._failing:
                    log.info("The heartbeat is heard again.")
                self._failing = False
            self._busy_since = None
        connections.close_all()

    def _failed(self, why: str) -> None:
        if not self._failing:
            log.error("Nobody hears the heartbeat: %s", why)
        self._failing = True
