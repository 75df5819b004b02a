"""Bytes from the peer, made into ASGI events: the `websockets` package's sans-I/O protocol, with a short cut for the usual frame.

What a client sends is nearly always one whole, short, masked text or binary frame in one segment. Those are read here (100 characters:
0.9 us against 5.1); everything else (fragments, control frames, long or partial frames, faults) is the protocol's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

from fly.asgi import Message
from fly.server.frames import BINARY, TEXT, frame
from fly.server.inbox import Inbox

DATA = (TEXT, BINARY)
PING = frame(0x89, b"")
EMPTY_PONG = b"\x8a\x80"
"""What answers our pings begins so: the only frame that most sockets ever send."""
PIECE = 16 * 1024
"""Bytes given to the protocol at once: it makes all of their frames before anybody can say that the inbox is full."""

# Its one line per connection is not for our log; a fault of the parser is.
_protocol_log = logging.getLogger("fly.server.protocol")
_protocol_log.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer may send at most, in bytes: one message, however fragmented, and one frame."""

    message: int = 1024 * 1024
    frame: int = 1024 * 1024


class Framing:
    """The reading half of one socket.

    failure: what the connection was failed with, if it was (RFC 6455, 7.1.7). done: set by the writing half when the application has
    closed; no message is delivered any more. deliver: gets the messages, once it is set, in place of the inbox; `fault` is called with
    what it raises.
    """

    __slots__ = (
        *("_fragments", "_inbox", "_limits", "_partial", "_protocol", "_short", "_text"),
        *("deliver", "done", "failure", "fault", "open"),
    )

    def __init__(self, limits: Limits, inbox: Inbox) -> None:
        self.open = True
        self.done = False
        self.failure: Close | None = None
        self.deliver: Callable[[str | bytes], None] | None = None
        self.fault: Callable[[Exception], None] | None = None
        self._limits = limits
        self._protocol: ServerProtocol | None = None
        self._inbox = inbox
        self._short = min(limits.message, limits.frame)
        self._fragments: list[bytes | bytearray] | None = None
        self._text = True
        self._partial = False

    @property
    def protocol(self) -> ServerProtocol:
        """The package's; made when it is needed first, because most sockets need it only to close."""
        if self._protocol is None:
            limits = self._limits
            self._protocol = ServerProtocol(state=State.OPEN, max_size=(limits.message, limits.frame), logger=_protocol_log)
        return self._protocol

    @property
    def has_answers(self) -> bool:
        """Whether there is something in `protocol.data_to_send()`."""
        return self._protocol is not None and bool(self._protocol.writes)

    def take(self, data: bytes) -> bytes:
        """Read frames until the inbox is full; returns the bytes that were left. Answers are in `protocol.data_to_send()`."""
        at, end = 0, len(data)
        inbox = self._inbox
        while at < end and not inbox.full:
            # Fewer than 8 bytes are two of payload at most: no harm in the long way.
            if self.open and not self._partial and end - at >= 8:
                first, length = data[at], data[at + 1]
                if length == 254:
                    start = at + 8
                    stop = start + (data[at + 2] << 8 | data[at + 3])
                else:
                    start = at + 6
                    # Unmasked, or with a length in eight bytes: not for the short cut.
                    stop = start + length - 128 if 128 <= length < 254 else end + 1
                if first in DATA and stop <= end and stop - start <= self._short:
                    self._message(first == TEXT, apply_mask(data[start:stop], data[start - 4 : start]))
                    at = stop
                    continue
            self._parse(data[at : at + PIECE])
            at += PIECE
        return data[at:]

    def _parse(self, data: bytes) -> None:
        if len(data) == 6 and data.startswith(EMPTY_PONG) and self.open and not self._partial:
            return
        protocol = self.protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode < Opcode.CLOSE:
                self._frame(event)
        self._partial = bool(protocol.reader.buffer) or protocol.current_size is not None
        if self.open and protocol.state is not State.OPEN:
            self.open = False
            if protocol.parser_exc is not None:
                self.failure = protocol.close_sent

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._text = frame.opcode is Opcode.TEXT
        if frame.fin and not self._fragments:
            self._message(self._text, bytes(frame.data))
            return
        if self._fragments is None:
            self._fragments = []
        self._fragments.append(bytes(frame.data))
        if frame.fin:
            whole, self._fragments = b"".join(self._fragments), None
            self._message(self._text, whole)

    def _message(self, text: bool, data: bytes) -> None:
        if self.done or not self.open:
            # Read all the same, so that the peer's close frame behind it is found.
            return
        payload: str | bytes = data
        if text:
            try:
                payload = data.decode()
            except UnicodeDecodeError:
                self.protocol.fail(1007, "invalid UTF-8")
                self.open, self.failure = False, self.protocol.close_sent
                return
        if self.deliver is None:
            message: Message = {"type": "websocket.receive", "text" if text else "bytes": payload}
            self._inbox.put_nowait(message, len(data))
            return
        try:
            self.deliver(payload)
        except Exception as error:  # noqa: BLE001
            assert self.fault is not None
            self.fault(error)
