"""The one thread that writes: everything that waits, of all rooms, in one transaction (group commit).

The event loop hands work in and is called back; it never waits for the database (R14).
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import DataError, IntegrityError

from gameserver.store import Batch, Store

log = logging.getLogger(__name__)
T = TypeVar("T")
Result = BaseException | None
MAX_GROUP = 200
"""Batches in one transaction: a bound for the time that the first of them waits for the last."""


class Journal:
    """Made on the event loop; `append` and `call` are called there and answer there."""

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop, close: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self._loop = loop
        self._close = close
        self._work: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, batch: Batch, done: Callable[[Result], None]) -> None:
        """Make a batch durable, then call `done` with None, StaleEpoch, or what the database raised (nothing was written)."""
        self._work.put((batch, done))

    def call(self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Call a function of the store on the thread, in turn with the writes."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._work.put((function, arguments, future))
        return future

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Write what waits and end the thread. A database that hangs is given up after `timeout_s`: nothing of it was shown."""
        self._work.put(None)
        try:
            await asyncio.wait_for(self._ended.wait(), timeout_s)
        except TimeoutError:
            log.error("The journal did not end within %.1f s.", timeout_s)

    # On the thread

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        finally:
            self._close()
            self._answer(self._ended.set)

    def _turn(self) -> bool:
        """Do what waits; False when there will be no more."""
        group: list[tuple[Batch, Callable[[Result], None]]] = []
        item = self._work.get()
        while True:
            if item is None:
                self._commit(group)
                return False
            if len(item) == 2:
                group.append(item)
            else:
                # In turn: a read sees what was handed in before it.
                self._commit(group)
                group = []
                self._call(*item)
            if len(group) >= MAX_GROUP or self._work.empty():
                self._commit(group)
                return True
            item = self._work.get()

    def _commit(self, group: Sequence[tuple[Batch, Callable[[Result], None]]]) -> None:
        if not group:
            return
        results: Sequence[Result]
        try:
            results = self.store.append([batch for batch, _ in group])
        except (IntegrityError, DataError) as error:
            if len(group) > 1:
                # One room's fault must not be the others': each gets its own transaction, and its own error.
                for one in group:
                    self._commit([one])
                return
            results = [error]
        except Exception as error:  # noqa: BLE001
            log.error("Could not journal: %r", error)
            self._close()
            results = [error] * len(group)
        self._answer(lambda: [done(result) for (_, done), result in zip(group, results, strict=True)])

    def _call(self, function: Callable[..., Any], arguments: tuple[Any, ...], future: asyncio.Future[Any]) -> None:
        try:
            value, error = function(*arguments), None
        except Exception as failure:  # noqa: BLE001
            self._close()
            value, error = None, failure

        def answer() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        self._answer(answer)

    def _answer(self, function: Callable[[], Any]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)
