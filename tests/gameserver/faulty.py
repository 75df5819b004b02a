"""A room for bots that is not as it should be: the protocol by hand, with one fault at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

EPOCH = 1000
Fault = Callable[["FaultyRoom", ServerConnection, dict[str, Any]], Any]


class FaultyRoom:
    """Shows what is said to everybody, in order; `fault` is asked first about each command and may do it in its own way.

    fault: returns True when it has answered the command. log: all events, from the number 1 on. joins: the position of each join.
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.log: list[dict[str, Any]] = []
        self.joins: list[list[int] | None] = []
        self.inside: set[ServerConnection] = set()
        self.port = 0
        self._turn = asyncio.Lock()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/r/load/"

    async def serve(self, ws: ServerConnection) -> None:
        """One bot's stay."""
        try:
            async for text in ws:
                async with self._turn:
                    await self.take(ws, json.loads(text))
        finally:
            self.inside.discard(ws)

    async def take(self, ws: ServerConnection, command: dict[str, Any]) -> None:
        """One command after the other, whoever sent them."""
        if command["cmd"] == "room.join":
            self.joins.append(command.get("position"))
            await self.welcome(ws, command.get("position"))
        elif not await self.fault(self, ws, command):
            event = self.keep(command)
            await self.show(event)
            await self.reply(ws, command, event["seq"])

    async def welcome(self, ws: ServerConnection, position: list[int] | None) -> None:
        missed = self.log[position[1] :] if position else []
        fields = {"recovered": position is not None, "events": missed, "position": [EPOCH, len(self.log)]}
        rooms = {"region": "cdg", "machine": "m1", "room": "load", "rates": {"chat": [5, 10]}}
        await ws.send(json.dumps({"type": "welcome", "v": 1, **fields, **rooms}))
        self.inside.add(ws)

    def keep(self, command: dict[str, Any]) -> dict[str, Any]:
        """The next event, of this command."""
        self.log.append({"seq": len(self.log) + 1, "ev": "chat.said", "text": command["text"]})
        return self.log[-1]

    async def show(self, event: dict[str, Any]) -> None:
        for ws in list(self.inside):
            await ws.send(json.dumps({"type": "events", "epoch": EPOCH, "events": [event]}))

    async def reply(self, ws: ServerConnection, command: dict[str, Any], seq: int) -> None:
        await ws.send(json.dumps({"type": "reply", "ref": command["ref"], "ok": True, "seq": seq}))


@asynccontextmanager
async def room(fault: Fault) -> AsyncIterator[FaultyRoom]:
    """Such a room on a free port of loopback."""
    made = FaultyRoom(fault)
    async with serve(made.serve, "127.0.0.1", 0, compression=None) as server:
        made.port = next(iter(server.sockets)).getsockname()[1]
        yield made
