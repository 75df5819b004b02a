"""A whole emulator in the test's own process, its Machines real processes that boot at once (tiny.py)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fly.edge import control
from fly.edge.emulator import Emulator, Settings
from fly.edge.machine import Machine, Plan
from tests.fly.edge.world import GET, LIMIT_S, read_answer
from tests.support.raw import handshake

TINY = (sys.executable, "-I", "-S", str(Path(__file__).with_name("tiny.py")))
"""The command; without what Python looks for at a start and it has no use for."""


class Fleet:
    """Two Machines in ewr, one in cdg; what the console would say is in `said`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.checked: Counter[int] = Counter()
        plans = (self._plan("ewr", 1), self._plan("ewr", 2), self._plan("cdg", 1))
        self.emulator = Emulator(Settings(("ewr", "cdg"), (0, 0), "play.localhost", plans), say=self.said.append)

    def _plan(self, region: str, number: int) -> Plan:
        environ = {"PATH": os.environ["PATH"], "TINY_SICK": str(self.folder / f"sick-{region}-{number}")}
        log = str(self.folder / f"{region}-{number}.log")
        return Plan(region, TINY, environ, log, stop_s=20, number=number, alone=False)

    def machine(self, name: str) -> Machine:
        return self.emulator.machines[name]

    def names(self) -> dict[str, str]:
        """Names by id."""
        return {one.id: name for name, one in self.emulator.machines.items()}

    def states(self) -> dict[str, str]:
        return {name: one.view for name, one in self.emulator.machines.items()}

    async def order(self, verb: str, target: str) -> dict[str, Any]:
        answer = await asyncio.wait_for(control.obey(self.emulator, verb, target), LIMIT_S)
        assert "error" not in answer, answer
        return answer

    async def connect(self, vantage: str = "ewr") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.emulator.edges[vantage].port)

    async def who(self, headers: str = "") -> str:
        """The name of the Machine that answers, or Fly's code for why none does."""
        reader, writer = await self.connect()
        writer.write(GET.replace("\r\n\r\n", f"\r\n{headers}\r\n").encode())
        _, found, body = await asyncio.wait_for(read_answer(reader), LIMIT_S)
        writer.close()
        return self.names().get(body.decode(), found.get("fly-edge-error", ""))

    async def socket(self) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
        """An open socket, with the name of the Machine it leads to."""
        reader, writer = await self.connect()
        writer.write(handshake("play.localhost"))
        await asyncio.wait_for(read_answer(reader), LIMIT_S)
        return self.names()[(await reader.readexactly(14)).decode()], reader, writer

    async def checked_again(self, name: str) -> None:
        """Wait for two more checks of a Machine's health."""
        port = self.machine(name).port
        before = self.checked[port]
        await until(lambda: self.checked[port] >= before + 2, f"{name} is checked again")

    def load(self, name: str) -> int:
        return self.emulator.cables.load(self.machine(name).id)


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition, looking often."""
    try:
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never happened: {what}") from None
