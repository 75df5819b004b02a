"""What one client that does not read costs the others, and how much memory. `python -m bench.slow`.

One room of many, one talker; lines of 400 characters, so many a second that whoever does not read is more than a megabyte behind after
a window. In turn: a window in which everybody reads, and one with one more client, whose receive buffer is small and who reads nothing
after its welcome. `p50_ms` and `p99_ms` are those of the others; `grown_kib` is what the server has more in memory at the end of a window
than at its start, `unread_kib` what the client did not read. Then it reads again, and comes back by position if it was sent away:
`thawed` has what it got until it was in step, and what was `missing` in the end, a number for each round.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench.load import Load, build
from bench.machine import SERVERS_CORE, allow_sockets, machine, rss_kib

ROUNDS = 3
SOCKETS = 1000
SECONDS = 12.0
RATE = 200
LINE_BYTES = 400
RECEIVE_BYTES = 4096
THAW_S = 30
PATH = "/ws/r/bench/?world=load"

Said = dict[str, Any]


def window(load: Load, seconds: float) -> Said:
    """Lines for a while: the client's answer, `cpu_us` of a delivery to those who read, and `grown_kib`."""
    known_kib = rss_kib(load.pid)
    said = load.measured("say", RATE, seconds, LINE_BYTES)
    return {**said, "cpu_us": said["spent_us"] / said["delivered"], "grown_kib": rss_kib(load.pid) - known_kib}


def one_round(load: Load, seconds: float) -> dict[str, Said]:
    """A window without a stalled client, one with it, and what becomes of it."""
    without = window(load, seconds)
    load.order("stall", 1, RECEIVE_BYTES)
    beside = window(load, seconds)
    return {"without": without, "with": beside, "thawed": load.order("thaw", THAW_S)}


def median(rounds: list[dict[str, Said]], side: str, take: str) -> float:
    """Of one figure over all rounds; what stands behind a dot is looked up inside."""
    outer, _, inner = take.partition(".")
    return float(statistics.median(one[side][outer][inner] if inner else one[side][outer] for one in rounds))


def run(sockets: int = SOCKETS, seconds: float = SECONDS, rounds: int = ROUNDS) -> dict[str, object]:
    """Measure both in turn."""
    allow_sockets(sockets)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        with machine(folder, "bench.settings", SERVERS_CORE) as server, Load(folder, server, PATH, sockets + rounds) as load:
            load.open(sockets)
            # The room's own memory of its last events is full by then.
            window(load, seconds / 2)
            taken = [one_round(load, seconds) for _ in range(rounds)]
    result: dict[str, object] = {"bench": "slow", "rounds": rounds, "sockets": sockets, "a_second": RATE, "line_bytes": LINE_BYTES}
    for side in ("without", "with"):
        result[side] = {
            "cpu_us": round(median(taken, side, "cpu_us"), 2),
            **{f"{name}_ms": round(median(taken, side, f"late_ms.{name}"), 1) for name in ("p50", "p99")},
            "grown_kib": round(median(taken, side, "grown_kib")),
            **{name: max(one[side][name] for one in taken) for name in ("lost", "repeated", "disordered", "drops", "refused")},
        }
    result["unread_kib"] = round(median(taken, "with", "bytes") / sockets / 1024)
    thawed = {"lines": "delivered", "missing": "missing", "repeated": "repeated", "sent_away": "drops"}
    result["thawed"] = {name: [one["thawed"][told] for one in taken] for name, told in thawed.items()}
    for name in ("p50", "p99"):
        ratios = [one["with"]["late_ms"][name] / one["without"]["late_ms"][name] for one in taken]
        result[f"ratio_{name}_with_to_without"] = round(statistics.median(ratios), 2)
    return result


if __name__ == "__main__":
    print(json.dumps(run()))
