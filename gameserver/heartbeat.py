"""The gameserver tells that it lives, every second, on a thread of its own; who listens is a setting.

GAMESERVER_HEARTBEAT and GAMESERVER_RETIRE name the listener's functions. A listener that fails or hangs is logged once and
costs the rooms nothing: the hot path never touches the global database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)
INTERVAL_S = 1.0


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


class Heartbeat:
    """Calls `record` with fresh beats every second, and `retire` once at the end."""

    def __init__(
        self, beats: Callable[[], Sequence[Beat]], record: Callable[[Sequence[Beat]], None], retire: Callable[[Sequence[Beat]], None]
    ) -> None:
        self._beats = beats
        self._record = record
        self._retire = retire
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heartbeat")
        self._under_way: Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False

    def start(self) -> None:
        """Begin; called on the event loop."""
        self._timer = asyncio.get_running_loop().call_later(INTERVAL_S, self.start)
        if self._under_way is None or self._under_way.done():
            self._under_way = self._thread.submit(self._tell, self._record, self._beats())

    async def stop(self) -> None:
        """Say goodbye and end; waits for at most two seconds."""
        if self._timer is not None:
            self._timer.cancel()
        last = asyncio.wrap_future(self._thread.submit(self._tell, self._retire, self._beats()))
        await asyncio.wait([last], timeout=2)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _tell(self, function: Callable[[Sequence[Beat]], None], beats: Sequence[Beat]) -> None:
        try:
            function(beats)
        except Exception as error:  # noqa: BLE001
            if not self._failing:
                log.error("Nobody hears the heartbeat: %r", error)
            self._failing = True
        else:
            if self._failing:
                log.info("The heartbeat is heard again.")
            self._failing = False
