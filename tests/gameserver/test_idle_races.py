"""Real processes that go when nobody is there, and clients that come just then. IDLE_RACES says how often, instead of a few times."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from gameserver.engine import lease
from tests.gameserver.machine import Machine, read, send
from tests.gameserver.rooms import until

RACES = int(os.environ.get("IDLE_RACES", "4"))
IDLE_S = 0.25
EARLIEST_S, LATEST_S = -0.02, 0.1
"""Around the moment: the process makes up its mind, gives everything back, and is gone a little later."""
SID = "visitor-" + "v" * 22


class Visitor:
    """Comes back until it is in, as the browser does, and starts the Machine again where it finds none, as Fly's proxy does."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.position: list[int] | None = None
        self.met: Counter[str] = Counter()

    async def enter(self) -> ClientConnection:
        """A socket in the room, which has everything that was said, and its position."""
        while True:
            with suppress(OSError, InvalidHandshake, InvalidMessage, ConnectionClosed, EOFError):
                return await self._try()
            await self._start_again()
            await asyncio.sleep(0.01)

    async def _try(self) -> ClientConnection:
        try:
            ws = await self.machine.connect()
        except Exception as error:
            self.met[type(error).__name__] += 1
            raise
        await send(ws, cmd="room.join", v=1, sid=SID, **({"position": self.position} if self.position else {}))
        welcome = await read(ws, "welcome")
        assert self.position is None or (welcome["recovered"], welcome["events"]) == (True, [])
        self.position = welcome["position"]
        return ws

    async def _start_again(self) -> None:
        assert self.machine.process is not None
        code = self.machine.process.poll()
        if code is not None:
            assert code == 0, self.machine.log.read_text()
            self.met["started again"] += 1
            await self.machine.start()

    async def say(self, ws: ClientConnection, number: int) -> None:
        """Say a line that nobody may lose."""
        await send(ws, cmd="chat.say", ref=1000 + number, text=f"line {number}")
        while self.position is None or self.position[1] < number:
            events = await read(ws, "events")
            self.position = [events["epoch"], events["events"][-1]["seq"]]


async def gone(machine: Machine) -> None:
    """Wait for the end of the process: by itself, and in order."""
    process = machine.process
    assert process is not None
    await until(lambda: process.poll() is not None, "the process to end by itself")
    assert process.returncode == 0, machine.log.read_text()


async def test_a_visitor_in_that_moment_is_not_lost(tmp_path: Path) -> None:
    """[ID3] [ID5] [ID6] Whoever comes around the moment is in, at once or when the process was started again, and nothing is lost."""
    async with Machine(tmp_path, environ={"IDLE_STOP_S": str(IDLE_S)}) as machine:
        visitor = Visitor(machine)
        for number in range(1, RACES + 1):
            ws = await visitor.enter()
            await visitor.say(ws, number)
            await ws.close()
            await passed(IDLE_S + EARLIEST_S + (LATEST_S - EARLIEST_S) * number / RACES)
        await (await visitor.enter()).close()
        await gone(machine)
        await visitor.enter()
        print(dict(visitor.met))
        assert visitor.met["started again"] >= 1


async def test_a_frozen_process_gives_its_rooms_up_first(tmp_path: Path) -> None:
    """[ID9] [GS4] Frozen for longer than its leases run it sends everybody away before anything is decided, and lets them in again."""
    async with Machine(tmp_path) as machine:
        assert machine.process is not None
        visitor = Visitor(machine)
        ws = await visitor.enter()
        await visitor.say(ws, 1)
        os.kill(machine.process.pid, signal.SIGSTOP)
        await send(ws, cmd="chat.say", ref=2000, text="into the ice")
        await passed(lease.CLOSE_S)
        os.kill(machine.process.pid, signal.SIGCONT)
        said: dict[str, Any] = await read(ws, "bye", "events")
        assert (said["type"], said["code"], "asleep" in said["text"]) == ("bye", 4003, True)
        again = await visitor.enter()
        await visitor.say(again, 2)
        await again.close()


async def passed(seconds: float) -> None:
    """What has to be slept through by a process, not by the test: no condition tells of it."""
    clock = asyncio.get_running_loop().time
    due = clock() + seconds
    await until(lambda: clock() >= due, "time to pass")
