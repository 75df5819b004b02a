"""Handshakes from other sites: refused, because a browser would send the player's cookie with them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from urllib.parse import urlsplit

from fly.asgi import PLAIN, App, Receive, Scope, Send, deny, values

log = logging.getLogger(__name__)
_PORTS = {"http": 80, "https": 443}


def same_origin(origin: str, host: str, scheme: str) -> bool:
    """Whether a page of `origin` may open a socket at `host`, which browsers reach by `scheme`. Never raises."""
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"{scheme}://{host}")
        return (
            theirs.scheme == scheme
            and theirs.hostname is not None
            and theirs.hostname == ours.hostname
            and (theirs.port or _PORTS[scheme]) == (ours.port or _PORTS[scheme])
        )
    except ValueError:
        return False


class SameOrigin:
    """Refuse handshakes whose Origin is not their own host. None at all is a program, not a browser, and is let in."""

    def __init__(self, app: App, scheme: str) -> None:
        self.app = app
        self.scheme = scheme

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        origins, hosts = values(scope["headers"], b"origin"), values(scope["headers"], b"host")
        if origins and not (len(origins) == 1 and same_origin(origins[0], hosts[0] if hosts else "", self.scheme)):
            log.warning("Handshake refused: origin %r at host %r.", origins[0][:200], (hosts or [""])[0][:200])
            return deny(scope, receive, send, 403, PLAIN, b"Foreign origin.\n")
        return self.app(scope, receive, send)
