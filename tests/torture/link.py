"""One socket of a torture client: the handshake through an edge, sending, and the watch that drops what has fallen silent."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

HANDSHAKE_S = 5.0
WELCOME_S = 8.0
"""A room whose database is held by somebody else may take longer: then the client comes again."""
PING_AFTER_S = 2.0
LOOK_S = 0.1


async def shake(host: str, port: int, path: str) -> ClientConnection:
    """A WebSocket through the edge that listens on `port` of this machine, whatever DNS says of `host`. Raises what went wrong."""
    raw = socket.socket()
    raw.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    except BaseException:
        raw.close()
        raise
    quiet: dict[str, Any] = {"ping_interval": None, "proxy": None, "compression": None, "max_size": None, "max_queue": None}
    return await connect(f"ws://{host}:{port}{path}", sock=raw, open_timeout=HANDSHAKE_S, close_timeout=1, **quiet)


@dataclass(eq=False, slots=True)
class Link:
    """One socket. `number` counts the joins of its client, `heard` is when it last said something.

    `patience_s`: how long it may leave the join, or a ping, unanswered.
    """

    number: int
    ws: ClientConnection
    heard: float
    patience_s: float
    welcomed: bool = False
    dropped: bool = False
    pings: set[int] = field(default_factory=set)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message; nothing if the socket is gone, which its reader finds out."""
        with suppress(ConnectionClosed, OSError):
            await self.ws.send(json.dumps(message))

    def drop(self) -> None:
        """Reset the connection as a lost network does: no closing handshake."""
        self.dropped = True
        self.ws.transport.abort()

    async def watch(self, ping: Callable[[Link], None]) -> None:
        """Drop it when no welcome comes, or a ping stays unanswered: a frozen Machine must not hold a client for ever."""
        loop = asyncio.get_running_loop()
        asked: float | None = None
        while True:
            await asyncio.sleep(LOOK_S)
            now = loop.time()
            if not self.welcomed:
                if now - self.heard > max(self.patience_s, WELCOME_S):
                    break
            elif asked is None or self.heard > asked:
                asked = None
                if now - self.heard > PING_AFTER_S:
                    asked = now
                    ping(self)
            elif now - asked > self.patience_s:
                break
        self.drop()
