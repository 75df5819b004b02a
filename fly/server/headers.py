"""Headers that an application sends: legal, or an error of the application; never on the wire as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fly.asgi import PLAIN, Message

Pairs = list[tuple[bytes, bytes]]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_OF_THE_HANDSHAKE = (b"upgrade", b"connection")
_OF_THE_CONNECTION = (b"connection", b"transfer-encoding", b"keep-alive", b"upgrade")


def checked(message: Message) -> Pairs:
    """The headers of an ASGI message. Raises ValueError for what is not a header (RFC 9110, 5.1 and 5.5), such as CR or LF in one."""
    headers: Iterable[Any] = message.get("headers") or ()
    pairs: Pairs = []
    for name, value in headers:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise ValueError(f"{message['type']}: header names and values must be bytes")
        if not _NAME.match(name) or not _VALUE.match(value):
            raise ValueError(f"{message['type']}: illegal header {name[:40]!r}")
        pairs.append((name, value))
    return pairs


def for_accept(message: Message) -> Pairs:
    """The headers of `websocket.accept`. Raises ValueError also for those that belong to the handshake itself."""
    pairs = checked(message)
    for name, _ in pairs:
        if name.lower() in _OF_THE_HANDSHAKE or name.lower().startswith(b"sec-websocket-"):
            raise ValueError(f"{message['type']}: header {name[:40]!r} cannot be set here")
    return pairs


def status_of(message: Message) -> int:
    """The status of an answer that ends a request. Raises ValueError for any other."""
    status = message.get("status")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"{message['type']}: {status!r} is not a status that ends a request")
    return int(status)


def head(status: int, headers: Pairs, length: int | None) -> bytes:
    """Status line and headers of an answer behind which the connection closes; `length` of its body in bytes, if known."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Status"
    lines = [b"HTTP/1.1 %d %s" % (status, phrase.encode())]
    lines += [name + b": " + value for name, value in headers if name.lower() not in _OF_THE_CONNECTION]
    if length is not None and not any(name.lower() == b"content-length" for name, _ in headers):
        lines.append(b"content-length: %d" % length)
    return b"\r\n".join([*lines, b"connection: close", b"", b""])


def switching(proof: bytes, subprotocol: str | None, headers: Pairs) -> bytes:
    """The 101 that opens a WebSocket (RFC 6455, 4.2.2); `proof` is what the client's key led to."""
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + proof]
    lines += [b"Sec-WebSocket-Protocol: " + subprotocol.encode()] if subprotocol is not None else []
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"", b""])


def answer(status: int, body: str, headers: Pairs | None = None) -> bytes:
    """A whole short answer of the server's own, in plain text."""
    data = f"{body}\n".encode()
    return head(status, [*PLAIN, *(headers or [])], len(data)) + data
