"""Close codes and reasons of RFC 6455, section 7.4."""

from __future__ import annotations

from websockets.frames import Close

MAX_REASON = 123
"""Bytes of a close reason (5.5)."""
NO_STATUS = 1005
ABNORMAL = 1006
INTERNAL_ERROR = 1011


def close_of(code: int, reason: str) -> Close:
    """A close frame's content, its reason cut to 123 bytes of whole characters. Raises ValueError for a code nobody may send (7.4)."""
    if not (1000 <= code <= 1014 and code not in (1004, NO_STATUS, ABNORMAL)) and not 3000 <= code <= 4999:
        raise ValueError(f"{code} is not a close code an application may send")
    return Close(int(code), reason.encode()[:MAX_REASON].decode(errors="ignore"))
