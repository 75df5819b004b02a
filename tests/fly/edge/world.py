"""An edge on real sockets, in front of small servers that say exactly what a test wants them to say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fly.edge import latency
from fly.edge.cache import ReplayCache
from fly.edge.carry import Carrier
from fly.edge.proxy import Edge, Line
from fly.edge.rules import Candidate, Switches

LIMIT_S = 60
Handler = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = "GET / HTTP/1.1\r\nHost: play.localhost\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def says(answer: bytes) -> Handler:
    async def handle(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return handle


def replay(text: str, extra: str = "") -> Handler:
    return says(f"HTTP/1.1 307 Elsewhere\r\nfly-replay: {text}\r\n{extra}Content-Length: 0\r\n\r\n".encode())


class World:
    """Machines by region, each with a handler; what they were asked is kept."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = dict.fromkeys(("ewr", "nrt", "cdg"), says(OK))
        self.heads: list[tuple[str, bytes]] = []
        self.ports: dict[str, int] = {}
        self.states: dict[str, Any] = dict.fromkeys(self.handlers, "up")
        self.lines: list[Line] = []
        self.switches = Switches()
        self.delay: Callable[[str, str], float] = latency.none
        self.servers: list[asyncio.Server] = []
        self.edge: Edge

    def candidates(self) -> Sequence[Candidate]:
        return [Candidate(f"m-{region}", region, "rooms", self.states[region]) for region in self.handlers]

    def port(self, machine: str) -> int:
        return self.ports[machine.removeprefix("m-")]

    async def start(self) -> None:
        for region in self.handlers:
            server = await asyncio.start_server(lambda r, w, region=region: self._serve(region, r, w), "127.0.0.1", 0)
            self.servers.append(server)
            self.ports[region] = server.sockets[0].getsockname()[1]
        carrier = Carrier("ewr", "rooms", self, self.switches, ReplayCache(), lambda a, b: self.delay(a, b))
        self.edge = Edge(carrier, lambda host: "rooms" if host.endswith("play.localhost") else None, self.lines.append)
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        await self.edge.listen(bound)

    async def _serve(self, region: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append((region, head))
            await self.handlers[region](head, reader, writer)
            await writer.drain()
        writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.edge.port)

    async def ask(self, text: str = GET, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        reader, writer = await self.connect()
        writer.write(text.encode("latin-1") + body)
        try:
            return await asyncio.wait_for(read_answer(reader), LIMIT_S)
        finally:
            writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    status = int(head[0].split()[1])
    if status < 200:
        return status, headers, b""
    if headers.get("transfer-encoding") != "chunked":
        return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))
    pieces = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return status, headers, b"".join(pieces)


def order_of(world: World) -> list[str]:
    return [region for region, _ in world.heads]


def header_of(head: bytes, name: str) -> str:
    lines = head.decode("latin-1").split("\r\n")
    return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(name + ":")), "")


async def standstill(value: Callable[[], int]) -> int:
    """Wait until a counter that has begun to rise rises no more, looking often; returns it."""
    before, looks = -1, 0
    while looks < 30:
        now = value()
        looks = looks + 1 if now == before and now else 0
        before = now
        await asyncio.sleep(0.01)
    return before
