"""A thread of our own that calls what it is handed, one after the other, and answers on the event loop (R14)."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import Error as DatabaseProblem

log = logging.getLogger(__name__)
T = TypeVar("T")


class Worker:
    """Made on the event loop; `call` is called there and answers there. `close`: closes the thread's connections."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop, close: Callable[[], None] = lambda: None) -> None:
        self._name = name
        self._loop = loop
        self._close = close
        self._work: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ended = asyncio.Event()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def call(self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Call a function on the thread, in turn. Its result, or what it raised, is the future's."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._work.put((function, arguments, future))
        return future

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Do what waits and end the thread. A database that hangs is given up after `timeout_s`."""
        self._work.put(None)
        try:
            await asyncio.wait_for(self._ended.wait(), timeout_s)
        except TimeoutError:
            log.error("The %s did not end within %.1f s.", self._name, timeout_s)

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
        item = self._work.get()
        if item is not None:
            self._call(*item)
        return item is not None

    def _call(self, function: Callable[..., Any], arguments: tuple[Any, ...], future: asyncio.Future[Any]) -> None:
        try:
            value, error = function(*arguments), None
        except Exception as failure:  # noqa: BLE001
            if isinstance(failure, DatabaseProblem):
                # The next call begins with a new connection, whatever became of this one.
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
