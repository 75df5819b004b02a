"""A small ASGI application with one path for each thing a server must be able to do."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

OPEN: set[Any] = set()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(scope, receive, send)
    elif scope["type"] == "http":
        await _http(scope, receive, send)
    else:
        await _websocket(scope, receive, send)


async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The same without a lifespan and so without a drain."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await application(scope, receive, send)


async def refusing(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Does not start."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database here"})


async def _lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    async def drain(budget_s: float) -> None:
        for sock in list(OPEN):
            await sock({"type": "websocket.close", "code": 4001, "reason": "moved"})

    await receive()
    if "state" in scope:
        scope["state"]["fly.drain"] = drain
        scope["state"]["greeting"] = "hello"
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("shut down", file=sys.stderr, flush=True)
    await send({"type": "lifespan.shutdown.complete"})


async def _http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    path = scope["path"]
    if path == "/error":
        raise RuntimeError("secret detail")
    if path == "/nothing":
        return
    if path == "/inject":
        await _answer(send, b"", [(b"x-a", b"1\r\nx-b: 2")])
    elif path == "/slow":
        while (await receive())["type"] != "http.disconnect":
            pass
    elif path == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one ", b"two ", b"three"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
    else:
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        state = {key: value for key, value in scope.get("state", {}).items() if isinstance(value, str)}
        told = {"method": scope["method"], "path": path, "body": len(body), "root_path": scope["root_path"], "state": state}
        await _answer(send, json.dumps(told).encode(), [(b"content-type", b"application/json")])


async def _answer(send: Any, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [*headers, (b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def _websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    path = scope["path"]
    await receive()
    if path == "/deny":
        await send({"type": "websocket.http.response.start", "status": 307, "headers": [(b"fly-replay", b"region=cdg")]})
        await send({"type": "websocket.http.response.body", "body": b"else", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"where"})
    elif path == "/deny-inject":
        await send({"type": "websocket.http.response.start", "status": 307, "headers": [(b"x", b"1\r\ny: 2")]})
    elif path == "/reject":
        await send({"type": "websocket.close"})
    elif path == "/fail":
        raise RuntimeError("secret detail")
    elif path == "/undecided":
        return
    elif path == "/headers":
        await send({"type": "websocket.accept", "headers": [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x-kind", b"test")]})
        await send({"type": "websocket.close", "code": 4321, "reason": "grund" * 40})
    elif path == "/accept-inject":
        await send({"type": "websocket.accept", "headers": [(b"x", b"1\r\ny: 2")]})
    elif path == "/fail-later":
        await send({"type": "websocket.accept"})
        await receive()
        raise RuntimeError("secret detail")
    elif path == "/late":
        await asyncio.sleep(0.05)
        await _echo(scope, receive, send)
    elif path == "/flood":
        await _flood(receive, send)
    else:
        await _echo(scope, receive, send)


async def _echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    wanted = scope["subprotocols"][:1]
    await send({"type": "websocket.accept", **({"subprotocol": wanted[0]} if wanted else {})})
    OPEN.add(send)
    while (event := await receive())["type"] == "websocket.receive":
        kind = "text" if event.get("text") is not None else "bytes"
        await send({"type": "websocket.send", kind: event[kind]})
    OPEN.discard(send)
    print(f"disconnected {event['code']}", file=sys.stderr, flush=True)


async def _flood(receive: Any, send: Any) -> None:
    """Numbered messages, 8 MB in all; order and back pressure are the server's work."""
    await send({"type": "websocket.accept"})
    for number in range(128):
        await send({"type": "websocket.send", "text": f"{number:08d}" * 8192})
    await send({"type": "websocket.close", "code": 1000})
