"""What Daphne, Twisted and autobahn load when they find it, and this server never uses: an eighth of the time of a start."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

UNUSED = (
    # Twisted's TLS, and with it service_identity and most of cryptography: TLS ends at the edge in front of us.
    "OpenSSL",
    # autobahn's native parser of frames, which parses C headers at every start: open sockets are not autobahn's.
    "_nvx_utf8validator",
    # Colours for autobahn's log lines.
    "click",
)
"""All of them are optional: whoever imports one goes on without it where it is not installed."""


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """While it lasts, importing one of these packages fails as if it were not installed; what is loaded already stays."""
    hidden = [name for name in names if name not in sys.modules]
    # None is Python's own way to say so: "import of … halted; None in sys.modules", a ModuleNotFoundError.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
