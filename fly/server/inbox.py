"""What an application has yet to receive from one connection: a queue for one reader that says when it is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fly.asgi import Message

FULL_BYTES = 64 * 1024
FULL_MESSAGES = 64
"""Beyond either the connection reads no more; below half of both it goes on. Enough for a burst, and small for ten thousand sockets."""
READ_BUFFER = memoryview(bytearray(64 * 1024))
"""What a socket reads into, one for all: it is taken out before another one reads. Without it every read makes room for 256 KiB."""


class Inbox:
    """A queue of ASGI events. `full` is a word to whoever fills it: nothing is refused, `more` is called once there is room."""

    __slots__ = ("_bytes", "_items", "_waiter", "full", "more")

    def __init__(self) -> None:
        # Not a deque, which takes 600 bytes while it is empty; nothing waits for long.
        self._items: list[tuple[Message, int]] = []
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self.full = False
        self.more: Callable[[], None] | None = None

    def put_nowait(self, message: Message, size: int = 0) -> None:
        """Add an event; `size` in bytes counts against the bound. Events the server makes itself have no size."""
        self._items.append((message, size))
        self._bytes += size
        if self._bytes > FULL_BYTES or len(self._items) > FULL_MESSAGES:
            self.full = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def take_messages(self) -> list[str | bytes]:
        """The messages that wait, taken out; other events stay for `get`. Whoever takes them says when to read on."""
        items, self._items = self._items, []
        found: list[str | bytes] = []
        self._bytes = 0
        for message, size in items:
            if message["type"] == "websocket.receive":
                text = message.get("text")
                found.append(message["bytes"] if text is None else text)
            else:
                self.put_nowait(message, size)
        return found

    async def get(self) -> Message:
        """The next event; waits for one. This is ASGI's `receive`."""
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        message, size = self._items.pop(0)
        self._bytes -= size
        if self.full and self._bytes <= FULL_BYTES // 2 and len(self._items) <= FULL_MESSAGES // 2:
            self.full = False
            if self.more is not None:
                self.more()
        return message
