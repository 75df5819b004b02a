"""ASGI lifespan: start-up before the first connection, shutdown after the last, and the state that both share.

Source: ASGI specification, Lifespan Protocol 2.0.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fly.asgi import App, Message

log = logging.getLogger(__name__)


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

    async def startup(self) -> None:
        """Run the application's start-up. Raises StartupFailed; an application without lifespan just starts."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.ensure_future(self.app(scope, self._events.get, self._send))
        answer = await self._say("lifespan.startup")
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            await asyncio.wait([self._task], timeout=1)
            self._task.cancel()
            raise StartupFailed(str(answer.get("message", "")) or "The application did not start.")

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
                log.error("Shutdown failed: %s", answer.get("message", ""))
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)

    async def _send(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    async def _say(self, event: str) -> Message | None:
        """Send one event and return the answer; None when the application ended instead."""
        assert self._task is not None
        self._answer = asyncio.get_running_loop().create_future()
        await self._events.put({"type": event})
        await asyncio.wait([self._task, self._answer], return_when=asyncio.FIRST_COMPLETED)
        if self._answer.done():
            return self._answer.result()
        error = self._task.exception()
        if error is not None:
            # The specification's way to say "no lifespan here"; logged all the same, it may be a fault.
            log.debug("The application ended its lifespan with %r.", error)
        return None
