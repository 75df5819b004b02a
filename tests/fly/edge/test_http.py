"""HTTP through a real edge: what gets through unchanged, and what does not get in."""

from __future__ import annotations

import asyncio

import pytest

from tests.fly.edge.world import LIMIT_S, OK, World, order_of, read_answer, says


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


async def test_the_nearest_machine_answers(world: World) -> None:
    """[ED1] [ED25] Without a replay the nearest Machine's answer gets through, with a trace."""
    status, headers, body = await world.ask()
    assert (status, body, order_of(world)) == (200, b"ok", ["ewr"])
    assert headers["fly-edge-trace"].startswith("ewr edge -> ewr machine m-ew, ")
    assert 'edge;desc="ewr"' in headers["server-timing"]


async def test_a_line_names_no_query_and_no_cookie(world: World) -> None:
    """[ED26] The console's line has the path without its query, and nothing of the headers."""
    await world.ask("GET /path?token=secret HTTP/1.1\r\nHost: play.localhost\r\nCookie: player=secret\r\n\r\n")
    (line,) = world.lines
    assert (line.method, line.host, line.path, line.status) == ("GET", "play.localhost", "/path", 200)
    assert "secret" not in repr(line)
