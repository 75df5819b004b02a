"""The opening handshake (RFC 6455, 4.2): an HTTP request that asks for a WebSocket, until it is accepted, answered or gone.

Twisted reads it as any request, and its connection is taken from Twisted once the application says yes. Daphne would hand the request to
autobahn, which reads it a second time and makes ready for frames that never come here: it was half of what a handshake cost.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha1
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from daphne.utils import INVALID_HEADER_VALUE_BYTES
from twisted.internet.protocol import Protocol

from fly.asgi import Scope
from fly.server.connection import Connection
from fly.server.detach import detach
from fly.server.headers import Pairs, head, switching

if TYPE_CHECKING:
    from fly.server.http import WebRequest

MAX_EARLY = 64 * 1024
"""Bytes a client may send before the application has decided; then it is read no more."""
VERSION = b"13"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==\Z")

Taken = tuple[Any, bytes, bytes]
"""A connection without Twisted: its socket, bytes to send first, bytes that came first."""
Fault = tuple[int, bytes, str]
"""A refusal: status, its phrase, and words that repeat nothing of the request."""


class Handshake(Protocol):  # type: ignore[misc]
    """A sound request to open a WebSocket. `began_at`: the loop's time when the application was asked."""

    transport: Any
    connection: Connection
    began_at: float
    answering = False

    def __init__(self, request: WebRequest) -> None:
        self.server = request.server
        self.subprotocols = _offered(request)
        self._key: bytes = _values(request, b"sec-websocket-key")[0]
        self._early = b""

    # What comes in (Twisted calls these)

    def dataReceived(self, data: bytes) -> None:
        """The client does not wait for the answer: these are frames."""
        if not self.answering:
            self._early += data
            if len(self._early) > MAX_EARLY:
                self.transport.pauseProducing()

    def connectionLost(self, reason: Any) -> None:
        """The client is gone, or its answer is sent; an open socket does not come here."""
        self.connection.gone()
        self.server.handshake_ended(self, accepted=False)

    # What the application decides (a Connection calls these)

    def accept(self, subprotocol: str | None, headers: Pairs) -> Taken:
        """Say yes. Returns the connection, which is nobody's from now on; the 101 is yet to be sent."""
        taken, unsent = detach(self.transport)
        self.transport = None
        self.server.handshake_ended(self, accepted=True)
        proof = b64encode(sha1(self._key + GUID, usedforsecurity=False).digest())
        return taken, unsent + switching(proof, subprotocol, headers), self._early

    def answer(self, status: int, headers: Pairs, body: bytes, more: bool) -> None:
        """Say no with plain HTTP: the first part brings the headers, the last one ends the connection."""
        if not self.answering:
            self.answering = True
            body = head(status, headers, None if more else len(body)) + body
        self.transport.write(body)
        if not more:
            self.transport.loseConnection()

    def abort(self) -> None:
        """Break off an answer that will not be finished, so that it cannot be taken for whole."""
        self.transport.abortConnection()


def scope_of(request: WebRequest, subprotocols: list[str]) -> Scope:
    """What ASGI says of a handshake."""
    path, _, query = request.uri.partition(b"?")
    return {
        "type": "websocket",
        "http_version": "1.1",
        "scheme": "ws",
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": request.raw_headers(),
        "client": _address(request.client),
        "server": _address(request.host),
        "subprotocols": subprotocols,
    }


def fault_of(request: WebRequest) -> Fault | None:
    """What keeps a request that asks for a WebSocket from being an opening handshake; None if it is one."""
    if request.method != b"GET":
        return 405, b"Method Not Allowed", "A handshake is a GET"
    if any(not INVALID_HEADER_VALUE_BYTES.isdisjoint(value) for _, values in request.requestHeaders.getAllRawHeaders() for value in values):
        return 400, b"Bad Request", "Illegal header value"
    if not request.uri.isascii() or b"#" in request.uri:
        return 400, b"Bad Request", "Illegal path or query"
    if request.content.read(1):
        return 400, b"Bad Request", "A handshake has no body"
    if not _is_sound(request):
        return 400, b"Bad Request", "Not a WebSocket handshake"
    return None


def _is_sound(request: WebRequest) -> bool:
    """RFC 6455, 4.2.1. Extensions that the client offers are declined, and so not read."""
    tokens = b",".join(_values(request, b"connection")).lower().split(b",")
    keys = _values(request, b"sec-websocket-key")
    return (
        request.clientproto == b"HTTP/1.1"
        and b"upgrade" in [token.strip() for token in tokens]
        and _values(request, b"sec-websocket-version") == [VERSION]
        and len(keys) == 1
        and _KEY.match(keys[0]) is not None
        and all(value.isascii() for value in _values(request, b"sec-websocket-protocol"))
        and not _repeats(_offered(request))
    )


def _repeats(words: list[str]) -> bool:
    return len(set(words)) < len(words)


def _offered(request: WebRequest) -> list[str]:
    """The subprotocols that a client would speak, in its order."""
    values = _values(request, b"sec-websocket-protocol")
    return [word.strip() for word in b",".join(values).decode("ascii").split(",")] if values else []


def _values(request: WebRequest, name: bytes) -> list[bytes]:
    values: list[bytes] = request.requestHeaders.getRawHeaders(name, [])
    return values


def _address(address: Any) -> list[Any] | None:
    """ASGI's form of a Twisted address; None for a Unix socket."""
    return [address.host, address.port] if hasattr(address, "host") else None
