"""HTTP requests: Daphne's, with a bound on bodies and without headers that could break an answer apart."""

from __future__ import annotations

from typing import Any

from daphne.http_protocol import HTTPFactory as DaphneFactory
from daphne.http_protocol import WebRequest as DaphneRequest

from fly.asgi import Message
from fly.server.headers import checked

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request body; beyond that 413. Twisted would write any amount to the disk."""

_TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebRequest(DaphneRequest):  # type: ignore[misc]
    """One request. Handshakes leave it for `fly.server.handshake`."""

    _received = 0
    _refused = False

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Refuse a body that is announced too large; Twisted calls this when the headers are in."""
        super().gotLength(length)
        if length is not None and length > MAX_BODY:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """Refuse a body that grows too large without saying so."""
        self._received += len(data)
        if self._received > MAX_BODY:
            self._refuse()
        elif not self._refused:
            super().handleContentChunk(data)

    def process(self) -> Any:
        """Hand the request on, unless it was refused; remember the channel for bytes that came behind a handshake."""
        if self._refused:
            return None
        self.server.channel_of_request = self.channel
        return super().process()

    def handle_reply(self, message: Message) -> None:
        """Write what the application sends. Raises ValueError for illegal headers before anything of them is written."""
        if message.get("type") == "http.response.start":
            message = {**message, "headers": checked(message)}
        super().handle_reply(message)

    def _refuse(self) -> None:
        if not self._refused:
            self._refused = True
            self.channel.transport.write(_TOO_LARGE)
            self.channel.transport.loseConnection()


class HTTPFactory(DaphneFactory):  # type: ignore[misc]
    """Makes our request instead of Daphne's."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        """A protocol for one connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = WebRequest
        return protocol
