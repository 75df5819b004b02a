"""Headers that an application sends: legal, or an error of the application; never on the wire as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fly.asgi import Message

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_OURS = (b"upgrade", b"connection")


def checked(message: Message) -> list[tuple[bytes, bytes]]:
    """The headers of an ASGI message. Raises ValueError for what is not a header (RFC 9110, 5.1 and 5.5), such as CR or LF in one."""
    headers: Iterable[Any] = message.get("headers") or ()
    pairs: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise ValueError(f"{message['type']}: header names and values must be bytes")
        if not _NAME.match(name) or not _VALUE.match(value):
            raise ValueError(f"{message['type']}: illegal header {name[:40]!r}")
        pairs.append((name, value))
    return pairs


def for_accept(message: Message) -> dict[str, list[str]]:
    """The headers of `websocket.accept` by name. Raises ValueError also for those that belong to the handshake itself."""
    grouped: dict[str, list[str]] = {}
    for name, value in checked(message):
        if name.lower() in _OURS or name.lower().startswith(b"sec-websocket-") or not value.isascii():
            raise ValueError(f"{message['type']}: header {name[:40]!r} cannot be set here")
        grouped.setdefault(name.decode(), []).append(value.decode())
    return grouped
