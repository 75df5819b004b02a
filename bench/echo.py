"""The application that the server benchmark runs on every server: count what comes, send what is asked for."""

from __future__ import annotations

from typing import Any

TEXT = "x" * 100
CLIENTS: set[Any] = set()
COUNT = {"received": 0}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """`go N` sends N texts to every client, one `send` each; `echo…` comes back; `count` tells how many others came."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    CLIENTS.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        text = event["text"]
        if text.startswith("go "):
            for _ in range(int(text[3:])):
                for client in list(CLIENTS):
                    await client({"type": "websocket.send", "text": TEXT})
        elif text.startswith("echo"):
            await send({"type": "websocket.send", "text": text})
        elif text == "count":
            await send({"type": "websocket.send", "text": f"{COUNT['received']:09d}"})
        else:
            COUNT["received"] += 1
    CLIENTS.discard(send)


async def _lifespan(receive: Any, send: Any) -> None:
    for kind in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{kind}.complete"})
