"""Health as Fly's checks see it: does a Machine answer /healthz with 200?"""

from __future__ import annotations

import asyncio

EVERY_S = 2.0
"""fly.toml says 10 s. Shorter here: whoever freezes a Machine, or drains one, sits before it and waits to see the edge turn away."""
LIMIT_S = 2.0
"""As long as EVERY_S: a Machine that hangs has a question before it at all times, and is known to be well as soon as it answers."""
BOOT_LIMIT_S = 10.0
"""While it boots it may be slow: who waits for its start asks for an answer, not for a quick one."""
QUESTION = b"GET /healthz HTTP/1.1\r\nHost: healthz\r\nConnection: close\r\n\r\n"


async def answers(port: int, limit_s: float) -> bool:
    """Whether the Machine at a port says 200 in time."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(limit_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(QUESTION)
            return b" 200 " in await reader.readline()
    except (OSError, ValueError):
        return False
    finally:
        if writer is not None:
            writer.close()
