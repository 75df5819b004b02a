"""The room's socket: a thin Channels consumer. Bytes go to the connection, which knows the protocol and the owner.

It does not go through AsyncConsumer's dispatch, which visits the database's thread for every message, nor through a
channel layer: the hub writes to sockets directly.
"""

from __future__ import annotations

import asyncio
from typing import Any

from channels.consumer import AsyncConsumer

from fly.asgi import PLAIN, deny
from gameserver.connection import Connection
from gameserver.engine.errors import Close, Closed
from gameserver.engine.protocol import Join, is_too_big
from gameserver.engine.worlds import Who
from gameserver.outlet import QueueOutlet, outlet_of
from gameserver.players import player_of
from gameserver.process import MAX_SOCKETS, current

JOIN_S = 10.0
"""Time for the first message."""
TOO_BIG = 1009
_RESTARTS = [*PLAIN, (b"retry-after", b"2")]


class RoomConsumer(AsyncConsumer):  # type: ignore[misc]
    """`/ws/r/<slug>/`: docs/protocol.md."""

    channel_layer_alias = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket from the handshake to the end."""
        process = current()
        if process is None or process.is_draining:
            await deny(scope, receive, send, 503, _RESTARTS, b"This gameserver restarts.\n")
            return
        await receive()
        await send({"type": "websocket.accept"})
        outlet = outlet_of(scope, send)
        process.outlets.add(outlet)
        context = scope["fly"]
        slug = scope["url_route"]["kwargs"]["slug"]
        connection = Connection(process, context, context.region, slug, player_of(scope), outlet)
        try:
            if process.is_draining:
                # It began while this socket was being accepted: the drain does not know of it.
                raise Closed(Close.MOVED, "This gameserver restarts.")
            if len(process.outlets) > MAX_SOCKETS:
                raise Closed(Close.FULL, "This gameserver is full. Try again later, or another region.")
            await self._serve(connection, receive)
        except _Gone:
            pass
        except _TooBig:
            outlet.close(TOO_BIG, "message too big")
            await _gone(receive)
        except Closed as closed:
            connection.bye(closed)
            await _gone(receive)
        finally:
            process.outlets.discard(outlet)
            connection.leave()
            if isinstance(outlet, QueueOutlet):
                outlet.stop()

    async def _serve(self, connection: Connection, receive: Any) -> None:
        try:
            async with asyncio.timeout(JOIN_S):
                join, who = await self._first(connection, receive)
        except TimeoutError:
            raise Closed(Close.NO_JOIN, "No room.join came in time.") from None
        await connection.join(join, who)
        while True:
            connection.receive(_data(await receive()))

    async def _first(self, connection: Connection, receive: Any) -> tuple[Join, Who]:
        """Wait for the join; other messages are answered."""
        while True:
            first = connection.decode_join(_data(await receive()))
            if first is not None:
                return first


class _Gone(Exception):
    """The client closed the socket."""


class _TooBig(Exception):
    """A message over the limit."""


def _data(event: Any) -> str | bytes:
    """What a message holds. Raises _Gone at the end of the socket, and _TooBig."""
    if event["type"] == "websocket.disconnect":
        raise _Gone
    text = event.get("text")
    data: str | bytes = text if text is not None else event["bytes"]
    if is_too_big(data):
        raise _TooBig
    return data


async def _gone(receive: Any) -> None:
    """Wait for the end of a socket that was sent away; what it still says is not read."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
