"""Start-up and end of a gameserver, as an ASGI lifespan: the region's database, the journal, the heartbeat, the drain."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from fly.itself import by_socket, by_token
from gameserver.beats import beats
from gameserver.database import ALIAS, DatabaseStore
from gameserver.departure import Departure
from gameserver.drain import drain
from gameserver.engine.registry import discover
from gameserver.fillers import Fillers
from gameserver.heartbeat import Heartbeat
from gameserver.idle import Idle
from gameserver.journal import Journal
from gameserver.leases import DatabaseLeases
from gameserver.link import reaches_others
from gameserver.process import Process, start, stop
from gameserver.schema import prepare_database
from gameserver.used import DatabaseTickets

SWITCH_S = 0.001
"""How long a thread of Python may keep others waiting: the journal's must not wait for 5 ms whenever the event loop is busy."""
GC_THRESHOLD = 20_000
"""New objects between two looks for garbage in cycles, of which a room makes next to none: Python's 700 cost a seventh of a line."""


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Serve the lifespan protocol; leaves the drain in `state["fly.drain"]`, where our server looks for it."""
    await receive()
    try:
        await sync_to_async(prepare_database, thread_sensitive=False)()
        process, heartbeat, fillers = await _start()
        idle = _idle(process)
    except Exception as error:  # noqa: BLE001
        await send({"type": "lifespan.startup.failed", "message": f"The gameserver cannot start: {error}"})
        return
    scope.get("state", {})["fly.drain"] = partial(drain, process)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    idle.stop()
    await fillers.stop()
    await heartbeat.stop()
    await process.stop()
    await process.admission.used.stop()
    await process.journal.stop()
    stop()
    await send({"type": "lifespan.shutdown.complete"})


async def _start() -> tuple[Process, Heartbeat, Fillers]:
    loop = asyncio.get_running_loop()
    sys.setswitchinterval(SWITCH_S)
    journal = Journal(DatabaseStore(), loop, lambda: connections[ALIAS].close())
    layer = get_channel_layer()
    worlds = discover(settings.GAMESERVER_WORLDS)
    process = Process(settings.HERE, settings.REGIONS, journal, DatabaseLeases(), worlds, layer=layer if reaches_others(layer) else None)
    process.max_sockets = settings.MAX_SOCKETS
    process.admission.used = DatabaseTickets(loop)
    await process.start()
    heartbeat = Heartbeat(partial(beats, process), import_string(settings.GAMESERVER_HEARTBEAT), import_string(settings.GAMESERVER_RETIRE))
    start(process)
    heartbeat.start()
    fillers = Fillers(process)
    fillers.start()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    return process, heartbeat, fillers


def _idle(process: Process) -> Idle:
    """Who lets this process go when nobody needs it; with IDLE_STOP_S 0 nobody ever does."""
    here = settings.HERE
    by_api = partial(by_token, here, settings.MACHINES_API_URL, settings.MACHINES_API_TOKEN)
    suspends = settings.IDLE_STOP == "suspend"
    departure = Departure(process, settings.DRAIN_BUDGET_S, by_api, (lambda: by_socket(here) or by_api()) if suspends else None)
    idle = Idle(process, settings.IDLE_STOP_S, _keep, departure.go)
    if settings.IDLE_STOP_S:
        idle.start()
    return idle


async def _keep() -> int:
    """How many Machines of this region have to run: what staff want of it, or IDLE_KEEP if that is more."""
    here, keep = settings.HERE, int(settings.IDLE_KEEP)
    if not settings.GAMESERVER_KEEP or not here.is_fly:
        return keep
    wanted = import_string(settings.GAMESERVER_KEEP)
    return max(keep, await sync_to_async(_ask, thread_sensitive=False)(wanted, here.region))


def _ask(wanted: Callable[[str], int], region: str) -> int:
    """On a thread of its own, whose connection ends with it."""
    try:
        return wanted(region)
    finally:
        connections.close_all()
