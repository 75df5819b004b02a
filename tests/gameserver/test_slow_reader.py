"""A real server, and clients with tiny receive buffers that stop reading while others go on (R12)."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.fly.server.wire import CLOSE, TEXT, Wire, frame
from tests.gameserver.machine import HOST, Machine, send
from tests.gameserver.readers import Told
from tests.gameserver.rooms import sid

ROOM = "/ws/r/main/?world=freight"
EVENTS = 2500
"""More than memory keeps, fewer than are too many to be caught up with."""
WEIGHT = 4096
SLOW = 6
GROWN_KB = 40 * 1024
"""Six times ten megabytes would wait, and as much of what passes, if nothing were left out."""


@pytest.fixture(params=["ours", "uvicorn"])
async def machine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Machine]:
    async with Machine(tmp_path, request.param, {"DJANGO_SETTINGS_MODULE": "tests.gameserver.settings"}) as started:
        yield started


class Frozen(Told):
    """A client with a receive buffer of a few KiB, which reads nothing behind its welcome until it is told to."""

    def __init__(self, machine: Machine, number: int) -> None:
        super().__init__()
        self.number = number
        self.wire = Wire(("127.0.0.1", machine.port), receive_buffer=4096)

    def enter(self) -> None:
        """Open, join and read the welcome."""
        self.wire.send(
            f"GET {ROOM} HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyAxNg==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert self.wire.answer().status == 101
        self.say(cmd="room.join", v=1, sid=sid(self.number))
        self.thaw(lambda: self.of("welcome"))

    def say(self, **command: Any) -> None:
        self.wire.send(frame(TEXT, json.dumps(command).encode()))

    def thaw(self, condition: Any) -> None:
        """Read until a condition holds."""
        while not condition():
            received = self.wire.frame()
            if received.opcode == TEXT:
                self.log.append(json.loads(received.payload))
            assert received.opcode != CLOSE, received


class Quick(Told):
    """A client of the `websockets` package that reads all the time."""

    def __init__(self, ws: ClientConnection) -> None:
        super().__init__()
        self.ws = ws
        self.last = 0
        self.news = asyncio.Condition()
        self.task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        async for text in self.ws:
            self.log.append(json.loads(text))
            if self.log[-1]["type"] == "events":
                self.last = self.log[-1]["events"][-1]["seq"]
            async with self.news:
                self.news.notify_all()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(condition)

    async def leave(self) -> None:
        await self.ws.close()
        await self.task


async def quick(machine: Machine, number: int) -> Quick:
    """Somebody who has joined and reads."""
    sock = socket.create_connection(("127.0.0.1", machine.port))
    ws = await connect(f"ws://{HOST}:{machine.port}{ROOM}", sock=sock, compression=None, ping_interval=None, max_size=None)
    one = Quick(ws)
    await send(ws, cmd="room.join", v=1, sid=sid(number))
    await one.until(lambda: one.of("welcome"))
    return one


async def talk(talker: Quick, other: Quick) -> None:
    """All events, each with one that passes; never so many that those who read could be behind by too much themselves."""
    for ref in range(1, EVENTS + 1):
        await send(talker.ws, cmd="freight.load", ref=ref, weight=WEIGHT)
        await send(talker.ws, cmd="freight.wave", number=ref, weight=WEIGHT)
        if ref % 10 == 0:
            await talker.until(lambda ref=ref: talker.last == ref)
            await other.until(lambda ref=ref: other.last == ref)


def resident_kb(machine: Machine) -> int:
    """Memory of the server."""
    assert machine.process is not None
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{machine.process.pid}/status").read_text())[0])


async def test_who_does_not_read(machine: Machine) -> None:
    """[GS100] Others get everything meanwhile, the server does not grow, and those who read on have every event once and in order."""
    async with AsyncExitStack() as stack:
        talker, other = await quick(machine, 50), await quick(machine, 51)
        frozen = [Frozen(machine, number) for number in range(1, SLOW + 1)]
        for one in (talker, other):
            stack.push_async_callback(one.leave)
        for slow in frozen:
            stack.callback(slow.wire.socket.close)
            await asyncio.to_thread(slow.enter)
        before = resident_kb(machine)
        await talk(talker, other)
        await other.until(lambda: other.waves[-1:] == [EVENTS])
        grown = resident_kb(machine) - before
        assert (talker.refs, talker.seqs, other.seqs) == (list(range(1, EVENTS + 1)),) * 3
        # Over another server even those who read wait for a task's turn, and a burst of what passes is cut.
        assert other.waves == (list(range(1, EVENTS + 1)) if machine.server == "ours" else sorted(other.waves))
        for seq, slow in enumerate(frozen, EVENTS + 1):
            await asyncio.to_thread(slow.thaw, lambda slow=slow, seq=seq: slow.seqs[-1:] == [seq - 1])
            slow.say(cmd="freight.load", ref=1, weight=7)
            await asyncio.to_thread(slow.thaw, lambda slow=slow: slow.refs == [1])
            assert slow.seqs == list(range(1, seq + 1))
            first, *more = [welcome["recovered"] for welcome in slow.of("welcome")]
            assert (first, set(more)) == (False, {True})
            assert slow.waves == sorted(slow.waves)
        assert grown < GROWN_KB, f"{grown} KiB"
