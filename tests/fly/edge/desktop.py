"""An emulator with its page in the test's own process, and the page's feed being read."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fly.edge.desk import Desk
from fly.edge.emulator import Emulator, Settings
from fly.edge.machine import Plan
from tests.fly.edge.fleet import TINY
from tests.fly.edge.world import LIMIT_S, read_answer

PARENT = "play.localhost"


class Told:
    """A feed being read: the messages so far, and the world they make."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.said: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.sections: dict[str, dict[str, Any]] = {}

    async def next(self) -> dict[str, Any]:
        """The next message; what is between messages is framing."""
        while True:
            text = (await self.reader.readline()).decode()
            if text.startswith("data: "):
                break
        message: dict[str, Any] = json.loads(text.removeprefix("data: "))
        self.said += [one["text"] for one in message.get("said", [])]
        self.requests += message.get("requests", [])
        for section in ("edges", "machines", "troubles", "modes"):
            kept = {} if message["kind"] == "snapshot" else self.sections.get(section, {})
            self.sections[section] = kept | message.get(section, {})
        return message

    async def until(self, condition: Callable[[], Any]) -> None:
        """Read until the world is so."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await self.next()


class Desktop:
    """An emulator with its page; what the console would say is in `said`."""

    def __init__(self, *plans: Plan) -> None:
        self.said: list[str] = []
        self.lines: list[Any] = []
        self.desk = Desk(PARENT)
        on_line, say = self.desk.lines(self.lines.append), self.desk.words(self.said.append)
        self.emulator = Emulator(Settings(("cdg", "ewr"), (0, 0), PARENT, plans), on_line, say, self.desk)
        self.desk.show(self.emulator)

    @property
    def port(self) -> int:
        return self.emulator.edges["cdg"].port

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = {"Host": f"{PARENT}:{self.port}", "Content-Length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}}
        writer.write(f"{method} {path} HTTP/1.1\r\n".encode() + "".join(f"{k}: {v}\r\n" for k, v in head.items()).encode() + b"\r\n" + body)
        try:
            return await asyncio.wait_for(read_answer(reader), LIMIT_S)
        finally:
            writer.close()

    async def order(self, verb: str, target: str | None, **values: object) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"verb": verb, "target": target, **values}).encode()
        status, _, text = await self.ask("POST", "/.edge/orders", body, X_Edge="1", Origin=f"http://{PARENT}:{self.port}")
        return status, json.loads(text)

    async def watch(self) -> Told:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET /.edge/feed HTTP/1.1\r\nHost: {PARENT}:{self.port}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LIMIT_S)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert b"text/event-stream" in head
        return Told(reader, writer)

    def watchers(self) -> int:
        return len(self.desk.feed._watchers)


def tiny_plan(folder: Path) -> Plan:
    """One Machine of a few lines, in cdg."""
    environ = {"PATH": os.environ["PATH"], "TINY_SICK": str(folder / "sick")}
    return Plan("cdg", TINY, environ, str(folder / "cdg.log"), stop_s=20)
