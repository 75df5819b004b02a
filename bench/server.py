"""CPU time of a message: our server against stock Daphne and uvicorn, in one run. `python -m bench.server`.

One process each on loopback, 50 sockets, texts of 100 characters. `received`: sent as fast as they are taken. `delivered`: sent to
all sockets in a loop. `echoed`: one on its way for each socket, there and back.
"""

from __future__ import annotations

import json
import selectors
import statistics
import subprocess
import sys

from bench.machine import cpu_s
from fly.edge.machine import free_port
from tests.support.emulator import ROOT, wait_until
from tests.support.raw import Raw, handshake, masked

SOCKETS = 50
RECEIVED = 300
"""Messages that each socket sends in a round."""
ECHOED = 100
"""Messages of each socket that come back in a round."""
DELIVERED = 200
"""Messages that each socket gets in a round."""
ROUNDS = 5
FRAME = 2 + 100
APP = "bench.echo:application"
SERVERS = {
    "ours": ["-m", "fly.server", APP, "--port"],
    "uvicorn": ["-m", "uvicorn", APP, "--ws", "websockets-sansio", "--log-level", "error", "--port"],
    "daphne": ["-m", "daphne", APP, "-v", "0", "-p"],
}


def connect(port: int) -> Raw:
    """An accepted socket."""
    raw = Raw(port)
    raw.send(handshake(f"127.0.0.1:{port}", "/"))
    assert raw.answer().status == 101
    return raw


def ask_count(raw: Raw) -> int:
    """How many messages the server has counted."""
    raw.send(masked(1, b"count"))
    return int(raw.frame()[1])


def receive(clients: list[Raw], pid: int) -> float:
    """Microseconds of the server's CPU for a message that it receives."""
    message = masked(1, b"y" * 100)
    before, known = cpu_s(pid), ask_count(clients[0])
    for _ in range(RECEIVED):
        for client in clients:
            client.send(message)
    total = RECEIVED * len(clients)
    wait_until(lambda: ask_count(clients[0]) - known >= total, "all messages were received")
    return (cpu_s(pid) - before) / total * 1e6


def deliver(clients: list[Raw], pid: int) -> float:
    """Microseconds of the server's CPU for a message that it delivers."""
    missing = dict.fromkeys(clients, DELIVERED * FRAME)
    before = cpu_s(pid)
    clients[0].send(masked(1, b"go %d" % DELIVERED))
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        while missing:
            for key, _ in selector.select(60):
                missing[key.data] -= len(key.fileobj.recv(65_536))  # type: ignore[union-attr]
                if missing[key.data] <= 0:
                    del missing[key.data]
                    selector.unregister(key.fileobj)
    return (cpu_s(pid) - before) / (DELIVERED * len(clients)) * 1e6


def echo(clients: list[Raw], pid: int) -> float:
    """Microseconds of the server's CPU for a message that comes alone and goes back."""
    message = masked(1, b"echo" + b"z" * 96)
    before = cpu_s(pid)
    for _ in range(ECHOED):
        for client in clients:
            client.send(message)
        for client in clients:
            client.frame()
    return (cpu_s(pid) - before) / (ECHOED * len(clients)) * 1e6


KINDS = {"received": receive, "delivered": deliver, "echoed": echo}


def measure(command: list[str]) -> dict[str, float]:
    """Medians of one server."""
    port = free_port()
    server = subprocess.Popen([sys.executable, *command, str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: Raw(port).socket.close() is None, "the server listens")
        clients = [connect(port) for _ in range(SOCKETS)]
        rounds = [{kind: action(clients, server.pid) for kind, action in KINDS.items()} for _ in range(ROUNDS + 1)][1:]
        for client in clients:
            client.socket.close()
    finally:
        server.terminate()
        server.wait(30)
    return {kind: statistics.median(one[kind] for one in rounds) for kind in KINDS}


def run() -> dict[str, object]:
    """Measure all servers and compare."""
    cpu = {name: measure(command) for name, command in SERVERS.items()}
    result: dict[str, object] = {"bench": "server", "sockets": SOCKETS, "rounds": ROUNDS}
    result["cpu_us"] = {name: {kind: round(value, 1) for kind, value in kinds.items()} for name, kinds in cpu.items()}
    for kind in KINDS:
        for peer in ("uvicorn", "daphne"):
            result[f"ratio_{kind}_ours_to_{peer}"] = round(cpu["ours"][kind] / cpu[peer][kind], 2)
    return result


if __name__ == "__main__":
    print(json.dumps(run()))
