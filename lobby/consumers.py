"""The lobby's socket: the list of regions, at once and whenever it changes, at most once a second.

It reads nothing from the client: a client that talks is closed with 4500.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from channels.consumer import AsyncConsumer

from fly.asgi import values
from fly.links import port_of
from gameserver.visits import VISITS
from lobby.watch import watch

BAD_MESSAGES = 4500


class LobbyConsumer(AsyncConsumer):  # type: ignore[misc]
    """`/ws/lobby/`: server to client {"type": "lobby", "regions": [...]}; nothing the other way."""

    channel_layer_alias = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket from the handshake to the end."""
        await receive()
        await send({"type": "websocket.accept"})
        news = asyncio.Event()
        teller = asyncio.ensure_future(_tell(news, port_of("".join(values(scope["headers"], b"host"))), send))
        watch.add(news)
        # Who watches the list is somebody: this Machine, which is a gameserver as well, does not stop itself meanwhile.
        VISITS.came()
        try:
            if (await receive())["type"] != "websocket.disconnect":
                teller.cancel()
                await send({"type": "websocket.close", "code": BAD_MESSAGES, "reason": "the lobby listens to nothing"})
        finally:
            teller.cancel()
            watch.remove(news)
            VISITS.left()


async def _tell(news: asyncio.Event, port: str, send: Any) -> None:
    """A slow client skips lists: while `send` waits for it, the list goes on, and the newest says everything."""
    # ASGI servers may say by an OSError that the client is gone; `receive` says it too.
    with contextlib.suppress(OSError):
        while True:
            await news.wait()
            news.clear()
            await send({"type": "websocket.send", "text": watch.text(port)})
