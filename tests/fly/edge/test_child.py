"""One process of a Machine's: whatever it says is read, and what it started goes with it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from fly.edge.child import LAST_LINES, LONGEST_WORDS, Child, free_port, usable_port
from fly.edge.emulator import PortInUse, bind
from fly.edge.plan import Plan
from tests.fly.edge.fleet import until
from tests.fly.edge.world import LIMIT_S

PARENT = "import subprocess, time; print(subprocess.Popen(['sleep', '1000'], stdout=subprocess.DEVNULL).pid, flush=True); "


async def spawned(folder: Path, program: str, **environ: str) -> Child:
    plan = Plan("cdg", (sys.executable, "-c", program), {}, str(folder / "cdg.log"))
    return await Child.spawn(plan, free_port(), {"PATH": os.environ["PATH"], **environ})


def runs(pid: int) -> bool:
    """Whether a process runs; one that ended and was not fetched yet does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("how", ["killed", "by itself"])
async def test_what_it_started_goes_with_it(tmp_path: Path, how: str) -> None:
    """[EM47] [ED37] However a Machine's process ends, what it has started ends too, as in a VM."""
    child = await spawned(tmp_path, PARENT + ("time.sleep(1000)" if how == "killed" else ""))
    await until(lambda: (tmp_path / "cdg.log").exists() and (tmp_path / "cdg.log").read_text().strip(), "it has said whom it started")
    started = int((tmp_path / "cdg.log").read_text())
    if how == "killed":
        assert runs(started)
        child.send(signal.SIGSTOP)
        await until(lambda: "T" in Path(f"/proc/{started}/stat").read_text().rpartition(")")[2], "both stand still")
        child.send(signal.SIGKILL)
    assert await asyncio.wait_for(child.wait(), LIMIT_S) == (-signal.SIGKILL if how == "killed" else 0)
    await until(lambda: not runs(started), "what it started has ended")
    assert (child.pid, child.send(signal.SIGTERM)) == (None, False)


async def test_no_line_is_too_long(tmp_path: Path) -> None:
    """[ED43] A line of a megabyte is in the log, and holds nobody up; the last words are short, and without a password."""
    program = "import os; print('x' * 1_000_000, end=''); print('\\n' * 30 + 'no ' + os.environ['SECRET_KEY'] + ' ' + 'y' * 9000, end='')"
    child = await spawned(tmp_path, program, SECRET_KEY="s3cr3t-word")
    assert await asyncio.wait_for(child.wait(), LIMIT_S) == 0
    assert (tmp_path / "cdg.log").stat().st_size > 1_000_000
    assert child.last_words().startswith("no … yyy")
    assert len(child.last_words()) == LONGEST_WORDS
    assert len(child._last) == LAST_LINES


async def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    """[ED43] Where there is no log, what is said is read all the same: a process that nobody reads would stand still."""
    child = await spawned(tmp_path / "gone", "print('z' * 300_000); print('done')")
    assert await asyncio.wait_for(child.wait(), LIMIT_S) == 0
    assert child.last_words() == "done"


@pytest.mark.parametrize("listens", [True, False])
def test_a_port_that_was_taken_meanwhile(listens: bool) -> None:
    """[ED42] A Machine that slept for long starts on another port where somebody has taken its own, though they do not listen yet."""
    port = free_port()
    assert usable_port(port) == port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        if listens:
            other.listen()
        taken = other.getsockname()[1]
        assert usable_port(taken) not in (0, taken)


def test_a_vantage_points_port_is_its_own_at_once() -> None:
    """[ED40] While Machines boot nobody else can have the port of a vantage point, whatever their socket allows."""
    with bind("127.0.0.1", 0) as ours:
        port = ours.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            bind("127.0.0.1", port)
        assert usable_port(port) != port


async def test_an_exit_code_is_not_lost_to_a_signal(tmp_path: Path) -> None:
    """[EM3] [EM8] However many signals come as a process ends, its exit code is its own."""
    children = [await spawned(tmp_path, "import os; os._exit(7)") for _ in range(5)]
    waits = [asyncio.ensure_future(child.wait()) for child in children]
    while not all(wait.done() for wait in waits):
        for child in children:
            child.send(signal.SIGURG)
        await asyncio.sleep(0)
    assert [wait.result() for wait in waits] == [7] * 5
