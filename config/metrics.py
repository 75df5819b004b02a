"""`/metrics` for whoever watches this Machine. Answered before host checks: Fly's collector calls it by address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fly.asgi import Receive, Scope, Send, answer

PATH = "/metrics"


class Metrics:
    """Answer GET and HEAD of `/metrics` with what `render()` gives; pass on everything else."""

    def __init__(self, app: Any, render: Callable[[], bytes]) -> None:
        self.app = app
        self.render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != PATH or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        await answer(scope, send, 200, [kind, (b"cache-control", b"no-store")], self.render())
