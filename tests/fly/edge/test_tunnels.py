"""WebSockets through a real edge: bytes, both ways."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.fly.edge.world import LIMIT_S, World, read_answer, replay, standstill
from tests.support.raw import handshake


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
    assert await standstill(lambda: sent) < 50_000_000
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
