"""A real process that is killed, frozen out, or told to end, with clients that hold it to its word."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.gameserver.machine import Machine, close_code, read, send
from tests.gameserver.rooms import until

WRITERS = 3
KILLS = 2
LINES = 24


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with Machine(tmp_path) as started:
        yield started


class Writer:
    """Says LINES lines, each until it has a reply, over however many connections; keeps everything it ever saw."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.machine = machine
        self.number = number
        self.position: list[int] | None = None
        self.seen: dict[int, dict[str, Any]] = {}
        self.replied: dict[int, int] = {}
        self.refused: set[int] = set()
        self.statuses: list[bool] = []

    async def run(self) -> None:
        while len(self.replied) < LINES:
            with suppress(OSError, ConnectionClosed, EOFError):
                await self.stay()
            await asyncio.sleep(0.02)

    async def stay(self) -> None:
        ws = await self.machine.connect()
        join = {"position": self.position} if self.position else {}
        await send(ws, cmd="room.join", v=1, sid=f"writer-{self.number:0>20}", **join)
        self.take(await read(ws, "welcome"))
        while len(self.replied) < LINES:
            ref = len(self.replied) + 1
            await send(ws, cmd="chat.say", ref=ref, text=f"{self.number}:{ref}")
            while ref not in self.replied:
                message = json.loads(await ws.recv())
                self.take(message)
                if message.get("code") in ("rate", "unavailable"):
                    self.refused |= {ref} if message["code"] == "unavailable" else set()
                    await asyncio.sleep(0.1)
                    await send(ws, cmd="chat.say", ref=ref, text=f"{self.number}:{ref}")
        await ws.close()

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "welcome":
            assert self.position is None or message["recovered"], "a position was not good any more"
            epoch = message["position"][0]
        elif message["type"] == "events":
            epoch = message["epoch"]
        else:
            if message["type"] == "status":
                self.statuses.append(message["available"])
            if message["type"] == "reply" and message["ok"]:
                self.replied[message["ref"]] = message["seq"]
            return
        for event in message["events"]:
            seq = event["seq"]
            assert self.position is None or seq == self.position[1] + 1, "a gap or a repeat"
            self.seen[seq] = event
            self.position = [epoch, seq]
        if message["type"] == "welcome":
            self.position = message["position"]


async def history(machine: Machine) -> list[dict[str, Any]]:
    """Everything that was ever said, as a newcomer scrolls back to it."""
    ws = await machine.connect()
    await send(ws, cmd="room.join", v=1, sid="reader-" + "0" * 20)
    welcome = await read(ws, "welcome")
    events, more, ref = welcome["events"], welcome["more"], 0
    while more:
        ref += 1
        await send(ws, cmd="chat.history", ref=ref, before=events[0]["seq"])
        page = await read(ws, "reply")
        events, more = [*page["events"], *events], page["more"]
    await ws.close()
    return list(events)


async def nothing_lost(machine: Machine, writers: list[Writer]) -> None:
    """History holds all that anyone saw or was replied, in order, and every line once."""
    events = await history(machine)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    by_seq = {event["seq"]: event for event in events}
    for writer in writers:
        assert all(by_seq[seq] == event for seq, event in writer.seen.items())
        assert all(by_seq[seq]["text"] == f"{writer.number}:{ref}" for ref, seq in writer.replied.items())
    texts = [event["text"] for event in events]
    assert sorted(texts) == sorted(f"{number}:{ref}" for number in range(WRITERS) for ref in range(1, LINES + 1))


async def test_nothing_seen_is_lost_by_kill_9(machine: Machine) -> None:
    """[GS7] With three writers and two kill -9 in the middle, history holds all that anyone saw or was replied, in order, once."""
    writers = [Writer(machine, number) for number in range(WRITERS)]
    tasks = [asyncio.ensure_future(writer.run()) for writer in writers]
    for kill in range(1, KILLS + 1):
        done = kill * LINES // (KILLS + 1)
        await until(lambda done=done: all(len(writer.replied) >= done for writer in writers) or any(t.done() for t in tasks), "lines")
        await machine.end(signal.SIGKILL)
        await machine.start()
    await asyncio.gather(*tasks)
    await nothing_lost(machine, writers)


async def test_sigterm_with_200_sockets(machine: Machine) -> None:
    """[GS23] SIGTERM with 200 open sockets: every one gets `bye` and a close frame with 4001, and the process ends with 0."""
    sockets = [await machine.connect("crowd" if number % 2 else "main") for number in range(200)]
    for number, ws in enumerate(sockets):
        await send(ws, cmd="room.join", v=1, sid=f"session-{number:0>20}")
    for ws in sockets:
        await read(ws, "welcome")
    byes = [asyncio.ensure_future(read(ws, "bye")) for ws in sockets]
    code = await machine.end(signal.SIGTERM)
    told = await asyncio.gather(*byes)
    codes = [await close_code(ws) for ws in sockets]
    assert codes == [4001] * 200
    assert code == 0, machine.log.read_text()
    assert {bye["code"] for bye in told} == {4001}
    assert len({bye["retry_ms"] for bye in told}) > 100, "everybody would come back at once"


async def test_a_database_thrown_away_is_a_fresh_start(machine: Machine) -> None:
    """[GS6] A position of a database that is gone gets a snapshot that says so, though the numbers would fit."""
    first = Writer(machine, 1)
    ws = await machine.connect()
    await send(ws, cmd="room.join", v=1, sid="writer-" + "1" * 20)
    first.take(await read(ws, "welcome"))
    for ref in (1, 2):
        await send(ws, cmd="chat.say", ref=ref, text=f"old {ref}")
        first.take(await read(ws, "events"))
    await machine.end(signal.SIGTERM)
    with sqlite3.connect(machine.region_database) as database:
        made = database.execute("SELECT first_epoch FROM gameserver_room WHERE region = 'cdg'").fetchone()[0]
        for table in ("event", "snapshot", "lease", "holder", "room"):
            database.execute(f"DELETE FROM gameserver_{table}")
        # A clock that stands still would give the new room the epoch of the old one: wait for the next second, as people do.
        await until(lambda: database.execute("SELECT unixepoch() > ?", (made,)).fetchone()[0])
    database.close()
    await machine.start()
    ws = await machine.connect()
    await send(ws, cmd="room.join", v=1, sid="writer-" + "2" * 20)
    for ref in (1, 2, 3):
        await send(ws, cmd="chat.say", ref=ref, text=f"new {ref}")
        await read(ws, "events")
    back = await machine.connect()
    await send(back, cmd="room.join", v=1, sid="writer-" + "1" * 20, position=first.position)
    welcome = await read(back, "welcome")
    assert welcome["recovered"] is False
    assert [event["text"] for event in welcome["events"]] == ["new 1", "new 2", "new 3"]
    await ws.close()
    await back.close()


async def test_a_locked_database_is_told_and_healed(machine: Machine) -> None:
    """[GS2] While another program holds the database nothing is shown; when it lets go, everything goes on by itself."""
    ws = await machine.connect()
    await send(ws, cmd="room.join", v=1, sid="writer-" + "3" * 20)
    await read(ws, "welcome")
    lock = sqlite3.connect(machine.region_database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    await send(ws, cmd="chat.say", ref=1, text="waits")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await read(ws, "events", "reply")
    lock.execute("ROLLBACK")
    lock.close()
    assert (await read(ws, "events"))["events"][0]["text"] == "waits"
    assert (await read(ws, "reply"))["ok"] is True
    await ws.close()


@pytest.mark.parametrize("how", ["locked", "full", "read-only"])
async def test_a_database_that_cannot_be_written(machine: Machine, how: str) -> None:
    """[GS2] [GS74] [GS75] While the database is locked, its disk full or its file read-only, all is refused and told; then all goes on."""
    writers = [Writer(machine, number) for number in range(WRITERS)]
    tasks = [asyncio.ensure_future(writer.run()) for writer in writers]
    await until(lambda: all(len(writer.replied) >= LINES // 4 for writer in writers), "the first lines")
    lock = sqlite3.connect(machine.region_database, isolation_level=None)
    if how == "locked":
        await until(lambda: begun(lock), "the lock")
    else:
        machine.limit_files(1024)
    await until(lambda: all(writer.refused and False in writer.statuses for writer in writers), "everybody to be refused")
    with closing(sqlite3.connect(machine.region_database)) as reader:
        (kept,) = reader.execute("SELECT max(seq) FROM gameserver_event").fetchone()
    assert all(max(writer.seen) <= kept for writer in writers), "somebody was shown what is not kept"
    if how == "read-only":
        # What is open stays writable; but after each failure it is opened anew.
        machine.make_read_only(True)
        await until(lambda: found_read_only(machine), "the file to be found read-only")
        machine.limit_files()
        found = found_read_only(machine)
        await until(lambda: found_read_only(machine) > found, "it to be found so again")
    assert not any(task.done() for task in tasks)
    if how == "locked":
        lock.execute("ROLLBACK")
    else:
        machine.limit_files()
        machine.make_read_only(False)
    lock.close()
    await asyncio.gather(*tasks)
    assert all(len(writer.replied) == LINES for writer in writers)
    await nothing_lost(machine, writers)


def found_read_only(machine: Machine) -> int:
    """How often the process has said so."""
    return machine.log.read_text().count("readonly database")


def begun(lock: sqlite3.Connection) -> bool:
    """Whether another program holds the database from now on."""
    with suppress(sqlite3.OperationalError):
        lock.execute("BEGIN IMMEDIATE")
        return True
    return False
