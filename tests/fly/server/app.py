"""A small ASGI application with one path for each thing a server must be able to do."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from typing import Any

from fly.server.frames import prepare
from fly.server.socket import Socket
from tests.fly.server import hall

OPEN: set[Any] = set()
WAKE = asyncio.Event()
DRAINED = asyncio.Event()


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


async def starting(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Takes for ever to start."""
    print("starting up", flush=True)
    await asyncio.Event().wait()


async def failing_drain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Fails to drain."""

    async def drain(budget_s: float) -> None:
        raise RuntimeError("the drain broke")

    if scope["type"] == "lifespan":
        scope["state"]["fly.drain"] = drain
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await application(scope, receive, send)


async def _lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    async def drain(budget_s: float) -> None:
        DRAINED.set()
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
    elif path == "/wake":
        WAKE.set()
        await _answer(send, b"woken", [])
    elif path == "/until-drain":
        print("waits for the drain", flush=True)
        await DRAINED.wait()
        await _answer(send, b"drained", [])
    elif path == "/stuck":
        print("is stuck", flush=True)
        await asyncio.Event().wait()
    elif path == "/counts":
        await _answer(send, _counts(), [])
    elif path == "/large":
        await _large(scope, send)
    elif path == "/half":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise RuntimeError("secret detail")
    elif path == "/slow":
        while (await receive())["type"] != "http.disconnect":
            pass
        print("http.disconnect", file=sys.stderr, flush=True)
    elif path == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one ", b"two ", b"three"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
    else:
        await _tell(scope, receive, send)


async def _tell(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """What the server made of the request."""
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    state = {key: value for key, value in scope.get("state", {}).items() if isinstance(value, str)}
    told = {"method": scope["method"], "path": scope["path"], "body": len(body), "root_path": scope["root_path"], "state": state}
    await _answer(send, json.dumps(told).encode(), [(b"content-type", b"application/json")])


def _counts() -> bytes:
    """Tasks and sockets of this process."""
    gc.collect()
    sockets = sum(isinstance(each, Socket) for each in gc.get_objects())
    return b"%d tasks, %d sockets" % (len(asyncio.all_tasks()), sockets)


async def _large(scope: dict[str, Any], send: Any) -> None:
    """16 MB in pieces; says on stderr how far it came, so that a test can see that it waits for a slow reader."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(256):
        await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
        print(f"piece {number}", file=sys.stderr, flush=True)
    await send({"type": "http.response.body"})


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
    elif path == "/deny-large":
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
        await send({"type": "websocket.http.response.body", "body": bytes(1_000_000)})
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
    else:
        await _websocket_open(scope, receive, send)


async def _websocket_open(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The paths that accept, sooner or later."""
    path = scope["path"]
    if path == "/late":
        await asyncio.sleep(0.05)
        await _echo(scope, receive, send)
    elif path == "/flood":
        await _flood(receive, send)
    elif path == "/deaf":
        await send({"type": "websocket.accept"})
        await WAKE.wait()
        await _echo_on(receive, send)
    elif path == "/extension":
        await _extension(scope, receive, send)
    elif path == "/bad-close":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1006})
    elif path == "/hold":
        print(f"held, then {(await receive())['type']}", file=sys.stderr, flush=True)
    elif path == "/return":
        await send({"type": "websocket.accept"})
    elif path.startswith(("/seat/", "/ear/", "/mute/", "/conductor/")):
        await hall.application(scope, receive, send)
    elif path == "/scope":
        await _tell_scope(scope, send)
    else:
        await _echo(scope, receive, send)


async def _echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    wanted = scope["subprotocols"][:1]
    await send({"type": "websocket.accept", **({"subprotocol": wanted[0]} if wanted else {})})
    OPEN.add(send)
    await _echo_on(receive, send)
    OPEN.discard(send)


async def _echo_on(receive: Any, send: Any) -> None:
    while (event := await receive())["type"] == "websocket.receive":
        kind = "text" if event.get("text") is not None else "bytes"
        await send({"type": "websocket.send", kind: event[kind]})
    print(f"disconnected {event['code']}", file=sys.stderr, flush=True)


async def _extension(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Prepared frames through `fly.socket`, in one order with ASGI's own; then as many as it takes until they wait, and how many."""
    socket = scope["extensions"]["fly.socket"]["socket"]
    socket.write(prepare("before accept: nothing"))
    await send({"type": "websocket.accept"})
    socket.write(prepare("one"))
    await send({"type": "websocket.send", "text": "two"})
    socket.write(prepare(b"three"))
    idle = socket.waiting
    frame = prepare(bytes(256 * 1024))
    count = 0
    while socket.open and not socket.waiting:
        socket.write(frame)
        count += 1
    socket.write(prepare(f"{idle} {count} {socket.waiting}"))
    socket.close(4005, "done")
    socket.write(prepare("after close: nothing"))
    await receive()


async def _tell_scope(scope: dict[str, Any], send: Any) -> None:
    told = {
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"] if name.startswith(b"x-")],
        "query": scope["query_string"].decode(),
        "scheme": scope.get("scheme", "ws"),
        "state": scope.get("state", {}).get("greeting"),
        "extensions": sorted(scope.get("extensions", {})),
    }
    scope.get("state", {})["greeting"] = "changed by one connection"
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps(told)})
    await send({"type": "websocket.close"})


async def _flood(receive: Any, send: Any) -> None:
    """Numbered messages, 8 MB in all; order and back pressure are the server's work."""
    await send({"type": "websocket.accept"})
    for number in range(128):
        await send({"type": "websocket.send", "text": f"{number:08d}" * 8192})
    await send({"type": "websocket.close", "code": 1000})
