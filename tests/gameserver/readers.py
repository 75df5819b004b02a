"""Clients of a room that read only when they are told to: over a real socket of our server in this process, or over another server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fly.context import read_context
from gameserver.engine.registry import Registry
from gameserver.engine.worlds.chat import World as Chat
from gameserver.hub import Member
from gameserver.owner import Owner
from gameserver.process import Process
from tests.fly.server.wire import CLOSE, TEXT, close, frame
from tests.gameserver.rooms import ADA, PATIENCE_S, Mill, Sink, Wind, enter, sid, until
from tests.gameserver.sockets import Talk, app, running
from tests.gameserver.worlds.freight import Load, Wave
from tests.gameserver.worlds.freight import World as Freight
from tests.support.line import Line

HEAVY = Registry([Chat, Mill, Wind, Freight])
KIB = 1024
LAGGED = 60
"""Events of 8 KiB: more than may wait, with what the kernel takes."""


class Told:
    """What a client was told, in order, and what that comes to."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.code = 0
        """Of the close frame, once it came."""

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """The messages of some types."""
        return [message for message in self.log if message["type"] in kinds]

    @property
    def seqs(self) -> list[int]:
        """The numbers of all journalled events, in welcomes and between them, in the order they came."""
        return [event["seq"] for message in self.of("welcome", "events") for event in message["events"]]

    @property
    def waves(self) -> list[int]:
        """The numbers of the ephemeral events."""
        return [event["number"] for message in self.of("ephemeral") for event in message["events"]]

    @property
    def refs(self) -> list[int]:
        """The refs of all good replies."""
        return [reply["ref"] for reply in self.of("reply") if reply["ok"]]

    @property
    def present(self) -> set[str]:
        """Who is in the room, for this client."""
        players: set[str] = set()
        for message in self.of("welcome", "presence"):
            if message["type"] == "welcome":
                players = {who["id"] for who in message["present"]}
            else:
                players = (players - set(message["left"])) | {who["id"] for who in message["joined"]}
        return players


class Reader(Told, Line):
    """Over a socket of our server."""

    def __init__(self, number: int, slug: str = "main", world: str = "freight") -> None:
        Told.__init__(self)
        Line.__init__(self)
        self.number = number
        path = f"/ws/r/{slug}/"
        headers = [(b"host", b"cdg.play.localhost:8000")]
        self.scope: dict[str, Any] = {"type": "websocket", "path": path, "headers": headers, "fly": read_context(path, headers)}
        self.scope |= {"extensions": {"fly.socket": {"socket": self.socket}}, "query_string": f"world={world}".encode()}
        self.inbox.put_nowait({"type": "websocket.connect"})

    async def enter(self, **join: Any) -> dict[str, Any]:
        """Join, read on to the welcome, and return that."""
        await self.start()
        self.task = asyncio.ensure_future(app(self.scope, self.inbox.get, self._send))
        self.command(cmd="room.join", v=1, sid=sid(self.number), **join)
        await self.reads(lambda: self.of("welcome"), "the welcome")
        return self.of("welcome")[-1]

    async def _send(self, event: Any) -> None:
        assert event["type"] in ("websocket.accept", "websocket.close"), event
        if event["type"] == "websocket.close":
            self.socket.close(event["code"], event.get("reason", ""))

    def command(self, **command: Any) -> None:
        """Send one command."""
        self.say(frame(TEXT, json.dumps(command).encode()))

    def look(self) -> None:
        """Read what the kernel has."""
        for received in self.read():
            if received.opcode == TEXT:
                self.log.append(json.loads(received.payload))
            elif received.opcode == CLOSE:
                self.code = received.code
                self.say(close(received.code))

    async def reads(self, condition: Any, what: str = "the condition") -> None:
        """Read until a condition holds."""

        def looked() -> Any:
            self.look()
            return condition()

        await until(looked, what)

    async def leave(self) -> None:
        """End it, and wait until the application has noticed."""
        await self.end()
        await asyncio.wait_for(self.task, PATIENCE_S)


class Elsewhere(Told, Talk):
    """On a server without prepared frames, which has room for one message."""

    def __init__(self, number: int, slug: str = "main", world: str = "freight") -> None:
        Told.__init__(self)
        Talk.__init__(self, slug, query=f"world={world}".encode())
        self.number = number
        self.outbound._maxsize = 1  # type: ignore[attr-defined]

    async def enter(self, **join: Any) -> dict[str, Any]:
        """Join, read on to the welcome, and return that."""
        welcome = await self.joined(self.number, **join)
        self.log.append(welcome)
        return welcome

    def command(self, **command: Any) -> None:
        """Send one command."""
        self.send(command)

    def look(self) -> None:
        """Read what there is."""
        while not self.outbound.empty():
            event = self.outbound.get_nowait()
            if event["type"] == "websocket.send":
                self.log.append(json.loads(event["text"]))
            else:
                self.code = event["code"]

    async def reads(self, condition: Any, what: str = "the condition") -> None:
        """Read until a condition holds."""
        await Reader.reads(self, condition, what)  # type: ignore[arg-type]


class Hall:
    """A room of heavy events, and somebody in it who can always be written to and has others shown as much as is wanted."""

    def __init__(self, process: Process, owner: Owner, ada: Member, sink: Sink) -> None:
        self.process, self.owner, self.ada, self.sink = process, owner, ada, sink
        self.ref = 0

    async def load(self, count: int, weight: int = 8 * KIB) -> None:
        """So many events, each journalled and shown by itself."""
        for _ in range(count):
            self.ref += 1
            self.owner.receive(self.ada, Load(self.ref, weight))
            await until(lambda: self.owner.is_settled, "the event to be shown")

    def wave(self, number: int, weight: int = 0) -> None:
        """An ephemeral event."""
        self.owner.receive(self.ada, Wave(number=number, weight=weight))

    async def fill(self, slow: Told) -> int:
        """Load until something waits for somebody who does not read, without being too much; how many events that took."""
        before = self.ref
        while not self.member(slow).outlet.waiting:
            assert self.ref - before < 1000, "it takes everything"
            await self.load(1)
        return self.ref - before

    def member(self, of: Any) -> Member:
        """The member of a client."""
        (found,) = [member for member in self.owner.hub if member.session.who.id != "ada" and member.session.key in self._keys(of)]
        return found

    def _keys(self, of: Any) -> set[str]:
        you = next(message["you"]["id"] for message in of.log if message["type"] == "welcome")
        return self.owner.hub.roster.sessions(you)

    def is_behind(self, of: Any) -> bool:
        """Whether a client is sent nothing any more."""
        backlog = self.member(of).backlog
        return backlog is not None and backlog.position is not None


@asynccontextmanager
async def hall(**more: Any) -> AsyncIterator[Hall]:
    """A process with such a room."""
    async with running(registry=HEAVY, **more) as process:
        owner = await process.owner("cdg", "main", "freight")
        ada, sink = await enter(owner, ADA)
        yield Hall(process, owner, ada, sink)


@asynccontextmanager
async def readers(kind: Any, count: int = 1, first: int = 1) -> AsyncIterator[list[Any]]:
    """Clients in the room, which leave it at the end."""
    entered = [kind(number) for number in range(first, first + count)]
    try:
        for reader in entered:
            await reader.enter()
        yield entered
    finally:
        for reader in entered:
            await reader.leave()


async def lag(room: Hall, *slow: Any) -> None:
    """Show more than may wait for those who do not read."""
    await room.load(LAGGED)
    for one in slow:
        assert room.is_behind(one)
