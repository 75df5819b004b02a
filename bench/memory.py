"""Memory of an idle player: what a gameserver has in RAM for each socket in a room. `python -m bench.memory`.

`kib`: the growth of the process (RSS) for one socket. `accepted`: open, before its join; `joined`: in the room, with a thousand and with
ten thousand; then all of them get a line. References of the same run: `asyncio`, a bare protocol on asyncio's own loop; `channels`, a
stock consumer in a group on stock Daphne. `empty_mib`: the processes before anybody came. `parts_kib`: the Python objects of a joined
socket by the module that made them (tracemalloc, in a run of its own; what the kernel and C libraries hold is not in it).
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from bench.load import IN_FLIGHT, Load, build
from bench.machine import SERVERS_CORE, allow_sockets, gameserver, machine, machine_environ, migrate, rss_kib, serving
from bench.peers import DAPHNES_BACKLOG, bare, stock
from fly.edge.machine import free_port
from tests.support.raw import Raw

ROUNDS = 3
FEW, MANY = 1000, 10_000
PARTS = 12
"""Modules that are listed."""
MOST_UNJOINED = 1000
"""Sockets that are opened without a join: all of them within the time that a join may take."""
PATH = "/ws/r/bench/?world=load"

Server = Callable[[Path], AbstractContextManager[tuple[int, int]]]


def ours(folder: Path) -> AbstractContextManager[tuple[int, int]]:
    """A Machine."""
    return machine(folder, "bench.settings", SERVERS_CORE)


def kib(serve: Server, path: str, sockets: int, in_flight: int, apart: bool = False) -> dict[str, float]:
    """What a server has for each of so many sockets. apart: first without a join, then with it. Fails if one does not get a line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        with serve(folder) as server, Load(folder, server, path, sockets + 1) as load:
            # What a first player makes a process load is not of this player.
            load.open(1)
            empty, found = rss_kib(load.pid), {}
            if apart:
                opened = load.order("hold", sockets, in_flight)
                assert opened["opened"] == sockets, opened
                found["accepted"] = (rss_kib(load.pid) - empty) / sockets
                load.order("join")
            else:
                load.open(sockets, in_flight)
            found["joined"] = (rss_kib(load.pid) - empty) / sockets
            if path != "/":
                said = load.order("say", 10, 0.1, 120)
                assert said["delivered"] == sockets + 1, said
                found["with_a_line"] = (rss_kib(load.pid) - empty) / sockets
            return {**found, "empty_mib": empty / 1024}


def held(port: int) -> dict[str, int]:
    """Bytes by module, of what was made since this was asked for the first time."""
    with Raw(port) as raw:
        raw.send(b"GET /memory HTTP/1.1\r\nHost: cdg.play.localhost\r\nConnection: close\r\n\r\n")
        answer = raw.answer()
        assert answer.status == 200, answer
        found: dict[str, int] = json.loads(answer.body)
        return found


def parts(sockets: int) -> dict[str, float]:
    """KiB of Python's objects for a joined socket, by module, the largest first."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        build(folder)
        environ = machine_environ(folder, "bench.settings")
        migrate(environ)
        application = gameserver(port, "bench.peers.inside:application")
        with serving(application, port, folder / "log", environ, SERVERS_CORE) as pid, Load(folder, (port, pid), PATH, sockets + 1) as load:
            load.open(1)
            held(port)
            load.open(sockets)
            each = {module: size / sockets / 1024 for module, size in held(port).items()}
    largest = sorted(each.items(), key=lambda one: -one[1])
    return {**{module: round(size, 2) for module, size in largest[:PARTS]}, "all": round(sum(each.values()), 2)}


def run(few: int = FEW, many: int = MANY, rounds: int = ROUNDS) -> dict[str, object]:
    """Measure each in turn, several rounds with few sockets; with many once."""
    allow_sockets(many)
    apart = few <= MOST_UNJOINED
    taken = [
        {
            "ours": kib(ours, PATH, few - 1, IN_FLIGHT, apart),
            "asyncio": kib(bare, "/", few - 1, IN_FLIGHT),
            "channels": kib(stock, "/chat/", few - 1, DAPHNES_BACKLOG),
        }
        for _ in range(rounds)
    ]
    crowded = kib(ours, PATH, many - 1, IN_FLIGHT)
    median = {side: {name: statistics.median(one[side][name] for one in taken) for name in taken[0][side]} for side in taken[0]}
    joined = {side: median[side]["joined"] for side in median}
    return {
        "bench": "memory",
        "rounds": rounds,
        f"kib_of_{few}": {side: {name: round(value, 1) for name, value in median[side].items() if name != "empty_mib"} for side in median},
        f"kib_of_{many}": {name: round(value, 1) for name, value in crowded.items() if name != "empty_mib"},
        "empty_mib": {side: round(median[side]["empty_mib"], 1) for side in median},
        "ratio_ours_to_asyncio": round(joined["ours"] / joined["asyncio"], 2),
        "ratio_ours_to_channels": round(joined["ours"] / joined["channels"], 2),
        "parts_kib": parts(few),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
