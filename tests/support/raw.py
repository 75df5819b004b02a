"""WebSocket handshakes by hand: bytes on a socket, no library that could mend them on the way."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from dataclasses import dataclass
from typing import Any

KEY = base64.b64encode(b"sixteen bytes 16").decode()
LIMIT_S = 60.0


@dataclass
class Answer:
    """The head of an HTTP answer. Header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def handshake(host: str, path: str = "/ws/r/main/", headers: list[tuple[str, str]] | None = None) -> bytes:
    """The bytes of an opening handshake; `headers` are added as they are, twice if they are there twice."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", *(f"{name}: {value}" for name, value in headers or [])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Raw:
    """A TCP connection to loopback."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        self._data = b""

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def answer(self) -> Answer:
        """The next answer; its body as far as Content-Length says, or to the end of the connection without it."""
        while b"\r\n\r\n" not in self._data:
            self._more()
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        length = 0 if status == 101 else int(headers.get("content-length", "0"))
        return Answer(status, headers, self._take(length))

    def frame(self) -> tuple[int, bytes]:
        """The next frame of a server: opcode and payload."""
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        return first & 0x0F, self._take(length)

    def message(self) -> Any:
        """The next text message as JSON; fails on a close frame."""
        opcode, payload = self.frame()
        assert opcode == 1, (opcode, payload)
        return json.loads(payload)

    def say(self, message: Any) -> None:
        """Send a text message, masked as a client must."""
        self.send(masked(1, json.dumps(message).encode()))

    def ended(self) -> bool:
        """True when the other side has closed the connection."""
        return not self._data and self.socket.recv(1) == b""

    def _more(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            raise EOFError(f"the connection ended after {self._data[:200]!r}")
        self._data += data

    def _take(self, count: int) -> bytes:
        while len(self._data) < count:
            self._more()
        taken, self._data = self._data[:count], self._data[count:]
        return taken


def masked(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    """A client's frame (RFC 6455, 5.2)."""
    mask = os.urandom(4)
    length = len(payload)
    size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + struct.pack("!H", length)
    if length > 65_535:
        size = bytes([0x80 | 127]) + struct.pack("!Q", length)
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([(0x80 if fin else 0) | opcode]) + size + mask + body
