"""Servers as what they are in life: processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.fly.server.wire import LIMIT_S, Wire

ROOT = Path(__file__).resolve().parents[3]
APP = "tests.fly.server.app:"


class Running:
    """A server process. `address` is where it listens; what it prints can be waited for."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int] = ()) -> None:
        # No environment of a Machine leaks in, and what is printed comes at once.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FLY_")}
        environ |= {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=pass_fds
        )
        self.address: Any = None
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def printed(self) -> str:
        """All that was printed so far."""
        return "\n".join(self.lines)

    def wait_for(self, pattern: str, count: int = 1) -> list[re.Match[str]]:
        """Wait until `count` printed lines fit."""

        def found() -> list[re.Match[str]]:
            return [match for line in self.lines if (match := re.search(pattern, line))]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= count or not self._reader.is_alive(), LIMIT_S), self.printed
            assert len(found()) >= count, self.printed
            return found()

    def connect(self, **options: Any) -> Wire:
        """A new connection."""
        return Wire(self.address, **options)

    def descriptors(self) -> int:
        """How many files the process has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def until_descriptors(self, count: int) -> None:
        """Wait until no more files than `count` are open; asks the server something meanwhile, so that its loop turns."""
        limit = time.monotonic() + LIMIT_S
        while self.descriptors() > count:
            assert time.monotonic() < limit, f"{self.descriptors()} files are open, {count} were"
            with self.connect() as wire:
                wire.send(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                wire.to_the_end()

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for the end; returns the exit code."""
        code = self.process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        return code

    def end(self) -> None:
        """End the process for certain, if it has not."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(LIMIT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


Start = Callable[..., Running]


def ours(name: str = "application", *options: str) -> Running:
    """Our server on a free port, accepting connections."""
    server = Running([sys.executable, "-m", "fly.server", APP + name, "--port", "0", *options])
    server.address = "127.0.0.1", int(server.wait_for(r"Listening on http://127\.0\.0\.1:(\d+)")[0][1])
    return server


def uvicorn(name: str = "application") -> Running:
    """uvicorn, with the same frames' parser as ours."""
    command = [sys.executable, "-m", "uvicorn", APP + name, "--port", "0", "--ws", "websockets-sansio", "--lifespan", "on"]
    server = Running(command)
    server.address = "127.0.0.1", int(server.wait_for(r"running on http://127\.0\.0\.1:(\d+)")[0][1])
    return server


def daphne(name: str = "application") -> Running:
    """Stock Daphne."""
    server = Running([sys.executable, "-m", "daphne", "-p", "0", APP + name])
    server.address = "127.0.0.1", int(server.wait_for(r"Listening on TCP address 127\.0\.0\.1:(\d+)")[0][1])
    return server
