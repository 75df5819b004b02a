"""A client of bytes: what it sends and finds is exactly what is on the wire."""

from __future__ import annotations

import base64
import socket
import struct
from dataclasses import dataclass
from typing import Any

KEY = base64.b64encode(b"sixteen bytes 16").decode()
LIMIT_S = 30.0
MASK = b"\x01\x02\x03\x04"

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case, in their order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each == name), None)


@dataclass(frozen=True)
class Received:
    """A frame of the server."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """The code of a close frame."""
        assert self.opcode == CLOSE, self
        return int(struct.unpack("!H", self.payload[:2])[0])


def upgrade(path: str = "/", *headers: str, host: str = "test") -> bytes:
    """The bytes of an opening handshake; `headers` as whole lines."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, mask: bool = True, rsv: int = 0) -> bytes:
    """A frame of a client, sound or not."""
    first, length = (0x80 if fin else 0) | rsv | opcode, len(payload)
    bit = 0x80 if mask else 0
    if length < 126:
        head = struct.pack("!BB", first, bit | length)
    elif length < 65_536:
        head = struct.pack("!BBH", first, bit | 126, length)
    else:
        head = struct.pack("!BBQ", first, bit | 127, length)
    if not mask:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))


def close(code: int, reason: str = "") -> bytes:
    """A client's close frame."""
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


class Wire:
    """One connection. Every wait ends after LIMIT_S at the latest, with an error."""

    def __init__(self, address: Any, *, receive_buffer: int | None = None) -> None:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(LIMIT_S)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.data = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, *data: bytes) -> None:
        """Send bytes, all in one segment."""
        self.socket.sendall(b"".join(data))

    def answer(self, *, to: str = "GET") -> Answer:
        """The next HTTP answer: its body by Content-Length, by chunks, or to the end."""
        while b"\r\n\r\n" not in self.data:
            assert self.more(), f"hung up after {self.data!r}"
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answer = Answer(int(first.split()[1]), headers, b"")
        if answer.status < 200 or answer.status in (204, 304) or to == "HEAD":
            return answer
        if answer["transfer-encoding"] == "chunked":
            body = self._chunks()
        elif answer["content-length"] is not None:
            body = self.take(int(answer["content-length"]))
        else:
            body = self.to_the_end()
        return Answer(answer.status, headers, body)

    def open(self, path: str = "/", *headers: str, early: bytes = b"") -> Answer:
        """Shake hands, with `early` frames in the same segment."""
        self.send(upgrade(path, *headers), early)
        answer = self.answer()
        assert answer.status == 101, answer
        return answer

    def frame(self) -> Received:
        """The next frame of the server."""
        first, second = self.take(2)
        assert first & 0x80, "servers of ours do not fragment"
        assert not second & 0x80, "servers do not mask"
        length = second
        if length == 126:
            (length,) = struct.unpack("!H", self.take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.take(8))
        return Received(first & 0x0F, self.take(length))

    def text(self) -> str:
        """The next frame, which is a text."""
        received = self.frame()
        assert received.opcode == TEXT, received
        return received.payload.decode()

    def more(self) -> bool:
        """Wait for more bytes; False at the end of the connection."""
        data = self.socket.recv(1 << 20)
        self.data += data
        return bool(data)

    def take(self, count: int) -> bytes:
        """The next bytes; fails if the connection ends before."""
        parts, missing = [self.data], count - len(self.data)
        while missing > 0:
            part = self.socket.recv(max(missing, 4096))
            assert part, f"hung up {missing} bytes early"
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
        self.data = data[count:]
        return data[:count]

    def to_the_end(self) -> bytes:
        """All that comes until the server hangs up."""
        while self.more():
            pass
        data, self.data = self.data, b""
        return data

    def _chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self.data:
                assert self.more()
            size, _, self.data = self.data.partition(b"\r\n")
            part = self.take(int(size, 16) + 2)[:-2]
            if not part:
                return body
            body += part
