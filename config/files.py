"""Static files before Django: a page with eighty modules is eighty requests, and none of them needs more than a look at the disk."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware

from fly.asgi import Receive, Scope, Send

ASKED = {
    name.replace("_", "-").lower().encode(): f"HTTP_{name}" for name in ("ACCEPT_ENCODING", "IF_NONE_MATCH", "IF_MODIFIED_SINCE", "RANGE")
}
"""Headers that WhiteNoise looks at, by the names that it knows them by."""
MORE = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-site")]


class Files:
    """WhiteNoise's files, in production those that were collected; what it does not have is left to `app`.

    Made at the first request for one: it then looks at every file there is, which a start need not wait for.
    """

    def __init__(self, app: Any, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    @cached_property
    def _found(self) -> Any:
        return WhiteNoiseMiddleware(lambda _: None)

    def _find(self, path: str) -> Any:
        files = self._found
        return files.find_file(path) if files.autorefresh else files.files.get(path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        file = self._find(scope["path"]) if scope["path"].startswith(self._prefix) else None
        if file is None:
            await self._app(scope, receive, send)
            return
        asked = {ASKED[name]: value.decode("latin-1") for name, value in scope["headers"] if name in ASKED}
        answer = file.get_response(scope["method"], asked)
        headers = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in answer.headers]
        body = b""
        if answer.file is not None:
            with answer.file as opened:
                body = opened.read()
        await send({"type": "http.response.start", "status": int(HTTPStatus(answer.status)), "headers": [*headers, *MORE]})
        await send({"type": "http.response.body", "body": body})
