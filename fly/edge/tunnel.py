"""A WebSocket through the edge: bytes, both ways, with back pressure; an end on one side is an end on the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

CHUNK = 64 * 1024
UNDER_WAY = 1024 * 1024
"""Bytes under way in one direction with latency: what a long cable holds."""


async def tunnel(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter], machine: tuple[asyncio.StreamReader, asyncio.StreamWriter], delay_s: float
) -> None:
    """Copy until both directions have ended, or one broke: then both are cut."""
    tasks = [
        asyncio.ensure_future(_copy(client[0], machine[1], delay_s)),
        asyncio.ensure_future(_copy(machine[0], client[1], delay_s)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            client[1].transport.abort()
            machine[1].transport.abort()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    if delay_s:
        await _copy_late(reader, writer, delay_s)
        return
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _copy_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Every piece arrives `delay_s` after it was read, in order; the reader waits when the cable is full."""
    loop = asyncio.get_running_loop()
    cable: deque[tuple[float, bytes]] = deque()
    changed = asyncio.Event()

    async def deliver() -> None:
        while True:
            while not cable:
                changed.clear()
                await changed.wait()
            due, data = cable[0]
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
            cable.popleft()
            changed.set()

    delivery = asyncio.ensure_future(deliver())
    try:
        data = b"-"
        while data:
            data = await reader.read(CHUNK)
            cable.append((loop.time() + delay_s, data))
            changed.set()
            while sum(len(piece) for _, piece in cable) > UNDER_WAY and not delivery.done():
                changed.clear()
                await asyncio.wait([delivery, asyncio.ensure_future(changed.wait())], return_when=asyncio.FIRST_COMPLETED)
        await delivery
    finally:
        delivery.cancel()
