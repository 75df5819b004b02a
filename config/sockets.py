"""Socket addresses of one host: the consumer whose path fits, or a plain 404."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter

from fly.asgi import PLAIN, App, Receive, Scope, Send, deny


def sockets(urlpatterns: list[Any]) -> App:
    """Channels' URLRouter, but a path that fits nothing is a 404 to the client and not an exception in the log."""
    router = URLRouter([*urlpatterns])

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].lstrip("/")
        if any(pattern.pattern.match(path) for pattern in urlpatterns):
            await router(scope, receive, send)
        else:
            await deny(scope, receive, send, 404, PLAIN, b"No such socket.\n")

    return route
