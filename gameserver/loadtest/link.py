"""One socket of a bot: the library's WebSocket protocol without I/O, over a transport of asyncio."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from gameserver.loadtest.target import Target

READ_BYTES = 256 * 1024
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""A welcome may carry a world's whole state."""
LOST = 1006


class Listener(Protocol):
    """Who is told what happens on a link."""

    def opened(self) -> None:
        """The handshake was accepted."""

    def heard(self, payload: bytes | bytearray) -> None:
        """A text message came."""

    def heard_bytes(self, payload: bytes | bytearray) -> None:
        """A binary message came."""

    def ended(self, code: int, refusal: int | None) -> None:
        """It is no more, or never was. `code`: of the close; `refusal`: the HTTP status of a handshake that was refused."""


class Link(asyncio.BufferedProtocol):
    """From the handshake to the end. All links of a process read into one buffer: each takes what it read at once."""

    _buffer = memoryview(bytearray(READ_BYTES))

    def __init__(self, url: str, listener: Listener) -> None:
        self._listener = listener
        self._ws = ClientProtocol(parse_uri(url), max_size=MAX_MESSAGE_BYTES)
        self._transport: asyncio.Transport | None = None
        self._fragments: bytearray | None = None
        self._is_binary = False
        self._is_dropped = False

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._ws.send_request(self._ws.connect())
        self._flush()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to read."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read: any number of messages, and parts of them."""
        ws = self._ws
        was_connecting = ws.state is State.CONNECTING
        ws.receive_data(bytes(self._buffer[:nbytes]))
        events = ws.events_received()
        if was_connecting and events:
            events = events[1:]
            if ws.handshake_exc is None:
                self._listener.opened()
        for event in events:
            if self._transport is None or self._is_dropped:
                return
            self._frame(cast(Frame, event))
        self._flush()
        if ws.state is not State.OPEN and ws.close_expected() and self._transport is not None:
            # The server need not end it for us: what was written goes out first.
            self._transport.close()

    def eof_received(self) -> None:
        """The other side has said all; the transport closes by itself."""
        self._ws.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the listener, unless it was us who left."""
        if self._transport is not None:
            self._transport = None
            failed = self._ws.handshake_exc
            close = self._ws.close_rcvd
            self._listener.ended(close.code if close else LOST, failed.response.status_code if isinstance(failed, InvalidStatus) else None)

    # The bot's side

    def send(self, message: bytes) -> None:
        """Send a text message; nothing if the socket is closing."""
        if self._transport is not None and self._ws.state is State.OPEN:
            self._ws.send_text(message)
            self._flush()

    def send_bytes(self, message: bytes) -> None:
        """Send a binary message; nothing if the socket is closing."""
        if self._transport is not None and self._ws.state is State.OPEN:
            self._ws.send_binary(message)
            self._flush()

    def leave(self) -> None:
        """Close, and do not tell the listener."""
        transport, self._transport = self._transport, None
        if transport is not None:
            if self._ws.state is State.OPEN:
                self._ws.send_close(1000)
                transport.write(b"".join(self._ws.data_to_send()))
            transport.close()

    def drop(self) -> None:
        """Reset the connection, as a client does that waited long enough. The listener is told."""
        self._is_dropped = True
        if self._transport is not None:
            self._transport.abort()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._is_binary = frame.opcode is Opcode.BINARY
            if frame.fin:
                self._hear(cast(bytearray, frame.data))
            else:
                self._fragments = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._fragments is not None:
            self._fragments += frame.data
            if frame.fin:
                whole, self._fragments = self._fragments, None
                self._hear(whole)

    def _hear(self, payload: bytes | bytearray) -> None:
        if self._is_binary:
            self._listener.heard_bytes(payload)
        else:
            self._listener.heard(payload)

    def _flush(self) -> None:
        for data in self._ws.data_to_send():
            # An empty one stands for the end of what we send, which closing says as well.
            if data and self._transport is not None:
                self._transport.write(data)


async def connect(target: Target, listener: Listener) -> Link:
    """Connect, and have the upgrade asked for. Raises OSError; what comes of it the listener is told."""
    context = ssl.create_default_context() if target.is_secure else None
    name = target.host if target.is_secure else None
    loop = asyncio.get_running_loop()
    _, link = await loop.create_connection(
        lambda: Link(target.url, listener), target.address, target.port, ssl=context, server_hostname=name
    )
    return link
