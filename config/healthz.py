"""`/healthz`: may Fly's proxy send players to this Machine? Answered before host checks and without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fly.asgi import Receive, Scope, Send, answer


class Healthz:
    """Answer GET and HEAD of `/healthz` with 200, or with 503 while `draining()` is true; pass on everything else."""

    def __init__(self, app: Any, draining: Callable[[], bool]) -> None:
        self.app = app
        self.draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/healthz" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        draining = self.draining()
        body = json.dumps({"status": "draining" if draining else "ok"}).encode()
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await answer(scope, send, 503 if draining else 200, headers, body)
