"""Socket addresses of one host: the consumer whose path fits, or a plain 404."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fly.asgi import PLAIN, App, Receive, Scope, Send, deny


def sockets(urlpatterns: list[Any]) -> App:
    """Channels' URLRouter for one level of Django's `path` and `re_path`. A path that fits nothing is a 404 and no exception in the log."""

    def route(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope["path"].lstrip("/")
        for pattern in urlpatterns:
            found = pattern.pattern.match(path)
            if found:
                _, args, kwargs = found
                url_route = {"args": args, "kwargs": {**kwargs, **pattern.default_args}}
                answer: Awaitable[None] = pattern.callback({**scope, "url_route": url_route}, receive, send)
                return answer
        return deny(scope, receive, send, 404, PLAIN, b"No such socket.\n")

    return route
