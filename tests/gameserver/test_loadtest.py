"""`manage.py loadtest` as an operator runs it: on real servers, on servers that die, and with an operator who has seen enough."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection

from gameserver.loadtest.crew import Crew
from gameserver.loadtest.orders import Plan
from gameserver.loadtest.target import target_of
from tests.gameserver.loadtests import LIMIT_S, finish, loadtest, refused, started
from tests.gameserver.machine import HOST, Machine, read, send
from tests.gameserver.rooms import sid, until

SMALL = ("--bots", "20", "--processes", "2", "--ramp", "0.3", "--rate", "20")


@contextmanager
def terminal() -> Iterator[tuple[bytearray, int]]:
    """A terminal: what is on it, and the end to write to."""
    master, slave = pty.openpty()
    screen, loop = bytearray(), asyncio.get_running_loop()
    loop.add_reader(master, lambda: screen.extend(os.read(master, 65_536)))
    try:
        yield screen, slave
    finally:
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)


def sent_on(screen: bytearray) -> int:
    """The newest number of sent commands that a terminal shows."""
    return int(re.findall(rb" sent ([\d,]+)", screen)[-1].replace(b",", b""))


def url_of(machine: Machine) -> str:
    return f"ws://{HOST}:{machine.port}/ws/r/load/"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with Machine(tmp_path) as begun:
        yield begun


async def spectator(machine: Machine) -> ClientConnection:
    """Somebody else in the room."""
    ws = await machine.connect("load")
    await send(ws, cmd="room.join", v=1, sid=sid(99))
    await read(ws, "welcome")
    return ws


async def hear(ws: ClientConnection, lines: int) -> None:
    """Wait until so many lines were said."""
    async with asyncio.timeout(LIMIT_S):
        while lines > 0:
            lines -= len((await read(ws, "events"))["events"])


# On a real server


async def test_a_whole_run(machine: Machine) -> None:
    """[LT6] Bots of two processes come in, talk in turn and hear each other; nothing is lost, the exit code is 0, all of it is a table."""
    assert machine.process is not None
    done = await loadtest(url_of(machine), *SMALL, "--duration", "2", "--server-pid", str(machine.process.pid))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].startswith(
        "chat in cdg/load on local: 20 bots in 2 processes, 20 commands a second by 20 of them for 2 s"
    )
    rows = {line.split("  ")[0]: line for line in done.out.splitlines() if line}
    for latency in ("delivery", "reply", "waking", "joining"):
        assert latency in rows
    assert rows["delivery"].split()[1] == "800"
    assert "40 of 40 sent, 40 ok" in rows["commands"]
    assert rows["losses"].split() == ["losses", "none"]
    assert " µs: process " in rows["CPU per delivery"]


async def test_a_whole_run_on_a_board(machine: Machine) -> None:
    """[LT8] On a board bots make shapes, move them and take them away; nothing is lost, and everybody is shown each of it."""
    done = await loadtest(url_of(machine), *SMALL, "--duration", "2", "--scenario", "board", "--rate", "60", "--json")
    assert (done.code, done.err) == (0, "")
    facts = done.facts
    assert (facts["scenario"], facts["entered"]) == ("board", 20)
    assert facts["commands"] == {"due": 120, "sent": 120, "ok": 120, "resent": 0, "waiting": 0, "refused": {}}
    assert facts["deliveries"]["count"] == 2400


async def test_a_whole_run_for_programs(machine: Machine) -> None:
    """[LT6] --json is one object with all of it on standard output, and nothing else; only talkers talk."""
    done = await loadtest(url_of(machine), *SMALL, "--duration", "2", "--talkers", "4", "--json")
    assert (done.code, done.err) == (0, "")
    facts = done.facts
    assert {"url", "scenario", "region", "machine", "room", "bots_busy", "closed", "talked_s", "skipped"} < set(facts)
    assert (facts["bots"], facts["talkers"], facts["processes"], facts["entered"], facts["away"]) == (20, 4, 2, 20, 0)
    assert facts["commands"] == {"due": 40, "sent": 40, "ok": 40, "resent": 0, "waiting": 0, "refused": {}}
    assert facts["deliveries"]["count"] == 800
    assert facts["deliveries"]["messages"] >= 20
    assert set(facts["latency_ms"]) == {"delivery", "reply", "waking", "joining"}
    for name, count in (("delivery", 800), ("reply", 40), ("waking", 40), ("joining", 20)):
        times = facts["latency_ms"][name]
        assert times["count"] == count
        assert 0 <= times["p50"] <= times["p95"] <= times["p99"] <= times["max"]
    assert facts["losses"]["total"] == 0
    assert (facts["cpu"], facts["interrupted"], facts["reconnects"]) == (None, False, 0)


async def test_a_stock_server(tmp_path: Path) -> None:
    """[LT4] The bots know the protocol and no more: on uvicorn the same run goes the same way."""
    async with Machine(tmp_path, "uvicorn") as machine:
        done = await loadtest(url_of(machine), *SMALL, "--duration", "1", "--json")
    assert (done.code, done.facts["deliveries"]["count"], done.facts["losses"]["total"]) == (0, 400, 0)


@asynccontextmanager
async def door(machine: Machine) -> AsyncIterator[int]:
    """A port that stays the same while the Machine's process, and its port, changes."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", machine.port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, there_writer), carry(there_reader, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "drained"])
async def test_a_server_that_is_started_again(machine: Machine, number: signal.Signals) -> None:
    """[LT4] Bots come back to a server that was killed, or drained, and started again; they count it, and nothing was lost."""
    async with door(machine) as port:
        ws = await spectator(machine)
        url = f"ws://{HOST}:{port}/ws/r/load/"
        async with started(url, *SMALL, "--duration", "6", "--settle", "90", "--json") as process:
            await hear(ws, 10)
            await machine.end(number)
            await machine.start()
            done = await finish(process)
    assert (done.code, done.err) == (0, "")
    facts = done.facts
    assert facts["losses"]["total"] == 0
    assert (facts["commands"]["sent"], facts["commands"]["ok"], facts["deliveries"]["count"]) == (120, 120, 2400)
    assert facts["reconnects"] >= 20
    assert sum(facts["closed"].values()) >= 20


async def test_an_interrupt(machine: Machine) -> None:
    """[LT7] Ctrl-C ends the talking; the report is of what was measured, and nothing of it is lost."""
    ws = await spectator(machine)
    async with started(url_of(machine), *SMALL, "--duration", "600", "--json") as process:
        await hear(ws, 10)
        process.send_signal(signal.SIGINT)
        done = await finish(process)
    assert (done.code, done.err) == (0, "")
    facts = done.facts
    assert facts["interrupted"] is True
    assert 10 <= facts["commands"]["sent"] == facts["commands"]["ok"] < 12_000
    assert facts["deliveries"]["count"] == facts["commands"]["ok"] * 20


async def test_an_interrupt_of_the_wait(machine: Machine) -> None:
    """[LT7] A terminal shows how it goes; a second Ctrl-C ends the wait for a server that is frozen, and what waits is not called lost."""
    ws = await spectator(machine)
    assert machine.process is not None
    with terminal() as (screen, stderr):
        async with started(url_of(machine), *SMALL, "--duration", "600", "--settle", "600", "--json", stderr=stderr) as process:
            await hear(ws, 10)
            await until(lambda: re.search(rb"talking .*bots 20/20 .* sent [1-9]", screen), "the progress")
            machine.process.send_signal(signal.SIGSTOP)
            before = sent_on(screen)
            await until(lambda: sent_on(screen) >= before + 20, "commands to a server that does not answer")
            process.send_signal(signal.SIGINT)
            await until(lambda: b"settling" in screen, "the talking to end")
            process.send_signal(signal.SIGINT)
            done = await finish(process)
    assert (done.code, done.facts["interrupted"], done.facts["losses"]["total"]) == (0, True, 0)


def children_of(process: asyncio.subprocess.Process) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_gone(pid: int) -> bool:
    """Whether a process has ended, also where nobody asks for its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_a_process_that_dies(machine: Machine) -> None:
    """[LT7] A process of bots that dies ends the run with a line on it, exit code 1, and the report of what was measured."""
    ws = await spectator(machine)
    async with started(url_of(machine), *SMALL, "--duration", "600") as process:
        await hear(ws, 10)
        first, second = children_of(process)
        os.kill(first, signal.SIGKILL)
        done = await finish(process)
    line = "A process of the load test was killed by signal 9; its 10 bots are gone with it."
    assert (done.code, done.err) == (1, f"CommandError: {line}\n")
    assert line in done.out
    assert "delivery" in done.out
    assert is_gone(second)


async def test_a_command_that_dies(machine: Machine) -> None:
    """[LT7] No process of bots outlives its command."""
    ws = await spectator(machine)
    async with started(url_of(machine), *SMALL, "--duration", "600") as process:
        await hear(ws, 10)
        children = children_of(process)
        process.kill()
        await until(lambda: all(map(is_gone, children)), "the bots to go")
    assert len(children) == 2


async def test_a_process_with_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    """[LT7] A process that meets an error of its own ends at once, with a traceback, and is named."""
    crew = Crew(Plan(target_of("ws://localhost/ws/r/a/"), "golf", "run", 3, 3, 1, 0.0, 1.0, 1))
    async with crew:
        assert await crew.until(lambda: bool(crew.failure), time.monotonic() + LIMIT_S)
    assert crew.failure == "A process of the load test ended with exit code 1; its 3 bots are gone with it."
    assert "There is no scenario 'golf'" in capfd.readouterr().err


async def test_a_rate_that_talkers_may_not_send(machine: Machine) -> None:
    """[LT5] More commands a second than the talkers may send is one line that says how many are needed, and exit code 2."""
    said = await refused(url_of(machine), "--rate", "31", "--talkers", "6")
    assert said == "31 commands a second are too many: the room takes 5 a second of each, so 7 talkers are needed, not 6."


async def test_a_room_that_cannot_be_entered(machine: Machine) -> None:
    """[LT10] A refused handshake, a `bye`, and nobody who listens are one line each, and exit code 2."""
    address = f"play.localhost:{machine.port}/ws/r/load/"
    assert await refused(f"ws://xxx.{address}") == f"ws://xxx.{address} cannot be entered: the handshake is answered with 404."
    url = f"{url_of(machine)}?world=none"
    assert await refused(url) == f"{url} cannot be entered: 4503, There is no such world."
    await machine.end(signal.SIGKILL)
    assert (await refused(url_of(machine))).startswith(f"Nobody listens at 127.0.0.1:{machine.port}: Connection refused.")
