"""The edge on real sockets, in front of small servers that say exactly what a test wants them to say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from fly.edge import latency
from fly.edge.cache import ReplayCache
from fly.edge.carry import Carrier
from fly.edge.proxy import Edge, Line
from fly.edge.rules import Candidate, Switches
from tests.support.raw import handshake

LIMIT_S = 60
Handler = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = "GET / HTTP/1.1\r\nHost: play.localhost\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def says(answer: bytes) -> Handler:
    async def handle(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return handle


def replay(text: str, extra: str = "") -> Handler:
    return says(f"HTTP/1.1 307 Elsewhere\r\nfly-replay: {text}\r\n{extra}Content-Length: 0\r\n\r\n".encode())


class World:
    """Machines by region, each with a handler; what they were asked is kept."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = dict.fromkeys(("ewr", "nrt", "cdg"), says(OK))
        self.heads: list[tuple[str, bytes]] = []
        self.ports: dict[str, int] = {}
        self.states: dict[str, Any] = dict.fromkeys(self.handlers, "up")
        self.lines: list[Line] = []
        self.switches = Switches()
        self.delay: Callable[[str, str], float] = latency.none
        self.servers: list[asyncio.Server] = []
        self.edge: Edge

    def candidates(self) -> Sequence[Candidate]:
        return [Candidate(f"m-{region}", region, "rooms", self.states[region]) for region in self.handlers]

    def port(self, machine: str) -> int:
        return self.ports[machine.removeprefix("m-")]

    async def start(self) -> None:
        for region in self.handlers:
            server = await asyncio.start_server(lambda r, w, region=region: self._serve(region, r, w), "127.0.0.1", 0)
            self.servers.append(server)
            self.ports[region] = server.sockets[0].getsockname()[1]
        carrier = Carrier("ewr", "rooms", self, self.switches, ReplayCache(), lambda a, b: self.delay(a, b))
        self.edge = Edge(carrier, lambda host: "rooms" if host.endswith("play.localhost") else None, self.lines.append)
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        await self.edge.listen(bound)

    async def _serve(self, region: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append((region, head))
            await self.handlers[region](head, reader, writer)
            await writer.drain()
        writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.edge.port)

    async def ask(self, text: str = GET, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        reader, writer = await self.connect()
        writer.write(text.encode("latin-1") + body)
        try:
            return await asyncio.wait_for(read_answer(reader), LIMIT_S)
        finally:
            writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    status = int(head[0].split()[1])
    if status < 200:
        return status, headers, b""
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return status, headers, body


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.start()
    yield made
    await made.edge.close()
    for server in made.servers:
        server.close()


def order_of(world: World) -> list[str]:
    return [region for region, _ in world.heads]


def header_of(head: bytes, name: str) -> str:
    lines = head.decode("latin-1").split("\r\n")
    return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(name + ":")), "")


async def test_the_nearest_machine_answers(world: World) -> None:
    """[ED1] [ED25] Without a replay the nearest Machine's answer gets through, with a trace."""
    status, headers, body = await world.ask()
    assert (status, body, order_of(world)) == (200, b"ok", ["ewr"])
    assert headers["fly-edge-trace"].startswith("ewr edge -> ewr machine m-ew, ")
    assert 'edge;desc="ewr"' in headers["server-timing"]


async def test_a_replay_is_obeyed_and_told_to_the_target(world: World) -> None:
    """[ED3] [ED7] The target gets the same request with fly-replay-src; nothing of the replaying answer reaches the client."""
    world.handlers["ewr"] = replay("region=cdg;state=abc", "Set-Cookie: a=1\r\n")
    status, headers, body = await world.ask("POST /p?q=1 HTTP/1.1\r\nHost: cdg.play.localhost\r\nContent-Length: 5\r\n\r\n", b"hello")
    assert (status, body, order_of(world)) == (200, b"ok", ["ewr", "cdg"])
    head = world.heads[1][1]
    assert head.startswith(b"POST /p?q=1 HTTP/1.1\r\n")
    assert header_of(head, "fly-replay-src").startswith("instance=m-ewr;region=ewr;t=1")
    assert header_of(head, "fly-replay-src").endswith(";state=abc")
    assert "set-cookie" not in headers


async def test_the_body_is_sent_again(world: World) -> None:
    """[ED3] A body under the limit reaches the target whole, also when it is chunked."""

    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(raw), raw))

    async def after_body(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 409 Conflict\r\nfly-replay: region=cdg\r\nContent-Length: 0\r\n\r\n")

    world.handlers |= {"ewr": after_body, "cdg": echo}
    chunked = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    status, _, body = await world.ask("POST / HTTP/1.1\r\nHost: play.localhost\r\nTransfer-Encoding: chunked\r\n\r\n", chunked)
    assert status == 200
    assert b"hello" in body
    assert b" world" in body


async def test_a_body_over_the_limit_cannot_be_replayed(world: World) -> None:
    """[ED28] Over 1 MB the replay is PA01; without a replay the same body goes through."""
    size = 1_200_000

    async def swallow_then(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(size)
        writer.write(b"HTTP/1.1 307 X\r\nfly-replay: region=cdg\r\nContent-Length: 0\r\n\r\n")

    async def swallow(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(size)
        writer.write(OK)

    text = f"POST / HTTP/1.1\r\nHost: play.localhost\r\nContent-Length: {size}\r\n\r\n"
    world.handlers["ewr"] = swallow_then
    status, headers, _ = await world.ask(text, b"x" * size)
    assert (status, headers["fly-edge-error"]) == (502, "PA01")
    world.handlers["ewr"] = swallow
    assert (await world.ask(text, b"x" * size))[0] == 200


async def test_ten_replays_are_allowed_and_the_eleventh_is_an_error(world: World) -> None:
    """[ED29] A request that is replayed more than ten times ends in PA02."""
    world.handlers |= {"ewr": replay("region=cdg"), "cdg": replay("region=ewr")}
    status, headers, _ = await world.ask()
    assert (status, headers["fly-edge-error"], len(world.heads)) == (502, "PA02", 11)


@pytest.mark.parametrize(
    ("text", "named"),
    [("regoin=cdg", "regoin"), ("region=cdg;state=a b", "state"), ("state=x", "no target"), ("region=cdg;domain=x", "domain")],
)
async def test_an_invalid_instruction_names_its_field(world: World, text: str, named: str) -> None:
    """[ED30] What cannot be obeyed is PA03, and the answer names what is wrong with it."""
    world.handlers["ewr"] = replay(text)
    status, headers, body = await world.ask()
    assert (status, headers["fly-edge-error"]) == (502, "PA03")
    assert named in body.decode()


@pytest.mark.parametrize(
    ("text", "code"), [("app=other", "PA04"), ("instance=m-gone", "PR02"), ("region=gru", "PR03")], ids=["app", "instance", "region"]
)
async def test_a_target_that_does_not_exist_is_an_error(world: World, text: str, code: str) -> None:
    """[ED31] An unknown app is PA04, an unknown Machine PR02, a region without Machines PR03."""
    world.handlers["ewr"] = replay(text)
    _, headers, _ = await world.ask()
    assert headers["fly-edge-error"] == code


async def test_the_json_form_transforms(world: World) -> None:
    """[ED8] The JSON form is obeyed: another path, headers hidden and set."""
    order = {"region": "cdg", "transform": {"path": "/new", "delete_headers": ["x-a"], "set_headers": [{"name": "x-b", "value": "9"}]}}
    body = json.dumps(order).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.fly.replay+json\r\nContent-Length: %d\r\n\r\n" % len(body)
    world.handlers["ewr"] = says(head + body)
    assert (await world.ask("GET /old HTTP/1.1\r\nHost: play.localhost\r\nX-A: 1\r\n\r\n"))[2] == b"ok"
    got = world.heads[1][1]
    assert got.startswith(b"GET /new ")
    assert (header_of(got, "x-a"), header_of(got, "x-b")) == ("", "9")


@pytest.mark.parametrize("fallback", ["force_self", "prefer_self"])
async def test_a_failed_replay_falls_back(world: World, fallback: str) -> None:
    """[ED9] With a fallback the request comes back to who replayed it, with fly-replay-failed; without one it is an error."""

    async def once(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        failed = header_of(head, "fly-replay-failed")
        again = f"HTTP/1.1 307 X\r\nfly-replay: region=cdg;timeout=100ms;fallback={fallback}\r\nContent-Length: 0\r\n\r\n".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(failed), failed.encode()) if failed else again)

    world.handlers["ewr"] = once
    world.states["cdg"] = "stopped"
    status, _, body = await world.ask()
    assert status == 200
    assert b"region=cdg" in body
    assert b"replay_source=m-ewr" in body
    assert b"reason=no_candidate" in body
    world.handlers["ewr"] = replay("region=cdg")
    assert (await world.ask())[1]["fly-edge-error"] == "PR03"


async def test_a_target_that_starts_too_slowly_is_given_up_in_time(world: World) -> None:
    """[ED19] A replay's timeout bounds how long the edge waits for a Machine that starts."""
    world.states["cdg"] = "starting"
    world.handlers["ewr"] = replay("region=cdg;timeout=100ms")
    assert (await world.ask())[1]["fly-edge-error"] == "PR04"


async def test_a_request_that_fell_back_is_not_replayed_again(world: World) -> None:
    """[ED9] A fallback request that is answered with fly-replay ends in PA03."""
    world.handlers["ewr"] = replay("region=cdg;fallback=force_self")
    world.states["cdg"] = "stopped"
    assert (await world.ask())[1]["fly-edge-error"] == "PA03"


async def test_a_cached_replay_skips_the_first_machine(world: World) -> None:
    """[ED14] [ED18] A kept replay goes straight to its target: status hit, no source; the first time the status is miss."""
    orders = "fly-replay-cache: /*\r\nfly-replay-cache-ttl-secs: 60\r\nfly-replay-cache-allow-bypass: yes\r\n"
    world.handlers["ewr"] = replay("region=cdg", orders)
    for _ in range(2):
        assert (await world.ask())[0] == 200
    assert order_of(world) == ["ewr", "cdg", "cdg"]
    assert [header_of(head, "fly-replay-cache-status") for _, head in world.heads[1:]] == ["miss", "hit"]
    assert [header_of(head, "fly-replay-src") for _, head in world.heads[1:]] == ["", ""]
    await world.ask("GET / HTTP/1.1\r\nHost: play.localhost\r\nfly-replay-cache-control: skip\r\n\r\n")
    assert order_of(world)[3] == "ewr"
    assert header_of(world.heads[3][1], "fly-replay-cache-status") == "bypass"


async def test_a_target_can_end_the_caching(world: World) -> None:
    """[ED17] A target that answers fly-replay-cache: invalidate ends the caching for the path."""
    world.handlers["ewr"] = replay("region=cdg", "fly-replay-cache: /*\r\nfly-replay-cache-ttl-secs: 60\r\n")
    await world.ask()
    world.handlers["cdg"] = replay("region=nrt", "fly-replay-cache: invalidate\r\n")
    await world.ask()
    world.handlers["ewr"] = says(OK)
    await world.ask()
    assert order_of(world)[-1] == "ewr"


async def test_a_host_of_nobody_is_a_404(world: World) -> None:
    """[ED32] A host name that belongs to no app ends at the edge."""
    status, _, _ = await world.ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert (status, world.heads) == (404, [])


@pytest.mark.parametrize(
    "text",
    [
        "GARBAGE\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: play.localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: play.localhost\r\nBad Header: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: play.localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    ],
)
async def test_a_malformed_request_gets_a_400(world: World, text: str) -> None:
    """[ED33] What is not HTTP, or two requests in one, is a 400 and reaches no Machine."""
    status, _, _ = await world.ask(text)
    assert (status, world.heads) == (400, [])


async def test_one_connection_carries_many_requests(world: World) -> None:
    """[ED34] Keep-alive: a second request on the same connection is answered too, a HEAD without a body."""
    reader, writer = await world.connect()
    for method in ("GET", "HEAD", "GET"):
        writer.write(f"{method} / HTTP/1.1\r\nHost: play.localhost\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LIMIT_S)
        assert b" 200 " in head.split(b"\r\n")[0]
        if method == "GET":
            assert await reader.readexactly(2) == b"ok"
    writer.close()


async def test_early_hints_get_through(world: World) -> None:
    """[ED34] A 1xx answer gets through before the final one."""
    world.handlers["ewr"] = says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK)
    reader, writer = await world.connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: play.localhost\r\n\r\n")
    assert (await read_answer(reader))[0] == 103
    assert (await read_answer(reader))[2] == b"ok"
    writer.close()


async def test_a_large_download_gets_through_unchanged(world: World) -> None:
    """[ED34] Twenty megabytes, chunked, arrive whole."""
    piece = bytes(range(256)) * 256

    async def large(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(320):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    world.handlers["ewr"] = large
    assert (await world.ask())[2] == piece * 320


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(world: World) -> None:
    """[ED34] When a Machine dies in the middle of an answer, the client's connection breaks too."""
    world.handlers["ewr"] = says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await world.ask()


async def test_a_machine_that_speaks_no_http_is_a_502(world: World) -> None:
    """[ED35] A Machine that hangs up or answers nonsense is a 502 with PU02."""
    for answer in (b"", b"nonsense\r\n\r\n"):
        world.handlers["ewr"] = says(answer)
        status, headers, _ = await world.ask()
        assert (status, headers["fly-edge-error"]) == (502, "PU02")


async def upgrade(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept, greet in the same segment, then echo until the client ends."""
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nfly-replay: region=nrt\r\n\r\nhi")
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.write(b"bye")


async def test_a_socket_is_a_tunnel_for_bytes(world: World) -> None:
    """[ED36] After a 101 bytes go both ways unchanged, early ones too; an end on one side travels to the other."""
    world.handlers |= {"ewr": replay("region=cdg"), "cdg": upgrade}
    reader, writer = await world.connect()
    writer.write(handshake("cdg.play.localhost") + b"early")
    status, headers, _ = await asyncio.wait_for(read_answer(reader), LIMIT_S)
    assert status == 101
    assert "cdg machine" in headers["fly-edge-trace"]
    assert await reader.readexactly(7) == b"hiearly"
    payload = bytes(range(256)) * 20_000
    writer.write(payload)
    assert await asyncio.wait_for(reader.readexactly(len(payload)), LIMIT_S) == payload
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), LIMIT_S) == b"bye"
    writer.close()


async def test_a_101_with_a_replay_is_a_switch(world: World) -> None:
    """[ED24] Whether fly-replay on a 101 is obeyed is a switch, off by default."""
    world.handlers |= {"ewr": upgrade, "nrt": upgrade}
    _, writer = pair = await world.connect()
    writer.write(handshake("cdg.play.localhost"))
    assert "replay" not in (await read_answer(pair[0]))[1]["fly-edge-trace"]
    writer.close()


async def test_a_machine_that_breaks_a_socket_breaks_it_for_the_client(world: World) -> None:
    """[ED36] A reset on the Machine's side ends the client's connection."""

    async def reset(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        await reader.readexactly(1)
        writer.transport.abort()

    world.handlers["ewr"] = reset
    reader, writer = await world.connect()
    writer.write(handshake("cdg.play.localhost") + b"x")
    await read_answer(reader)
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), LIMIT_S) == b""
    writer.close()


async def test_a_slow_reader_costs_bounded_memory(world: World) -> None:
    """[ED36] Back pressure: a Machine that sends to a client that does not read is made to wait."""
    sent = 0

    async def pour(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while sent < 200_000_000:
            writer.write(b"x" * 65_536)
            await asyncio.wait_for(writer.drain(), LIMIT_S)
            sent += 65_536

    world.handlers["ewr"] = pour
    reader, writer = await world.connect()
    writer.write(handshake("cdg.play.localhost"))
    await read_answer(reader)
    before = -1
    while before != sent:
        before = sent
        for _ in range(20):
            await asyncio.sleep(0.01)
    assert sent < 50_000_000
    writer.transport.abort()


@pytest.mark.parametrize("delay_s", [0.0, 0.02])
async def test_latency_keeps_the_order(world: World, delay_s: float) -> None:
    """[ED27] With latency every byte arrives later, in order."""
    world.delay = lambda a, b: delay_s
    world.handlers["ewr"] = upgrade
    reader, writer = await world.connect()
    writer.write(handshake("ewr.play.localhost"))
    await read_answer(reader)
    text = b"".join(b"%06d" % number for number in range(2000))
    for start in range(0, len(text), 600):
        writer.write(text[start : start + 600])
        await writer.drain()
    assert await asyncio.wait_for(reader.readexactly(2 + len(text)), LIMIT_S) == b"hi" + text
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), LIMIT_S) == b"bye"
    writer.close()


async def test_a_line_names_no_query_and_no_cookie(world: World) -> None:
    """[ED26] The console's line has the path without its query, and nothing of the headers."""
    await world.ask("GET /path?token=secret HTTP/1.1\r\nHost: play.localhost\r\nCookie: player=secret\r\n\r\n")
    (line,) = world.lines
    assert (line.method, line.host, line.path, line.status) == ("GET", "play.localhost", "/path", 200)
    assert "secret" not in repr(line)
