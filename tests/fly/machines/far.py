"""The far end of the Machines API, by a script, and a clock that only sleeping moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from fly.machines.client import Machines

TOKEN = "fm2_lJPECAAAAAsecretSecretSECRET/with+all=="
APP = "rooms"
ID = "148e21d7f74298"
INSTANCE = "01J6ZQ4E2M4V2Q3S7K9X0ABCDE"
MACHINE = {"id": ID, "name": "ewr-1", "state": "started", "region": "ewr", "instance_id": INSTANCE, "config": {"image": "app:1"}}

Reply = httpx.Response | Exception
Script = list[Any]


def reply(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    """An answer; `body` as JSON, bytes as they are."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers={key.replace("_", "-"): value for key, value in headers.items()})


def refused(status: int, text: str = "", code: str = "", **headers: str) -> httpx.Response:
    """An error in the API's usual body."""
    return reply(status, {"error": text} | ({"status": code} if code else {}), **headers)


class Far:
    """Answers by the script, the last line again and again; keeps what came and when."""

    def __init__(self, *script: Any, **by_path: Any) -> None:
        self.script: Script = list(script)
        self.by_path = {key: list(value) for key, value in by_path.items()}
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.now = 1000.0
        self.slept: list[float] = []
        self.transport = httpx.MockTransport(self._answer)

    def client(self, base_url: str = "https://api.machines.dev", token: str = TOKEN) -> Machines:
        """A client whose far end and clock this is."""
        return Machines(base_url, token, APP, transport=self.transport, clock=lambda: self.now, sleep=self._sleep)

    def calls(self) -> list[str]:
        """What came: method, and the path behind the app's Machines."""
        return [f"{one.method} {one.url.path.removeprefix(f'/v1/apps/{APP}/machines')}" for one in self.requests]

    def bodies(self) -> list[Any]:
        """The JSON of what came."""
        return [json.loads(one.content) for one in self.requests if one.content]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(self.now)
        last = request.url.path.rsplit("/", 1)[-1]
        word = {"machines": "make" if request.method == "POST" else "list", ID: request.method.lower()}.get(last, last)
        script = self.by_path.get(word, self.script)
        step = script.pop(0) if len(script) > 1 else script[0]
        found = step(request) if isinstance(step, Callable) else step  # type: ignore[arg-type]
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, httpx.Response)
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    async def _sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds
