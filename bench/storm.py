"""How long a full room is away when its gameserver is killed, and what it takes to let everybody in again. `python -m bench.storm`.

Ten thousand clients in one room, kill -9, and at once the same Machine again: same port, same database, so that it has its leases back.
Every client comes back as docs/protocol.md says (after up to 300 ms, doubled with each failure; 8 s for a handshake, 10 s for a welcome),
somebody speaks all the while, and everybody must have every line in the end. Times are from the kill. `listens_s`: until the new process
takes connections. `back_s`: until the first and the last client is welcomed. `cpu_s`: what the new process took until then, `boot` of it
before it listened. References of the same run: `calm`, the same clients let in for the first time, a hundred under way at once; and
`handshakes`, as many connections that open a socket and join in the bare C server, which has nothing to say to them.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.load import IN_FLIGHT, Load, build
from bench.machine import LAST_WORDS, SERVERS_CORE, allow_sockets, cpu_ns, gameserver, machine_environ, migrate, start
from bench.peers import limit
from fly.edge.machine import free_port
from tests.support.emulator import wait_until

ROUNDS = 3
CLIENTS = 10_000
LIMIT_S = 150
LINES_BEFORE = 5
RATE = 1
"""Lines a second in the storm: fewer than people say, because each costs as much as ten thousand deliveries."""
STRUCK_AFTER_S = 0.2
LISTENS = "Listening on "
"""What the server prints when it takes connections."""
PATH = "/ws/r/bench/?world=load"


class Machine:
    """A Machine with one life after the other, on the same port and with the same database. `pid` is that of the present one."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._environ, self._log = machine_environ(folder, "bench.settings"), folder / "log"
        self._log.touch()
        migrate(self._environ)
        self.start()

    def start(self) -> None:
        """Begin a life, and wait until it listens."""
        earlier = self._log.read_text().count(LISTENS)
        self._process = start(gameserver(self.port), self._log, self._environ, SERVERS_CORE)
        wait_until(lambda: self._listened() > earlier, "the server listens")
        self.listens_ns, self.boot_s = time.monotonic_ns(), self.cpu_s

    def _listened(self) -> int:
        """How many lives have come so far. Not by a connection: in a storm it may have to wait behind thousands of others."""
        told = self._log.read_text()
        assert self._process.poll() is None, told[-LAST_WORDS:]
        return told.count(LISTENS)

    @property
    def pid(self) -> int:
        """Of the present life."""
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """CPU time of the present life so far."""
        return cpu_ns(self.pid) / 1e9

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()


def struck(load: Load, machine: Machine) -> dict[str, Any]:
    """One storm, and what it took. Fails if somebody does not come back."""
    load.order("say", 10, LINES_BEFORE / 10, 120)
    load.start("storm", RATE, LIMIT_S)
    time.sleep(STRUCK_AFTER_S)
    killed_ns = time.monotonic_ns()
    machine.kill()
    machine.start()
    told, cpu_s = load.answer(), machine.cpu_s
    assert told["in"] == told["members"], told
    seconds = {f"{name}_s": (told[f"{name}_welcome_ns"] - killed_ns) / 1e9 for name in ("first", "last")}
    return {**told, **seconds, "listens_s": (machine.listens_ns - killed_ns) / 1e9, "cpu_s": cpu_s, "boot_s": machine.boot_s}


def storms(folder: Path, clients: int, rounds: int) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Let everybody in, then strike again and again: what the calm took, and what each storm did."""
    machine = Machine(folder)
    try:
        with Load(folder, (machine.port, machine.pid), PATH, clients) as load:
            opened = load.open(clients)
            calm = {"seconds": opened["seconds"], "cpu_s": machine.cpu_s - machine.boot_s}
            return calm, [struck(load, machine) for _ in range(rounds)]
    finally:
        machine.kill()


def handshakes(folder: Path, clients: int) -> dict[str, float]:
    """The same connections to a server that has nothing to do."""
    with limit(folder, 300) as server, Load(folder, server, "/", clients) as load:
        opened = load.open(clients, IN_FLIGHT)
        return {"seconds": opened["seconds"], "cpu_s": load.cpu_us / 1e6}


def run(clients: int = CLIENTS, rounds: int = ROUNDS) -> dict[str, object]:
    """Measure, and compare medians."""
    allow_sockets(clients)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        bare = handshakes(folder, clients)
        calm, taken = storms(folder, clients, rounds)

    def median(name: str) -> float:
        return round(float(statistics.median(one[name] for one in taken)), 2)

    return {
        "bench": "storm",
        "clients": clients,
        "rounds": rounds,
        "listens_s": median("listens_s"),
        "back_s": {"first": median("first_s"), "last": median("last_s")},
        "away_ms": {name: round(statistics.median(one["away_ms"][name] for one in taken)) for name in ("p50", "p99", "max")},
        "cpu_s": {"all": median("cpu_s"), "boot": median("boot_s")},
        "attempts": median("attempts"),
        **{
            name: [one[name] for one in taken]
            for name in ("welcomes", "recovered", "byes", "lines", "lost", "repeated", "disordered", "refused")
        },
        "calm": {name: round(value, 2) for name, value in calm.items()},
        "handshakes": {name: round(value, 2) for name, value in bare.items()},
        "ratio_cpu_storm_to_calm": round(statistics.median((one["cpu_s"] - one["boot_s"]) / calm["cpu_s"] for one in taken), 2),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
