"""One reader of the list for all lobby sockets of this process: it looks once a second while anybody listens."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from fly.links import region_url
from lobby.listing import Listed, listing, read

log = logging.getLogger(__name__)
INTERVAL_S = 1.0


class Watch:
    """Sets its listeners' events whenever the list has changed. A look that fails is logged once and tried again."""

    def __init__(self, look: Callable[[], list[Listed]] | None = None, interval_s: float = INTERVAL_S) -> None:
        self._look = look or _look
        self._interval_s = interval_s
        self._listeners: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lobby")
        self._regions: list[Listed] | None = None
        self._texts: dict[str, str] = {}

    def add(self, listener: asyncio.Event) -> None:
        """Begin to listen: set at once if others listen and there is a list, else after the first look."""
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())
        elif self._regions is not None:
            listener.set()

    def remove(self, listener: asyncio.Event) -> None:
        """Listen no more."""
        self._listeners.discard(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = self._regions = None

    def text(self, port: str) -> str:
        """The newest list as a message, for browsers that came by `port` (":8001", or nothing). Only after the event was set."""
        text = self._texts.get(port)
        if text is None:
            assert self._regions is not None
            regions = [{**region, "url": region_url(region["code"], port)} for region in self._regions]
            text = self._texts[port] = json.dumps({"type": "lobby", "regions": regions})
        return text

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failing = False
        while True:
            began = loop.time()
            try:
                self._tell(await loop.run_in_executor(self._thread, self._look))
            except Exception as error:  # noqa: BLE001
                if not failing:
                    log.error("The list of regions cannot be read: %r", error)
                failing = True
            else:
                failing = False
            await asyncio.sleep(began + self._interval_s - loop.time())

    def _tell(self, regions: list[Listed]) -> None:
        if regions != self._regions:
            self._regions = regions
            self._texts.clear()
            for listener in self._listeners:
                listener.set()


def _look() -> list[Listed]:
    try:
        return listing(*read(), str)
    finally:
        connection.close_if_unusable_or_obsolete()


watch = Watch()
