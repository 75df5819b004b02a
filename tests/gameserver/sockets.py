"""Sockets for tests of the consumer: ASGI by hand, as a server would do it, on a store in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.routing import URLRouter

from fly.context import read_context
from fly.here import Here
from gameserver import process as processes
from gameserver.journal import Journal
from gameserver.memory import Memory
from gameserver.process import Process
from gameserver.routing import websocket_urlpatterns
from tests.gameserver.rooms import PATIENCE_S, sid

HERE = Here("local", "local", "")
app = URLRouter(websocket_urlpatterns)


@asynccontextmanager
async def running(
    store: Memory | None = None, here: Here = HERE, regions: tuple[str, ...] = ("ewr", "cdg"), **more: Any
) -> AsyncIterator[Process]:
    """A gameserver process in this test, on a store in memory."""
    memory = store or Memory()
    journal = Journal(memory, asyncio.get_running_loop())
    process = Process(here, regions, journal, memory, **more)
    await process.start()
    processes.start(process)
    try:
        yield process
    finally:
        await process.stop()
        await journal.stop(PATIENCE_S)
        processes.stop()


class Talk:
    """One socket of one client, from the handshake on."""

    def __init__(
        self,
        slug: str = "main",
        region: str = "cdg",
        headers: list[tuple[bytes, bytes]] | None = None,
        query: bytes = b"",
        path: str = "/ws/r/{}/",
        **scope: Any,
    ) -> None:
        host = (b"host", f"{region}.play.localhost:8000".encode())
        path = path.format(slug)
        headers = [host, *(headers or [])]
        extensions = {"websocket.http.response": {}, **scope}
        context = read_context(path, headers)
        self.scope: dict[str, Any] = {"type": "websocket", "path": path, "headers": headers, "extensions": extensions, "fly": context}
        self.scope["query_string"] = query
        self.inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task = asyncio.ensure_future(app(self.scope, self.inbound.get, self.outbound.put))
        self.inbound.put_nowait({"type": "websocket.connect"})

    async def event(self) -> dict[str, Any]:
        """What the application sends next."""
        return await asyncio.wait_for(self.outbound.get(), PATIENCE_S)

    async def read(self) -> dict[str, Any]:
        """The next message that is not presence."""
        while True:
            event = await self.event()
            assert event["type"] == "websocket.send", event
            message: dict[str, Any] = json.loads(event["text"])
            if message["type"] != "presence":
                return message

    async def closed(self) -> tuple[dict[str, Any] | None, int]:
        """Read on until the close: the last `bye`, and the code."""
        bye = None
        while (event := await self.event())["type"] != "websocket.close":
            if event["type"] == "websocket.send":
                message = json.loads(event["text"])
                bye = message if message["type"] == "bye" else bye
        return bye, event["code"]

    def send(self, *messages: Any) -> None:
        for message in messages:
            text = message if isinstance(message, str) else json.dumps(message)
            self.inbound.put_nowait({"type": "websocket.receive", "text": text})

    async def accepted(self) -> Talk:
        assert (await self.event())["type"] == "websocket.accept"
        return self

    async def joined(self, number: int = 0, **fields: Any) -> dict[str, Any]:
        """Join and return the welcome."""
        await self.accepted()
        self.send({"cmd": "room.join", "v": 1, "sid": sid(number), **fields})
        welcome = await self.read()
        assert welcome["type"] == "welcome", welcome
        return welcome

    async def leave(self) -> None:
        """Go away, and wait until the application has noticed."""
        self.inbound.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self.task, PATIENCE_S)
