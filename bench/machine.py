"""A gameserver in a process of its own for benchmarks, what stands beside it, and what they have cost."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fly.edge.machine import fly_environ, free_port
from tests.support.emulator import ROOT, environment, wait_until

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
CPUCLOCK_SCHED = 2
SERVERS_CORE, LOADS_CORE = 0, -1
"""Of the cores that there are: servers that are compared share one, and their load has another."""
LAST_WORDS = 2000
"""Characters of the log of a server that did not start."""
PRODUCTION = {"DEBUG": "0", "PUBLIC_SCHEME": "http", "PARENT_HOST": "play.localhost"}


def cpu_s(pid: int) -> float:
    """CPU time of a process so far, user and system, in seconds (Linux: all its threads)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def cpu_ns(pid: int) -> int:
    """CPU time of a process so far, user and system, to the nanosecond (Linux: all its threads, those that have ended as well)."""
    # The clock of another process: clock_getcpuclockid(3), which Python does not have.
    return time.clock_gettime_ns(~pid << 3 | CPUCLOCK_SCHED)


def rss_kib(pid: int) -> int:
    """What a process has in memory just now."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def pin(pid: int, core: int) -> None:
    """Keep a process that has just started on one core, and so all its threads."""
    os.sched_setaffinity(pid, {sorted(os.sched_getaffinity(0))[core]})


def allow_sockets(count: int) -> None:
    """Let this process, and so its children, have as many sockets. Ends the benchmark with one line where that is not allowed."""
    wanted = count + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard < wanted:
            raise SystemExit(f"This benchmark needs {wanted} open files, and only {hard} are allowed: ulimit -Hn.")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def connect(port: int) -> None:
    """Nothing but a connection: what all of them share."""
    socket.create_connection(("127.0.0.1", port)).close()


def machine_environ(folder: Path, settings: str = "config.settings") -> dict[str, str]:
    """What a Machine in cdg gets, with databases in a folder."""
    return {**environment(folder), **fly_environ("rooms", "cdg", "cdg"), **PRODUCTION, "DJANGO_SETTINGS_MODULE": settings}


def migrate(environ: Mapping[str, str]) -> None:
    """Make the databases of a Machine."""
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environ, check=True)


def start(
    arguments: Sequence[object], log: Path, environ: Mapping[str, str] | None = None, core: int | None = None
) -> subprocess.Popen[bytes]:
    """Start Python in a process; what it prints goes to the end of a log."""
    with log.open("ab") as file:
        process = subprocess.Popen([sys.executable, *map(str, arguments)], cwd=ROOT, env=environ, stdout=file, stderr=file)
    if core is not None:
        pin(process.pid, core)
    return process


def gameserver(port: int, application: str = "config.asgi:application") -> tuple[object, ...]:
    """Python's arguments for a gameserver."""
    return ("-m", "fly.server", application, "--port", port)


def listens(server: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    """Whether a server takes connections. Raises OSError as long as it does not; fails with its last words when it has ended."""
    assert server.poll() is None, log.read_text()[-LAST_WORDS:]
    connect(port)
    return True


@contextmanager
def serving(
    arguments: Sequence[object], port: int, log: Path, environ: Mapping[str, str] | None = None, core: int | None = None
) -> Iterator[int]:
    """A server that listens on a port: its pid."""
    server = start(arguments, log, environ, core)
    try:
        wait_until(lambda: listens(server, port, log), "the server listens")
        yield server.pid
    finally:
        server.terminate()
        server.wait(60)


@contextmanager
def machine(folder: Path, settings: str = "config.settings", core: int | None = None) -> Iterator[tuple[int, int]]:
    """A gameserver that listens, with databases of its own: its port and its pid. It writes a log into the folder."""
    port, environ = free_port(), machine_environ(folder, settings)
    migrate(environ)
    with serving(gameserver(port), port, folder / "log", environ, core) as pid:
        yield port, pid
