"""One open WebSocket on an asyncio transport (RFC 6455).

Applications use it through the ASGI extension `fly.socket` (docs/server.md): `write`, `waiting`, `close`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from websockets.frames import Close

from fly.server.framing import Framing, Limits
from fly.server.inbox import Inbox

CLOSE_TIMEOUT_S = 10.0
"""How long the peer may take for its half of the closing handshake, and then for hanging up."""
HIGH_WATER = 256 * 1024
"""Bytes that may wait for a peer before ASGI's `send` waits too. `write` never waits: whoever uses it looks at `waiting`."""
MAX_REASON = 123
"""Bytes of a close reason (RFC 6455, 5.5)."""
ABNORMAL = 1006
NO_STATUS = 1005

Ended = Callable[["Socket"], None]


def close_of(code: int, reason: str) -> Close:
    """A close frame's content, its reason cut to 123 bytes of whole characters. Raises ValueError for a code nobody may send (7.4)."""
    if not (1000 <= code <= 1014 and code not in (1004, NO_STATUS, ABNORMAL)) and not 3000 <= code <= 4999:
        raise ValueError(f"{code} is not a close code an application may send")
    return Close(int(code), reason.encode()[:MAX_REASON].decode(errors="ignore"))


class Socket(asyncio.Protocol):
    """An open WebSocket. Made with the handshake; carries bytes once the application has sent `websocket.accept`.

    ended: called once, when nobody has to wait for this socket any more: the closing handshake is through, or the line is dead.
    """

    __slots__ = (
        "_deadline",
        "_drained",
        "_ended",
        "_framing",
        "_heard_at",
        "_inbox",
        "_late",
        "_loop",
        "_pinged_at",
        "_rest",
        "_told",
        "_transport",
        "code",
        "open",
    )

    def __init__(self, inbox: Inbox, ended: Ended) -> None:
        self.open = False
        self.code = ABNORMAL
        self._inbox = inbox
        self._ended: Ended | None = ended
        self._transport: asyncio.Transport | None = None
        self._drained: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._heard_at = self._pinged_at = 0.0
        self._late = self._rest = b""
        self._told = False

    async def start(self, held: object, unsent: bytes, early: bytes, limits: Limits) -> None:
        """Take a connection over: `unsent` goes out before anything else, `early` came in before anything else."""
        self._loop = asyncio.get_running_loop()
        self._framing = Framing(limits, self._inbox)
        self._late, self._rest = unsent, early
        await self._loop.connect_accepted_socket(lambda: self, held)  # type: ignore[arg-type]

    # The extension

    @property
    def waiting(self) -> int:
        """Bytes that wait in this process for the peer to read."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def write(self, frame: bytes) -> None:
        """Send a prepared frame (`fly.server.frames`): straight to the kernel when nothing waits. Never blocks; nothing once closing."""
        transport = self._transport
        if self.open and transport is not None:
            transport.write(frame)
            if transport.is_closing():
                # The line is dead, which asyncio tells us only in the loop's next turn.
                self.open = False

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake behind what was written. Raises ValueError for an illegal code; nothing once closing."""
        close = close_of(code, reason)
        if self.open:
            self.open = False
            self._framing.done = True
            self._framing.protocol.send_close(close.code, close.reason)
            self._flush()
            self._start_deadline()

    # The server's

    def abort(self) -> None:
        """End the connection at once; what waits is lost."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def behind(self) -> bool:
        """True from HIGH_WATER bytes waiting until the peer has read most of them."""
        return self._drained is not None

    async def drained(self) -> None:
        """Wait until the peer is not behind any more, or gone."""
        while self._drained is not None:
            await asyncio.shield(self._drained)

    def keep_alive(self, now: float, interval_s: float, timeout_s: float) -> None:
        """Ping a peer that was silent for `interval_s`; end one that did not answer for `timeout_s`. `now` is the loop's time."""
        if not self.open:
            return
        if self._inbox.full:
            # Nobody reads what it may have answered: the silence is ours.
            self._heard_at, self._pinged_at = now, 0.0
        elif self._pinged_at:
            if now - self._pinged_at > timeout_s:
                self.close(1011, "keepalive ping timeout")
                self.abort()
        elif now - self._heard_at > interval_s:
            self._pinged_at = now
            self._framing.protocol.send_ping(b"")
            self._flush()

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._transport = transport
        self._heard_at = self._loop.time()
        self.open = True
        self._send_late()
        self._inbox.more = self._go_on
        self._go_on()

    def data_received(self, data: bytes) -> None:
        self._heard_at, self._pinged_at = self._loop.time(), 0.0
        rest = self._framing.take(self._rest + data if self._rest else data)
        self._rest = rest
        if rest and self._transport is not None:
            self._transport.pause_reading()
        if self._framing.protocol.writes:
            self._answer()

    def eof_received(self) -> bool:
        self.open = False
        self._framing.protocol.receive_eof()
        return False

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        self._release()
        self._send_late()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self._deadline is not None:
            self._deadline.cancel()
        self._release()
        self._tell()
        self._transport = None
        self._end()

    # Inside

    def _go_on(self) -> None:
        """The application has taken enough from its inbox: parse what was left, then read again."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        rest, self._rest = self._rest, b""
        if rest:
            self.data_received(rest)
        if not self._rest:
            transport.resume_reading()

    def _answer(self) -> None:
        """Send what the protocol wants to say to what came in: pongs, a close frame, the end."""
        if self._framing.open:
            # Only pongs. RFC 6455, 5.5.3: of several pings the last may be answered alone. Who pings and does not read costs one pong.
            if self._drained is not None:
                self._late = self._framing.protocol.data_to_send()[-1]
                return
        else:
            self.open = False
        self._flush()
        if not self.open:
            self._start_deadline()

    def _flush(self) -> None:
        transport = self._transport
        for data in self._framing.protocol.data_to_send():
            if data and transport is not None:
                transport.write(data)
            elif transport is not None:
                # Half-closed, and read to the end: closing with unread bytes would reset the line and lose our close frame (7.1.1).
                with contextlib.suppress(OSError):
                    transport.write_eof()
                self._tell()
                if not transport.get_write_buffer_size():
                    self._end()

    def _tell(self) -> None:
        """Say to the application, once, how it ended: the peer's code, or the one this server failed it with, or 1006."""
        if not self._told:
            self._told = True
            self._inbox.more = None
            close = self._framing.failure or self._framing.protocol.close_rcvd or Close(ABNORMAL, "")
            self.code = int(close.code)
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": self.code, "reason": close.reason})

    def _end(self) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self)

    def _start_deadline(self) -> None:
        if self._deadline is None and self._transport is not None:
            self._deadline = self._loop.call_later(CLOSE_TIMEOUT_S, self.abort)

    def _send_late(self) -> None:
        late, self._late = self._late, b""
        if late:
            self.write(late)

    def _release(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
