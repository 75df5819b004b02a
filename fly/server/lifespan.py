"""ASGI lifespan: start-up before the first connection, shutdown after the last, and the state that both share.

Source: ASGI specification, Lifespan Protocol 2.0.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fly.asgi import App, Message

log = logging.getLogger(__name__)
LAST_S = 1.0
"""How long an application may take to return after it has answered."""


class StartupFailed(RuntimeError):
    """The application said that it cannot start; the message is its own."""


class Lifespan:
    """The one lifespan of an application. `state` is what it left there for its connections."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._answer: asyncio.Future[Message] | None = None
        self._task: asyncio.Task[None] | None = None
        self._heard = False

    async def startup(self) -> None:
        """Run the application's start-up. Raises StartupFailed; an application without lifespan just starts."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.ensure_future(self.app(scope, self._receive, self._send))
        try:
            answer = await self._say("lifespan.startup")
        except asyncio.CancelledError:
            self._task.cancel()
            await self._end()
            raise
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            await self._end()
            raise StartupFailed(str(answer.get("message") or "The application did not start."))

    async def shutdown(self, timeout_s: float) -> None:
        """Run the application's shutdown, for at most `timeout_s`; what goes wrong there is logged."""
        if self._task is None or self._task.done():
            return
        try:
            answer = await asyncio.wait_for(self._say("lifespan.shutdown"), timeout_s)
        except TimeoutError:
            log.error("The application did not shut down within %.1f s.", timeout_s)
        else:
            if answer is not None and answer["type"] == "lifespan.shutdown.failed":
                log.error("The application's shutdown failed: %s", answer.get("message", ""))
        await self._end()

    async def _receive(self) -> Message:
        event = await self._events.get()
        self._heard = True
        return event

    async def _send(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    async def _say(self, event: str) -> Message | None:
        """Send one event and return the answer; None when the application ended instead."""
        assert self._task is not None
        self._answer = asyncio.get_running_loop().create_future()
        await self._events.put({"type": event})
        either: list[asyncio.Future[Any]] = [self._task, self._answer]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._answer.done():
            return self._answer.result()
        error = None if self._task.cancelled() else self._task.exception()
        if error is not None:
            # An exception is the specification's way to say "no lifespan here". From one that has read its event it is a fault.
            log.log(logging.ERROR if self._heard else logging.DEBUG, "The application's lifespan ended with %r.", error, exc_info=error)
        return None

    async def _end(self) -> None:
        assert self._task is not None
        await asyncio.wait([self._task], timeout=LAST_S)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=LAST_S)
        if self._task.done() and not self._task.cancelled() and (error := self._task.exception()) is not None:
            log.error("The application's lifespan ended with %r.", error, exc_info=error)
