"""A gameserver in a process of its own, for benchmarks, and what it has cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fly.edge.machine import fly_environ, free_port
from tests.support.emulator import ROOT, environment, wait_until

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PRODUCTION = {"DEBUG": "0", "PUBLIC_SCHEME": "http", "PARENT_HOST": "play.localhost"}


def cpu_s(pid: int) -> float:
    """CPU time of a process so far, user and system, in seconds (Linux: all its threads)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def connect(port: int) -> None:
    """Nothing but a connection: what all of them share."""
    socket.create_connection(("127.0.0.1", port)).close()


def machine_environ(folder: Path, settings: str = "config.settings") -> dict[str, str]:
    """What a Machine in cdg gets, with databases in a folder."""
    return {**environment(folder), **fly_environ("rooms", "cdg", "cdg"), **PRODUCTION, "DJANGO_SETTINGS_MODULE": settings}


@contextmanager
def machine(folder: Path, settings: str = "config.settings") -> Iterator[tuple[int, int]]:
    """A gameserver that listens, with databases of its own: its port and its pid. It writes a log into the folder."""
    port, environ = free_port(), machine_environ(folder, settings)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environ, check=True)
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "fly.server", "config.asgi:application", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        wait_until(lambda: connect(port) is None, "the server listens")
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(60)
