"""The outermost ASGI application: builds the context, and puts the debug headers on every answer and accepted handshake."""

from __future__ import annotations

from fly.asgi import DENIAL, App, Message, Receive, Scope, Send
from fly.context import FlyContext, read_context

_STARTS = frozenset(("http.response.start", f"{DENIAL}.start", "websocket.accept"))


class Trace:
    """Put `scope["fly"]` (a FlyContext) into requests and handshakes, and x-region, x-machine, x-route on what is answered."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            context = read_context(scope["path"], scope["headers"])
            # Under the same names, so that what they were before is not kept for as long as a socket lives.
            scope, send = {**scope, "fly": context}, _traced(send, context)
        await self.app(scope, receive, send)


def _traced(send: Send, context: FlyContext) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] in _STARTS:
            message = {**message, "headers": [*message.get("headers", ()), *debug_headers(context)]}
        await send(message)

    return send_with_headers


def debug_headers(context: FlyContext) -> list[tuple[bytes, bytes]]:
    """Which region and Machine answered, and how the request came there."""
    route = context.route
    pairs = (("x-region", route.region), ("x-machine", route.machine), ("x-route", route.as_header()))
    return [(name.encode(), value.encode("ascii", "replace")) for name, value in pairs]
