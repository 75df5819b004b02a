"""Every place where rooms are kept, for the suites of contracts: in memory, in a SQLite file, in a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from django.db import connections
from django.db.models import F

from gameserver.database import ALIAS, DatabaseStore
from gameserver.engine.entry import Entry, Reply, Snapshot
from gameserver.engine.lease import EXPIRY_S, Holder
from gameserver.leases import DatabaseLeases
from gameserver.memory import Memory
from gameserver.models import Holder as HolderRow
from gameserver.models import Lease
from gameserver.store import Batch, Claimed, Leases, Store

T = TypeVar("T")
AT = 1_700_000_000_000
ADA = {"id": "ada", "name": "Ada", "colour": "#112233"}
PATIENCE_S = 30.0


@dataclass
class Place:
    """A Store and Leases on the same rooms. `alias`: of their database; empty in memory, whose clock is `now`."""

    store: Store
    leases: Leases
    alias: str = ""
    now: list[float] = field(default_factory=lambda: [1_700_000_000.0])

    def life(self, machine: str = "m1", nonce: str = "0") -> Holder:
        """A new life of a Machine."""
        return self.leases.start(machine, nonce).holder

    def room(self, slug: str = "main", machine: str = "m1", region: str = "cdg") -> Claimed:
        """A room that a new life of this Machine owns."""
        return self.leases.claim(region, slug, self.life(machine))

    def later(self, seconds: float = EXPIRY_S) -> None:
        """Let time pass: leases and lives that were not renewed are so much older."""
        self.now[0] += seconds
        if self.alias:
            for model in (Lease, HolderRow):
                rows = model._default_manager.using(self.alias).filter(expires_at__gt=0)
                rows.update(expires_at=F("expires_at") - int(seconds * 1000))

    def write(self, claimed: Claimed, *entries: Entry) -> None:
        """Append, which must succeed."""
        assert self.store.append([Batch(claimed.key, claimed.epoch, entries)]) == [None]

    def history(self, claimed: Claimed) -> list[Entry]:
        """All that is in a room's journal."""
        return self.store.since(claimed.key, 0, 1_000_000)


def database(alias: str) -> Place:
    """The region's database under an alias."""
    return Place(DatabaseStore(alias), DatabaseLeases(alias), alias)


def make(request: pytest.FixtureRequest) -> Place:
    """The place that a fixture's parameter names."""
    if request.param == "memory":
        now = [1_700_000_000.0]
        memory = Memory(lambda: now[0])
        return Place(memory, memory, now=now)
    return database(ALIAS if request.param == "sqlite" else request.getfixturevalue("region_postgres"))


EVERYWHERE = ["memory", "sqlite", "postgres"]
DATABASES = ["sqlite", "postgres"]


def entry(seq: int, ev: str = "chat.said", session: str = "s" * 32, reply: Reply | None = None, **fields: Any) -> Entry:
    """One event of Ada's, as it is journalled. `reply`: None gives {}."""
    fields = fields or {"text": f"line {seq}"}
    return Entry({"seq": seq, "ev": ev, "at": AT + seq, "player": ADA, **fields}, session, seq, {} if reply is None else reply)


def entries(*seqs: int) -> tuple[Entry, ...]:
    """Lines with these numbers."""
    return tuple(entry(seq) for seq in seqs)


def state(seq: int) -> Snapshot:
    """A snapshot that is told from others by its seq."""
    return Snapshot(seq, {"worlds": {"score": {"points": seq, "of": ["Zoë", None]}}, "replies": [["s", seq, AT, {"ref": seq}]]})


@contextmanager
def threads(alias: str, number: int = 2) -> Iterator[Callable[..., Future[Any]]]:
    """Threads with connections of their own: gives a function that starts a call. They are waited for, and close behind each call."""

    def run(function: Callable[..., T], *arguments: Any) -> T:
        try:
            return function(*arguments)
        finally:
            connections[alias].close()

    with ThreadPoolExecutor(number) as pool:
        yield lambda function, *arguments: pool.submit(run, function, *arguments)


def wait(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds that other threads bring about."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
