"""Prepared frames: the bytes of one WebSocket message, made once and written to any number of sockets."""

from __future__ import annotations

import struct

TEXT = 0x81
BINARY = 0x82
"""First byte of a whole message: FIN and the opcode (RFC 6455, 5.2). A server does not mask."""


def prepare(payload: str | bytes) -> bytes:
    """The complete frame of a text (str) or binary (bytes) message, as a server sends it."""
    first, data = (TEXT, payload.encode()) if isinstance(payload, str) else (BINARY, payload)
    return frame(first, data)


def prepare_text(payload: bytes) -> bytes:
    """The complete frame of a text message whose UTF-8 is there already, such as encoded JSON."""
    return frame(TEXT, payload)


def frame(first: int, data: bytes) -> bytes:
    """Header and data; `first` holds FIN and opcode."""
    length = len(data)
    if length < 126:
        return bytes((first, length)) + data
    if length < 65_536:
        return struct.pack("!BBH", first, 126, length) + data
    return struct.pack("!BBQ", first, 127, length) + data
