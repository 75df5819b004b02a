"""What the application has yet to receive from one connection, with a bound for the bytes of an open socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
PAUSE_BYTES = 64 * 1024
PAUSE_MESSAGES = 64
RESUME_SHARE = 2


class Inbox:
    """A queue of ASGI events for one reader. Over its bound it asks to pause the source, under half of it to resume."""

    __slots__ = ("_bytes", "_items", "_paused", "_waiter", "pause", "resume")

    def __init__(self) -> None:
        self._items: deque[tuple[Message, int]] = deque()
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self.pause: Callable[[], None] | None = None
        self.resume: Callable[[], None] | None = None

    def put_nowait(self, message: Message, size: int = 0) -> None:
        """Add an event; `size` in bytes counts against the bound."""
        self._items.append((message, size))
        self._bytes += size
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if self.pause and not self._paused and (self._bytes > PAUSE_BYTES or len(self._items) > PAUSE_MESSAGES):
            self._paused = True
            self.pause()

    async def get(self) -> Message:
        """The next event; waits for one. ASGI's `receive`."""
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        message, size = self._items.popleft()
        self._bytes -= size
        if self._paused and self._bytes <= PAUSE_BYTES // RESUME_SHARE and len(self._items) <= PAUSE_MESSAGES // RESUME_SHARE:
            self._paused = False
            if self.resume:
                self.resume()
        return message
