"""What a review of the edge found: each as the behaviour that has to hold."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import struct
from typing import Any

import pytest

from tests.fly.edge.world import LIMIT_S, OK, World, header_of, read_answer, replay, standstill
from tests.support.raw import handshake


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_a_replays_preferred_machine_that_is_missed_is_named(world: World) -> None:
    """[ED5] A replay's prefer_instance that cannot take the request is named to the Machine that does."""
    world.handlers["ewr"] = replay("region=cdg;prefer_instance=m-gone")
    assert (await world.ask())[0] == 200
    assert header_of(world.heads[1][1], "fly-preferred-instance-unavailable") == "m-gone"


async def test_each_leg_is_delayed_once(world: World) -> None:
    """[ED27] Every way between the edge and a Machine is delayed once, also when the Machine answers with a replay."""
    asked: list[str] = []

    def delay(a: str, b: str) -> float:
        asked.append(b)
        return 0.0

    world.delay = delay
    world.handlers["nrt"] = replay("region=cdg")
    await world.ask("GET / HTTP/1.1\r\nHost: play.localhost\r\nfly-force-region: nrt\r\n\r\n")
    assert asked == ["nrt", "nrt", "cdg", "cdg"]


async def test_headers_named_by_connection_end_at_the_edge(world: World) -> None:
    """[ED34] A header that Connection names belongs to one connection, in requests and in answers; Fly's own stay."""
    world.handlers["ewr"] = lambda h, r, w: _write(w, b"HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\nok")
    text = "GET / HTTP/1.1\r\nHost: play.localhost\r\nConnection: x-mine, fly-client-ip, host\r\nX-Mine: 1\r\n\r\n"
    status, headers, _ = await world.ask(text)
    head = world.heads[0][1]
    assert (status, header_of(head, "x-mine"), header_of(head, "fly-client-ip")) == (200, "", "127.0.0.1")
    assert header_of(head, "host") == "play.localhost"
    assert "x-hop" not in headers


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)


async def test_a_body_that_is_not_chunked_as_it_says_is_a_400(world: World) -> None:
    """[ED33] A malformed body is the client's fault: 400, not the Machine's 502."""

    async def whole(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(OK)

    world.handlers["ewr"] = whole
    status, headers, _ = await world.ask("POST / HTTP/1.1\r\nHost: play.localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")
    assert status == 400
    assert headers["fly-edge-trace"].startswith("ewr edge")


async def test_every_400_carries_its_way_and_has_a_line(world: World) -> None:
    """[ED25] [ED26] A request that is no HTTP gets a trace and a line like any other."""
    _, headers, _ = await world.ask("GARBAGE\r\n\r\n")
    assert headers["fly-edge-trace"].startswith("ewr edge")
    assert [line.status for line in world.lines] == [400]


@pytest.mark.parametrize("how", ["reset", "end"])
async def test_a_client_that_leaves_in_the_middle_of_its_upload_is_told_to_the_machine(world: World, how: str) -> None:
    """[ED34] The Machine's connection ends when the client leaves before its body is whole."""
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    begun = asyncio.Event()

    async def wait(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        begun.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        ended.set_result(True)

    world.handlers["ewr"] = wait
    _, writer = await world.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: play.localhost\r\nContent-Length: 100\r\n\r\nhalf")
    await asyncio.wait_for(begun.wait(), LIMIT_S)
    reset(writer) if how == "reset" else writer.close()
    await asyncio.wait_for(ended, 5)


@pytest.mark.parametrize("how", ["reset", "end"])
async def test_a_client_that_leaves_while_it_waits_is_told_to_the_machine(world: World, how: str) -> None:
    """[ED34] The Machine's connection ends when the client leaves before its answer came."""
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    begun = asyncio.Event()

    async def wait(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        ended.set_result(True)

    world.handlers["ewr"] = wait
    _, writer = await world.connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: play.localhost\r\n\r\n")
    await asyncio.wait_for(begun.wait(), LIMIT_S)
    reset(writer) if how == "reset" else writer.close()
    await asyncio.wait_for(ended, 5)


async def test_a_client_that_is_gone_before_it_is_met_makes_no_noise(world: World) -> None:
    """[ED34] Connections that are reset at once leave no error behind."""
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noise.append(context))
    for _ in range(50):
        _, writer = await world.connect()
        reset(writer)
    assert (await world.ask())[0] == 200
    assert noise == []


async def test_an_early_refusal_of_a_large_upload_can_be_read(world: World) -> None:
    """[ED34] A client that first sends its whole body, then reads, gets the refusal and not a reset."""

    async def refuse(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await writer.drain()
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                pass

    world.handlers["ewr"] = refuse
    reader, writer = await world.connect()
    size = 20_000_000
    writer.write(b"POST / HTTP/1.1\r\nHost: play.localhost\r\nContent-Length: %d\r\n\r\n" % size)
    for _ in range(size // 100_000):
        writer.write(bytes(100_000))
        await asyncio.wait_for(writer.drain(), LIMIT_S)
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[2] == b"big"
    writer.close()


async def test_a_continue_is_asked_of_the_machine(world: World) -> None:
    """[ED34] Expect: 100-continue: the body is sent once the Machine wants it, also after a replay."""

    async def wants(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(5)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + body)

    world.handlers |= {"ewr": replay("region=cdg"), "cdg": wants}
    reader, writer = await world.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: play.localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[0] == 100
    writer.write(b"hello")
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[2] == b"hello"
    writer.close()


async def test_a_large_upload_through_a_late_tunnel_to_a_slow_reader_is_bounded(world: World) -> None:
    """[ED36] [ED27] With latency too, a client that sends to a Machine that does not read is made to wait; then all arrives."""
    world.delay = lambda a, b: 0.01
    go = asyncio.Event()
    got: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noise.append(context))

    async def slow(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        await writer.drain()
        await go.wait()
        got.set_result(len(await reader.read()))

    world.handlers["ewr"] = slow
    reader, writer = await world.connect()
    writer.write(handshake("ewr.play.localhost"))
    await read_answer(reader)
    total, sent = 64_000_000, 0

    async def pour() -> None:
        nonlocal sent
        while sent < total:
            writer.write(bytes(64_000))
            await writer.drain()
            sent += 64_000
        writer.write_eof()

    task = asyncio.ensure_future(pour())
    assert await standstill(lambda: sent) < 40_000_000
    go.set()
    await asyncio.wait_for(task, LIMIT_S)
    assert await asyncio.wait_for(got, LIMIT_S) == total
    writer.close()
    for _ in range(5):
        await asyncio.sleep(0.05)
        gc.collect()
    assert noise == []
