"""The lobby's socket: the list of regions, at once and whenever it changes, at most once a second.

It reads nothing from the client: a client that talks is closed with 4500.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer
from django.conf import settings

from lobby.listing import listing
from lobby.watch import Rows, watch

BAD_MESSAGES = 4500


class LobbyConsumer(AsyncConsumer):  # type: ignore[misc]
    """`/ws/lobby/`: server to client {"type": "lobby", "regions": [...]}; nothing the other way."""

    channel_layer_alias = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket from the handshake to the end."""
        await receive()
        await send({"type": "websocket.accept"})
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        changes: asyncio.Queue[str] = asyncio.Queue(maxsize=1)
        url = partial(_region_url, host)

        def show(rows: Rows) -> None:
            text = json.dumps({"type": "lobby", "regions": listing(*rows, url)})
            # A slow client skips lists: the newest says everything.
            if changes.full():
                changes.get_nowait()
            changes.put_nowait(text)

        show(await watch.look())
        teller = asyncio.ensure_future(_tell(changes, send))
        watch.add(show)
        try:
            while (await receive())["type"] != "websocket.disconnect":
                await send({"type": "websocket.close", "code": BAD_MESSAGES, "reason": "the lobby listens to nothing"})
        finally:
            watch.remove(show)
            teller.cancel()


async def _tell(changes: asyncio.Queue[str], send: Any) -> None:
    told = ""
    while True:
        text = await changes.get()
        if text != told:
            told = text
            await send({"type": "websocket.send", "text": text})


def _region_url(host: str, code: str) -> str:
    _, colon, port = host.rpartition(":")
    return f"{settings.PUBLIC_SCHEME}://{code}.{settings.PARENT_HOST}{colon}{port if colon else ''}/"
