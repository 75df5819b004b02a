"""What stands before Django when hundreds press Join at once: `/join/<code>/state`, which their pages ask again and again, and a queue.

A question costs a look into a dictionary, on the event loop; the database is looked at on a thread, four times a second. The pages of
the way in are made a few at a time: Django gives each request a thread and a connection of its own, and hundreds of them only hinder
each other.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from fly.asgi import Receive, Scope, Send, answer
from fly.hosts import LOBBY
from gameserver.players import Player, player_of
from lobby.waiting import GONE, Wait, waiting

log = logging.getLogger(__name__)
SOMEBODY = "somebody"
"""All who come without a cookie wait as one: whoever throws it away is not a crowd."""
AT_ONCE = 8
"""Pages of the way in that are made at the same time; the others wait in their order, and cost nothing."""
_PATH = re.compile(r"/join/([a-z0-9-]{1,10})/state\Z")
Run = Callable[[Callable[[str, str], Wait], str, str], Awaitable[Wait]]


def waiter(player: Player | None) -> str:
    """As whom somebody waits. `player`: of the cookie they came with, if they had one."""
    return SOMEBODY if player is None else player.id


class State:
    """Answer GET and HEAD of it on the lobby's host with `lobby.waiting.Wait` as JSON; pass on everything else.

    A region that is not open: 404 with the state "gone". A database that fails: 503. `run` calls a function on a thread.
    """

    def __init__(self, app: Any, run: Run | None = None) -> None:
        self.app = app
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="waiting")
        self._run = run or self._on_thread
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads, found = scope["method"] in ("GET", "HEAD"), _PATH.match(scope["path"])
        if found is None or not reads or scope["fly"].host.name != LOBBY:
            # A POST is refused in any case, and may take as long as its sender likes to send it.
            if reads and scope["path"].startswith("/join/"):
                async with self._turns:
                    await self.app(scope, receive, send)
            else:
                await self.app(scope, receive, send)
            return
        status, told = await self._answer(found[1], waiter(player_of(scope)))
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await answer(scope, send, status, headers, json.dumps(told).encode())

    async def _answer(self, region: str, player: str) -> tuple[int, dict[str, Any]]:
        wait = waiting.known(region, player)
        if wait is None:
            try:
                wait = await self._run(waiting.wait, region, player)
            except Exception:
                log.exception("It cannot be looked up how %s stands.", region)
                return 503, {"error": "the database does not answer"}
        return 404 if wait.state == GONE else 200, wait.as_dict()

    def _on_thread(self, look: Callable[[str, str], Wait], region: str, player: str) -> Awaitable[Wait]:
        return asyncio.get_running_loop().run_in_executor(self._thread, _there, look, region, player)


def _there(look: Callable[[str, str], Wait], region: str, player: str) -> Wait:
    """On the thread, whose connection outlives the question."""
    try:
        return look(region, player)
    finally:
        connection.close_if_unusable_or_obsolete()
