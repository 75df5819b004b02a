"""Start-up and end of a lobby of its own: it owns no rooms, so there is nothing to open and nothing to keep."""

from __future__ import annotations

from typing import Any


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Serve the lifespan protocol."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
