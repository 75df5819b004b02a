"""People who press Join, as browsers do it: the page, the questions while the region wakes, the way in, the socket with the ticket."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.support.emulator import PARENT

PATIENCE_S = 120.0


@dataclass
class Answer:
    """An HTTP answer; header names in lower case, of several the last."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Visitor:
    """Somebody at a vantage point's port, with a cookie as soon as the platform gave one. Times are the monotonic clock's."""

    port: int
    region: str = "cdg"
    sid: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    cookie: str = ""
    states: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    """What the page to wait on was told last."""
    ticket: str = ""
    room: str = ""
    welcome: dict[str, Any] = field(default_factory=dict)
    socket: ClientConnection | None = None
    times: dict[str, float] = field(default_factory=dict)
    refused: int = 0

    async def play(self) -> None:
        """From the button into the room. Fails where somebody would be lost."""
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.times["pressed"] = time.monotonic()
            try:
                answer = await self._get(reader, writer, f"/join/{self.region}/")
                while answer.status == 202:
                    await self._until_up(reader, writer)
                    answer = await self._get(reader, writer, f"/join/{self.region}/")
            finally:
                writer.close()
            assert answer.status == 302, (answer.status, answer.body[:300])
            self.times["let in"] = time.monotonic()
            url = urlsplit(answer.headers["location"])
            assert url.hostname == f"{self.region}.{PARENT}"
            self.ticket, self.room = parse_qs(url.query)["ticket"][0], url.path.split("/")[2]
            self.welcome = await self.enter()
            self.times["welcomed"] = time.monotonic()

    async def enter(self, **other: str) -> dict[str, Any]:
        """Open the room's socket and join; the welcome, or the `bye`. other: region, room, sid, ticket or cookie instead of one's own."""
        mine = {"region": self.region, "room": self.room, "sid": self.sid, "ticket": self.ticket, "cookie": self.cookie} | other
        url = f"ws://{mine['region']}.{PARENT}:{self.port}/ws/r/{mine['room']}/"
        cookie = {"Cookie": mine["cookie"]} if mine["cookie"] else {}
        ws = await self._connect(url, cookie)
        await ws.send(json.dumps({"cmd": "room.join", "v": 1, "sid": mine["sid"], "ticket": mine["ticket"]}))
        while True:
            message: dict[str, Any] = json.loads(await ws.recv())
            if message["type"] == "welcome" and not other:
                self.socket = ws
            elif message["type"] in ("welcome", "bye"):
                await ws.close()
            if message["type"] in ("welcome", "bye"):
                return message

    async def _connect(self, url: str, headers: dict[str, str]) -> ClientConnection:
        """A socket. One that is refused, because everybody comes at once, is tried again, as browsers do."""
        for attempt in count():
            try:
                return await connect(
                    url, host="127.0.0.1", port=self.port, compression=None, ping_interval=None, open_timeout=30, additional_headers=headers
                )
            except (InvalidStatus, OSError, TimeoutError):
                self.refused += 1
                await asyncio.sleep(random.uniform(0, min(15.0, 0.3 * 2**attempt)))
        raise AssertionError

    async def leave(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            await self.socket.close()

    async def _until_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            answer = await self._get(reader, writer, f"/join/{self.region}/state")
            state = json.loads(answer.body)
            self.states.append(state["state"])
            self.told = state
            self.times.setdefault(state["state"], time.monotonic())
            if state["state"] == "up":
                return
            await asyncio.sleep(state["again_ms"] / 1000)

    async def _get(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> Answer:
        lines = [f"GET {path} HTTP/1.1", f"Host: {PARENT}:{self.port}", *([f"Cookie: {self.cookie}"] if self.cookie else [])]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].partition(";")[0]
        return Answer(int(head[0].split()[1]), headers, body)
