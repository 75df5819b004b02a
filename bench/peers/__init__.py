"""What our server is measured against: the least that it takes in C and in Python, and the stock way with the same packages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.machine import SERVERS_CORE, pin, serving
from fly.edge.machine import free_port

DAPHNES_BACKLOG = 40
"""Connections that stock Daphne lets wait is fifty: with more under way at once, some take a second longer."""


@contextmanager
def limit(folder: Path, frame_bytes: int) -> Iterator[tuple[int, int]]:
    """The plain loop of send() in C, with frames of that size: its port and its pid."""
    server = subprocess.Popen([folder / "limit", str(frame_bytes)], stdout=subprocess.PIPE, text=True)
    pin(server.pid, SERVERS_CORE)
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline()), server.pid
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@contextmanager
def stock(folder: Path) -> Iterator[tuple[int, int]]:
    """Channels on Daphne: its port and its pid. `/chat/` is a room, `/count/` counts what comes."""
    port = free_port()
    arguments = ("-m", "daphne", "-v", "0", "-p", port, "bench.peers.stock:application")
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "bench.peers.settings"}
    with serving(arguments, port, folder / "stock.log", environ, SERVERS_CORE) as pid:
        yield port, pid


@contextmanager
def bare(folder: Path) -> Iterator[tuple[int, int]]:
    """asyncio and nothing else: its port and its pid."""
    port = free_port()
    with serving(("-m", "bench.peers.bare", port), port, folder / "bare.log", core=SERVERS_CORE) as pid:
        yield port, pid
