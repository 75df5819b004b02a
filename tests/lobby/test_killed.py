"""A gameserver that is killed, seen from a lobby socket of another: real processes that share the global database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator import PARENT, ROOT, environment, wait_until
from tests.support.raw import Raw, handshake

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


class Machine:
    """A gameserver as a Machine of a region, on a free port, without an edge before it."""

    def __init__(self, folder: Path, region: str) -> None:
        self.log = folder / f"{region}.log"
        environ = environment(folder) | {
            "FLY_APP_NAME": "rooms",
            "FLY_REGION": region,
            "FLY_MACHINE_ID": f"machine-{region}",
            "PUBLIC_SCHEME": "http",
            "DEBUG": "0",
            "PARENT_HOST": PARENT,
            "REGIONS": "cdg,nrt",
            "REGION_DATABASE_URL": f"sqlite:///{folder}/{region}.sqlite3",
        }
        command = [sys.executable, "-m", "fly.server", "config.asgi:application", "--host", "127.0.0.1", "--port", "0"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT)

    def port(self) -> int:
        def found() -> int:
            assert self.process.poll() is None, self.log.read_text()
            match = re.search(r"127\.0\.0\.1:(\d+)", self.log.read_text())
            return int(match[1]) if match else 0

        return int(wait_until(found, "the gameserver listens"))


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[dict[str, Machine]]:
    environ = environment(tmp_path) | {"REGIONS": "cdg,nrt"}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environ, check=True)
    running = {region: Machine(tmp_path, region) for region in ("cdg", "nrt")}
    try:
        yield running
    finally:
        for machine in running.values():
            machine.process.kill()
            machine.process.wait()


def states(raw: Raw) -> dict[str, tuple[str, int]]:
    return {one["code"]: (one["state"], one["machines"]) for one in raw.message()["regions"] if one["enabled"]}


def test_a_killed_gameserver_leaves_the_list(machines: dict[str, Machine]) -> None:
    """[LB3] A gameserver ended by SIGKILL says no goodbye, and is told as asleep to a socket that is open elsewhere."""
    with Raw(machines["cdg"].port()) as raw:
        raw.send(handshake(f"{PARENT}:8001", "/ws/lobby/"))
        assert raw.answer().status == 101
        while states(raw) != {"cdg": ("up", 1), "nrt": ("up", 1)}:
            pass
        os.kill(machines["nrt"].process.pid, 9)
        while states(raw)["nrt"] != ("asleep", 0):
            pass


def test_a_lobby_socket_is_told_of_a_restart(machines: dict[str, Machine]) -> None:
    """[LB22] A Machine that ends closes its lobby sockets with 1012, which means come again, and is gone from the list at once."""
    with Raw(machines["cdg"].port()) as raw, Raw(machines["nrt"].port()) as other:
        for socket in (raw, other):
            socket.send(handshake(f"{PARENT}:8001", "/ws/lobby/"))
            assert socket.answer().status == 101
            while states(socket) != {"cdg": ("up", 1), "nrt": ("up", 1)}:
                pass
        machines["nrt"].process.terminate()
        while (frame := other.frame())[0] == 1:
            pass
        assert frame[0] == 8
        assert int.from_bytes(frame[1][:2], "big") == 1012
        other.socket.close()
        assert machines["nrt"].process.wait(60) == 0
        while states(raw)["nrt"] != ("asleep", 0):
            pass
