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
from fly.server.frames import BINARY, TEXT
from fly.server.inbox import Inbox

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
    closed; no message is delivered any more. deliver: gets the messages, once it is set, in place of the inbox.
    """

    __slots__ = ("_fragments", "_inbox", "_short", "_text", "deliver", "done", "failure", "open", "protocol")

    def __init__(self, limits: Limits, inbox: Inbox) -> None:
        self.protocol = ServerProtocol(state=State.OPEN, max_size=(limits.message, limits.frame), logger=_protocol_log)
        self.open = True
        self.done = False
        self.failure: Close | None = None
        self.deliver: Callable[[str | bytes], None] | None = None
        self._inbox = inbox
        self._short = min(limits.message, limits.frame)
        self._fragments: list[bytes | bytearray] = []
        self._text = True

    def take(self, data: bytes) -> bytes:
        """Read frames until the inbox is full; returns the bytes that were left. Answers are in `protocol.data_to_send()`."""
        at, end = 0, len(data)
        protocol, inbox = self.protocol, self._inbox
        while at < end and not inbox.full:
            if self.open and not protocol.reader.buffer and protocol.current_size is None:
                after = self._whole(data, at, end)
                if after:
                    at = after
                    continue
            self._parse(data[at : at + PIECE])
            at += PIECE
        return data[at:]

    def _whole(self, data: bytes, at: int, end: int) -> int:
        """Where the frame at `at` ends, once read; 0 if it is not one for the short cut."""
        if end - at < 8:
            # Shorter than two bytes of payload with a mask: no harm in the long way.
            return 0
        first, length = data[at], data[at + 1]
        if first != TEXT and first != BINARY:
            return 0
        if 128 <= length < 254:
            start = at + 6
            stop = start + length - 128
        elif length == 254:
            start = at + 8
            stop = start + (data[at + 2] << 8 | data[at + 3])
        else:
            return 0
        if stop > end or stop - start > self._short:
            return 0
        self._message(first == TEXT, apply_mask(data[start:stop], data[start - 4 : start]))
        return stop

    def _parse(self, data: bytes) -> None:
        protocol = self.protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode < Opcode.CLOSE:
                self._frame(event)
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
        self._fragments.append(bytes(frame.data))
        if frame.fin:
            whole = b"".join(self._fragments)
            self._fragments.clear()
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
        if self.deliver is not None:
            self.deliver(payload)
        else:
            message: Message = {"type": "websocket.receive", "text" if text else "bytes": payload}
            self._inbox.put_nowait(message, len(data))
