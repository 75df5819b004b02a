"""Tickets are used once: in the region's database, by whichever process."""

from __future__ import annotations

import asyncio
import time

import pytest

from gameserver.models import UsedTicket
from gameserver.used import KEEP_MS, DatabaseTickets, RememberedTickets, Use, forget, record
from tests.gameserver.stores import Place, threads

pytestmark = pytest.mark.django_db(databases=["default", "region"], transaction=True)


def use(nonce: str = "n", session: str = "s", expires_ms: int = 0) -> Use:
    return Use(nonce, session, expires_ms or int(time.time() * 1000) + 60_000)


def test_a_ticket_is_used_by_one_session(kept: Place) -> None:
    """[JN6] The first session that shows a ticket has it, and may show it again; no other one can use it."""
    assert record([use()], kept.alias) == [True]
    assert record([use(), use(session="other")], kept.alias) == [True, False]
    assert UsedTicket.objects.using(kept.alias).get().session == "s"


def test_of_many_in_one_group_the_first_has_it(kept: Place) -> None:
    """[JN6] Sessions that show the same ticket in the same moment, to the same process: one of them has it."""
    group = [use("b", "1"), use("a", "1"), use("b", "2"), use("a", "2"), use("c", "1")]
    assert record(group, kept.alias) == [True, True, False, False, True]


def test_of_many_processes_one_has_it(kept: Place) -> None:
    """[JN6] Connections that race for the same tickets, in different orders: each ticket is used once."""
    nonces = [f"n{number}" for number in range(20)]
    with threads(kept.alias, 6) as start:
        calls = [start(record, [use(nonce, f"s{who}") for nonce in nonces[:: -1 if who % 2 else 1]], kept.alias) for who in range(6)]
        results = [call.result() for call in calls]
    assert sum(map(sum, results)) == len(nonces)


def test_used_tickets_are_forgotten_when_they_can_be(kept: Place) -> None:
    """[JN6] A used ticket is remembered for ten minutes after its end, by the database's clock, and no longer."""
    now_ms = int(time.time() * 1000)
    record([use("old", expires_ms=now_ms - KEEP_MS - 5000), use("late", expires_ms=now_ms - KEEP_MS + 30_000)], kept.alias)
    assert forget(kept.alias) == 1
    assert [row.nonce for row in UsedTicket.objects.using(kept.alias).all()] == ["late"]


async def test_a_thread_of_its_own_takes_what_waits(kept: Place) -> None:
    """[JN7] Tickets are looked up on a thread of their own: who waits for one holds nobody up; each gets its own answer."""
    tickets = DatabaseTickets(asyncio.get_running_loop(), kept.alias)
    try:
        answers = await asyncio.gather(*(tickets.take(use(f"n{number % 150}", f"s{number // 150}")) for number in range(300)))
        assert sum(answers) == 150
        assert all(answers[:150])
    finally:
        await tickets.stop()


async def test_a_database_that_fails_is_told(kept: Place) -> None:
    """[JN7] When the database fails whoever asked is told, and the next one is looked up again."""
    tickets = DatabaseTickets(asyncio.get_running_loop(), kept.alias)
    try:
        with pytest.raises(Exception, match="expected a number"):
            await tickets.take(Use("n", "s", "soon"))  # type: ignore[arg-type]
        assert await tickets.take(use())
    finally:
        await tickets.stop()


async def test_memory_promises_the_same() -> None:
    """[JN6] A process without a database of its own keeps them in memory."""
    tickets = RememberedTickets()
    assert [await tickets.take(use(session=session)) for session in ("s", "t", "s")] == [True, False, True]
    await tickets.stop()
