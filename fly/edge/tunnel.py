"""A WebSocket through the edge: bytes, both ways, with back pressure; an end on one side is an end on the other.

The edge itself says one thing at most, a close frame with 1001 when it is about to stop the Machine, between two frames of the Machine's.
"""

from __future__ import annotations

import asyncio
import contextlib

from fly.edge.cables import Cable
from fly.edge.frames import GOING_AWAY, Seam
from fly.edge.passage import Passage

CHUNK = 64 * 1024
LOOK_S = 0.01
GOODBYE_S = 1.0
"""How long a close frame waits for the end of a frame that is under way; then the connection ends without one."""


async def tunnel(
    client: asyncio.StreamReader, up: Passage, machine: asyncio.StreamReader, down: Passage, cable: Cable, first: bytes
) -> None:
    """Copy from the client by `up` and from the Machine by `down` until both have ended, or one broke: then both are cut.

    `first`: what the Machine has sent already. The cable can say goodbye as long as this lasts.
    """
    seam = Seam()
    seam.feed(first)
    tasks = [asyncio.ensure_future(_copy(client, up)), asyncio.ensure_future(_copy(machine, down, seam))]

    async def goodbye() -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(GOODBYE_S):
                while not seam.is_open:
                    await asyncio.sleep(LOOK_S)
                tasks[1].cancel()
                await down.send(GOING_AWAY)
                await down.end()
        cable.release()
        up.writer.transport.abort()

    cable.goodbye = goodbye
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        if any(not task.cancelled() and task.exception() for task in done):
            up.writer.transport.abort()
            down.writer.transport.abort()
    finally:
        cable.goodbye = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        up.drop()
        down.drop()


async def _copy(reader: asyncio.StreamReader, passage: Passage, seam: Seam | None = None) -> None:
    while data := await reader.read(CHUNK):
        if seam is not None:
            seam.feed(data)
        await passage.send(data)
    await passage.end()
