"""The load client and the reference server, in C: Python would be slower than what it is to measure. Built when a benchmark starts."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.machine import LOADS_CORE, cpu_ns, pin

SOURCES = Path(__file__).parent
PROGRAMS = {"client": ("client.c", "answer.c", "crowd.c", "link.c", "hear.c", "tally.c", "wire.c"), "limit": ("limit.c", "wire.c")}
FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")
HOST = "cdg.play.localhost"
SAY = "load.say"
IN_FLIGHT = 100
"""Handshakes under way at once while the sockets of a benchmark are opened."""


def build(folder: Path) -> None:
    """Put the programs into a folder. Ends the benchmark with one line where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("This benchmark needs a C compiler: there is no `cc`.")
    for name, sources in PROGRAMS.items():
        subprocess.run([compiler, *FLAGS, "-o", folder / name, *(SOURCES / source for source in sources)], check=True)


class Load:
    """A process with many sockets in one room of a server. Its orders and their answers are described in bench/load/client.c.

    server: its port and its pid. most: how many sockets there may be at once.
    """

    def __init__(self, folder: Path, server: tuple[int, int], path: str, most: int) -> None:
        port, self.pid = server
        command = [str(folder / "client"), str(port), HOST, path, SAY, str(most)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        pin(self._process.pid, LOADS_CORE)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def start(self, *order: object) -> None:
        """Give an order and do not wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, order)) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for the answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the load client has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def order(self, *order: object) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self.start(*order)
        return self.answer()

    @property
    def cpu_us(self) -> float:
        """CPU time that the server's process took so far."""
        return cpu_ns(self.pid) / 1e3

    def measured(self, *order: object) -> dict[str, Any]:
        """As `order`; the answer has `spent_us` too: all CPU time that the server took meanwhile."""
        before = self.cpu_us
        answer = self.order(*order)
        return {**answer, "spent_us": self.cpu_us - before}

    def open(self, count: int, in_flight: int = IN_FLIGHT) -> dict[str, Any]:
        """Open sockets and join with all of them."""
        answer = self.order("open", count, in_flight)
        assert answer["opened"] == count, answer
        return answer
