"""The Machines API as a server on loopback: HTTP/1.1, a bearer token of this run, Fly's rates, and its bad days (EM10 to EM12, EM46)."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
import socket
from dataclasses import dataclass
from typing import Any

import h11

from fly.edge.api.actions import Actions
from fly.edge.api.bodies import error_body
from fly.edge.api.limits import Rates
from fly.edge.api.routes import route
from fly.edge.cables import reset
from fly.edge.fleet import Fleet
from fly.edge.troubles import Refusal
from fly.edge.wire import Side

MAX_BODY = 1024 * 1024
MOST_READ = 16 * MAX_BODY
"""A body that is too large is read to its end, so that who sends it hears why; beyond this nobody is listened to."""
NONCE = b"fly-machine-lease-nonce"
GONE = (ConnectionError, TimeoutError, asyncio.IncompleteReadError, h11.RemoteProtocolError, h11.LocalProtocolError)


class _Connection(Side):
    role = h11.SERVER


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    headers: dict[bytes, bytes]
    body: bytes
    is_whole: bool


class ApiServer:
    """Serves one fleet. `token` is good for all apps; `tokens` has those of one app, as deploy tokens are, by the token."""

    def __init__(self, fleet: Fleet, *, limits: bool = True) -> None:
        self.fleet = fleet
        self.limits = limits
        self.token = secrets.token_urlsafe(32)
        self.tokens: dict[str, str] = {}
        self.port = 0
        self._actions = Actions(fleet)
        self._rates = Rates()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base address, without /v1."""
        return f"http://127.0.0.1:{self.port}"

    async def listen(self, bound: socket.socket) -> None:
        """Serve on a bound socket; Machines that may use the API are told address and token from here on."""
        self.port = bound.getsockname()[1]
        self.fleet.api_environ.update(MACHINES_API_URL=self.url, MACHINES_API_TOKEN=self.token)
        self._server = await asyncio.start_server(self._connected, sock=bound)

    async def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        connection = _Connection(reader, writer)
        try:
            with contextlib.suppress(*GONE):
                while await self._request(connection):
                    connection.h11.start_next_cycle()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._open.discard(task)
            writer.close()

    async def _request(self, connection: _Connection) -> bool:
        """Answer one request; False when there is no more."""
        request = await self._read(connection)
        if request is None:
            return False
        status, told = await self._tell(request)
        trouble = self.fleet.troubles.api
        if trouble.mode == "slow":
            await asyncio.sleep(trouble.slow_s)
        if trouble.mode == "down":
            reset(connection.writer)
            return False
        body = b"" if told is None else json.dumps(told).encode()
        headers = [(b"content-type", b"application/json"), (b"fly-request-id", secrets.token_hex(13).upper().encode())]
        headers += [] if status == 204 else [(b"content-length", b"%d" % len(body))]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            if not isinstance(event, h11.Data) or body:
                connection.writer.write(connection.h11.send(event) or b"")
        await connection.writer.drain()
        return connection.h11.our_state is h11.DONE and connection.h11.their_state is h11.DONE

    async def _read(self, connection: _Connection) -> _Request | None:
        event = await connection.next_event()
        if not isinstance(event, h11.Request):
            return None
        parts: list[bytes] = []
        size = 0
        while isinstance(data := await connection.next_event(), h11.Data):
            size += len(data.data)
            if size <= MAX_BODY:
                parts.append(bytes(data.data))
            elif size > MOST_READ:
                return None
        headers = {bytes(name): bytes(value) for name, value in event.headers}
        return _Request(event.method.decode(), event.target.decode("latin-1"), headers, b"".join(parts), is_whole=size <= MAX_BODY)

    async def _tell(self, request: _Request) -> tuple[int, Any]:
        """Status and body of the answer."""
        trouble = self.fleet.troubles.api
        if trouble.mode == "down":
            return 503, None
        try:
            app = self._allowed(request.headers.get(b"authorization", b"").decode("latin-1"))
            asked = route(request.method, request.target, request.body, request.headers.get(NONCE, b"").decode("latin-1"))
            if asked is None:
                raise Refusal(404, "not found")
            if not request.is_whole:
                raise Refusal(413, f"invalid request: a body has {MAX_BODY} bytes at most")
            if app and asked.app != app:
                raise Refusal(403, "unauthorized: this token is for another app")
            if trouble.mode == "failing":
                raise Refusal(503, "unavailable: upstream service is unavailable", "unknown")
            if trouble.mode == "limited":
                raise Refusal(429, "rate limit exceeded")
            if self.limits and (wait_s := self._rates.take(asked.action, asked.ident, asyncio.get_running_loop().time())):
                raise Refusal(429, f"rate limit exceeded, try again in {wait_s:.1f} s")
            return await self._actions.answer(asked)
        except Refusal as refusal:
            return refusal.status, error_body(refusal)

    def _allowed(self, header: str) -> str:
        """The app that a token is for, empty for all. Raises Refusal (401)."""
        scheme, _, token = header.partition(" ")
        given = token.strip().encode()
        if scheme.lower() in ("bearer", "flyv1"):
            if hmac.compare_digest(given, self.token.encode()):
                return ""
            for own, app in self.tokens.items():
                if hmac.compare_digest(given, own.encode()):
                    return app
        raise Refusal(401, "Authenticate: token validation error")
