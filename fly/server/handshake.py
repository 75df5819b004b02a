"""The opening handshake: Daphne's protocol, which can also answer in plain HTTP, and which lets the open socket go."""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus
from typing import Any

from autobahn.websocket.protocol import WebSocketProtocol as Autobahn
from daphne.ws_protocol import WebSocketFactory as DaphneFactory
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol

from fly.asgi import DENIAL, Message
from fly.server.detach import detach, early_bytes
from fly.server.frames import prepare
from fly.server.headers import checked, for_accept
from fly.server.socket import HIGH_WATER, Socket

log = logging.getLogger(__name__)
MAX_EARLY = 64 * 1024
"""Bytes a client may send before it was accepted."""


class WebSocketProtocol(DaphneProtocol):  # type: ignore[misc]
    """A handshake until it is accepted or denied. `send` is what the application calls."""

    socket: Socket
    channel: Any = None
    _denial: tuple[int, list[tuple[bytes, bytes]]] | None = None
    _denial_begun = False

    # What comes in

    def _dataReceived(self, data: bytes) -> None:  # noqa: N802
        if not hasattr(self, "handshake_deferred"):
            super()._dataReceived(data)
            return
        # The request is whole; what comes now is frames, before the application has decided.
        self.data += data
        if len(self.data) > MAX_EARLY:
            self.transport.pauseProducing()

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        """The client went away before it was accepted or denied; an open socket does not come here."""
        if hasattr(self, "handshake_deferred"):
            del self.handshake_deferred
        super().onClose(wasClean, code, reason)

    def handle_exception(self, exception: BaseException) -> None:
        """The application failed: plain 500 before acceptance."""
        if self.connecting:
            self._deny(500, [], b"Internal Server Error\n")

    def check_timeouts(self) -> None:
        """Refuse a handshake that the application does not decide in time; called every two seconds."""
        if self.connecting and time.time() - self.socket_opened > self.server.websocket_connect_timeout:
            self._deny(504, [], b"The application did not decide in time.\n")

    @property
    def connecting(self) -> bool:
        """True while the application may still accept or deny."""
        return hasattr(self, "handshake_deferred") and not self._denial_begun

    # What the application says

    async def send(self, message: Message) -> None:
        """ASGI's `send` of this connection. Raises ValueError for what makes no sense; after the end it does nothing."""
        kind = message["type"]
        if kind == "websocket.send":
            await self._send(message)
        elif kind == "websocket.accept" and self.connecting:
            await self._accept(message)
        elif kind == "websocket.close":
            if self.connecting:
                self._deny(403, [], b"Access denied\n")
            else:
                code = message.get("code")
                self.socket.close(1000 if code is None else code, message.get("reason") or "")
        elif kind == f"{DENIAL}.start" and self.connecting and self._denial is None:
            self._denial = int(message["status"]), checked(message)
        elif kind == f"{DENIAL}.body" and self._denial is not None:
            self._deny_body(bytes(message.get("body", b"")), bool(message.get("more_body", False)))
        elif self.socket.transport is not None or self.connecting:
            raise ValueError(f"{kind!r} cannot be sent now")

    async def _send(self, message: Message) -> None:
        socket = self.socket
        if socket.protocol is None:
            if self.connecting:
                raise ValueError("websocket.send before websocket.accept")
            return
        text, data = message.get("text"), message.get("bytes")
        if (text is None) == (data is None):
            raise ValueError("websocket.send needs either text or bytes")
        socket.write(prepare(text if text is not None else bytes(data)))
        if socket.waiting > HIGH_WATER:
            await socket.drained()

    _held: Any = None

    async def _accept(self, message: Message) -> None:
        subprotocol = message.get("subprotocol")
        headers = for_accept(message)
        if subprotocol is not None and subprotocol not in self.websocket_protocols:
            raise ValueError(f"the client did not offer the subprotocol {subprotocol!r}")
        deferred = self.handshake_deferred
        del self.handshake_deferred
        # autobahn writes the 101 and calls _onOpen, all before this returns.
        deferred.callback((subprotocol, headers))
        if self._held is None:
            return
        held, self._held = self._held, None
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self.socket, held)

    def _onOpen(self) -> None:  # noqa: N802
        early, self.data = self.data, b""
        sock, unsent = detach(self.transport)
        self.socket.prepare(unsent, early_bytes(self.channel) + early, self.server.websocket_max_message_size)
        self._held = sock
        self.server.opened(self)
        # autobahn is done with this connection: no timer, no count, no reference from the channel.
        self.state = Autobahn.STATE_CLOSED
        self.factory.countConnections -= 1
        self.channel = self.transport = None

    # Denial

    def _deny(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        plain = [(b"content-type", b"text/plain; charset=utf-8")] if not headers else []
        self._denial = status, [*plain, *headers]
        self._deny_body(body, more=False)

    def _deny_body(self, body: bytes, more: bool) -> None:
        assert self._denial is not None
        if not self._denial_begun:
            self._denial_begun = True
            status, headers = self._denial
            if not more and not any(name.lower() == b"content-length" for name, _ in headers):
                headers = [*headers, (b"Content-Length", b"%d" % len(body))]
            self.sendData(_head(status, headers))
        if body:
            self.sendData(body)
        if not more:
            self._denial = None
            del self.handshake_deferred
            self.dropConnection(abort=False)
            self.server.protocol_disconnected(self)


class WebSocketFactory(DaphneFactory):  # type: ignore[misc]
    """Makes our protocol instead of Daphne's."""

    protocol = WebSocketProtocol


def _head(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Status"
    lines = [b"HTTP/1.1 %d %s" % (status, phrase.encode())]
    lines += [name + b": " + value for name, value in headers if name.lower() != b"connection"]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])
