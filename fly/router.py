"""Handshakes: the host's application, or a replay, or a refusal; all in plain HTTP, before anything could accept (R9)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from urllib.parse import parse_qs

from fly.answer import RETRY_AFTER_S, city, nearest_other, replay_answer
from fly.asgi import PLAIN, App, Receive, Scope, Send, deny
from fly.context import FlyContext
from fly.replay import Refuse, Replay


class HostRouter:
    """Hand a handshake to the application of its host; a host that is not in the table gets a 404 (R11)."""

    def __init__(self, apps: Mapping[str, App]) -> None:
        self.apps = apps

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        app = self.apps.get(scope["fly"].host.name)
        return app(scope, receive, send) if app else deny(scope, receive, send, 404, _REFUSAL, b"Unknown host.\n")


class ReplayRouter:
    """Answer handshakes that are at the wrong place with `fly-replay`, and refuse those that can get nowhere.

    unreachable_code: the close code for a browser that asks why (`?why=close`). A browser shows its page nothing of a
    refused handshake, so this one is accepted, told, and closed. A replay never is (R9).
    """

    def __init__(self, app: App, unreachable_code: int) -> None:
        self.app = app
        self.unreachable_code = unreachable_code

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        context: FlyContext = scope["fly"]
        decision = context.decision
        if isinstance(decision, Replay):
            return replay(scope, receive, send, decision)
        if isinstance(decision, Refuse):
            return self._refuse(scope, receive, send, decision)
        return self.app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refusal: Refuse) -> None:
        context: FlyContext = scope["fly"]
        why = {"code": self.unreachable_code, "text": f"{city(context.region)} is not answering.", "nearest": nearest_other(context)}
        if refusal.status == 503 and parse_qs(scope.get("query_string", b"").decode("latin-1")).get("why") == ["close"]:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": json.dumps({"type": "bye", **why, "retry_ms": RETRY_AFTER_S * 1000})})
            await send({"type": "websocket.close", "code": self.unreachable_code, "reason": "not answering"})
            return
        retry = [(b"retry-after", b"%d" % RETRY_AFTER_S)] if refusal.status == 503 else []
        await deny(scope, receive, send, refusal.status, [*_REFUSAL, *retry], f"{refusal.reason}\n".encode())


async def replay(scope: Scope, receive: Receive, send: Send, decision: Replay) -> None:
    """Answer a handshake so that Fly's edge carries it on."""
    status, headers, body = replay_answer(scope["fly"], decision)
    await deny(scope, receive, send, status, [(name.encode(), value.encode()) for name, value in headers.items()], body)


_REFUSAL = [*PLAIN, (b"cache-control", b"no-store")]
