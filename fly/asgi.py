"""ASGI's types, the answer to a request before Django, and the plain HTTP one to a handshake that every refusal and replay shares."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import cache
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""One that only decides who serves is no coroutine and returns what that one returns: it would wait as long as a socket lives."""
Headers = Iterable[tuple[bytes, bytes]]

DENIAL = "websocket.http.response"
PLAIN = ((b"content-type", b"text/plain; charset=utf-8"),)
log = logging.getLogger(__name__)


def values(headers: Headers, name: bytes) -> list[str]:
    """All values of a header, given by its name in lower case."""
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


async def answer(scope: Scope, send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Answer a request whole; one to a HEAD says the length of its body and has none."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def deny(scope: Scope, receive: Receive, send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """Answer a handshake with plain HTTP instead of accepting it.

    A server without the ASGI extension for it can only close, which the client sees as a bare 403: logged once, because
    every replay is lost there. Source: ASGI specification, WebSocket Denial Response.
    """
    await receive()
    if DENIAL not in scope.get("extensions", {}):
        _log_lack()
        await send({"type": "websocket.close"})
        return
    length = (b"content-length", b"%d" % len(body))
    await send({"type": f"{DENIAL}.start", "status": status, "headers": [*headers, length]})
    await send({"type": f"{DENIAL}.body", "body": body})


@cache
def _log_lack() -> None:
    log.error("The server lacks the ASGI extension %s: handshakes at the wrong place end in a bare 403.", DENIAL)
