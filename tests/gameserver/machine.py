"""A real server process for tests: ours, or a stock one, over databases of its own, on loopback."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.gameserver.rooms import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
HOST = "cdg.play.localhost"
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
SERVERS = {
    "ours": ["fly.server", "config.asgi:application"],
    "uvicorn": ["uvicorn", "config.asgi:application", "--lifespan", "on", "--ws", "websockets-sansio"],
}


def _obey_file_modes() -> None:
    """In the child: root, too, writes no file that is read-only."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


class Machine:
    """One server process at a time over the same database files. Use as an async context manager."""

    def __init__(self, folder: Path, server: str = "ours", environ: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.server = server
        self.environ = environ or {}
        self.log = folder / f"log{self.environ.get('FLY_MACHINE_ID', '')}"
        self.region_database = folder / "region.sqlite3"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    async def start(self) -> None:
        """Start a process and wait until it listens; its port differs each time."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FLY_")}
        environ |= {
            "DATABASE_URL": f"sqlite:///{self.folder}/lobby.sqlite3",
            "REGION_DATABASE_URL": f"sqlite:///{self.region_database}",
            "DRAIN_BUDGET_S": "20",
            **self.environ,
        }
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", *SERVERS[self.server], "--port", "0"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, preexec_fn=_obey_file_modes)

        def listening() -> re.Match[str] | None:
            assert self.process is not None
            said = self.log.read_text()[begin:]
            assert self.process.poll() is None, said
            return re.search(r"(?:Listening|running) on http://[\d.]+:(\d+)\s", said)

        found: re.Match[str] = await until(listening, "the server to listen")
        self.port = int(found.group(1))

    def make_read_only(self, read_only: bool) -> None:
        """Whoever opens the region's database from now on may only read it; or may write it again."""
        for path in self.folder.glob(f"{self.region_database.name}*"):
            path.chmod(0o444 if read_only else 0o644)

    def limit_files(self, size: int = resource.RLIM_INFINITY) -> None:
        """From now on no file of the running process grows beyond this, as on a disk that is full; without a size, no limit again."""
        assert self.process is not None
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    async def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the exit code."""
        assert self.process is not None
        process = self.process
        process.send_signal(number)
        await until(lambda: process.poll() is not None, "the server to end")
        assert process.returncode is not None
        return process.returncode

    async def __aenter__(self) -> Machine:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    async def connect(self, slug: str = "main") -> ClientConnection:
        """A socket of the `websockets` package, as a client of this region."""
        sock = socket.create_connection(("127.0.0.1", self.port))
        return await connect(f"ws://{HOST}:{self.port}/ws/r/{slug}/", sock=sock, compression=None, ping_interval=None)


async def read(ws: ClientConnection, *kinds: str) -> dict[str, Any]:
    """The next message of one of these types."""
    while True:
        message: dict[str, Any] = json.loads(await ws.recv())
        if message["type"] in kinds:
            return message


async def close_code(ws: ClientConnection) -> int:
    """Read on until the server closes; the code of its close frame, 1006 without one."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await ws.recv()
    assert ws.close_code is not None
    return ws.close_code


async def send(ws: ClientConnection, **command: Any) -> None:
    """Send one command."""
    await ws.send(json.dumps(command))
