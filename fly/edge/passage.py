"""Bytes on their way to a writer: at once in clear weather, else each at the moment its lane says, in order, bounded (ED36, ED52)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from fly.edge.weather import Lane

UNDER_WAY_BYTES = 1024 * 1024
"""Under way in one direction at most: what a long cable holds. Then nothing more is read."""
PIECE_BYTES = 256
"""What a piece costs besides its bytes, so that many small ones are bounded too."""


class Loop(Protocol):
    """The part of an event loop that tells the time and keeps appointments."""

    def time(self) -> float:
        """Seconds."""
        ...

    def call_at(self, when: float, callback: Callable[[], Any]) -> asyncio.TimerHandle:
        """Call back at that time."""
        ...


class Passage:
    """The way to one writer. `lane` says what the weather does; `delay_s` comes on top: the way through a cable between regions."""

    def __init__(self, writer: asyncio.StreamWriter, lane: Lane, loop: Loop | None = None) -> None:
        self.writer = writer
        self.lane = lane
        self.delay_s = 0.0
        self.size_bytes = 0
        self._loop: Loop = loop or asyncio.get_running_loop()
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._moved = asyncio.Event()

    async def send(self, data: bytes) -> None:
        """Send bytes after all that were sent before; waits while the other side does not read or too much is under way.

        Raises ConnectionError when the other side is gone.
        """
        if self._pieces or self.delay_s or not self.lane.sky.is_clear:
            await self._send_late(data)
        else:
            self.writer.write(data)
            await self.writer.drain()

    async def _send_late(self, data: bytes) -> None:
        self._put(data)
        await self.writer.drain()
        while self.size_bytes > UNDER_WAY_BYTES:
            await self._move()

    async def end(self) -> None:
        """Send the end of this direction after all bytes; returns when it is there."""
        if self._pieces or self.delay_s or not self.lane.sky.is_clear:
            self._put(b"")
            await self.arrived()
        else:
            _end(self.writer)

    async def arrived(self) -> None:
        """Wait until nothing is under way."""
        while self._pieces:
            await self._move()

    def drop(self) -> None:
        """Lose what is under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pieces.clear()
        self.size_bytes = 0
        self._moved.set()

    def _put(self, data: bytes) -> None:
        start = 0
        for size, due_ms in self.lane.travel(self._loop.time() * 1000, len(data)):
            self._pieces.append((due_ms / 1000 + self.delay_s, data[start : start + size]))
            self.size_bytes += size + PIECE_BYTES
            start += size
        if self._timer is None:
            self._timer = self._loop.call_at(self._pieces[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._pieces and self._pieces[0][0] <= now:
            data = self._pieces.popleft()[1]
            self.size_bytes -= len(data) + PIECE_BYTES
            if self.writer.transport.is_closing():
                continue
            if data:
                self.writer.write(data)
            else:
                _end(self.writer)
        if self._pieces:
            self._timer = self._loop.call_at(self._pieces[0][0], self._deliver)
        self._moved.set()

    async def _move(self) -> None:
        self._moved.clear()
        await self._moved.wait()


def _end(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.write_eof()
