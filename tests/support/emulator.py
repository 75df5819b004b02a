"""A running emulator for tests: the real command in a process of its own, with databases of its own, on free ports."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fly.edge.control import NotRunning, order

ROOT = Path(__file__).resolve().parent.parent.parent
BOOT_S = 120
PARENT = "play.localhost"


def wait_until(condition: Any, what: str, limit_s: float = 60) -> Any:
    """Wait for a condition and return its value. Fails with `what` when it never comes true."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with contextlib.suppress(NotRunning, OSError):
            value = condition()
            if value:
                return value
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


@dataclass
class Running:
    """One emulator. Ports are asked of its control socket."""

    folder: Path
    process: subprocess.Popen[bytes]

    def status(self) -> dict[str, Any]:
        """Edges and Machines as they are now."""
        return self.order("status")

    def order(self, verb: str, target: str | None = None) -> dict[str, Any]:
        """Steer it; a target is a Machine's name or id, or a region. Fails when the order does."""
        answer = order(self.folder / "control", verb, target)
        assert "error" not in answer, answer
        return answer

    def port(self, vantage: str) -> int:
        """The port of a vantage point."""
        return int(self.status()["edges"][vantage])

    def machines(self) -> dict[str, dict[str, Any]]:
        """All Machines by name: the region, or region/number where a region has several."""
        found: dict[str, dict[str, Any]] = self.status()["machines"]
        return found

    def machine(self, name: str) -> dict[str, Any]:
        """id, region, state, port and pid of one Machine."""
        return self.machines()[name]

    def url(self, vantage: str, region: str = "") -> str:
        """Where a browser at a vantage point finds the lobby, or a region."""
        host = f"{region}.{PARENT}" if region else PARENT
        return f"http://{host}:{self.port(vantage)}/"


def environment(folder: Path) -> dict[str, str]:
    """An environment without anything of the developer's own settings."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/lobby.sqlite3",
        "REGION_DATABASE_URL": f"sqlite:///{folder}/region.sqlite3",
        "SECRET_KEY": "a-key-for-tests-only-it-signs-nothing-that-anybody-needs",
        "DRAIN_BUDGET_S": "10",
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def running(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    """Start an emulator, with `env` on top of its environment, and end it with all its Machines."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "manage.py", "flyedge", "--port", "0", "--dir", str(folder), *arguments]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(folder) | (env or {}), stdout=log, stderr=subprocess.STDOUT)
    emulator = Running(folder, process)
    try:

        def up() -> bool:
            assert process.poll() is None, (folder / "emulator.log").read_text()
            return bool(order(folder / "control", "status")["machines"])

        wait_until(up, "the emulator is up", BOOT_S)
        yield emulator
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
