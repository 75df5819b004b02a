"""The one thread that writes: everything that waits, of all rooms, in one transaction (group commit); and one that reads.

The event loop hands work in and is called back; it never waits for the database (R14).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.db import DataError, IntegrityError
from django.db import Error as DatabaseProblem

from gameserver.store import Batch, Store
from gameserver.worker import Worker

log = logging.getLogger(__name__)
Result = BaseException | None
Done = Callable[[Result], None]
MAX_GROUP = 200
"""Batches in one transaction: a bound for the time that the first of them waits for the last."""


class Journal(Worker):
    """Made on the event loop; `append`, `call` and `read` are called there and answer there. Calls are in turn with the writes."""

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop, close: Callable[[], None] = lambda: None) -> None:
        self.store = store
        super().__init__("journal", loop, close)
        # A page of history must not stand before a commit.
        self._reader = Worker("reader", loop, close)

    def append(self, batch: Batch, done: Done) -> None:
        """Make a batch durable, then call `done` with None, StaleEpoch, or what the database raised (nothing was written)."""
        self._work.put((batch, done))

    def read(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        """Call a function of the store that only reads, beside the writes: it sees what is durable, and perhaps more."""
        return self._reader.call(function, *arguments)

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Write what waits and end the threads. A database that hangs is given up after `timeout_s`: nothing of it was shown."""
        await asyncio.gather(super().stop(timeout_s), self._reader.stop(timeout_s))

    # On the thread

    def _turn(self) -> bool:
        group: list[tuple[Batch, Done]] = []
        item = self._work.get()
        while True:
            if item is None:
                self._commit(group)
                return False
            if len(item) == 2:
                group.append(item)
            else:
                self._commit(group)
                group = []
                self._call(*item)
            if len(group) >= MAX_GROUP or self._work.empty():
                self._commit(group)
                return True
            item = self._work.get()

    def _commit(self, group: Sequence[tuple[Batch, Done]]) -> None:
        if not group:
            return
        results: Sequence[Result]
        try:
            results = self.store.append([batch for batch, _ in group])
        except Exception as error:  # noqa: BLE001
            if isinstance(error, DatabaseProblem) and not isinstance(error, IntegrityError | DataError):
                self._close()
            elif len(group) > 1:
                # One room's fault must not be the others': each gets its own transaction, and its own error.
                for one in group:
                    self._commit([one])
                return
            log.error("Could not journal: %r", error)
            results = [error] * len(group)
        self._answer(lambda: _tell([done for _, done in group], results))


def _tell(callbacks: Sequence[Done], results: Sequence[Result]) -> None:
    """On the event loop: each its result, whatever another one makes of its own."""
    for done, result in zip(callbacks, results, strict=True):
        try:
            done(result)
        except Exception:
            log.exception("What a room does with its journalled batch failed.")
