"""A session that stays in a room, over however many connections: what tests and benchmarks of deaths, drains and deploys are made of."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.support.emulator import PARENT

PAUSE_S = (0.05, 0.15)
HANDSHAKE_S = 20.0
PATIENCE_S = 60.0


class Returning:
    """Back as soon as it can: after the server's own "retry in N ms", else after 50 to 150 ms. What it does in the room, `stay` says."""

    def __init__(self, port: int, region: str, room: str) -> None:
        self.port, self.region, self.room = port, region, room
        self.sid = secrets.token_urlsafe(24)
        self.position: list[int] | None = None
        self.gaps: list[float] = []
        """From the last thing that was heard to the next welcome, in seconds."""
        self.retry_s = 0.0

    @property
    def join(self) -> dict[str, Any]:
        """The first message of each connection."""
        return {"cmd": "room.join", "v": 1, "sid": self.sid, **({} if self.position is None else {"position": self.position})}

    async def run(self) -> None:
        """Come, and come again, until cancelled."""
        while True:
            self.retry_s = 0.0
            with suppress(OSError, WebSocketException, EOFError, TimeoutError):
                link = socket.create_connection(("127.0.0.1", self.port))
                async with asyncio.timeout(HANDSHAKE_S):
                    url = f"ws://{self.region}.{PARENT}:{self.port}/ws/r/{self.room}/"
                    ws = await connect(url, sock=link, compression=None, ping_interval=None)
                await self.stay(ws)
            await asyncio.sleep(self.retry_s or random.uniform(*PAUSE_S))

    async def stay(self, ws: ClientConnection) -> None:
        """Everything from the join to the end of one connection."""
        raise NotImplementedError


async def until(condition: Callable[[], Any], what: str, pause_s: float = 0.02) -> Any:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(pause_s)
    return value
