"""One open WebSocket: an asyncio transport, framed by the `websockets` package's sans-I/O protocol (RFC 6455).

What the application may do with it is the ASGI extension `fly.socket` (docs/server.md): `write`, `waiting`, `close`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from fly.server.inbox import Inbox

OPEN, CLOSED = State.OPEN, State.CLOSED
OP_CLOSE, OP_CONT, OP_TEXT = Opcode.CLOSE, Opcode.CONT, Opcode.TEXT

CLOSE_TIMEOUT_S = 10.0
"""How long the peer may take for its half of the closing handshake."""
HIGH_WATER = 256 * 1024
"""Bytes that may wait for a peer before ASGI's `send` waits too. `write` never waits: whoever uses it looks at `waiting`."""
MAX_REASON = 123
"""Bytes of a close reason (RFC 6455, 5.5)."""


class Socket(asyncio.Protocol):
    """An open WebSocket. Made with the handshake; usable once the application has sent `websocket.accept`."""

    __slots__ = (
        "_closed", "_deadline", "_drained", "_early", "_pieces", "_text", "_unsent", "heard_at", "inbox", "loop", "pinged_at", "protocol", "transport",
    )  # fmt: skip

    def __init__(self, inbox: Inbox, closed: Callable[[Socket], None]) -> None:
        self.inbox = inbox
        self.transport: asyncio.Transport | None = None
        self.protocol: ServerProtocol | None = None
        self.heard_at = 0.0
        self.pinged_at = 0.0
        self._closed: Callable[[Socket], None] | None = closed
        self._drained: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._pieces: list[bytes] = []
        self._text = True

    def prepare(self, unsent: bytes, early: bytes, max_size: int) -> None:
        """Say what the opening handshake left: bytes still to be sent, and bytes that came too early."""
        self.protocol = ServerProtocol(state=OPEN, max_size=max_size)
        self._unsent, self._early = unsent, early

    # The extension

    @property
    def open(self) -> bool:
        """True between accept and the first close frame, in whichever direction."""
        return self.protocol is not None and self.transport is not None and self.protocol.state is OPEN

    @property
    def waiting(self) -> int:
        """Bytes that wait in this process for the peer to read."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def write(self, frame: bytes) -> None:
        """Send a prepared frame (`fly.server.frames`): straight to the kernel when nothing waits. Never blocks; ignored once closing."""
        if self.transport is not None and self.protocol is not None and self.protocol.state is OPEN:
            self.transport.write(frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake; the connection ends with the peer's answer, or without it after a time."""
        if self.protocol is None or self.transport is None or self.protocol.state is not OPEN:
            return
        self.protocol.send_close(code, reason.encode()[:MAX_REASON].decode(errors="ignore"))
        self._flush()
        self._start_deadline()

    def abort(self) -> None:
        """End the connection at once; what waits is lost."""
        if self.transport is not None:
            self.transport.abort()

    async def drained(self) -> None:
        """Wait until the peer has read enough, or is gone."""
        while self.waiting > HIGH_WATER and self._drained is not None:
            await asyncio.shield(self._drained)

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.heard_at = self.loop.time()
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self.inbox.pause, self.inbox.resume = self._pause, self._resume
        if self._unsent:
            transport.write(self._unsent)
        early, self._early, self._unsent = self._early, b"", b""
        if early:
            self.data_received(early)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self.loop.time()
        self.pinged_at = 0.0
        protocol = self.protocol
        assert protocol is not None
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame):
                self._frame(event)
        if protocol.writes:
            self._flush()
        if protocol.state is not OPEN:
            self._start_deadline()

    def eof_received(self) -> bool:
        assert self.protocol is not None
        self.protocol.receive_eof()
        self._flush()
        return False

    def pause_writing(self) -> None:
        self._drained = self.loop.create_future()

    def resume_writing(self) -> None:
        self._release()

    def connection_lost(self, exc: Exception | None) -> None:
        assert self.protocol is not None
        if self.protocol.state is not CLOSED:
            self.protocol.receive_eof()
        if self._deadline is not None:
            self._deadline.cancel()
        self._release()
        self.inbox.pause = self.inbox.resume = None
        close = self.protocol.close_rcvd or Close(1006, "")
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport = None
        if self._closed is not None:
            closed, self._closed = self._closed, None
            closed(self)

    # Keepalive: the server asks every few seconds

    def keep_alive(self, now: float, interval_s: float, timeout_s: float) -> None:
        """Ping a peer that was silent for `interval_s`; end one that did not answer a ping for `timeout_s`."""
        if not self.open:
            return
        assert self.protocol is not None
        if self.pinged_at:
            if now - self.pinged_at > timeout_s:
                self.close(1011, "keepalive ping timeout")
                self.abort()
        elif now - self.heard_at > interval_s:
            self.pinged_at = now
            self.protocol.send_ping(b"")
            self._flush()

    # Inside

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is OP_CLOSE or frame.opcode > OP_CLOSE:
            return  # the protocol answers control frames itself
        if frame.opcode is not OP_CONT:
            self._text = frame.opcode is OP_TEXT
        if not frame.fin or self._pieces:
            self._pieces.append(bytes(frame.data))
            if not frame.fin:
                return
        data = b"".join(self._pieces) if self._pieces else bytes(frame.data)
        self._pieces.clear()
        message: dict[str, Any] = {"type": "websocket.receive"}
        if self._text:
            try:
                message["text"] = data.decode()
            except UnicodeDecodeError:
                assert self.protocol is not None
                self.protocol.fail(1007, "invalid UTF-8")
                return
        else:
            message["bytes"] = data
        self.inbox.put_nowait(message, len(data))

    def _flush(self) -> None:
        assert self.protocol is not None
        for data in self.protocol.data_to_send():
            if self.transport is None:
                return
            if data:
                self.transport.write(data)
            else:
                # The protocol's end of stream: both close frames are through, what waits is still sent.
                self.transport.close()

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(CLOSE_TIMEOUT_S, self.abort)

    def _pause(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _release(self) -> None:
        if self._drained is not None:
            if not self._drained.done():
                self._drained.set_result(None)
            self._drained = None
