"""One run: an emulator, clients in two rooms, the nemesis; then rest, the final journal, and the verdict."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException

from tests.support.emulator import PARENT, Running, running
from tests.torture.checker import check
from tests.torture.client import Client
from tests.torture.database import Database, prepared
from tests.torture.history import History
from tests.torture.journal import final_journal, verify
from tests.torture.nemesis import KINDS, Fault, Nemesis
from tests.torture.reader import read_all

REGION = "cdg"
VANTAGES = ("ewr", "cdg")
MACHINES = 2
ROOMS = ("main", "torture")
NAMES = ("ada", "bob", "cleo", "dan", "eve", "finn")
SILENCE_S = (5.0, 5.0, 12.0)
"""How long clients wait for a pong: two drop a frozen Machine while it is frozen, the third is still there when it wakes up."""
SETTLE_S = 90.0
COMMANDS_PER_S = 3
"""What all clients together must have said at least, for a run to count; they try about six times as much."""
TAIL = 40


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run. `server`: see `database.prepared`; empty for the emulator's SQLite files."""

    seed: int
    seconds: float
    server: str = ""


@dataclass(slots=True)
class Result:
    """What came of it. `idle`: why the run proves nothing, though nothing was found."""

    summary: dict[str, Any]
    violations: list[str]
    idle: list[str]
    faults: list[Fault]
    folder: Path
    begun: float
    plan: Plan

    @property
    def is_good(self) -> bool:
        """Enough happened, and no promise was broken."""
        return not self.violations and not self.idle

    def report(self) -> str:
        """Everything that somebody needs who was not there."""
        lines = [f"again: make torture SEED={self.plan.seed} SECONDS={self.plan.seconds:.0f}"]
        lines += [f"  {one.begin - self.begun:6.1f} s {one.kind} {one.target} {one.error or ''}" for one in self.faults]
        lines += [f"{len(self.violations)} violations:", *(f"  {one[:1000]}" for one in self.violations[:20])]
        lines += [f"this run proves nothing: {one}" for one in self.idle]
        for log in sorted(self.folder.rglob("*.log")):
            lines += [f"--- {log.relative_to(self.folder)}", *log.read_text(errors="replace").splitlines()[-TAIL:]]
        return "\n".join([*lines, f"histories, faults and journals: {self.folder}", json.dumps(self.summary)])


@dataclass(slots=True)
class Torture:
    """A run under way; `tell` hears of it about once a second."""

    plan: Plan
    folder: Path
    emulator: Running
    database: Database
    tell: Callable[[dict[str, Any]], None]
    clients: list[Client] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    phase: str = "torture"
    begun: float = field(default_factory=time.monotonic)

    @property
    def counts(self) -> Counter[str]:
        """What all clients did, so far."""
        return sum((client.counts for client in self.clients), Counter())

    async def run(self) -> Result:
        """Break things under the clients, let all come to rest, and judge."""
        ports = [self.emulator.port(vantage) for vantage in VANTAGES]
        host = f"{REGION}.{PARENT}"
        for number, name in enumerate(NAMES):
            rng = random.Random(f"{self.plan.seed} {name}")
            silence_s = SILENCE_S[number // len(ROOMS) % len(SILENCE_S)]
            self.clients.append(Client(name, ROOMS[number % len(ROOMS)], host, ports, silence_s, rng))
        nemesis = Nemesis(self.folder / "control", REGION, self.database.where, self._owner, random.Random(self.plan.seed))
        telling = asyncio.ensure_future(self._tell(nemesis))
        try:
            for client in self.clients:
                client.start()
            try:
                await nemesis.run(self.plan.seconds)
            except AssertionError as error:
                self.broken.append(f"broken: {error}")
            seconds = time.monotonic() - self.begun
            self.phase = "settling"
            await self._settle()
            for client in self.clients:
                await client.close()
            self.phase = "reading"
            readers = [await self._read(room, host, ports[0]) for room in ROOMS]
        finally:
            telling.cancel()
            for client in self.clients:
                await client.close()
        return self._judge([*(client.history for client in self.clients), *readers], nemesis.faults, seconds)

    async def _read(self, room: str, host: str, port: int) -> History:
        history = History(f"reader-of-{room}", room, secrets.token_urlsafe(24))
        try:
            await read_all(history, host, port)
        except (OSError, EOFError, TimeoutError, WebSocketException) as error:
            self.broken.append(f"broken: {history.client}: {error!r}")
        return history

    def _owner(self) -> str:
        """The id of the Machine at which most clients are, or were last; empty before the first welcome."""
        return Counter(client.machine for client in self.clients).most_common(1)[0][0]

    async def _tell(self, nemesis: Nemesis) -> None:
        begun = time.monotonic()
        while True:
            elapsed, counts = time.monotonic() - begun, self.counts
            self.tell({"phase": self.phase, "elapsed": elapsed, "faults": len(nemesis.faults), **counts})
            await asyncio.sleep(1 - elapsed % 1)

    async def _settle(self) -> None:
        """Wait until every command is answered and all in a room are at one position. If it never comes, the checker says who is stuck."""
        for client in self.clients:
            client.quiet()
        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline and not any(client.faults for client in self.clients):
            ends = {(client.history.room, (client.position or [0, 0])[1]) for client in self.clients}
            if all(client.is_settled for client in self.clients) and len(ends) == len(ROOMS):
                return
            await asyncio.sleep(0.05)

    def _judge(self, histories: Sequence[History], faults: list[Fault], seconds: float) -> Result:
        self._keep(histories, faults)
        environ = self.database.environ
        journals = {room: final_journal(environ, REGION, room) for room in ROOMS}
        for room, journal in journals.items():
            self._write(f"journal-{room}", journal)
        violations = check(histories, journals) + verify(environ)
        violations += self.broken + [f"broken: {client.history.client}: {error!r}" for client in self.clients for error in client.faults]
        done = Counter(fault.kind for fault in faults if fault.error is None and fault.end is not None)
        summary = {
            "seed": self.plan.seed,
            "seconds": round(seconds, 1),
            "faults": {kind: done[kind] for kind in KINDS},
            "failed_faults": [f"{fault.kind} {fault.target}: {fault.error}" for fault in faults if fault.error is not None],
            **tally(histories, self.counts),
            "epochs": sum(len({row["epoch"] for row in journal}) for journal in journals.values()),
            "journalled": sum(map(len, journals.values())),
            "violations": len(violations),
        }
        (self.folder / "summary.json").write_text(json.dumps(summary) + "\n")
        return Result(summary, violations, idle(summary), faults, self.folder, self.begun, self.plan)

    def _keep(self, histories: Sequence[History], faults: list[Fault]) -> None:
        """Leave everything for whoever wants to look again: `python -m tests.torture check <folder>`."""
        folder = self.folder / "histories"
        folder.mkdir()
        for history in histories:
            history.dump(folder)
        self._write("faults", [asdict(fault) for fault in faults])

    def _write(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        (self.folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def tally(histories: Sequence[History], counts: Counter[str]) -> dict[str, int]:
    """What happened to the clients, in numbers. `max_gap_ms`: the longest time that one of them was shown no event."""
    joins, closes, gap = 0, Counter[tuple[int, str]](), 0.0
    for history in histories:
        joins += sum(not record.data["takeover"] for record in history.of("join")) - 1
        closes.update((record.data["code"], record.data["by"]) for record in history.of("close"))
        heard = [record.at for record in history.of("welcome", "events") if record.data["message"]["events"]]
        gap = max([gap, *(later - earlier for earlier, later in pairwise(heard))])
    return {
        "commands": counts["commands"],
        "events": counts["events"],
        "reconnects": joins,
        "takeovers": closes[4505, "them"],
        "moved": closes[4001, "them"],
        "lost_by_the_room": closes[4003, "them"],
        "cut_or_killed": closes[1006, "them"],
        "resends": counts["resends"],
        "refused_for_now": sum(not record.data["message"]["ok"] for history in histories for record in history.of("reply")),
        "recovered": sum(record.data["message"]["recovered"] for history in histories for record in history.of("welcome")),
        "max_gap_ms": round(gap * 1000),
    }


def idle(summary: dict[str, Any]) -> list[str]:
    """Why a run proves nothing: what should have happened and did not."""
    missing = [f"no {kind} succeeded" for kind, number in summary["faults"].items() if not number]
    missing += [f"no {what}" for what in ("reconnects", "takeovers", "resends", "recovered") if not summary[what]]
    if summary["commands"] < COMMANDS_PER_S * summary["seconds"]:
        missing.append(f"only {summary['commands']} commands in {summary['seconds']} s")
    if summary["epochs"] <= len(ROOMS):
        missing.append("no room changed its owner")
    return missing


def torture(plan: Plan, folder: Path, tell: Callable[[dict[str, Any]], None] = lambda _: None) -> Result:
    """Run it all in `folder`, which keeps histories, journals and logs."""
    folder.mkdir(parents=True, exist_ok=True)
    with prepared(folder, VANTAGES, REGION, plan.server) as database:
        arguments = ["--regions", ",".join(VANTAGES), "--machines", str(MACHINES), *database.arguments]
        with running(folder, *arguments) as emulator:
            return asyncio.run(Torture(plan, folder, emulator, database, tell).run())
