"""How long a room is away when its Machine is killed, when it stays dead, and in a drain. `python -m bench.failover`.

Clients on real sockets behind the emulator, each back as soon as it can: after the server's own "retry in N ms", else after 50 to 150 ms.
`same_machine_s`: from kill -9 until the last client is welcomed again by the Machine's next life. Its limit, measured in the same run, is
the boot: from the kill until the Machine answers its health check. `other_machine_s`: the killed Machine stays dead, another one of the
region takes over; its limit is the lease. `drain_gap_ms`: from the last thing a client heard to its next welcome, when the room moves to
the other Machine by SIGTERM; its limit is `cut_gap_ms`, the same when nothing happens but that all connections break at once.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from gameserver.engine.lease import EXPIRY_S
from tests.support.emulator import Running, running
from tests.support.returning import Returning, until

CLIENTS = 50
ROUNDS = 3
HOST = "cdg.play.localhost"
LOOK_S = 0.01


class Client(Returning):
    """One session that says nothing. `heard_at`: when it last got anything. `machine`: who welcomed it."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "cdg", "main")
        self.heard_at = self.welcomed_at = 0.0
        self.machine = ""

    async def stay(self, ws: ClientConnection) -> None:
        """Hear what is said."""
        await ws.send(json.dumps(self.join))
        async for text in ws:
            self.take(json.loads(text))

    def take(self, message: dict[str, Any]) -> None:
        """Keep what counts of a message."""
        now = time.perf_counter()
        if message["type"] == "welcome":
            if self.heard_at:
                self.gaps.append(now - self.heard_at)
            self.welcomed_at, self.position, self.machine = now, message["position"], message["machine"]
        elif message["type"] == "events":
            self.position = [message["epoch"], message["events"][-1]["seq"]]
        elif message["type"] == "bye":
            self.retry_s = message.get("retry_ms", 0) / 1000
        self.heard_at = now


def name_of(fly: Running, machine: str) -> str:
    """The emulator's name of a Machine."""
    return next(name for name, one in fly.status()["machines"].items() if one["id"] == machine)


async def all_back(clients: list[Client], since: float) -> float:
    """Seconds from `since` until the last client was welcomed after it."""
    await until(lambda: all(client.welcomed_at > since for client in clients), "everybody to be back", LOOK_S)
    return max(client.welcomed_at for client in clients) - since


async def killed(fly: Running, clients: list[Client]) -> tuple[float, float]:
    """kill -9, and the same Machine comes back: seconds until all are in again, and until it answered its health check."""
    name = name_of(fly, clients[0].machine)
    pid, since = fly.machine(name)["pid"], time.perf_counter()
    fly.order("kill", name)

    async def up() -> float:
        await until(lambda: (one := fly.machine(name))["pid"] not in (pid, None) and one["state"] == "up", "the Machine to be up")
        return time.perf_counter() - since

    back, boot = await asyncio.gather(all_back(clients, since), up())
    return back, boot


async def buried(fly: Running, clients: list[Client]) -> float:
    """kill -9 for good: seconds until all are in again, on the other Machine. Then the first one is started again."""
    name, since = name_of(fly, clients[0].machine), time.perf_counter()
    fly.order("kill", name)
    await asyncio.to_thread(fly.order, "stop", name)
    back = await all_back(clients, since)
    await asyncio.to_thread(fly.order, "start", name)
    return back


async def drained(fly: Running, clients: list[Client]) -> list[float]:
    """SIGTERM with another Machine beside: the gap of each client."""
    for client in clients:
        client.gaps.clear()
    name, since = name_of(fly, clients[0].machine), time.perf_counter()
    talker = asyncio.ensure_future(talk(clients[0]))
    await asyncio.to_thread(fly.order, "restart", name)
    await all_back(clients, since)
    talker.cancel()
    return [max(client.gaps) for client in clients if client.gaps]


async def cut(fly: Running, clients: list[Client]) -> list[float]:
    """All connections break, and nothing else: the gap of each client."""
    for client in clients:
        client.gaps.clear()
    since = time.perf_counter()
    # Nobody speaks: what a client heard last is the end of its connection.
    for client in clients:
        client.heard_at = since
    await asyncio.to_thread(fly.order, "cut", "cdg")
    await all_back(clients, since)
    return [max(client.gaps) for client in clients if client.gaps]


async def talk(client: Client) -> None:
    """Somebody else says a line five times a second, so that everybody hears something until the end."""
    speaker = Client(client.port)
    link = socket.create_connection(("127.0.0.1", client.port))
    ws = await connect(f"ws://{HOST}:{client.port}/ws/r/main/", sock=link, compression=None, ping_interval=None)
    await ws.send(json.dumps({"cmd": "room.join", "v": 1, "sid": speaker.sid}))
    with suppress(WebSocketException):
        for ref in range(1, 10_000):
            await ws.send(json.dumps({"cmd": "chat.say", "ref": ref, "text": f"line {ref}"}))
            await asyncio.sleep(0.2)


async def crowded(machines: int, action: Callable[[Running, list[Client]], Awaitable[Any]]) -> list[Any]:
    """Run an action ROUNDS times with everybody in the room."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "fly", "--regions", "cdg", "--machines", str(machines)) as fly:
        clients = [Client(fly.port("cdg")) for _ in range(CLIENTS)]
        tasks = [asyncio.ensure_future(client.run()) for client in clients]
        found = []
        for _ in range(ROUNDS):
            await until(
                lambda: all(client.welcomed_at for client in clients) and len({client.machine for client in clients}) == 1,
                "all to be in",
                LOOK_S,
            )
            await until(lambda: all(one["state"] == "up" for one in fly.status()["machines"].values()), "all Machines to be up", LOOK_S)
            found.append(await action(fly, clients))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


def percentiles(rounds: list[list[float]]) -> dict[str, int]:
    """Of all gaps of all rounds, in ms."""
    quantiles = statistics.quantiles([gap * 1000 for one in rounds for gap in one], n=100)
    return {"p50": round(quantiles[49]), "p99": round(quantiles[98])}


async def run() -> dict[str, object]:
    """Measure all three."""
    same = await crowded(1, killed)
    other = await crowded(2, buried)
    drains, cuts = await crowded(2, drained), await crowded(2, cut)
    back, boot = statistics.median(one for one, _ in same), statistics.median(one for _, one in same)
    return {
        "bench": "failover",
        "clients": CLIENTS,
        "rounds": ROUNDS,
        "same_machine_s": round(back, 2),
        "boot_s": round(boot, 2),
        "same_machine_beyond_boot_s": round(statistics.median(one - other for one, other in same), 2),
        "other_machine_s": round(statistics.median(other), 2),
        "lease_s": EXPIRY_S,
        "other_machine_beyond_lease_s": round(statistics.median(other) - EXPIRY_S, 2),
        "drain_gap_ms": percentiles(drains),
        "cut_gap_ms": percentiles(cuts),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run())))
