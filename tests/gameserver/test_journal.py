"""The thread that writes, and the one that reads: groups, failures, the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError

from gameserver.engine.entry import Entry
from gameserver.journal import MAX_GROUP, Journal
from gameserver.memory import Memory
from gameserver.store import Batch, StaleEpoch
from tests.gameserver.rooms import PATIENCE_S, until


class GatedStore(Memory):
    """Keeps a record of its transactions; the first one waits for `gate`."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.transactions: list[list[int]] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self.faulty: int | None = None
        self.fault: Exception = IntegrityError("one event a seq")

    def append(self, batches: Sequence[Batch]) -> list[StaleEpoch | None]:
        assert self.gate.wait(PATIENCE_S)
        self.threads.add(threading.current_thread().name)
        self.transactions.append([batch.key for batch in batches])
        if self.error is not None:
            raise self.error
        if self.faulty in self.transactions[-1]:
            raise self.fault
        return super().append(batches)


class Case:
    """A journal with three rooms, and what its callbacks were told, in order."""

    def __init__(self) -> None:
        self.store = GatedStore()
        self.closed: list[str] = []
        self.closer = lambda: self.closed.append("closed")
        self.journal = Journal(self.store, asyncio.get_running_loop(), lambda: self.closer())
        life = self.store.start("m1", "0").holder
        self.opened = [self.store.claim("cdg", f"room-{n}", life) for n in range(3)]
        self.told: list[tuple[str, Any]] = []

    def append(self, name: str, room: int, seq: int, epoch: int | None = None) -> None:
        opened = self.opened[room]
        entry = Entry({"seq": seq, "ev": "chat.said"}, "s", seq)
        batch = Batch(opened.key, opened.epoch if epoch is None else epoch, (entry,))
        self.journal.append(batch, lambda result: self.told.append((name, result)))


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = Case()
    yield made
    made.store.gate.set()
    await made.journal.stop(PATIENCE_S)


async def test_all_that_waits_is_one_transaction(case: Case) -> None:
    """[GS5] What comes while a transaction is under way, of whatever room, goes together as the next one."""
    case.append("first", 0, 1)
    await until(case.journal._work.empty)
    for seq in (1, 2, 3):
        case.append(f"second {seq}", 1, seq)
    case.append("third", 2, 1)
    case.store.gate.set()
    await until(lambda: len(case.told) == 5)
    assert case.store.transactions == [[1], [2, 2, 2, 3]]
    assert case.told == [(name, None) for name in ("first", "second 1", "second 2", "second 3", "third")]


async def test_the_loop_does_not_wait(case: Case) -> None:
    """[GS5] While the database hangs the event loop goes on; the writing is on a thread of the journal's own."""
    case.append("slow", 0, 1)
    await until(case.journal._work.empty)
    assert case.told == []
    case.store.gate.set()
    await until(lambda: case.told)
    assert case.store.threads == {"journal"}


async def test_a_transaction_has_a_bound(case: Case) -> None:
    """[GS5] No more than 200 batches wait for one commit."""
    case.append("first", 0, 1)
    await until(case.journal._work.empty)
    for seq in range(2, MAX_GROUP + 12):
        case.append("more", 0, seq)
    case.store.gate.set()
    await until(lambda: len(case.told) == MAX_GROUP + 11)
    assert [len(group) for group in case.store.transactions] == [1, MAX_GROUP, 10]


@pytest.mark.parametrize("fault", [IntegrityError("one event a seq"), DataError("NUL"), TypeError("no JSON"), OverflowError("int")])
async def test_one_rooms_fault_is_not_anothers(case: Case, fault: Exception) -> None:
    """[GS5] When a group cannot be written for one room's events, the others are written without them, on the same connection."""
    case.append("first", 0, 1)
    await until(case.journal._work.empty)
    case.store.faulty, case.store.fault = case.opened[1].key, fault
    case.append("good", 0, 2)
    case.append("bad", 1, 1)
    case.append("also good", 2, 1)
    case.store.gate.set()
    await until(lambda: len(case.told) == 4)
    results = dict(case.told)
    assert results["bad"] is fault
    assert (results["good"], results["also good"]) == (None, None)
    assert [len(case.store.rooms[opened.key].journal) for opened in case.opened] == [2, 0, 1]
    assert case.closed == []


async def test_a_failing_database_is_told_to_all(case: Case) -> None:
    """[GS2] When the database fails every batch of the group is told so, and the connection is made anew."""
    case.store.error = OperationalError("disk full")
    case.store.gate.set()
    case.append("first", 0, 1)
    case.append("second", 1, 1)
    await until(lambda: len(case.told) == 2)
    assert [result for _, result in case.told] == [case.store.error] * 2
    assert "closed" in case.closed
    case.store.error = None
    case.append("third", 0, 1)
    await until(lambda: len(case.told) == 3)
    assert case.told[-1] == ("third", None)


async def test_an_old_owner_is_told_alone(case: Case) -> None:
    """[GS4] Of a group with a stale batch, only that one is told StaleEpoch."""
    case.append("stale", 0, 1, epoch=5)
    case.append("good", 1, 1)
    case.store.gate.set()
    await until(lambda: len(case.told) == 2)
    results = dict(case.told)
    assert isinstance(results["stale"], StaleEpoch)
    assert results["good"] is None


async def test_a_read_sees_what_was_handed_in_before(case: Case) -> None:
    """[EN10] A page that is read behind a write has that write in it, and its answer comes after the write's."""
    case.store.gate.set()
    case.append("write", 0, 1)
    page = await case.journal.call(case.store.before, case.opened[0].key, 10, 10)
    assert [entry.event["seq"] for entry in page] == [1]
    assert case.told == [("write", None)]


async def test_a_failing_read_is_told(case: Case) -> None:
    """[GS53] What a call raises is raised where it was asked for; a database's error closes the connection, and the thread goes on."""

    def fail() -> None:
        raise OperationalError("away")

    with pytest.raises(OperationalError, match="away"):
        await case.journal.call(fail)
    assert case.closed == ["closed"]
    held = await case.journal.call(case.store.held)
    assert [(one.region, one.slug, one.machine) for one in held] == [("cdg", f"room-{n}", "m1") for n in range(3)]


async def test_a_fault_of_the_callers_keeps_the_connection(case: Case) -> None:
    """[GS53] Whatever is raised that is no database's error goes to who asked, and the thread's connection stays open."""

    def fail() -> None:
        raise StaleEpoch

    for call in (case.journal.call, case.journal.read):
        with pytest.raises(StaleEpoch):
            await call(fail)
    assert case.closed == []


async def test_each_thread_has_its_own_connection(case: Case) -> None:
    """[GS53] A database's error closes the connection of the thread that met it, and of no other."""

    def fail() -> None:
        raise OperationalError("away")

    case.closer = lambda: case.closed.append(threading.current_thread().name)
    for call, thread in ((case.journal.read, "reader"), (case.journal.call, "journal")):
        with pytest.raises(OperationalError):
            await call(fail)
        assert case.closed.pop() == thread
    assert case.closed == []


async def test_a_read_does_not_wait_for_a_write(case: Case) -> None:
    """[GS52] While a transaction hangs, pages are read on a thread beside it, in turn among themselves."""
    case.append("slow", 0, 1)
    await until(case.journal._work.empty)
    names = [await case.journal.read(lambda: threading.current_thread().name) for _ in range(2)]
    assert names == ["reader", "reader"]
    assert await case.journal.read(case.store.before, case.opened[0].key, 10, 10) == []
    assert case.told == []
    case.store.gate.set()
    await until(lambda: case.told)
    assert len(await case.journal.read(case.store.before, case.opened[0].key, 10, 10)) == 1


async def test_calls_are_in_turn_with_writes(case: Case) -> None:
    """[GS52] What is called on the writing thread happens behind all that was handed in before it, and before what comes later."""
    case.append("before", 0, 1)
    count = case.journal.call(lambda: len(case.store.rooms[case.opened[0].key].journal))
    case.append("behind", 0, 2)
    case.store.gate.set()
    assert await count == 1
    await until(lambda: len(case.told) == 2)
    assert case.store.transactions == [[1], [1]]


async def test_a_read_that_nobody_waits_for_is_no_harm(case: Case) -> None:
    """[GS21] A page that was asked for by a client that went away is dropped."""
    case.append("first", 0, 1)
    futures = [case.journal.call(case.store.held), case.journal.read(case.store.held)]
    for future in futures:
        future.cancel()
    case.store.gate.set()
    assert await case.journal.call(len, "abc") == await case.journal.read(len, "abc") == 3


async def test_the_end_writes_what_waits(case: Case) -> None:
    """[GS22] Stopping writes everything that was handed in, ends both threads, and closes their connections."""
    case.store.gate.set()
    for seq in (1, 2, 3):
        case.append("last", 0, seq)
    await case.journal.stop(PATIENCE_S)
    assert len(case.store.rooms[case.opened[0].key].journal) == 3
    assert case.closed == ["closed", "closed"]
    assert len(case.told) == 3


async def test_a_database_that_hangs_does_not_hold_the_process(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """[GS23] Stopping gives a hanging database up after its time, and says so."""
    case.append("hangs", 0, 1)
    await case.journal.stop(0.01)
    assert "did not end" in caplog.text
