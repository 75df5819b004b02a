"""One reader of the list for all lobby sockets of this process: it looks once a second while anybody listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from lobby.listing import read
from lobby.models import Gameserver, Region

log = logging.getLogger(__name__)
INTERVAL_S = 1.0
Rows = tuple[list[Region], list[Gameserver]]
Listener = Callable[[Rows], None]


class Watch:
    """Calls its listeners with the rows after every look. A look that fails is logged once and tried again."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lobby")

    def add(self, listener: Listener) -> None:
        """Begin to listen; called on the event loop."""
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())

    def remove(self, listener: Listener) -> None:
        """Listen no more."""
        self._listeners.discard(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def look(self) -> Rows:
        """Read the rows now, on the reader's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _read)

    async def _run(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                rows = await self.look()
            except Exception as error:  # noqa: BLE001
                if not failing:
                    log.error("The list of regions cannot be read: %r", error)
                failing = True
                continue
            failing = False
            for listener in list(self._listeners):
                listener(rows)


def _read() -> Rows:
    try:
        return read()
    finally:
        connection.close_if_unusable_or_obsolete()


watch = Watch()
