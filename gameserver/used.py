"""Which tickets were used, and by which session: in the region's database, so that none is used twice on whichever Machine.

On a thread of its own, everything that waits in one transaction: five hundred who come at once cost a few commits, and no journal waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connections, transaction

from gameserver.clock import steady
from gameserver.database import ALIAS
from gameserver.models import NowMs, UsedTicket
from gameserver.worker import Worker

log = logging.getLogger(__name__)
KEEP_MS = 600_000
"""How long after its end a used ticket is remembered: clocks that differ by less than this make none good again."""
FORGET_S = 60.0
"""Between two looks, of each process, for those that need not be remembered any more."""
MAX_GROUP = 200
"""Tickets in one transaction."""


@dataclass(frozen=True, slots=True)
class Use:
    """A session shows a ticket. `session`: its key, from which nobody gets its sid back."""

    nonce: str
    session: str
    expires_ms: int


class Used(Protocol):
    """Remembers used tickets."""

    async def take(self, use: Use) -> bool:
        """Use a ticket: True if it was not used before, or by the same session, which comes back. Raises what the database raises."""
        ...

    async def stop(self) -> None:
        """No more."""
        ...


class RememberedTickets:
    """In memory: for a process without a database of its own, as in tests of sockets."""

    def __init__(self) -> None:
        self._sessions: dict[str, str] = {}

    async def take(self, use: Use) -> bool:
        """See Used."""
        return self._sessions.setdefault(use.nonce, use.session) == use.session

    async def stop(self) -> None:
        """See Used."""


class DatabaseTickets(Worker):
    """In the region's database, SQLite or PostgreSQL. Made on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, alias: str = ALIAS) -> None:
        self.alias = alias
        self._forgot_at = steady()
        super().__init__("tickets", loop, lambda: connections[alias].close())

    async def take(self, use: Use) -> bool:
        """See Used."""
        taken: asyncio.Future[bool] = self._loop.create_future()
        self._work.put((use, taken))
        return await taken

    # On the thread

    def _turn(self) -> bool:
        group: list[tuple[Use, asyncio.Future[bool]]] = []
        item: Any = self._work.get()
        while item is not None:
            group.append(item)
            if len(group) >= MAX_GROUP or self._work.empty():
                break
            item = self._work.get()
        self._take(group)
        return item is not None

    def _take(self, group: Sequence[tuple[Use, asyncio.Future[bool]]]) -> None:
        if not group:
            return
        try:
            results: Sequence[bool | Exception] = record([use for use, _ in group], self.alias)
            self._forget()
        except Exception as error:  # noqa: BLE001 (whoever asked is told)
            # The next group begins with a new connection.
            self._close()
            results = [error] * len(group)
        self._answer(lambda: _tell([taken for _, taken in group], results))

    def _forget(self) -> None:
        if steady() - self._forgot_at >= FORGET_S:
            self._forgot_at = steady()
            forget(self.alias)


def _tell(waiting: Sequence[asyncio.Future[bool]], results: Sequence[bool | Exception]) -> None:
    """On the event loop: each who still waits its result."""
    for taken, result in zip(waiting, results, strict=True):
        if taken.done():
            continue
        if isinstance(result, Exception):
            taken.set_exception(result)
        else:
            taken.set_result(result)


def record(uses: Sequence[Use], alias: str = ALIAS) -> list[bool]:
    """Use tickets, in one transaction; which of them were good. Of two sessions with one ticket the first has it, in whichever process."""
    rows = [UsedTicket(nonce=use.nonce, session=use.session, expires_at=use.expires_ms) for use in uses]
    used = UsedTicket.objects.using(alias)
    with transaction.atomic(using=alias):
        # In one order everywhere: two processes that insert the same rows wait for each other, and must not do so in a circle.
        used.bulk_create(sorted(rows, key=lambda row: row.nonce), ignore_conflicts=True)
        sessions = dict(used.filter(nonce__in=[use.nonce for use in uses]).values_list("nonce", "session"))
    return [sessions.get(use.nonce) == use.session for use in uses]


def forget(alias: str = ALIAS) -> int:
    """Let tickets go that nobody can use again in any case, by the database's clock; how many."""
    return UsedTicket.objects.using(alias).filter(expires_at__lt=NowMs() - KEEP_MS).delete()[0]
