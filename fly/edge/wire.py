"""HTTP/1.1 on both sides of the edge, parsed by h11: the client's connection, one connection to a Machine, a body in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import h11

from fly.edge.request import HOP_BY_HOP, Request

MAX_HEAD = 64 * 1024
"""Bytes of a request's or an answer's head."""
CHUNK = 64 * 1024

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
    """A client's connection to the edge."""

    role = h11.SERVER

    async def send(self, event: Event) -> None:
        """Write an event; waits while the client does not read."""
        data = self.h11.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def body_chunk(self) -> bytes | None:
        """The next piece of the request's body; None at its end. Raises ConnectionError when the client went away."""
        event = await self.next_event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.ConnectionClosed):
            raise ConnectionResetError
        return None


class Body:
    """A request's body: read once from the client, kept up to `limit` bytes so that it can be sent again."""

    def __init__(self, client: Client, limit: int) -> None:
        self.client = client
        self.limit = limit
        self.complete = False
        self.overflow = False
        self._kept: list[bytes] = []
        self._size = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body from its beginning. One reader at a time; not again once `overflow` is true."""
        index = 0
        while True:
            while index < len(self._kept):
                yield self._kept[index]
                index += 1
            if self.complete:
                return
            data = await self.client.body_chunk()
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


class Upstream(Side):
    """One connection to a Machine, for one request."""

    role = h11.CLIENT
    _pump: asyncio.Task[None] | None = None

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
        except h11.RemoteProtocolError:
            self.writer.transport.abort()
        except (ConnectionError, h11.LocalProtocolError):
            # The Machine answered without reading all of it, or either side went away: the answer tells.
            pass

    async def read_body(self, limit: int) -> bytes:
        """The whole body of an answer; what is over `limit` bytes is cut off."""
        parts: list[bytes] = []
        while isinstance(event := await self.next_event(), h11.Data):
            if sum(map(len, parts)) < limit:
                parts.append(bytes(event.data))
        return b"".join(parts)[:limit]

    async def close(self) -> None:
        """Let go of the connection and of the body's reader."""
        self.writer.close()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)


def end_to_end(headers: Any) -> list[tuple[bytes, bytes]]:
    """An answer's headers without those that belong to one connection only."""
    return [(name, value) for name, value in headers if name not in HOP_BY_HOP]
