"""CPU time of a replayed handshake and a replayed page, against the same ones served, in one run (G6).

One Machine, asked directly: what costs is deciding and answering, not the way. `python -m bench.handshake`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.machine import cpu_s, machine
from tests.support.raw import Raw, handshake

ROUNDS = 7
PER_ROUND = 150


def shake(port: int, host: str, status: int) -> None:
    """One handshake, answered and cut."""
    with Raw(port) as raw:
        raw.send(handshake(host))
        assert raw.answer().status == status


def page(port: int, host: str, status: int) -> None:
    """One page on a connection of its own, as an edge asks for it."""
    with Raw(port) as raw:
        raw.send(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert raw.answer().status == status


def measure(pid: int, action: Callable[[], None], count: int) -> float:
    """Microseconds of the server's CPU for one action."""
    before = cpu_s(pid)
    for _ in range(count):
        action()
    return (cpu_s(pid) - before) / count * 1e6


def run() -> dict[str, object]:
    """Measure all in turn, several rounds, and compare medians."""
    with tempfile.TemporaryDirectory() as folder, machine(Path(folder)) as (port, pid):
        cases: dict[str, Callable[[], None]] = {
            "handshake_served": lambda: shake(port, "cdg.play.localhost", 101),
            "handshake_replayed": lambda: shake(port, "ewr.play.localhost", 307),
            "page_served": lambda: page(port, "cdg.play.localhost", 200),
            "page_replayed": lambda: page(port, "ewr.play.localhost", 307),
        }
        for action in cases.values():
            measure(pid, action, 20)
        rounds = [{name: measure(pid, action, PER_ROUND) for name, action in cases.items()} for _ in range(ROUNDS)]
    median = {name: statistics.median(one[name] for one in rounds) for name in cases}
    return {
        "bench": "handshake",
        "rounds": ROUNDS,
        "per_round": PER_ROUND,
        "cpu_us": {name: round(value) for name, value in median.items()},
        "ratio_handshake_replayed_to_served": round(median["handshake_replayed"] / median["handshake_served"], 2),
        "ratio_page_replayed_to_served": round(median["page_replayed"] / median["page_served"], 2),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
