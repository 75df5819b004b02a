"""One edge: a listening port at a vantage point, and the conversation with each client that connects to it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import h11

from fly.edge import knobs, weather, wire
from fly.edge.carry import Carrier
from fly.edge.passage import Passage
from fly.edge.request import Client, Request, end_to_end, enter
from fly.edge.rules import Candidate, Problem
from fly.edge.trace import Trace
from fly.edge.tunnel import tunnel
from fly.edge.weather import BadWeather, Sky
from fly.edge.wire import Body, Upstream

GONE = (ConnectionError, TimeoutError, asyncio.IncompleteReadError)


@dataclass(frozen=True, slots=True)
class Line:
    """One request for the console, without its query, cookies or body."""

    method: str
    host: str
    path: str
    status: int
    trace: Trace
    elapsed_ms: float
    code: str = ""


class Desk(Protocol):
    """Answers for the emulator itself under `/.edge/`."""

    def takes(self, request: Request, host: str, peer: str) -> bool:
        """Whether a request is for it."""
        ...

    async def serve(self, client: wire.Client, request: Request, edge: str) -> bool:
        """Answer one that is. False if the connection cannot go on."""
        ...


class Edge:
    """Serves one vantage point. `app_of` gives the app of a host name, None for a host of nobody's.

    `sky`: the weather between this edge and its clients. `parent`: the host name whose pages may set it besides those of the same origin.
    `desk`: who answers for the emulator itself. `sockets`: the WebSockets that are open through this edge, by the Machine's id.
    """

    def __init__(
        self,
        carrier: Carrier,
        app_of: Callable[[str], str | None],
        on_line: Callable[[Line], None],
        sky: Sky | None = None,
        parent: str = "",
        desk: Desk | None = None,
    ) -> None:
        self.carrier = carrier
        self.app_of = app_of
        self.on_line = on_line
        self.sky = sky or Sky()
        self.parent = parent
        self.desk = desk
        self.sockets: Counter[str] = Counter()
        self.port = 0
        self._connections = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, bound: socket.socket) -> None:
        """Serve on a bound socket."""
        self.port = bound.getsockname()[1]
        self._server = await asyncio.start_server(self._connected, sock=bound, backlog=1024)

    async def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        client = wire.Client(reader, writer, self.sky, self._connections)
        try:
            with contextlib.suppress(*GONE):
                await Conversation(self, client).run()
            await client.down.arrived()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            client.down.drop()
            writer.close()


class Conversation:
    """All requests of one client connection, one after the other."""

    def __init__(self, edge: Edge, client: wire.Client) -> None:
        self.edge = edge
        self.client = client
        self.peer = client.writer.get_extra_info("peername")[0]
        self._is_head = False

    async def run(self) -> None:
        """Serve requests until either side has enough."""
        while True:
            try:
                event = await self.client.next_event()
            except h11.RemoteProtocolError as error:
                await self._malformed(Request(b"-", b"-", ()), error.error_status_hint or 400, str(error))
                await self.client.linger()
                return
            if not isinstance(event, h11.Request):
                return
            if not await self._request(event):
                await self.client.linger()
                return
            if self.client.h11.our_state is not h11.DONE or self.client.h11.their_state is not h11.DONE:
                return
            self.client.h11.start_next_cycle()

    async def _request(self, event: Any) -> bool:
        """Answer one request; False if the connection cannot go on."""
        headers = tuple((bytes(name), bytes(value)) for name, value in event.headers)
        names = [name for name, _ in headers]
        self._is_head = event.method == b"HEAD"
        raw = Request(bytes(event.method), bytes(event.target), headers)
        if b"transfer-encoding" in names and b"content-length" in names:
            await self._malformed(raw, 400, "both Content-Length and Transfer-Encoding")
            return False
        host = raw.get("host").decode("latin-1").partition(":")[0].lower()
        if raw.path == knobs.PATH and self.edge.app_of(host) is not None:
            return await self._knobs(raw, host)
        if self.edge.desk is not None and self.edge.desk.takes(raw, host, self.peer):
            return await self.edge.desk.serve(self.client, raw, self.edge.carrier.edge)
        body = Body(self.client, self.edge.carrier.switches.replay_body_limit)
        switched = await self._carry(raw, host, body)
        return not switched and (body.complete or self.client.h11.their_state is h11.DONE)

    async def _carry(self, raw: Request, host: str, body: Body) -> bool:
        """Carry one request to a Machine and the answer back; what went wrong is answered here. True after a WebSocket."""
        trace, started = Trace(self.edge.carrier.edge), time.monotonic()
        status, code = 0, ""
        upstream: Upstream | None = None
        try:
            if self.edge.app_of(host) is None:
                raise Problem(404, "", f"no app has the host name {host[:80]}")
            raw = await self._come_in(raw)
            started = time.monotonic()
            request = enter(raw, self._describe(), self.edge.carrier.switches)
            upstream, head, chosen = await self.edge.carrier.carry(request, body, host, trace, self._informational)
            status = head.status_code
            extra = trace.headers((time.monotonic() - started) * 1000)
            if status == 101:
                self._line(raw, host, 101, trace, started, "")
                self.edge.sockets[chosen.machine] += 1
                try:
                    await self._switch(upstream, head, extra, chosen)
                finally:
                    self.edge.sockets -= Counter({chosen.machine: 1})
                return True
            await self._answer(upstream, head, extra)
        except Problem as problem:
            status, code = problem.status, problem.code
            await self._problem(problem, trace, started)
        except h11.RemoteProtocolError:
            # The Machine broke its answer off in the middle: so does the edge, or the client would take it for whole.
            self.client.writer.transport.abort()
        finally:
            if upstream is not None:
                await upstream.close()
            if status != 101:
                self._line(raw, host, status, trace, started, code)
        return False

    async def _come_in(self, raw: Request) -> Request:
        """The request when it is through the weather, its own if it asks for one; a Machine does not see what it asked. Raises Problem."""
        try:
            asked = weather.own(raw.headers)
        except BadWeather as error:
            raise Problem(400, "", f"{weather.HEADER}: {error}") from None
        self.client.move_under(self.edge.sky if asked is None else Sky(asked, is_own=True))
        await self.client.come_in(len(raw.target) + sum(len(name) + len(value) + 4 for name, value in raw.headers))
        return raw.without(weather.HEADER)

    async def _knobs(self, raw: Request, host: str) -> bool:
        """Answer for the weather, past the weather: or nobody could end a bad one. False if the connection cannot go on."""
        trace, started = Trace(self.edge.carrier.edge), time.monotonic()
        body = Body(self.client, knobs.MAX_BODY_BYTES)
        self.client.move_under(Sky())
        try:
            text = await body.whole()
            told = knobs.too_large() if text is None else knobs.answer(raw, text, self.edge.sky, trace.edge, self.edge.parent)
        except h11.RemoteProtocolError:
            told = knobs.malformed()
        closing = [] if body.complete else [(b"connection", b"close")]
        await self._say(told.status, [*told.headers, *closing, *trace.headers(0.0)], told.body)
        self._line(raw, host, told.status, trace, started, "")
        return body.complete

    def _describe(self) -> Client:
        now_us = time.time_ns() // 1000
        region = self.edge.carrier.edge
        return Client(self.peer, self.edge.port, region, f"{now_us:015x}{secrets.token_hex(6)}-{region}".upper(), now_us)

    async def _informational(self, event: Any) -> None:
        await self.client.send(h11.InformationalResponse(status_code=event.status_code, headers=list(end_to_end(event.headers))))

    async def _answer(self, upstream: Upstream, head: Any, extra: list[tuple[bytes, bytes]]) -> None:
        own = ((b"via", b"1.1 fly.io"), *extra)
        await self.client.send(h11.Response(status_code=head.status_code, headers=[*end_to_end(head.headers), *own], reason=head.reason))
        while True:
            event = await upstream.next_event()
            if isinstance(event, h11.Data):
                await self.client.send(h11.Data(data=bytes(event.data)))
            elif isinstance(event, h11.EndOfMessage):
                await self.client.send(h11.EndOfMessage())
                return
            else:
                raise h11.RemoteProtocolError("the answer ended early")

    async def _switch(self, upstream: Upstream, head: Any, extra: list[tuple[bytes, bytes]], chosen: Candidate) -> None:
        """Both sides speak WebSocket from here on; the edge only carries bytes."""
        upgrade = [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
        await self.client.send(h11.InformationalResponse(status_code=101, headers=[*upgrade, *end_to_end(head.headers), *extra]))
        await upstream.leave_client()
        early, first = self.client.h11.trailing_data[0], upstream.h11.trailing_data[0]
        up, down = Passage(upstream.writer, self.client.up), self.client.down
        if early:
            await up.send(early)
        if first:
            await down.send(first)
        # What came with the two heads has been delayed with them.
        up.delay_s = down.delay_s = self.edge.carrier.delay(self.edge.carrier.edge, chosen.region)
        await tunnel(self.client.reader, up, upstream.reader, down, upstream.cable, first)

    async def _problem(self, problem: Problem, trace: Trace, started: float) -> None:
        extra = dict(trace.headers((time.monotonic() - started) * 1000))
        if problem.code:
            extra[b"fly-edge-error"] = problem.code.encode()
        text = f"Fly's edge (emulated) in {trace.edge}: {problem.code} {problem.text}.\n"
        await self._plain(problem.status, text, extra)

    async def _malformed(self, request: Request, status: int, text: str) -> None:
        """Refuse what is no request, or two in one; no Machine hears of it."""
        trace, started = Trace(self.edge.carrier.edge), time.monotonic()
        await self._plain(status, f"Malformed request: {text}\n", dict(trace.headers(0.0)))
        self._line(request, "-", status, trace, started, "")

    async def _plain(self, status: int, text: str, extra: dict[bytes, bytes]) -> None:
        if self.client.h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        head = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"), *extra.items()]
        await self._say(status, head, text.encode("ascii", "replace"))

    async def _say(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """An answer of the edge's own; one to a HEAD says the length of its body and has none."""
        length = [] if status == 204 else [(b"content-length", b"%d" % len(body))]
        await self.client.send(h11.Response(status_code=status, headers=[*headers, *length]))
        if body and not self._is_head:
            await self.client.send(h11.Data(data=body))
        await self.client.send(h11.EndOfMessage())

    def _line(self, request: Request, host: str, status: int, trace: Trace, started: float, code: str) -> None:
        method = "WS" if request.is_upgrade else request.method.decode("latin-1")
        self.edge.on_line(Line(method, host, request.path, status, trace, (time.monotonic() - started) * 1000, code))
