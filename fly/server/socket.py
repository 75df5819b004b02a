"""One open WebSocket on an asyncio transport (RFC 6455).

Applications use it through the ASGI extension `fly.socket` (docs/server.md): `write`, `waiting`, `close`, `enlist`, `watch`, `listen`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from websockets.frames import Close

from fly.server.audience import Audience, Watcher
from fly.server.closing import ABNORMAL, INTERNAL_ERROR, close_of
from fly.server.framing import PING, Framing, Limits
from fly.server.inbox import READ_BUFFER, Inbox

log = logging.getLogger(__name__)
CLOSE_TIMEOUT_S = 10.0
"""How long the peer may take for its half of the closing handshake, and then for hanging up."""
HIGH_WATER = 256 * 1024
"""Bytes that may wait for a peer before ASGI's `send` waits too. `write` never waits: whoever uses it looks at `waiting`."""

Ended = Callable[["Socket"], None]


class Socket(asyncio.BufferedProtocol):
    """An open WebSocket. Made with the handshake; carries bytes once the application has sent `websocket.accept`.

    ended: called once, when nobody has to wait for this socket any more: the closing handshake is through, or the line is dead.
    """

    __slots__ = (
        *("_audience", "_drained", "_held", "_late", "_transport", "_watcher"),
        *("_framing", "_heard_at", "_inbox", "_pinged_at", "_rest"),
        *("_deadline", "_ended", "_loop", "_told", "code", "open"),
    )

    def __init__(self, inbox: Inbox, ended: Ended) -> None:
        self.open = False
        self.code = ABNORMAL
        self._inbox = inbox
        self._ended: Ended | None = ended
        self._transport: asyncio.Transport | None = None
        self._held: Any = None
        self._audience: Audience | None = None
        self._watcher: Watcher | None = None
        self._drained: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._heard_at = self._pinged_at = 0.0
        self._late = self._rest = b""
        self._told = False

    async def start(self, held: object, unsent: bytes, early: bytes, limits: Limits) -> None:
        """Take a connection over: `unsent` goes out before anything else, `early` came in before anything else."""
        self._loop = asyncio.get_running_loop()
        self._framing = Framing(limits, self._inbox)
        self._late, self._rest, self._held = unsent, early, held
        await self._loop.connect_accepted_socket(lambda: self, held)  # type: ignore[arg-type]

    # The extension

    @property
    def waiting(self) -> int:
        """Bytes that wait in this process for the peer to read."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def write(self, data: bytes) -> None:
        """Send a prepared frame (`fly.server.frames`): straight to the kernel when nothing waits. Never blocks; nothing once closing."""
        transport = self._transport
        if self.open and transport is not None:
            transport.write(data)
            if transport.is_closing():
                # The line is dead, which asyncio tells us only in the loop's next turn.
                self._shut()

    def enlist(self, audience: Audience) -> bool:
        """Be written to with an audience from now on, until it falls behind; False if it is behind or closing."""
        if not self.open or self._drained is not None:
            return False
        if self._audience is not None:
            self._audience.discard(self)
        self._audience = audience
        audience.add(self, self._held.send)
        return True

    def leave(self) -> None:
        """Be in no audience any more."""
        audience, self._audience = self._audience, None
        if audience is not None:
            audience.discard(self)

    def watch(self, watcher: Watcher | None) -> None:
        """Tell this one, from now on, when the peer falls behind and when it has caught up."""
        self._watcher = watcher

    def listen(self, heard: Callable[[str | bytes], None]) -> None:
        """Call `heard` with each message as it comes, in place of ASGI's `receive`, which gets the disconnect alone.

        Messages that came before are the first. What `heard` raises is logged and ends this socket with 1011.
        """
        early, self._inbox.full = self._inbox.take_messages(), False
        for data in early:
            if not self._framing.done:
                try:
                    heard(data)
                except Exception as error:  # noqa: BLE001
                    self._fault(error)
        self._framing.deliver, self._framing.fault = heard, self._fault
        if not self._inbox.full:
            # One that was held meanwhile stays held.
            self._go_on()

    def hold(self) -> None:
        """Read nothing from the peer until `go_on`: what it sends stays with the kernel, and then with the peer. Not once closing."""
        if self.open:
            self._inbox.full = True

    def go_on(self) -> None:
        """Read again."""
        self._inbox.full = False
        self._go_on()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake behind what was written. Raises ValueError for an illegal code; nothing once closing."""
        close = close_of(code, reason)
        if self.open:
            self._shut()
            self._framing.done = True
            self._framing.protocol.send_close(close.code, close.reason)
            self._flush()
            self._start_deadline()
            # What still comes is heard by nobody, but the peer's own close frame is behind it.
            self.go_on()

    # The server's

    def abort(self) -> None:
        """End the connection at once; what waits is lost."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def behind(self) -> bool:
        """True when more than HIGH_WATER bytes wait."""
        return self._drained is not None and self.waiting > HIGH_WATER

    async def drained(self) -> None:
        """Wait until nothing waits any more, or the peer is gone."""
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
            self.write(PING)

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        # So that asyncio says at once when something waits, and when nothing does.
        transport.set_write_buffer_limits(high=0)
        self._transport = transport
        self._heard_at = self._loop.time()
        self.open = True
        self._send_late()
        self._inbox.more = self._go_on
        self._go_on()

    def get_buffer(self, sizehint: int) -> memoryview:
        return READ_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._received(bytes(READ_BUFFER[:nbytes]))

    def _received(self, data: bytes) -> None:
        self._heard_at, self._pinged_at = self._loop.time(), 0.0
        rest = self._framing.take(self._rest + data if self._rest else data)
        self._rest = rest
        if rest and self._transport is not None:
            self._transport.pause_reading()
        if self._framing.has_answers:
            self._answer()

    def eof_received(self) -> bool:
        self._shut()
        self._framing.protocol.receive_eof()
        return False

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()
        self.leave()
        if self._watcher is not None:
            self._watcher.fell_behind()

    def resume_writing(self) -> None:
        self._release()
        self._send_late()
        if self._drained is None and self.open and self._watcher is not None:
            self._watcher.caught_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self._shut()
        if self._deadline is not None:
            self._deadline.cancel()
        self._release()
        self._tell()
        self._transport = self._watcher = self._held = None
        self._end()

    # Inside

    def _fault(self, error: Exception) -> None:
        log.error("Exception in what an application does with a message: %r", error, exc_info=error)
        self.close(INTERNAL_ERROR)

    def _shut(self) -> None:
        """Nothing is written any more."""
        self.open = False
        self.leave()

    def _go_on(self) -> None:
        """The application has taken enough from its inbox: parse what was left, then read again."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        rest, self._rest = self._rest, b""
        if rest:
            self._received(rest)
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
            self._shut()
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
