"""One room on three Machines: an owner, two relays, and a Redis that dies in the middle. `python -m bench.relay`.

3,000 sockets, a third on each Machine, on one SQLite file; a line of 120 characters ten times a second by a player of the owner's. Redis is
killed for two seconds meanwhile. Every socket checks that each event comes once, in order and without a gap. `late_ms`: from saying a line
to each socket that gets it, those of the owner and those of relays, before Redis died, while it was dead, and after all were whole again;
`whole_s`: from Redis's return until every socket had everything. `cpu_us`: of a delivery, on the owner's Machine and on the relays', while
all is well; the reference of the same run is the owner alone with its thousand.
"""

from __future__ import annotations

import json
import re
import selectors
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.crowd import EVENTS, PING, Client, frame
from bench.machine import allow_sockets, cpu_ns, gameserver, machine_environ, migrate, serving
from fly.edge.machine import free_port
from tests.support import redis
from tests.support.emulator import wait_until

SOCKETS = 1000
"""On each Machine, and as many as one takes."""
SECONDS = 5.0
DEAD_S = 2.0
RATE = 10.0
LINE_BYTES = 120
PATH = "/ws/r/bench/?world=load"
HOST = "cdg.play.localhost"
KNOWN_S = 2.5
"""By then all Machines know which of them is full."""
_seq, _at = re.compile(rb'"seq":(\d+)'), re.compile(rb'"text":"@(\d+)')


class Listener(Client):
    """A socket that checks the order of events. `seq`: of the last one; `late`: seconds since each was said."""

    seq = 0
    disordered = 0

    def __init__(self, port: int, number: int) -> None:
        super().__init__(port, HOST, PATH, f"relayed-{number:0>20}", lambda client, seconds: None)
        self.late: list[float] = []

    def welcomed(self) -> None:
        """Wait for the welcome, and begin at its position."""
        while True:
            for _, payload in self.frames():
                if payload.startswith(b'{"type":"welcome"'):
                    self.seq = json.loads(payload)["position"][1]
                    return
            self._read()

    def take(self) -> None:
        """Read what is there."""
        self._read()
        now = time.perf_counter_ns()
        for opcode, payload in self.frames():
            if payload.startswith(EVENTS):
                for seq in map(int, _seq.findall(payload)):
                    self.disordered += seq != self.seq + 1
                    self.seq = seq
                self.late += [(now - int(at)) / 1e6 for at in _at.findall(payload)]
            elif opcode == PING:
                self.socket.sendall(frame(payload, opcode=10))


class Room:
    """All sockets, and who talks. `said`: lines so far."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.said = 0
        self._selector = selectors.DefaultSelector()

    def enter(self, port: int, count: int) -> list[Listener]:
        """Sockets come in at a Machine."""
        entered = [Listener(port, len(self.listeners) + number) for number in range(count)]
        for listener in entered:
            listener.welcomed()
            self._selector.register(listener.socket, selectors.EVENT_READ, listener)
        self.listeners += entered
        return entered

    def talk(self, seconds: float) -> None:
        """Lines at RATE, by the first who came."""
        began, said = time.perf_counter(), 0
        while (now := time.perf_counter()) < began + seconds:
            if said < (now - began) * RATE:
                self.listeners[0].say("load.say", f"@{time.perf_counter_ns()} ".ljust(LINE_BYTES, "x"))
                said += 1
            self._hear(0.01)
        self.said += said

    def settle(self) -> None:
        """Wait until everybody has everything that was said."""
        wait_until(lambda: self._hear(0.05) or {listener.seq for listener in self.listeners} == {self.said}, "everybody to have everything")

    def _hear(self, most_s: float) -> None:
        for key, _ in self._selector.select(most_s):
            key.data.take()


@contextmanager
def machines(folder: Path, url: str, count: int, most: int) -> Iterator[list[tuple[int, int]]]:
    """So many Machines of one region on one database and one Redis: ports and pids."""
    environ = {**machine_environ(folder, "bench.settings"), "REDIS_URL": url, "MAX_SOCKETS": str(most)}
    migrate(environ)
    with ExitStack() as stack:
        found = []
        for number in range(count):
            port = free_port()
            own = {**environ, "FLY_MACHINE_ID": f"m{number}"}
            found.append((port, stack.enter_context(serving(gameserver(port), port, folder / f"log{number}", own))))
        yield found


def percentiles(listeners: list[Listener]) -> dict[str, float]:
    """Of what these heard since the last time."""
    cuts = statistics.quantiles([late for listener in listeners for late in listener.late], n=100)
    for listener in listeners:
        listener.late.clear()
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def phase(room: Room, sides: dict[str, list[Listener]], pids: dict[str, list[int]], seconds: float) -> dict[str, dict[str, float]]:
    """Lines for a while, and what they cost each side for a delivery."""
    before, known = {side: sum(map(cpu_ns, pids[side])) for side in sides}, room.said
    room.talk(seconds)
    room.settle()
    lines = room.said - known
    return {
        side: {
            **percentiles(listeners),
            "cpu_us": round((sum(map(cpu_ns, pids[side])) - before[side]) / 1e3 / lines / len(listeners), 2),
        }
        for side, listeners in sides.items()
    }


def run(sockets: int = SOCKETS, seconds: float = SECONDS) -> dict[str, object]:
    """Measure the owner alone, then with its relays, with Redis dead, and afterwards."""
    allow_sockets(3 * sockets)
    room = Room()
    with tempfile.TemporaryDirectory() as name, redis.running() as server, machines(Path(name), server.url, 3, sockets) as found:
        sides = {"owner": room.enter(found[0][0], sockets)}
        pids = {"owner": [found[0][1]], "relays": [pid for _, pid in found[1:]]}
        alone = phase(room, sides, pids, seconds)["owner"]
        time.sleep(KNOWN_S)
        sides["relays"] = [listener for port, _ in found[1:] for listener in room.enter(port, sockets)]
        well = phase(room, sides, pids, seconds)
        server.kill()
        room.talk(DEAD_S)
        owners = percentiles(sides["owner"])
        server.start()
        began = time.perf_counter()
        room.settle()
        whole_s = time.perf_counter() - began
        percentiles(sides["relays"])
        after = phase(room, sides, pids, seconds)
    return {
        "bench": "relay",
        "sockets": len(room.listeners),
        "a_second": RATE,
        "lines": room.said,
        "disordered": sum(listener.disordered for listener in room.listeners),
        "missing": sum(room.said - listener.seq for listener in room.listeners),
        "alone": alone,
        "with_relays": well,
        "redis_dead": {"owner": owners},
        "whole_s": round(whole_s, 2),
        "after": after,
        "ratio_cpu_owner_with_relays_to_alone": round(well["owner"]["cpu_us"] / alone["cpu_us"], 2),
        "ratio_cpu_relay_to_owner_alone": round(well["relays"]["cpu_us"] / alone["cpu_us"], 2),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
