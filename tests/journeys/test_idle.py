"""A Machine that goes when nobody is there, and is back for whoever comes: through the emulator's edge and its Machines API."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gameserver.engine.lease import CLOSE_S
from tests.support.deploy import Deploy, Talker
from tests.support.emulator import Running, running
from tests.support.returning import until

IDLE = {"IDLE_STOP_S": "0.3"}


@pytest.fixture
async def fly(tmp_path: Path) -> AsyncIterator[Running]:
    """A primary region and another one, whose Machines go when nobody is there."""
    with running(tmp_path / "fly", "--regions", "ewr,cdg", env=IDLE) as started:
        leave_it_to_them(started.folder / "lobby.sqlite3")
        yield started


def leave_it_to_them(database: Path) -> None:
    """Have no planner: it stops empty Machines as well, and this is about those that stop themselves."""
    link = sqlite3.connect(database, timeout=20)
    row = ("planner", "somebody else", "2999-01-01", "")
    with link:
        link.execute("INSERT OR REPLACE INTO lobby_fleetlease (name, holder, expires_at, trouble) VALUES (?, ?, ?, ?)", row)
    link.close()


async def visit(person: Talker) -> None:
    """Come to the room, say a few lines, each until it has its reply, and go."""
    wanted = len(person.replies) + 2
    person.is_talking = True
    staying = asyncio.ensure_future(person.run())
    await until(lambda: len(person.replies) >= wanted or staying.done(), "two lines")
    assert not staying.done()
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)


async def is_in(fly: Running, name: str, state: str) -> None:
    """Wait until a Machine is in one of Fly's states."""

    async def look() -> str:
        found: str = (await asyncio.to_thread(fly.machine, name))["fly"]
        return found

    async with asyncio.timeout(60):
        while await look() != state:
            await asyncio.sleep(0.05)


async def test_stopped_and_suspended_and_back(fly: Running) -> None:
    """[ID3] [ID6] [ID7] [ID9] The Machine of a region stops itself, or is suspended; whoever comes later has all that was said."""
    person = Talker(fly.port("ewr"), "cdg", "main", 0.05)
    await visit(person)
    await is_in(fly, "cdg", "stopped")
    await visit(person)
    await is_in(fly, "cdg", "stopped")
    async with Deploy(fly) as deploy:
        await deploy.update("cdg", IDLE_STOP="suspend")
    before = fly.machine("cdg")["pid"]
    await visit(person)
    await is_in(fly, "cdg", "suspended")
    # Longer than leases run: it has to prove them anew.
    clock = asyncio.get_running_loop().time
    due = clock() + CLOSE_S
    await until(lambda: clock() >= due, "leases to be over")
    await visit(person)
    assert fly.machine("cdg")["pid"] == before
    assert len(set(person.replies.values())) == person.said
    assert fly.machine("ewr")["fly"] == "started", "the lobby's own Machine has gone"
