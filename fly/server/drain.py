"""The end of a server: nobody new, everybody told, what runs is finished, and all of it within the budget (R15)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from twisted.internet.defer import maybeDeferred

if TYPE_CHECKING:
    from fly.server.server import Server

log = logging.getLogger(__name__)

HOOK = "fly.drain"
SERVICE_RESTART = 1012
LAST_S = 1.0
"""Kept back of the budget (at most a quarter of it) for closing handshakes behind the application's turn, and for its shutdown."""


async def drain(server: Server) -> None:
    """Stop listening, let the application close its sockets, close the rest with 1012, wait, then shut the application down."""
    loop = asyncio.get_running_loop()
    budget_s = server.drain_budget_s
    last_s = min(LAST_S, budget_s / 4)
    deadline = loop.time() + budget_s
    for port in server.ports:
        await maybeDeferred(port.stopListening).asFuture(loop)
    for channel in list(server.channels):
        channel.let_go()
    await _application_drain(server, budget_s - last_s)
    for handshake in list(server.handshakes):
        if handshake.connection is not None:
            handshake.connection.deny(503, "The server restarts", [(b"retry-after", b"1")])
    for socket in list(server.open_sockets):
        socket.close(SERVICE_RESTART, "the server restarts")
    if not await server.settled(deadline):
        await _break_off(server, last_s)
    await server.lifespan.shutdown(max(last_s, deadline - loop.time()))


async def _application_drain(server: Server, budget_s: float) -> None:
    hook = server.lifespan.state.get(HOOK)
    if hook is None:
        return
    try:
        await asyncio.wait_for(hook(budget_s), budget_s)
    except TimeoutError:
        log.error("The application did not drain within %.1f s.", budget_s)
    except Exception:
        log.exception("The application's drain failed.")


async def _break_off(server: Server, last_s: float) -> None:
    """The budget is spent: end what is left, so that the application can still shut down in order."""
    left = len(server.tasks), len(server.open_sockets)
    log.warning("The drain's budget of %.1f s is spent: %d requests or sockets still served, %d not closed.", server.drain_budget_s, *left)
    for socket in list(server.open_sockets):
        socket.abort()
    for task in list(server.tasks):
        task.cancel()
    if server.tasks:
        await asyncio.wait(list(server.tasks), timeout=last_s)
