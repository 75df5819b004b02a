"""The opening handshake: Daphne's protocol, which can also answer in plain HTTP, and which lets the open connection go.

Daphne reads the request and makes the scope, autobahn checks the handshake and writes the 101; after that neither is needed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from autobahn.websocket.protocol import WebSocketProtocol as Autobahn
from daphne.ws_protocol import WebSocketFactory as DaphneFactory
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol

from fly.server.connection import Connection
from fly.server.detach import detach, early_bytes
from fly.server.headers import Pairs, answer, head

MAX_EARLY = 64 * 1024
"""Bytes a client may send before the application has decided; then it is read no more."""

Taken = tuple[Any, bytes, bytes]
"""A connection without Twisted: its socket, bytes to send first, bytes that came first."""


class Handshake(DaphneProtocol):  # type: ignore[misc]
    """A request to open a WebSocket, until it is accepted, answered or gone."""

    transport: Any
    data: bytes
    channel: Any
    """Twisted's HTTP channel that the request came by."""
    raw_headers: Pairs
    """The request's headers as they came: Daphne joins those that appear twice."""
    connection: Connection | None = None
    answering = False
    began_at = 0.0
    """The loop's time when the application was asked."""
    _taken: Taken | None = None
    _decidable = False

    # What comes in (Twisted and autobahn call these)

    def onConnect(self, request: Any) -> Any:
        """The handshake is a good one: start the application."""
        deferred = super().onConnect(request)
        self._decidable = True
        self.began_at = asyncio.get_running_loop().time()
        return deferred

    def _dataReceived(self, data: bytes) -> None:
        if not self._decidable:
            super()._dataReceived(data)
            return
        # The request is whole. What comes now is frames, and the application has not decided yet.
        self.data += data
        if len(self.data) > MAX_EARLY:
            self.transport.pauseProducing()

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:
        """The connection has ended as a handshake; an open socket does not come here."""
        self._decidable = False
        if self.connection is not None:
            self.connection.gone()
        self.factory.server_class.handshake_ended(self, accepted=False)

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:
        """Refuse a malformed handshake. autobahn would put its reason, with parts of the request, on the status line."""
        headers = [(name.encode(), value.encode()) for name, value in responseHeaders or ()]
        if code == 426:
            headers.append((b"upgrade", b"websocket"))
        self.sendData(answer(code, "Internal Server Error" if code >= 500 else "Not a WebSocket handshake", headers))

    # What the application decides (a Connection calls these)

    def accept(self, subprotocol: str | None, headers: dict[str, list[str]]) -> Taken | None:
        """Say yes. Returns the connection, or None if autobahn refused an extension the client asked for (it was answered)."""
        self._decidable = False
        # autobahn writes the 101 and calls _onOpen, all before this returns.
        self.handshake_deferred.callback((subprotocol, headers))
        taken, self._taken = self._taken, None
        return taken

    def answer(self, status: int, headers: Pairs, body: bytes, more: bool) -> None:
        """Say no with plain HTTP: the first part brings the headers, the last one ends the connection."""
        if not self.answering:
            self.answering = True
            body = head(status, headers, None if more else len(body)) + body
        self.transport.write(body)
        if not more:
            self._decidable = False
            # The HTTP channel still stands between: while it counts as a producer, a large answer would never end.
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def abort(self) -> None:
        """Break off an answer that will not be finished, so that it cannot be taken for whole."""
        self._decidable = False
        self.transport.abortConnection()

    def _onOpen(self) -> None:
        early, self.data = self.data, b""
        taken, unsent = detach(self.transport)
        self._taken = taken, unsent, early_bytes(self.channel) + early
        # Nothing of autobahn's is left running: no timer, no count, and nobody calls onClose any more.
        self.state = Autobahn.STATE_CLOSED
        self.factory.countConnections -= 1
        self.factory.server_class.handshake_ended(self, accepted=True)
        self.channel = self.transport = None


class HandshakeFactory(DaphneFactory):  # type: ignore[misc]
    """Makes our handshake instead of Daphne's. `upgrading` is the HTTP request that is being handed over."""

    protocol = Handshake
    upgrading: Any = None

    def buildProtocol(self, addr: Any) -> Any:
        """A handshake for the request at hand."""
        handshake = super().buildProtocol(addr)
        handshake.channel = self.upgrading.channel
        handshake.raw_headers = self.upgrading.raw_headers()
        self.server_class.handshakes.add(handshake)
        return handshake
