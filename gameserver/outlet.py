"""The way out to one client: prepared bytes straight to its socket, or through ASGI's `send` on a server without ours.

Bounded (R12): a client that does not read is closed with 4002 and comes back by position.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Protocol

from fly.server.frames import prepare_text
from gameserver.engine.errors import Close
from gameserver.engine.protocol import encode

OUTBOX_BYTES = 256 * 1024
"""Bytes that may wait for one client."""
EXTENSION = "fly.socket"


class Prepared:
    """A message made once for any number of clients: its JSON, and its whole frame once somebody needs one."""

    __slots__ = ("_frame", "text")

    def __init__(self, message: dict[str, Any]) -> None:
        self.text: bytes = encode(message)
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """The WebSocket frame of `text`."""
        if self._frame is None:
            self._frame = prepare_text(self.text)
        return self._frame


class Outlet(Protocol):
    """What a member of a room is written to through. Neither method waits or raises."""

    def send(self, *messages: Prepared) -> None:
        """Write messages together, or close with 4002 when more than OUTBOX_BYTES would wait."""
        ...

    def welcome(self, message: Prepared) -> None:
        """Write the first message: however long it is, it is not counted against the bound."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake behind what was written."""
        ...


class SocketOutlet:
    """Through the extension `fly.socket` of our server."""

    __slots__ = ("_bound", "_socket")

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._bound = OUTBOX_BYTES

    def send(self, *messages: Prepared) -> None:
        """See Outlet."""
        frame = messages[0].frame if len(messages) == 1 else b"".join([message.frame for message in messages])
        waiting = self._socket.waiting
        if not waiting:
            self._bound = OUTBOX_BYTES
        elif waiting + len(frame) > self._bound:
            self._socket.close(Close.TOO_SLOW, "too slow")
            return
        self._socket.write(frame)

    def welcome(self, message: Prepared) -> None:
        """See Outlet."""
        # A long gap over a slow line takes its time; closing it for that would bring it back for the same gap.
        self._bound = OUTBOX_BYTES + len(message.frame)
        self._socket.write(message.frame)

    def close(self, code: int, reason: str) -> None:
        """See Outlet."""
        self._socket.close(code, reason)


class QueueOutlet:
    """Through ASGI's `send`, one task a socket: any server, only slower."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._queue: asyncio.Queue[bytes | tuple[int, str]] = asyncio.Queue()
        self._bytes = 0
        self._bound = OUTBOX_BYTES
        self._closing = False
        self._task = asyncio.ensure_future(self._run())

    def send(self, *messages: Prepared) -> None:
        """See Outlet."""
        for message in messages:
            if self._closing:
                return
            if not self._bytes:
                self._bound = OUTBOX_BYTES
            elif self._bytes + len(message.text) > self._bound:
                self.close(Close.TOO_SLOW, "too slow")
                return
            self._bytes += len(message.text)
            self._queue.put_nowait(message.text)

    def welcome(self, message: Prepared) -> None:
        """See Outlet."""
        self.send(message)
        self._bound = OUTBOX_BYTES + len(message.text)

    def close(self, code: int, reason: str) -> None:
        """See Outlet."""
        if not self._closing:
            self._closing = True
            self._queue.put_nowait((int(code), reason))

    def stop(self) -> None:
        """The client is gone."""
        self._closing = True
        self._task.cancel()

    async def _run(self) -> None:
        # A client that is gone is told of by the disconnect event; what could not be sent is of no use to anybody.
        with contextlib.suppress(OSError, RuntimeError):
            while isinstance(item := await self._queue.get(), bytes):
                await self._send({"type": "websocket.send", "text": item.decode()})
                self._bytes -= len(item)
            code, reason = item
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


def outlet_of(scope: Any, send: Any) -> SocketOutlet | QueueOutlet:
    """The best way out that the server offers."""
    extension = scope.get("extensions", {}).get(EXTENSION)
    return SocketOutlet(extension["socket"]) if extension else QueueOutlet(send)


def goodbye(outlet: Outlet, code: Close, text: str, **more: Any) -> None:
    """Say why, then close with that code."""
    outlet.send(Prepared({"type": "bye", "code": int(code), "text": text, **more}))
    outlet.close(int(code), text)
