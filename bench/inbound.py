"""CPU time of a command that leads to nothing that others see, such as where somebody aims. `python -m bench.inbound`.

So many clients in one room send so many commands a second each, evenly spread over time: no two come at once, and nearly every one wakes
the server. Everything sent is handled: the server is asked for its count. `cpu_us`: all that the server's process took, from the first
command until the last was counted, for one command; nothing is subtracted. References, in the same rounds: `channels`, a stock consumer on
stock Daphne that parses the JSON, keeps the last of each client and counts; `asyncio`, a bare protocol on asyncio's own loop that does the
same with the same msgspec type and does nothing else.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.load import Load, build
from bench.machine import SERVERS_CORE, allow_sockets, machine
from bench.peers import DAPHNES_BACKLOG, bare, stock
from tests.support.emulator import wait_until

ROUNDS = 5
SECONDS = 4.0
RATE = 30
SOCKETS = (100, 200)
AIM = '{"cmd":"load.aim","x":#.25,"y":-1234.5}'
COUNT = '{"cmd":"load.count","ref":#}'
PATH = "/ws/r/bench/?world=load"


def counted(load: Load) -> int:
    """How many commands the server has handled."""
    return int(load.order("ask", "aimed", COUNT)["value"])


def aim(load: Load, seconds: float) -> dict[str, Any]:
    """Commands at RATE from each: the client's answer, and `cpu_us` of a command. Fails if one was not handled, or twice."""
    known, before = counted(load), load.cpu_us
    sent = load.order("input", RATE, seconds, AIM)
    wait_until(lambda: counted(load) - known >= sent["sent"], "all commands were handled")
    spent_us = load.cpu_us - before
    assert counted(load) - known == sent["sent"], "some commands were handled twice"
    assert not sent["refused"] + sent["drops"], sent
    return {**sent, "cpu_us": spent_us / sent["sent"]}


def sides(stack: ExitStack, folder: Path, sockets: int, seconds: float) -> dict[str, Load]:
    """The servers, all up at once and each with its sockets in."""
    servers = {
        "ours": (machine(folder, "bench.settings", SERVERS_CORE), PATH),
        "asyncio": (bare(folder), "/"),
        "channels": (stock(folder), "/count/"),
    }
    found = {}
    for name, (server, path) in servers.items():
        found[name] = stack.enter_context(Load(folder, stack.enter_context(server), path, sockets))
        found[name].open(sockets, DAPHNES_BACKLOG)
        aim(found[name], seconds / 4)
    return found


def compare(sockets: int, seconds: float, rounds: int) -> dict[str, object]:
    """All sides in turn, several rounds."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        build(Path(name))
        found = sides(stack, Path(name), sockets, seconds)
        taken = [{name: aim(load, seconds) for name, load in found.items()} for _ in range(rounds)]
    ours = [one["ours"] for one in taken]
    result: dict[str, object] = {
        "cpu_us": {name: round(statistics.median(one[name]["cpu_us"] for one in taken), 1) for name in found},
        "commands": sum(one["sent"] for one in ours),
        "replies": sum(one["replies"] for one in ours),
        "sent_late_p99_ms": round(max(one["sender_late_ms"]["p99"] for one in ours), 2),
    }
    for name in ("asyncio", "channels"):
        result[f"ratio_ours_to_{name}"] = round(statistics.median(one["ours"]["cpu_us"] / one[name]["cpu_us"] for one in taken), 3)
    return result


def run(sockets: tuple[int, ...] = SOCKETS, seconds: float = SECONDS, rounds: int = ROUNDS) -> dict[str, object]:
    """Measure with few sockets and with more."""
    allow_sockets(max(sockets))
    return {
        "bench": "inbound",
        "rounds": rounds,
        "a_second": RATE,
        **{f"sockets_{count}": compare(count, seconds, rounds) for count in sockets},
    }


if __name__ == "__main__":
    print(json.dumps(run()))
