"""The way out to one client: prepared bytes straight to its socket, or through ASGI's `send` on a server without ours.

An outlet neither waits nor refuses: what may wait for a client is bounded by its `gameserver.backlog`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from fly.server.audience import Audience, Watcher
from fly.server.frames import prepare, prepare_text
from gameserver.engine.errors import Close
from gameserver.engine.protocol import encode

EXTENSION = "fly.socket"
FILLER = "gameserver.filler"
"""In the extensions of a scope, where no client can put it: this socket is a bot's of this process. See gameserver.fillers."""


class Prepared:
    """A message made once for any number of clients: its JSON, and its whole frame once somebody needs one."""

    __slots__ = ("_frame", "message", "text")

    def __init__(self, message: dict[str, Any], text: bytes | None = None) -> None:
        self.message = message
        self.text: bytes = encode(message) if text is None else text
        self._frame: bytes | None = None

    @classmethod
    def of(cls, text: bytes) -> Prepared:
        """One whose JSON is there already."""
        return cls(msgspec.json.decode(text), text)

    @property
    def frame(self) -> bytes:
        """The WebSocket frame of `text`."""
        if self._frame is None:
            self._frame = prepare_text(self.text)
        return self._frame

    @property
    def passes(self) -> bool:
        """Whether it is worth nothing to whoever gets it late."""
        return bool(self.message["type"] == "ephemeral")

    def after(self, seq: int) -> Prepared | None:
        """The message without events up to `seq`; None if nothing is left of it."""
        events = self.message["events"] if self.message["type"] == "events" else ()
        if not events or events[0]["seq"] > seq:
            return self
        late = [event for event in events if event["seq"] > seq]
        return Prepared({**self.message, "events": late}) if late else None


class Outlet(Protocol):
    """What a member of a room is written to through. No method waits or raises."""

    is_far: bool
    """Whether the socket is in another process, which is told by it what everybody is shown."""

    @property
    def waiting(self) -> int:
        """Bytes that wait in this process for the client."""
        ...

    def send(self, *messages: Prepared) -> None:
        """Write messages together."""
        ...

    def send_bytes(self, data: bytes) -> None:
        """Write a binary message."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake behind what was written."""
        ...

    def watch(self, watcher: Watcher | None) -> None:
        """Tell this one when something waits, and when nothing does any more."""
        ...

    def hold(self) -> None:
        """Take nothing more from the client."""
        ...

    def go_on(self) -> None:
        """Take more."""
        ...

    def enlist(self, audience: Audience) -> bool:
        """Be written to with an audience, until something waits; False if that cannot be."""
        ...

    def unlist(self) -> None:
        """Be written to by `send` alone."""
        ...

    def enlisted(self, audience: Audience) -> Any:
        """The socket that is in this audience; None if none is."""
        ...


class SocketOutlet:
    """Through the extension `fly.socket` of our server."""

    __slots__ = ("_socket",)
    is_far = False

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    @property
    def waiting(self) -> int:
        """See Outlet."""
        return int(self._socket.waiting)

    def send(self, *messages: Prepared) -> None:
        """See Outlet."""
        self._socket.write(messages[0].frame if len(messages) == 1 else b"".join([message.frame for message in messages]))

    def send_bytes(self, data: bytes) -> None:
        """See Outlet."""
        self._socket.write(prepare(data))

    def close(self, code: int, reason: str) -> None:
        """See Outlet."""
        self._socket.close(code, reason)

    def watch(self, watcher: Watcher | None) -> None:
        """See Outlet."""
        self._socket.watch(watcher)

    def listen(self, heard: Callable[[str | bytes], None]) -> None:
        """Have `heard` called with each message of the client, without a task that waits for it."""
        self._socket.listen(heard)

    def hold(self) -> None:
        """See Outlet."""
        self._socket.hold()

    def go_on(self) -> None:
        """See Outlet."""
        self._socket.go_on()

    def enlist(self, audience: Audience) -> bool:
        """See Outlet."""
        return bool(self._socket.enlist(audience))

    def unlist(self) -> None:
        """See Outlet."""
        self._socket.leave()

    def enlisted(self, audience: Audience) -> Any:
        """See Outlet."""
        return self._socket if self._socket in audience else None


class QueueOutlet:
    """Through ASGI's `send`, one task a socket: any server, only slower. Whoever receives waits for `may_receive`."""

    is_far = False

    def __init__(self, send: Any) -> None:
        self.may_receive = asyncio.Event()
        self.may_receive.set()
        self._send = send
        self._queue: asyncio.Queue[bytes | bytearray | tuple[int, str]] = asyncio.Queue()
        self._bytes = 0
        self._closing = False
        self._watcher: Watcher | None = None
        self._task = asyncio.ensure_future(self._run())

    @property
    def waiting(self) -> int:
        """See Outlet."""
        return self._bytes

    def send(self, *messages: Prepared) -> None:
        """See Outlet."""
        if not self._closing:
            for message in messages:
                self._bytes += len(message.text)
                self._queue.put_nowait(message.text)

    def send_bytes(self, data: bytes) -> None:
        """See Outlet."""
        if not self._closing:
            self._bytes += len(data)
            self._queue.put_nowait(bytearray(data))

    def close(self, code: int, reason: str) -> None:
        """See Outlet."""
        if not self._closing:
            self._closing = True
            self._queue.put_nowait((int(code), reason))

    def watch(self, watcher: Watcher | None) -> None:
        """See Outlet."""
        self._watcher = watcher

    def hold(self) -> None:
        """See Outlet."""
        self.may_receive.clear()

    def go_on(self) -> None:
        """See Outlet."""
        self.may_receive.set()

    def enlist(self, audience: Audience) -> bool:
        """See Outlet: never."""
        return False

    def unlist(self) -> None:
        """See Outlet."""

    def enlisted(self, audience: Audience) -> Any:
        """See Outlet: none."""
        return None

    def stop(self) -> None:
        """The client is gone."""
        self._closing = True
        self.may_receive.set()
        self._task.cancel()

    async def _run(self) -> None:
        # A client that is gone is told of by the disconnect event; what could not be sent is of no use to anybody.
        with contextlib.suppress(OSError, RuntimeError):
            while not isinstance(item := await self._queue.get(), tuple):
                # Text is bytes in the queue, and what is binary a bytearray.
                message = {"text": item.decode()} if isinstance(item, bytes) else {"bytes": bytes(item)}
                await self._send({"type": "websocket.send", **message})
                self._bytes -= len(item)
                if not self._bytes and self._watcher is not None:
                    self._watcher.caught_up()
            code, reason = item
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        # Nothing is sent any more: a client that was held is heard again, for the end is to be received.
        self.may_receive.set()


class FillerOutlet(QueueOutlet):
    """To a bot of this process, which fills an empty place: it is a player, and nobody for whom a room has to stay."""


def outlet_of(scope: Any, send: Any) -> SocketOutlet | QueueOutlet:
    """The best way out that the server offers."""
    extensions = scope.get("extensions", {})
    if FILLER in extensions:
        return FillerOutlet(send)
    extension = extensions.get(EXTENSION)
    return SocketOutlet(extension["socket"]) if extension else QueueOutlet(send)


def goodbye(outlet: Outlet, code: Close, text: str, **more: Any) -> None:
    """Say why, then close with that code."""
    outlet.send(Prepared({"type": "bye", "code": int(code), "text": text, **more}))
    outlet.close(int(code), text)
