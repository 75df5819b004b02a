"""A frozen owner that wakes up behind the end of its lease, with a line under way: real processes, one database."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.gameserver.machine import Machine, close_code, read, send
from tests.gameserver.rooms import PATIENCE_S, until

SLEEPING = {"35", "230", "101", "115"}
"""nanosleep and clock_nanosleep, on x86-64 and on ARM."""
SIDS = {"a": "ada-" + "a" * 22, "b": "bob-" + "b" * 22}


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Machine, Machine]]:
    """Two Machines of one region over one database."""
    async with AsyncExitStack() as stack:
        machines = [await stack.enter_async_context(Machine(tmp_path, environ=fly(name))) for name in ("aaaa", "bbbb")]
        yield machines[0], machines[1]


def fly(machine: str) -> dict[str, str]:
    """Fly's environment of one Machine in cdg."""
    return {
        "FLY_APP_NAME": "rooms",
        "FLY_MACHINE_ID": machine,
        "FLY_REGION": "cdg",
        "DEBUG": "0",
        "PUBLIC_SCHEME": "http",
        "PARENT_HOST": "play.localhost",
        "SECRET_KEY": "k" * 50,
    }


def journal(database: Path) -> list[tuple[int, str]]:
    """What is journalled: epoch and text, in order."""
    link = sqlite3.connect(database)
    try:
        return link.execute("SELECT epoch, text FROM gameserver_event ORDER BY seq").fetchall()
    finally:
        link.close()


async def test_a_zombie_writes_nothing_behind_its_successor(pair: tuple[Machine, Machine]) -> None:
    """[GS4] An owner that was frozen with a line under way, and wakes up when another Machine has the room, journals and shows nothing."""
    old, new = pair
    ada = await old.connect()
    await send(ada, cmd="room.join", v=1, sid=SIDS["a"])
    await read(ada, "welcome")
    await send(ada, cmd="chat.say", ref=1, text="first")
    await read(ada, "reply")
    lock = sqlite3.connect(old.region_database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    await send(ada, cmd="chat.say", ref=2, text="late")
    await until(lambda: waits_for_the_lock(old), "the journal's thread to wait")
    assert old.process is not None
    os.kill(old.process.pid, signal.SIGSTOP)
    # Its time is over, sooner than it would be by itself.
    lock.execute("UPDATE gameserver_lease SET expires_at = 1")
    lock.execute("COMMIT")
    lock.close()
    bob = await new.connect()
    await send(bob, cmd="room.join", v=1, sid=SIDS["b"])
    welcome = await read(bob, "welcome")
    assert [event["text"] for event in welcome["events"]] == ["first"]
    os.kill(old.process.pid, signal.SIGCONT)
    assert await close_code(ada) == 4003
    await send(bob, cmd="chat.say", ref=1, text="after")
    assert (await read(bob, "reply"))["seq"] == 2
    epoch = welcome["position"][0]
    assert journal(old.region_database) == [(epoch - 1, "first"), (epoch, "after")]
    await bob.close()


def waits_for_the_lock(machine: Machine) -> bool:
    """Whether a thread of the process sleeps, as SQLite's does between two looks for a lock; Python's own threads never do."""
    assert machine.process is not None
    calls = [(task / "syscall").read_text().split()[0] for task in Path(f"/proc/{machine.process.pid}/task").iterdir()]
    return bool(SLEEPING & set(calls))


async def test_a_thawed_owner_tells_its_clients_to_come_back(pair: tuple[Machine, Machine]) -> None:
    """[GS4] Who is still connected to an owner that slept through its lease is sent away by it, and shown nothing more."""
    old, _ = pair
    ada = await old.connect()
    await send(ada, cmd="room.join", v=1, sid=SIDS["a"])
    await read(ada, "welcome")
    assert old.process is not None
    os.kill(old.process.pid, signal.SIGSTOP)
    async with asyncio.timeout(PATIENCE_S):
        while expired(old.region_database) > 0:
            await asyncio.sleep(0.1)
    os.kill(old.process.pid, signal.SIGCONT)
    with suppress(ConnectionClosed):
        await send(ada, cmd="chat.say", ref=1, text="too late")
    assert await close_code(ada) == 4003
    assert journal(old.region_database) == []


def expired(database: Path) -> int:
    """Milliseconds until the last lease ends."""
    link = sqlite3.connect(database)
    try:
        query = "SELECT MAX(expires_at) - CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER) FROM gameserver_lease"
        return int(link.execute(query).fetchone()[0])
    finally:
        link.close()
