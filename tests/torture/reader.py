"""A newcomer at the end, who scrolls back to the very beginning: its history says what the room shows to who was never there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.torture.history import History
from tests.torture.link import shake

PAGE = 100
LIMIT_S = 120.0


async def read_all(history: History, host: str, port: int) -> None:
    """Join without a position and page back until nothing is older. Raises TimeoutError, or what broke the connection."""
    async with asyncio.timeout(LIMIT_S):
        ws = await shake(host, port, f"/ws/r/{history.room}/")
        history.add(1, "join", position=None, takeover=False)
        await ws.send(json.dumps({"cmd": "room.join", "v": 1, "sid": history.sid}))
        page: dict[str, Any] = {}
        ref, before, more = 0, 0, True
        while more:
            if ref:
                command = {"cmd": "chat.history", "ref": ref, "before": before, "limit": PAGE}
                history.add(1, "command", message=command, expect=None)
                await ws.send(json.dumps(command))
            while (page := json.loads(await ws.recv()))["type"] not in ("welcome", "reply"):
                history.add(1, page["type"] if page["type"] in ("events", "bye") else "other", message=page)
            history.add(1, page["type"], message=page)
            if page.get("code") in ("rate", "unavailable"):
                await asyncio.sleep(page.get("wait_ms", 500) / 1000)
                continue
            ref, more = ref + 1, page["more"]
            before = page["events"][0]["seq"] if page["events"] else 1
        await ws.close()
        history.add(1, "close", code=1000, by="us")
