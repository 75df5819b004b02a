"""What breaks things under the clients: a plan of faults from a seed, and whoever carries it out against a running emulator.

Faults overlap, but a Machine suffers one at a time. However it ends, no Machine stays frozen and no lock stays held.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from fly.edge.control import NotRunning, order

KINDS = ("kill", "freeze", "restart", "cut", "lock")
WEIGHTS = (2, 4, 2, 2, 1)
"""A Machine that wakes up and believes it is still the owner is what breaks things most."""
PAUSE_S = (2.0, 6.0)
AT_ONCE = 2
"""Faults under way, at most: a room that nobody can enter for a minute shows nothing."""
FREEZE_S = (7.0, 9.0)
"""Longer than a lease lasts (6 seconds): the frozen Machine is not the owner any more when it wakes up."""
LOCK_S = (1.0, 6.0)
LOCK_TRIES_S = 60.0
CALM_S = 90.0
CUT_S = 10.0
MORE_S = 60.0
"""How much longer a run may take until every kind of fault has succeeded once."""
LOOK_S = 0.1
LOCK = "LOCK TABLE gameserver_lease, gameserver_event IN ACCESS EXCLUSIVE MODE"
AT_THE_OWNER = 0.6
"""Part of the faults that look for the Machine where the clients are; the others hit any."""
BLIND, BLIND_S = 0.35, (1.0, 3.0)
"""Part of the freezes that end under a lock; how long before and after the end it lasts."""
MID_SENTENCE, MID_S = 0.35, (0.7, 1.2)
"""Part of the freezes that begin under a lock; when after its beginning, and how long it lasts: what waits for it then is under way."""
OWNER, DATABASE = "owner", "database"
HOLDERS: tuple[type[Exception], ...] = (sqlite3.OperationalError, psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault, after a pause since the last one began, for some seconds where it has a length.

    `target`: a Machine, the owner whoever it is then, or the database.
    """

    pause_s: float
    kind: str
    target: str
    length_s: float
    blind: bool = False
    """Of a freeze: the database is held when the Machine thaws, so that it cannot ask whether it is still the owner."""
    mid_sentence: bool = False
    """Of a freeze: the database is held when the Machine freezes, so that it thaws with lines that wait to be journalled."""


@dataclass(slots=True)
class Fault:
    """One fault that was carried out, in monotonic seconds; `error` when it could not be."""

    kind: str
    target: str
    begin: float
    end: float | None = None
    error: str | None = None


def plan(rng: random.Random, machines: Sequence[str]) -> Iterator[Planned]:
    """Faults without end, the same for the same seed: first one of each kind in some order at the owner, then any anywhere."""
    kinds = rng.sample(KINDS, len(KINDS))
    while True:
        first = bool(kinds)
        kind = kinds.pop() if first else rng.choices(KINDS, WEIGHTS)[0]
        length_s = rng.uniform(*{"freeze": FREEZE_S, "lock": LOCK_S}.get(kind, (0.0, 0.0)))
        somebody = rng.choice(sorted(machines))
        target = DATABASE if kind == "lock" else OWNER if first or rng.random() < AT_THE_OWNER else somebody
        blind, mid_sentence = (kind == "freeze" and rng.random() < part for part in (BLIND, MID_SENTENCE))
        yield Planned(rng.uniform(*PAUSE_S), kind, target, length_s, blind, mid_sentence)


class Nemesis:
    """Carries out a plan for at least `seconds`, and until every kind was there once.

    `database`: a URL, or a path to a SQLite file. `owner`: tells the id of the Machine at which most clients are.
    """

    def __init__(self, control: Path, region: str, database: str, owner: Callable[[], str], rng: random.Random) -> None:
        self.control = control
        self.region = region
        self.database = database
        self.owner = owner
        self.rng = rng
        self.faults: list[Fault] = []
        self._busy: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def machines(self) -> dict[str, dict[str, Any]]:
        """The Machines of the region, by name."""
        machines: dict[str, dict[str, Any]] = order(self.control, "status")["machines"]
        return {name: one for name, one in machines.items() if name.partition("/")[0] == self.region}

    def missing(self) -> set[str]:
        """The kinds that have not succeeded yet."""
        return set(KINDS) - {fault.kind for fault in self.faults if fault.end is not None and fault.error is None}

    async def run(self, seconds: float) -> None:
        """Break things, then put everything right again. Raises when a Machine does not come back."""
        names = list(await asyncio.to_thread(self.machines))
        self._busy = {name: asyncio.Lock() for name in (*names, DATABASE)}
        end = time.monotonic() + seconds
        try:
            for planned in plan(self.rng, names):
                late_s = time.monotonic() + planned.pause_s - end
                if late_s > MORE_S or (late_s > 0 and not self.missing()):
                    break
                await asyncio.sleep(planned.pause_s)
                while len(self._tasks) >= AT_ONCE:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                task = asyncio.ensure_future(self._carry_out(planned))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            while self._tasks:
                await asyncio.gather(*self._tasks)
        finally:
            await asyncio.shield(self.calm())

    async def calm(self) -> None:
        """Let go of everything and wait until all Machines are up."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        deadline = time.monotonic() + CALM_S
        while True:
            machines = await asyncio.to_thread(self.machines)
            if all(one["state"] == "up" for one in machines.values()):
                return
            for name, one in machines.items():
                if verb := {"failing": "thaw", "stopped": "start"}.get(one["state"]):
                    await self._order(verb, name)
            if time.monotonic() > deadline:
                raise AssertionError(f"not all Machines are up again: { {name: one['state'] for name, one in machines.items()} }")
            await asyncio.sleep(LOOK_S)

    async def _carry_out(self, planned: Planned) -> None:
        """One fault, when its target suffers no other. An owner that was waited for may be none any more: then the new one is hit."""
        while True:
            target = await self._owner() if planned.target == OWNER else planned.target
            async with self._busy[target]:
                if planned.target != OWNER or target == await self._owner():
                    await self._hit(planned, target)
                    return

    async def _hit(self, planned: Planned, target: str) -> None:
        fault = Fault(planned.kind, target, time.monotonic())
        self.faults.append(fault)
        if planned.kind == "lock":
            fault.error = await asyncio.to_thread(hold, self.database, planned.length_s, lambda: _begin(fault))
        elif planned.kind == "freeze":
            fault.error = await self._freeze(target, planned)
        elif planned.kind in ("kill", "cut"):
            fault.error = await {"kill": self._kill, "cut": self._cut}[planned.kind](target)
        else:
            fault.error = await self._order(planned.kind, target)
        fault.end = time.monotonic()

    async def _owner(self) -> str:
        """The name of the Machine at which most clients are, or of any."""
        machines, owner = await asyncio.to_thread(self.machines), self.owner()
        return next((name for name, one in machines.items() if one["id"] == owner), next(iter(machines)))

    async def _kill(self, name: str) -> str | None:
        """kill -9, and wait until the Machine runs again as another process."""
        dead = (await asyncio.to_thread(self.machines))[name]["pid"]
        if error := await self._order("kill", name):
            return error
        deadline = time.monotonic() + CALM_S
        while time.monotonic() < deadline:
            await asyncio.sleep(LOOK_S)
            machine = (await asyncio.to_thread(self.machines))[name]
            if machine["state"] == "up" and machine["pid"] not in (dead, None):
                return None
        return f"{name} did not come up again in {CALM_S:.0f} s"

    async def _cut(self, name: str) -> str | None:
        """Reset all connections that lead to a Machine; wait a little for there to be one."""
        deadline = time.monotonic() + CUT_S
        while time.monotonic() < deadline:
            answer = await asyncio.to_thread(order, self.control, "cut", name)
            if answer.get("cut") or "error" in answer:
                return answer.get("error")
            await asyncio.sleep(LOOK_S)
        return f"nobody was connected to {name} for {CUT_S:.0f} s"

    async def _freeze(self, name: str, planned: Planned) -> str | None:
        """SIGSTOP, and whatever happens SIGCONT."""
        if planned.mid_sentence:
            self._hold_for(MID_S[1])
            await asyncio.sleep(MID_S[0])
        if error := await self._order("freeze", name):
            return error
        try:
            await asyncio.sleep(planned.length_s - BLIND_S[0])
            if planned.blind:
                self._hold_for(sum(BLIND_S))
            await asyncio.sleep(BLIND_S[0])
        finally:
            error = await asyncio.shield(self._order("thaw", name))
        return error

    def _hold_for(self, seconds: float) -> None:
        """Hold the database beside another fault."""
        task = asyncio.ensure_future(self._carry_out(Planned(0.0, "lock", DATABASE, seconds)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _order(self, verb: str, name: str) -> str | None:
        """Give an order to the emulator; what was wrong with it, in one line."""
        try:
            answer = await asyncio.to_thread(order, self.control, verb, name)
        except NotRunning as error:
            return str(error)
        return answer.get("error")


def _begin(fault: Fault) -> None:
    fault.begin = time.monotonic()


def hold(database: str, seconds: float, begun: Callable[[], None]) -> str | None:
    """Hold the region's database for some seconds, as a backup or a forgotten transaction does. Waits for its turn."""
    deadline = time.monotonic() + LOCK_TRIES_S
    while True:
        try:
            (_hold_postgresql if "://" in database else _hold_sqlite)(database, seconds, begun)
        except HOLDERS as error:
            if time.monotonic() < deadline:
                continue
            return f"{type(error).__name__}: {error}"
        return None


def _hold_sqlite(database: str, seconds: float, begun: Callable[[], None]) -> None:
    with closing(sqlite3.connect(database, timeout=20, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        begun()
        time.sleep(seconds)
        connection.execute("ROLLBACK")


def _hold_postgresql(database: str, seconds: float, begun: Callable[[], None]) -> None:
    with psycopg.connect(database, autocommit=True) as connection, connection.transaction():
        connection.execute(LOCK)
        begun()
        time.sleep(seconds)
