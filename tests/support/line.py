"""An open socket of our server in this process, and at the other end of the line a client that reads only when it is told to."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fly.server.framing import Limits
from fly.server.inbox import Inbox
from fly.server.socket import Socket
from tests.fly.server.wire import LIMIT_S, Received

KERNEL_BYTES = 8 * 1024
"""What the kernel is asked to keep for a client that does not read; it takes about twice that."""


async def until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Let the loop turn until a condition holds; returns its value."""
    async with asyncio.timeout(LIMIT_S):
        while not (value := condition()):
            await asyncio.sleep(0.001)
        return value


class Line:
    """Both ends. `socket` and its `inbox` are the server's."""

    def __init__(self) -> None:
        ours, self.client = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        for end in (ours, self.client):
            end.setblocking(False)
        self.ours = ours
        self.inbox = Inbox()
        self.has_ended = False
        self.at_the_end = False
        """Whether the server has hung up, as far as the client has read."""
        self.socket = Socket(self.inbox, self._end)
        self._data = b""

    async def start(self, early: bytes = b"", limits: Limits | None = None) -> Line:
        """Open it; `early` came with the handshake."""
        await self.socket.start(self.ours, b"", early, limits or Limits())
        return self

    def _end(self, _: Socket) -> None:
        self.has_ended = True

    # The client

    def say(self, *frames: bytes) -> None:
        """Send bytes, all in one segment."""
        data = b"".join(frames)
        assert self.client.send(data) == len(data)

    def read(self, most: int = 1 << 20) -> list[Received]:
        """Read what the kernel has for the client, and no more than so many bytes of it: the frames that are whole."""
        try:
            data = self.client.recv(most)
        except BlockingIOError:
            return []
        except ConnectionError:
            data = b""
        self.at_the_end = self.at_the_end or not data
        self._data += data
        found: list[Received] = []
        while (received := self._frame()) is not None:
            found.append(received)
        return found

    async def read_all(self) -> list[Received]:
        """Read until nothing waits for the client any more, neither in the server nor in the kernel."""
        found: list[Received] = []
        while True:
            waiting = self.socket.waiting
            more = self.read()
            found += more
            if not more and not waiting:
                assert not self._data, "half a frame"
                return found
            await asyncio.sleep(0)

    async def frames(self, count: int) -> list[Received]:
        """The next frames, however long they take to come; what comes behind them is kept."""
        found: list[Received] = []
        while len(found) < count:
            received = self._frame()
            if received is not None:
                found.append(received)
                continue
            assert not self.at_the_end, f"hung up after {found}"
            data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.client, 1 << 20), LIMIT_S)
            self.at_the_end = not data
            self._data += data
        return found

    def hang_up(self) -> None:
        """Go without a word."""
        self.client.close()

    def _frame(self) -> Received | None:
        data = self._data
        if len(data) < 2:
            return None
        start, length = 2, data[1]
        if length == 126:
            start = 4
        elif length == 127:
            start = 10
        if start > 2:
            if len(data) < start:
                return None
            (length,) = struct.unpack("!H" if start == 4 else "!Q", data[2:start])
        if len(data) < start + length:
            return None
        self._data = data[start + length :]
        return Received(data[0] & 0x0F, data[start : start + length])

    # The end

    async def end(self) -> None:
        """Leave nothing open."""
        self.socket.abort()
        await until(lambda: self.socket._transport is None, "the end of the connection")
        self.client.close()


@asynccontextmanager
async def lines(count: int = 1, *, early: bytes = b"", limits: Limits | None = None) -> AsyncIterator[list[Line]]:
    """So many open lines."""
    opened: list[Line] = []
    try:
        for _ in range(count):
            opened.append(await Line().start(early, limits))
        yield opened
    finally:
        for line in opened:
            await line.end()
