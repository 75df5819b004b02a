"""HTTP requests: Daphne's and Twisted's, with bounds in both directions and answers that cannot be broken apart."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from daphne.http_protocol import HTTPFactory as DaphneFactory
from daphne.http_protocol import WebRequest as DaphneRequest
from twisted.internet import reactor as twisted_reactor
from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers

from fly.asgi import Message
from fly.server.handshake import VERSION, Fault, Handshake, fault_of, scope_of
from fly.server.headers import Pairs, answer, checked, status_of

log = logging.getLogger(__name__)
reactor: Any = twisted_reactor

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request body; beyond that 413. Twisted alone would write any amount to the disk."""
LINGER_S = 2.0
"""How long a client that was refused in the middle of its body is read on, so that it finds the answer and not a reset."""


class Flow:
    """What Twisted tells about the room in a connection's write buffer (64 KiB), for a coroutine that writes."""

    __slots__ = ("_room",)

    def __init__(self) -> None:
        self._room: asyncio.Future[None] | None = None

    def pauseProducing(self) -> None:
        """The buffer is full."""
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()

    def resumeProducing(self) -> None:
        """The buffer has been sent."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    stopProducing = resumeProducing

    async def room(self) -> None:
        """Wait until more may be written, or nobody is there to read it."""
        while self._room is not None:
            await asyncio.shield(self._room)


class WebRequest(DaphneRequest):  # type: ignore[misc]
    """One request. One that asks for a WebSocket becomes a `fly.server.handshake`."""

    task: asyncio.Task[None] | None = None
    """The application that answers it."""
    _received = 0
    _refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Forms are the application's to read; Twisted would hold them in memory a second time.
        self._parsePOSTFormSubmission = False
        self._flow = Flow()

    # What comes in (Twisted calls these)

    def gotLength(self, length: int | None) -> None:
        """The headers are in: refuse a body that is announced too large."""
        super().gotLength(length)
        if length is not None and length > MAX_BODY:
            self._refuse_body()

    def handleContentChunk(self, data: bytes) -> None:
        """A part of the body: refuse one that grows too large without having said so."""
        self._received += len(data)
        if self._received > MAX_BODY:
            self._refuse_body()
        elif not self._refused:
            super().handleContentChunk(data)

    def process(self) -> Any:
        """The request is whole: answer what makes no sense, hand the rest to Daphne, or to a handshake."""
        if self._refused:
            return None
        upgrade = b"".join(self.requestHeaders.getRawHeaders(b"upgrade", [])[:1]).lower() == b"websocket"
        # Daphne would take the root path from it, whoever sent it.
        self.requestHeaders.removeHeader(b"daphne-root-path")
        fault = self._fault() or (self._handshake_fault() if upgrade else None)
        if fault is not None:
            self.basic_error(*fault)
        elif upgrade:
            self._become_handshake()
        else:
            self.registerProducer(self._flow, True)
            return super().process()
        return None

    def connectionLost(self, reason: Any) -> None:
        """The client is gone."""
        self._flow.resumeProducing()
        super().connectionLost(reason)

    def raw_headers(self) -> Pairs:
        """Names in lower case and values, one pair each time a header came; without those that WSGI could confuse."""
        everything = self.requestHeaders.getAllRawHeaders()
        return [(name.lower(), value) for name, values in everything if b"_" not in name for value in values]

    # What the application answers

    async def send(self, message: Message) -> None:
        """ASGI's `send`. Waits while the connection's write buffer is full; does nothing once the client is gone.

        Raises ValueError for illegal headers or status before anything of them is written.
        """
        if self.finished or self.channel is None:
            return
        if message.get("type") == "http.response.start":
            status_of(message)
            message = {**message, "headers": checked(message)}
        self.handle_reply(message)
        await self._flow.room()

    def finish(self) -> None:
        """The answer is whole."""
        if self.producer:
            self.unregisterProducer()
        self._flow.resumeProducing()
        super().finish()

    def leave(self, error: BaseException | None) -> None:
        """The application has returned, or failed with `error`: 500 if nothing was sent, else the answer is broken off."""
        if self.finished or self.channel is None:
            return
        if error is None:
            log.error("The application did not finish its answer to %s %s.", self.method.decode(), self.path.decode())
        if self.startedWriting:
            self.transport.abortConnection()
        else:
            self.responseHeaders = Headers()
            self._response_started = False
            self.basic_error(500, b"Internal Server Error", "Internal Server Error")

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Answer in the server's own words, and end the connection: what comes behind a faulty request is not trusted."""
        self.close_after()
        data = f"{body}\n".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(data))]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": data})

    def close_after(self) -> None:
        """Let the connection end behind this answer, and say so while the headers are not sent yet."""
        self.channel.persistent = False
        self.responseHeaders.setRawHeaders(b"connection", [b"close"])

    # Inside

    def _fault(self) -> Fault | None:
        hosts = self.requestHeaders.getRawHeaders(b"host", [])
        if len(hosts) > 1 or (not hosts and self.clientproto == b"HTTP/1.1"):
            return 400, b"Bad Request", "Exactly one Host header is needed"  # RFC 9112, 3.2
        if not self.uri.startswith(b"/") and self.uri != b"*":
            return 400, b"Bad Request", "The target must be a path"
        return None

    def _handshake_fault(self) -> Fault | None:
        if self.server.draining:
            self.responseHeaders.setRawHeaders(b"retry-after", [b"1"])
            return 503, b"Service Unavailable", "The server restarts"
        fault = fault_of(self)
        if fault is not None:
            self.responseHeaders.setRawHeaders(b"allow", [b"GET"])
            self.responseHeaders.setRawHeaders(b"sec-websocket-version", [VERSION])
        return fault

    def _become_handshake(self) -> None:
        """Leave the connection to a handshake: nothing of HTTP listens to it any more, or keeps it alive."""
        channel, transport, handshake = self.channel, self.transport, Handshake(self)
        transport.unregisterProducer()
        transport.protocol = handshake
        channel.become(handshake)
        handshake.makeConnection(transport)
        self.server.create_handshake(handshake, scope_of(self, handshake.subprotocols))

    def _refuse_body(self) -> None:
        if not self._refused:
            self._refused = True
            # Nobody is asked to go on sending.
            self.requestHeaders.removeHeader(b"expect")
            self.channel.refuse(413, "Content Too Large")


class Channel(HTTPChannel):  # type: ignore[misc]
    """One HTTP connection."""

    def connectionMade(self) -> None:
        """A client has connected."""
        super().connectionMade()
        self.factory.server.channels.add(self)

    def connectionLost(self, reason: Any) -> None:
        """The connection is gone."""
        super().connectionLost(reason)
        self.factory.server.channel_ended(self)

    def checkPersistence(self, request: WebRequest, version: bytes) -> bool:
        """Whether the connection stays open behind an answer: not while the server drains."""
        if self.factory.server.draining:
            request.responseHeaders.setRawHeaders(b"connection", [b"close"])
            return False
        return bool(super().checkPersistence(request, version))

    def become(self, handshake: Handshake) -> None:
        """It is no HTTP connection any more. What came behind the request, in the same segment, is the handshake's."""
        self.factory.server.channels.discard(self)
        self.requests.clear()
        self.rawDataReceived = handshake.dataReceived

    def let_go(self) -> None:
        """End behind the answer at hand, or at once if there is none."""
        if self.requests and self._handlingRequest:
            self.requests[0].close_after()
        elif not self.requests:
            self.loseConnection()

    def refuse(self, status: int, text: str) -> None:
        """Answer what cannot be read as a request, and end; what the client still sends is read and dropped for a while."""
        self.setTimeout(None)
        self.persistent = False
        self.transport.write(answer(status, text))
        self.transport.unregisterProducer()
        self.transport.loseWriteConnection()
        reactor.callLater(LINGER_S, self.transport.abortConnection)

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line of the head that is too long."""
        self._drop_the_rest()
        self.refuse(431, "Request Header Fields Too Large")

    def _respondToBadRequestAndDisconnect(self) -> None:
        self._drop_the_rest()
        self.refuse(400, "Bad Request")

    def _drop_the_rest(self) -> None:
        """What comes behind a fault is no request, also what is here already."""
        self.clearLineBuffer()
        self.dataReceived = lambda data: None


class HTTPFactory(DaphneFactory):  # type: ignore[misc]
    """Makes our channels and requests. There is no TLS here and so nothing to negotiate: HTTP/1.1."""

    protocol = Channel

    def buildProtocol(self, addr: Any) -> Any:
        """A channel for one connection."""
        channel = super().buildProtocol(addr)
        channel.requestFactory = WebRequest
        return channel
