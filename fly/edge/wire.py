"""HTTP/1.1 on both sides of the edge, parsed by h11: the client's connection, one connection to a Machine, a body in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import h11

from fly.edge.cables import Cable
from fly.edge.passage import Passage
from fly.edge.request import Request
from fly.edge.weather import Lane, Sky

MAX_HEAD = 64 * 1024
"""Bytes of a request's or an answer's head."""
CHUNK = 64 * 1024
LINGER_S = 5.0

Event = Any


class Side:
    """One connection of the edge's, in the role that h11 knows for it."""

    role: Any

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.h11 = h11.Connection(self.role, max_incomplete_event_size=MAX_HEAD)

    async def next_event(self) -> Event:
        """The next h11 event. Raises h11.RemoteProtocolError for what is not HTTP, ConnectionError when the other side is gone."""
        while True:
            event = self.h11.next_event()
            if event is not h11.NEED_DATA:
                return event
            self.h11.receive_data(await self.reader.read(CHUNK))


class Client(Side):
    """A client's connection to the edge, the `number`-th one: through the weather of a sky, `up` from the client and `down` to it."""

    role = h11.SERVER

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sky: Sky, number: int) -> None:
        super().__init__(reader, writer)
        self.up = Lane(sky, number, "up")
        self.down = Passage(writer, Lane(sky, number, "down"))

    def move_under(self, sky: Sky) -> None:
        """Another sky from now on."""
        self.up.sky = self.down.lane.sky = sky

    async def come_in(self, size_bytes: int) -> None:
        """Wait as long as a request's head of that size is under way."""
        if not self.up.sky.is_clear:
            now_ms = asyncio.get_running_loop().time() * 1000
            await asyncio.sleep((self.up.travel(now_ms, size_bytes)[-1][1] - now_ms) / 1000)

    async def send(self, event: Event) -> None:
        """Send an event; waits while the client does not read."""
        data = self.h11.send(event)
        if data:
            await self.down.send(data)

    async def body_chunk(self) -> bytes | None:
        """The next piece of the request's body; None at its end. Raises ConnectionError when the client went away."""
        event = await self.next_event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.ConnectionClosed):
            raise ConnectionResetError
        return None

    async def left(self) -> bool:
        """Wait until the client says more than it was asked for (False), or ends or resets its connection (True)."""
        try:
            data = await self.reader.read(CHUNK)
        except ConnectionError:
            return True
        self.h11.receive_data(data)
        return not data

    async def linger(self) -> None:
        """End our side and read on for a while: closing with unread bytes resets the connection, and takes the last answer with it."""
        await self.down.arrived()
        with contextlib.suppress(OSError):
            self.writer.write_eof()
            async with asyncio.timeout(LINGER_S):
                while await self.reader.read(CHUNK):
                    pass


class Body:
    """A request's body: read once from the client, kept up to `limit` bytes so that it can be sent again."""

    def __init__(self, client: Client, limit: int) -> None:
        self.client = client
        self.limit = limit
        self.complete = False
        self.overflow = False
        self.malformed = ""
        self.gone = False
        self._kept: list[bytes] = []
        self._size = 0

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body from its beginning. One reader at a time; not again once `overflow` is true."""
        index = 0
        while True:
            while index < len(self._kept):
                yield self._kept[index]
                index += 1
            if self.complete:
                return
            data = await self._next()
            if data is None:
                self.complete = True
                return
            self._size += len(data)
            if self._size <= self.limit:
                self._kept.append(data)
            else:
                self.overflow = True
                self._kept, index = [], 0
                yield data

    async def whole(self) -> bytes | None:
        """All of it; None if it is over the limit."""
        async with contextlib.aclosing(self.chunks()) as chunks:
            async for _ in chunks:
                if self.overflow:
                    return None
        return b"".join(self._kept)

    async def _next(self) -> bytes | None:
        """The client's next piece; keeps in mind whose fault it is when there is none."""
        try:
            return await self.client.body_chunk()
        except h11.RemoteProtocolError as error:
            self.malformed = str(error)
            raise
        except ConnectionError:
            self.gone = True
            raise


class Upstream(Side):
    """One connection to a Machine, for one request; the end of its cable."""

    role = h11.CLIENT
    _pump: asyncio.Task[None] | None = None

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cable: Cable) -> None:
        super().__init__(reader, writer)
        self.cable = cable
        cable.upstream = writer

    async def send(self, request: Request, body: Body) -> None:
        """Send the head; the body follows beside whatever the Machine answers meanwhile."""
        self.writer.write(self.h11.send(h11.Request(method=request.method, target=request.target, headers=list(request.headers))) or b"")
        await self.writer.drain()
        self._pump = asyncio.ensure_future(self._send_body(body))

    async def _send_body(self, body: Body) -> None:
        try:
            async for chunk in body.chunks():
                self.writer.write(self.h11.send(h11.Data(data=chunk)) or b"")
                await self.writer.drain()
            self.writer.write(self.h11.send(h11.EndOfMessage()) or b"")
            await self.writer.drain()
            # Like most proxies: who has asked and then ends its side, waits for no answer any more.
            body.gone = await body.client.left()
            if body.gone:
                self.writer.transport.abort()
        except h11.RemoteProtocolError:
            self.writer.transport.abort()
        except (ConnectionError, h11.LocalProtocolError):
            # A Machine may answer without reading all of it. A client that left needs no answer, and the Machine is told.
            if body.gone:
                self.writer.transport.abort()

    async def read_body(self, limit: int) -> bytes:
        """The whole body of an answer; what is over `limit` bytes is cut off."""
        parts: list[bytes] = []
        while isinstance(event := await self.next_event(), h11.Data):
            if sum(map(len, parts)) < limit:
                parts.append(bytes(event.data))
        return b"".join(parts)[:limit]

    async def leave_client(self) -> None:
        """Stop reading from the client."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    async def close(self) -> None:
        """Let go of the connection, of its cable and of the client. Harmless when it is said twice."""
        self.cable.release()
        self.writer.close()
        await self.leave_client()
