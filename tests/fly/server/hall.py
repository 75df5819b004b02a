"""Halls of sockets that are written to together, and heard as they speak. Each hall does what a conductor, on a socket of its own, says.

`/seat/<hall>/<name>` is in the hall's audience; so is `/ear/<hall>/<name>`, which listens, and `/mute/<hall>/<name>`, which listens when
it is told to. `/conductor/<hall>` takes lists: the name of an order, and what it needs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from typing import Any

from fly.server.audience import Audience
from fly.server.frames import prepare
from fly.server.socket import Socket

BOOM = "raise an exception"
HUSH = b"h" * 1000


class Seat:
    """One socket, by its name; the watcher of it."""

    def __init__(self, hall: Hall, name: str, socket: Socket, send: Any) -> None:
        self.hall, self.name, self.socket, self.send = hall, name, socket, send
        self.heard = 0
        self.listens = asyncio.Event()

    def fell_behind(self) -> None:
        """Whoever does is not in the audience any more."""

    def caught_up(self) -> None:
        self.socket.enlist(self.hall.audience)

    def hear(self, data: str | bytes) -> None:
        """Count a message and echo it; or fail, or say nothing, as asked."""
        self.heard += 1
        if data == BOOM:
            raise RuntimeError("secret detail")
        if data != HUSH:
            self.socket.write(prepare(data))

    def listen(self) -> None:
        self.listens.set()
        self.socket.listen(self.hear)


class Hall:
    """The orders. Each is done within one turn of the loop, and its answer is sent back."""

    def __init__(self) -> None:
        self.audience = Audience()
        self.seats: dict[str, Seat] = {}

    def names(self) -> list[str]:
        """Who is in the audience, sorted."""
        return sorted(name for name, seat in self.seats.items() if seat.socket in self.audience)

    def write(self, payload: str | int | list[str | int], own: dict[str, str]) -> list[str]:
        """Write one message, or several in one write, to all: a text, or so many bytes. Who was in the audience."""
        names = self.names()
        parts = payload if isinstance(payload, list) else [payload]
        data = b"".join(prepare(part if isinstance(part, str) else bytes(part)) for part in parts)
        self.audience.write(data, {self.seats[name].socket: prepare(text) for name, text in own.items()})
        return names

    def until_behind(self, name: str, size: int) -> int:
        """Write numbered texts to all until this one is behind; how many."""
        count = 0
        while self.seats[name].socket in self.audience and count < 10_000:
            self.audience.write(prepare(f"{count:08d}".ljust(size)))
            count += 1
        return count

    def one(self, name: str, text: str) -> None:
        """Write to one socket by itself."""
        self.seats[name].socket.write(prepare(text))

    def close(self, name: str, code: int, reason: str) -> None:
        self.seats[name].socket.close(code, reason)

    def listen(self, name: str) -> None:
        self.seats[name].listen()

    def hold(self, name: str) -> None:
        self.seats[name].socket.hold()

    def go_on(self, name: str) -> None:
        self.seats[name].socket.go_on()

    def heard(self, name: str) -> int:
        """How many messages of a socket were heard."""
        return self.seats[name].heard

    async def do(self, order: str, *more: Any) -> Any:
        if order == "send":
            return await self.seats[more[0]].send({"type": "websocket.send", "text": more[1]})
        return getattr(self, order)(*more)


HALLS: defaultdict[str, Hall] = defaultdict(Hall)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """One socket of a hall, from its acceptance on."""
    _, kind, name, *more = scope["path"].split("/")
    hall = HALLS[name]
    await send({"type": "websocket.accept"})
    if kind == "conductor":
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": json.dumps(await hall.do(*json.loads(event["text"])))})
        return
    socket = scope["extensions"]["fly.socket"]["socket"]
    seat = hall.seats[more[0]] = Seat(hall, more[0], socket, send)
    socket.watch(seat)
    socket.enlist(hall.audience)
    socket.write(prepare("seated"))
    if kind == "ear":
        seat.listen()
    elif kind == "mute":
        await seat.listens.wait()
    # With `listen` nothing but the end comes here, and what comes before it is left where it is.
    while (event := await receive())["type"] != "websocket.disconnect":
        print(f"received {event['type']}", file=sys.stderr, flush=True)
    print(f"{name}/{more[0]} disconnected {event['code']} {event.get('reason', '')}", file=sys.stderr, flush=True)
    del hall.seats[more[0]]
