"""A WebSocket through the edge: bytes, both ways, with back pressure; an end on one side is an end on the other."""

from __future__ import annotations

import asyncio

from fly.edge.passage import Passage

CHUNK = 64 * 1024


async def tunnel(client: asyncio.StreamReader, up: Passage, machine: asyncio.StreamReader, down: Passage) -> None:
    """Copy from the client by `up` and from the Machine by `down` until both have ended, or one broke: then both are cut."""
    tasks = [asyncio.ensure_future(_copy(client, up)), asyncio.ensure_future(_copy(machine, down))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            up.writer.transport.abort()
            down.writer.transport.abort()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        up.drop()
        down.drop()


async def _copy(reader: asyncio.StreamReader, passage: Passage) -> None:
    while data := await reader.read(CHUNK):
        await passage.send(data)
    await passage.end()
