"""The room's socket: a thin Channels consumer. Bytes go to the connection, which knows the protocol and the owner.

It does not go through AsyncConsumer's dispatch, which visits the database's thread for every message, nor through a
channel layer: the hub writes to sockets directly.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.consumer import AsyncConsumer

from fly.asgi import deny
from gameserver.connection import MAX_WAITING, Connection
from gameserver.engine.errors import Close, Closed
from gameserver.engine.protocol import MAX_FRAME
from gameserver.outlet import QueueOutlet, outlet_of
from gameserver.players import player_of
from gameserver.process import MAX_SOCKETS, current

log = logging.getLogger(__name__)
JOIN_S = 10.0
"""Time for the first message."""
TOO_BIG = 1009
_PLAIN = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"2")]


class RoomConsumer(AsyncConsumer):  # type: ignore[misc]
    """`/ws/r/<slug>/`: docs/protocol.md."""

    channel_layer_alias = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket from the handshake to the end."""
        process = current()
        if process is None or process.is_draining:
            await deny(scope, receive, send, 503, _PLAIN, b"This gameserver restarts.\n")
            return
        await receive()
        await send({"type": "websocket.accept"})
        outlet = outlet_of(scope, send)
        process.outlets.add(outlet)
        context = scope["fly"]
        slug = scope["url_route"]["kwargs"]["slug"]
        connection = Connection(process, context, context.region, slug, player_of(scope), outlet)
        try:
            await self._serve(connection, receive, len(process.outlets))
        except Closed as closed:
            connection.bye(closed)
            await _gone(receive)
        finally:
            process.outlets.discard(outlet)
            connection.leave()
            if isinstance(outlet, QueueOutlet):
                outlet.stop()

    async def _serve(self, connection: Connection, receive: Any, sockets: int) -> None:
        if sockets > MAX_SOCKETS:
            raise Closed(Close.FULL, "This gameserver is full. Try again later, or another region.")
        try:
            async with asyncio.timeout(JOIN_S):
                joined = await self._join(connection, receive)
        except TimeoutError:
            raise Closed(Close.NO_JOIN, "No room.join came in time.") from None
        while joined:
            data = _data(await receive())
            if data is None:
                return
            if len(data) > MAX_FRAME:
                connection.outlet.close(TOO_BIG, "message too big")
                await _gone(receive)
                return
            connection.receive(data)

    async def _join(self, connection: Connection, receive: Any) -> bool:
        """Wait for the join; False if the client went away instead."""
        for _ in range(MAX_WAITING):
            data = _data(await receive())
            if data is None:
                return False
            join = connection.decode_join(data)
            if join is not None:
                await connection.join(join)
                return True
        raise Closed(Close.BAD_MESSAGES, "Too many messages before room.join.")


def _data(event: Any) -> str | bytes | None:
    """What a message holds; None at the end of the socket."""
    if event["type"] == "websocket.disconnect":
        return None
    text = event.get("text")
    return text if text is not None else event["bytes"]  # type: ignore[no-any-return]


async def _gone(receive: Any) -> None:
    """Wait for the end of a socket that was sent away; what it still says is not read."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
