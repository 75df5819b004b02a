"""An emulator with tiny Machines in the test's own process, and whoever speaks with its API."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from fly.edge import control
from fly.edge.emulator import Emulator, Settings
from fly.edge.machine import Machine
from fly.edge.plan import Concurrency, Plan
from tests.fly.edge.fleet import TINY, until
from tests.fly.edge.world import LIMIT_S, read_answer
from tests.support.raw import handshake

CONFIG: dict[str, Any] = {
    "image": "registry.fly.io/rooms:emulated",
    "services": [{"internal_port": 8080, "autostart": True, "autostop": "suspend", "concurrency": {"soft_limit": 2, "hard_limit": 3}}],
    "stop_config": {"signal": "SIGTERM", "timeout": "5s"},
}


FEW = Concurrency(2, 3)
"""Busy with two connections, full with three."""


def stands_still(pid: int | None) -> bool:
    """Whether a process has been stopped by a signal."""
    return "T" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class Run:
    """`said` is what the console would say. `api` is an HTTP client with the token of the run, `stranger` one without."""

    def __init__(self, folder: Path, *, limits: bool = False, concurrency: Concurrency = FEW) -> None:
        self.folder = folder
        self.said: list[str] = []
        ewr = Plan("ewr", TINY, {"PATH": os.environ["PATH"], "TINY_FRAMES": "1"}, "", concurrency=concurrency, stop_s=5)
        plans = (replace(ewr, log=str(folder / "ewr.log")), replace(ewr, region="nrt", log=str(folder / "nrt.log"), asleep=True))
        wanted = Settings(("ewr", "nrt"), (0, 0), "play.localhost", plans, blueprint=self._plan, api_limits=limits, autostop_s=3600)
        self._like = ewr
        self._open: list[asyncio.StreamWriter] = []
        self.emulator = Emulator(wanted, say=self.said.append)
        self.api = self.stranger = httpx.AsyncClient(trust_env=False)

    def _plan(self, app: str, region: str, number: int) -> Plan:
        return replace(
            self._like, app=app, region=region, number=number, alone=number == 1, log=str(self.folder / f"{region}-{number}.log")
        )

    async def start(self) -> None:
        await self.emulator.start()
        headers = {"authorization": f"Bearer {self.emulator.api.token}"}
        self.api = httpx.AsyncClient(base_url=f"{self.emulator.api.url}/v1", headers=headers, timeout=LIMIT_S, trust_env=False)

    async def stop(self) -> None:
        for writer in self._open:
            writer.close()
        await self.api.aclose()
        await self.stranger.aclose()
        await self.emulator.stop()

    def machine(self, name: str) -> Machine:
        return self.emulator.machines[name]

    def by_id(self, id: str) -> Machine:
        return next(one for one in (*self.emulator.machines.values(), *self.emulator.fleet.gone) if one.id == id)

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """The JSON of an answer that has this status; `path` below the app."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.api.request(method, f"/apps/rooms{path}", json=body, headers=named)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def make(self, region: str, status: int = 200, config: dict[str, Any] | None = None, **more: Any) -> Any:
        """Create a Machine."""
        return await self.ask("POST", "/machines", {"region": region, "config": config or CONFIG, **more}, status)

    async def made(self, region: str, **more: Any) -> str:
        """The id of a new Machine that runs and is up."""
        id = (await self.make(region, **more))["id"]
        await self.until(lambda: self.by_id(id).view == "up", "the new Machine is up")
        return str(id)

    async def state(self, id: str) -> str:
        return str((await self.ask("GET", f"/machines/{id}"))["state"])

    async def reaches(self, id: str, state: str) -> None:
        await asyncio.wait_for(self.by_id(id).record.until(frozenset({state}), LIMIT_S), LIMIT_S)

    async def order(self, verb: str, target: str = "", **values: object) -> dict[str, Any]:
        answer = await asyncio.wait_for(control.obey(self.emulator, verb, target, values), LIMIT_S)
        assert "error" not in answer, answer
        return answer

    async def get(self, path: str = "/", vantage: str = "ewr", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """A request through the edge."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.emulator.edges[vantage].port)
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: play.localhost\r\n{lines}\r\n".encode())
        try:
            return await asyncio.wait_for(read_answer(reader), LIMIT_S)
        finally:
            writer.close()

    async def exit(self, id: str, code: int) -> None:
        """Let a Machine's process end by itself; whoever asked for it has no answer of the Machine's."""
        status, headers, _ = await self.get(f"/exit/{code}", fly_force_instance_id=id)
        assert (status, headers["fly-edge-error"]) == (502, "PU02")

    async def socket(self, **headers: str) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
        """An open WebSocket, with the id of the Machine that it leads to; an error of the edge's is its code."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.emulator.edges["ewr"].port)
        self._open.append(writer)
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(handshake("play.localhost").replace(b"\r\n\r\n", f"\r\n{lines}\r\n".encode(), 1))
        status, found, _ = await asyncio.wait_for(read_answer(reader), LIMIT_S)
        if status != 101:
            return found.get("fly-edge-error", str(status)), reader, writer
        return (await reader.readexactly(16))[2:].decode(), reader, writer

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        await until(condition, what)
