"""Start-up and end of a gameserver, as an ASGI lifespan: the region's database, the journal, the heartbeat, the drain."""

from __future__ import annotations

import asyncio
from io import StringIO
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from gameserver.database import ALIAS, DatabaseStore
from gameserver.heartbeat import Heartbeat
from gameserver.journal import Journal
from gameserver.process import MAIN, Process, start, stop


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Serve the lifespan protocol; leaves the drain in `state["fly.drain"]`, where our server looks for it."""
    await receive()
    try:
        await sync_to_async(prepare_database, thread_sensitive=False)()
        process, heartbeat = await _start()
    except Exception as error:  # noqa: BLE001
        await send({"type": "lifespan.startup.failed", "message": f"The gameserver cannot start: {error}"})
        return
    scope.get("state", {})["fly.drain"] = process.drain
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await heartbeat.stop()
    process.stop()
    await process.journal.stop()
    stop()
    await send({"type": "lifespan.shutdown.complete"})


async def _start() -> tuple[Process, Heartbeat]:
    journal = Journal(DatabaseStore(), asyncio.get_running_loop(), lambda: connections[ALIAS].close())
    process = Process(settings.HERE, settings.REGIONS, journal)
    heartbeat = Heartbeat(process.beats, import_string(settings.GAMESERVER_HEARTBEAT), import_string(settings.GAMESERVER_RETIRE))
    for region in process.regions:
        if region in settings.REGIONS:
            await process.owner(region, MAIN)
    start(process)
    heartbeat.start()
    return process, heartbeat


def prepare_database() -> None:
    """Migrate the region's database when it is a file of our own; refuse to start on a server's database that is behind.

    Raises RuntimeError with the command that mends it.
    """
    connection = connections[ALIAS]
    try:
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return
        if connection.vendor != "sqlite":
            raise RuntimeError(f"the database {ALIAS!r} is not migrated; run `manage.py migrate --database {ALIAS}`")
        call_command("migrate", database=ALIAS, interactive=False, verbosity=0, stdout=StringIO())
    finally:
        connection.close()
