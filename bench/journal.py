"""What a journalled command costs on its whole way, and how long it takes. `python -m bench.journal`.

One Machine with SQLite, 200 clients. `cpu_us`: the server's CPU for a command from the socket through decision, journal (fsync) and
fan-out to the reply, while every client keeps some under way: in one room with all 200, and in twenty rooms of ten. References of the
same run: what our server's bare echo of a text costs (a receive and a send), and what the same rows cost when one plain loop puts
them into SQLite in batches of the same size. `latency_ms`: of replies at 1,000 commands a second.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from bench.crowd import Crowd
from bench.machine import cpu_s, machine
from bench.server import measure as measure_server

CLIENTS = 200
WINDOW = 10
SECONDS = 4.0
ROUNDS = 3
RATE = 1000.0
HOST = "cdg.play.localhost"
TEXT = "a line of chat that is neither very short nor very long, as most are"


def throughput(port: int, pid: int, per_room: int) -> dict[str, float]:
    """CPU of the server for a command, with all clients busy."""
    crowd = Crowd(port, HOST, CLIENTS, per_room, "load")
    crowd.closed_loop("load.say", TEXT, 2, 0.5)
    before, known, began = cpu_s(pid), crowd.replies, time.perf_counter()
    crowd.closed_loop("load.say", TEXT, WINDOW, SECONDS)
    spent, count = cpu_s(pid) - before, crowd.replies - known
    elapsed = time.perf_counter() - began
    assert not any(client.refused for client in crowd.clients)
    crowd.close()
    return {"cpu_us": spent / count * 1e6, "a_second": count / elapsed}


def latency(port: int) -> dict[str, float]:
    """Milliseconds from sending a command to its reply, at RATE."""
    crowd = Crowd(port, HOST, CLIENTS, CLIENTS, "load")
    crowd.paced("load.say", TEXT, RATE, 1.0)
    crowd.latencies.clear()
    crowd.paced("load.say", TEXT, RATE, SECONDS)
    crowd.close()
    cuts = statistics.quantiles(crowd.latencies, n=100)
    return {"p50": cuts[49] * 1000, "p99": cuts[98] * 1000}


def plain_rows(database: Path, rows: int, batch: int) -> float:
    """Microseconds of CPU for a row of the same journal, put into the same file's tables by a loop that does nothing else."""
    link = sqlite3.connect(database, isolation_level=None)
    link.execute("PRAGMA synchronous=FULL")
    columns = [name for _, name, *_ in link.execute("PRAGMA table_info(gameserver_event)") if name != "id"]
    sample = link.execute(f"SELECT {', '.join(columns)} FROM gameserver_event ORDER BY id DESC LIMIT 1").fetchone()
    at, seq = columns.index("seq"), sample[columns.index("seq")]
    insert = f"INSERT INTO gameserver_event ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    before = time.process_time()
    for start in range(0, rows, batch):
        link.execute("BEGIN IMMEDIATE")
        link.executemany(insert, [(*sample[:at], seq + 1 + start + number, *sample[at + 1 :]) for number in range(batch)])
        link.execute("COMMIT")
    spent = time.process_time() - before
    link.close()
    return spent / rows * 1e6


def run() -> dict[str, object]:
    """Measure several rounds and compare medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with machine(folder, "bench.settings") as (port, pid):
            one = [throughput(port, pid, CLIENTS) for _ in range(ROUNDS)]
            ten = [throughput(port, pid, 10) for _ in range(ROUNDS)]
            late = [latency(port) for _ in range(ROUNDS)]
        rows = statistics.median(plain_rows(folder / "region.sqlite3", 20_000, 100) for _ in range(ROUNDS))
    echo = measure_server(["-m", "fly.server", "bench.echo:application", "--port"])["echoed"]
    cost = {name: statistics.median(each["cpu_us"] for each in runs) for name, runs in (("one_room", one), ("rooms_of_ten", ten))}
    return {
        "bench": "journal",
        "clients": CLIENTS,
        "rounds": ROUNDS,
        "cpu_us": {**{key: round(value, 1) for key, value in cost.items()}, "bare_echo": round(echo, 1), "plain_row": round(rows, 1)},
        "commands_a_cpu_second": {key: round(1e6 / value) for key, value in cost.items()},
        "commands_a_second": {"one_room": round(statistics.median(each["a_second"] for each in one))},
        "ratio_one_room_to_echo_and_row": round(cost["one_room"] / (echo + rows), 2),
        "ratio_rooms_of_ten_to_echo_and_row": round(cost["rooms_of_ten"] / (echo + rows), 2),
        "latency_ms_at_1000_a_second": {key: round(statistics.median(each[key] for each in late), 1) for key in ("p50", "p99")},
    }


if __name__ == "__main__":
    print(json.dumps(run()))
