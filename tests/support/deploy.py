"""A rolling deploy in a running emulator, as flyctl does it, and people who go on talking through it."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from tests.support.emulator import Running
from tests.support.returning import PATIENCE_S, Returning

APP = "rooms"
OLD, NEW = "1.old", "2.new"


class Talker(Returning):
    """One person, who says a line now and then until stopped, over however many connections, and holds the room to its promises.

    The next line waits for the reply of the last one, which is sent again over every new connection.
    """

    def __init__(self, port: int, region: str, room: str, pace_s: float) -> None:
        super().__init__(port, region, room)
        self.pace_s = pace_s
        self.said = 0
        self.replies: dict[int, int] = {}
        self.builds: list[str] = []
        self.machines: list[str] = []
        self.seen: dict[int, str] = {}
        self.is_talking = True
        self._heard_at = 0.0
        self._is_refused = False

    @property
    def is_answered(self) -> bool:
        """Whether every line has its reply."""
        return len(self.replies) == self.said

    async def stay(self, ws: ClientConnection) -> None:
        """Say lines, and hear what is said."""
        await ws.send(json.dumps(self.join))
        self._take(json.loads(await ws.recv()))
        if not self.is_answered:
            await self._send(ws, self.said)
        talking = asyncio.ensure_future(self._talk(ws))
        try:
            async for text in ws:
                self._take(json.loads(text))
        finally:
            talking.cancel()
            await ws.close()

    async def _talk(self, ws: ClientConnection) -> None:
        with suppress(WebSocketException):
            while self.is_talking or not self.is_answered:
                await asyncio.sleep(self.pace_s * random.uniform(0.8, 1.2))
                if self.is_answered and self.is_talking:
                    self.said += 1
                elif not self._is_refused:
                    continue
                self._is_refused = False
                await self._send(ws, self.said)

    async def _send(self, ws: ClientConnection, ref: int) -> None:
        await ws.send(json.dumps({"cmd": "chat.say", "ref": ref, "text": f"{self.sid[:6]} {ref}"}))

    def _take(self, message: dict[str, Any]) -> None:
        now = time.monotonic()
        kind = message["type"]
        if kind == "welcome":
            if self._heard_at:
                assert message["recovered"], "a position was not good any more"
                self.gaps.append(now - self._heard_at)
            self.builds.append(message["build"])
            self.machines.append(message["machine"])
            self._show(message["events"], message["position"][0])
            self.position = message["position"]
        elif kind == "events":
            self._show(message["events"], message["epoch"])
        elif kind == "reply" and not message["ok"]:
            assert message["code"] in ("rate", "unavailable"), message
            self._is_refused = True
        elif kind == "reply":
            assert self.replies.setdefault(message["ref"], message["seq"]) == message["seq"], "a line was said twice"
        elif kind == "bye":
            self.retry_s = message.get("retry_ms", 0) / 1000
        self._heard_at = now

    def _show(self, events: list[dict[str, Any]], epoch: int) -> None:
        for event in events:
            if self.position is not None:
                assert event["seq"] == self.position[1] + 1, "a gap or a repeat"
            self.seen[event["seq"]] = event.get("text", "")
            self.position = [epoch, event["seq"]]


class Deploy:
    """Updates Machines through the Machines API, as `fly deploy` does. Use as an async context manager."""

    def __init__(self, fly: Running) -> None:
        self.fly = fly
        status = fly.status()
        self._http = httpx.AsyncClient(base_url=status["api"], timeout=PATIENCE_S)
        self._http.headers["authorization"] = f"Bearer {_token(fly.folder)}"

    async def __aenter__(self) -> Deploy:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def update(self, name: str, **environ: str) -> None:
        """Give a Machine another environment, as a release does, and wait until it is healthy with it."""
        before = (await asyncio.to_thread(self.fly.machine, name))["pid"]
        path = f"/v1/apps/{APP}/machines/{(await asyncio.to_thread(self.fly.machine, name))['id']}"
        config = (await self._http.get(path)).raise_for_status().json()["config"]
        config["env"] = {**config.get("env", {}), **environ}
        (await self._http.post(path, json={"config": config})).raise_for_status()

        def is_up() -> bool:
            one = self.fly.machine(name)
            return bool(one["pid"] not in (None, before) and one["state"] == "up")

        deadline = time.monotonic() + PATIENCE_S
        while not await asyncio.to_thread(is_up):
            assert time.monotonic() < deadline, f"{name} is not up again"
            await asyncio.sleep(0.05)

    async def rolling(self, names: list[str], build: str, between: Callable[[], Awaitable[None]] | None = None) -> None:
        """One after the other, as with max_unavailable = 1; `between` is awaited in the middle."""
        for number, name in enumerate(names):
            if number == len(names) // 2 and between is not None:
                await between()
            await self.update(name, BUILD=build)


def _token(folder: Path) -> str:
    """The token of the API in this run."""
    given = dict(line.partition("=")[::2] for line in (folder / "api.env").read_text().splitlines())
    return given["MACHINES_API_TOKEN"]
