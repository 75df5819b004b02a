"""Where a WebSocket frame of a server's ends, in the bytes that pass: a proxy may put in a frame of its own only there. Pure."""

from __future__ import annotations

GOING_AWAY = b"\x88\x02\x03\xe9"
"""A close frame with 1001."""
_HEAD = 2


class Seam:
    """Feed it all bytes of one direction; `is_open` says that the last frame is whole."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    @property
    def is_open(self) -> bool:
        """Between two frames."""
        return not self._left and not self._head

    def feed(self, data: bytes) -> None:
        """What has passed."""
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            need = _size_of_head(self._head)
            taken = data[at : at + need - len(self._head)]
            self._head += taken
            at += len(taken)
            if len(self._head) >= _HEAD and len(self._head) == _size_of_head(self._head):
                self._left, self._head = _size_of_body(self._head), b""


def _size_of_head(head: bytes) -> int:
    """How long a head is, as far as its beginning tells."""
    if len(head) < _HEAD:
        return _HEAD
    length = head[1] & 0x7F
    return _HEAD + (2 if length == 126 else 8 if length == 127 else 0) + (4 if head[1] & 0x80 else 0)


def _size_of_body(head: bytes) -> int:
    length = head[1] & 0x7F
    if length < 126:
        return length
    return int.from_bytes(head[2:4] if length == 126 else head[2:10], "big")
