"""RFC 6455 with a client of the `websockets` package, where messages are received and where they are listened to."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.fly.server.conductor import Conductor
from tests.fly.server.processes import Running
from tests.fly.server.test_frames_on_the_wire import FAULTS
from tests.fly.server.wire import BINARY, CLOSE, CONT, PING, PONG, TEXT, close, frame

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536]
numbers = itertools.count()
OPEN: dict[str, Any] = {"compression": None, "ping_interval": None, "max_size": None}


async def seated(server: Running, hall: str, name: str, kind: str = "seat", **options: Any) -> ClientConnection:
    """A client of the package, in a hall of the test application."""
    host, port = server.address
    client = await connect(f"ws://{host}:{port}/{kind}/{hall}/{name}", **{**OPEN, **options})
    assert await client.recv() == "seated"
    return client


@pytest.fixture(params=["receive", "listen"])
async def client(server: Running, request: pytest.FixtureRequest) -> AsyncIterator[ClientConnection]:
    """A client of an echo: one that receives, or one that listens."""
    host, port = server.address
    if request.param == "listen":
        client = await seated(server, "conformance", str(next(numbers)), "ear")
    else:
        client = await connect(f"ws://{host}:{port}/", **OPEN)
    async with client:
        yield client


async def failed(client: ClientConnection) -> int | None:
    """The code of the server's close frame; None when it hung up without one. Nothing else comes before it."""
    with pytest.raises(ConnectionClosed) as closed:
        await client.recv()
    return closed.value.rcvd.code if closed.value.rcvd is not None else None


@pytest.mark.parametrize("size", SIZES)
async def test_messages_of_all_sizes(client: ClientConnection, size: int) -> None:
    """[SV49] Texts and binaries of every form of length come back as what they were."""
    for payload in ("x" * size, b"\xfe" * size):
        await client.send(payload)
        assert await client.recv() == payload


async def test_fragmented_input(client: ClientConnection) -> None:
    """[SV49] A message in fragments, empty ones and long ones among them, is one message; pings stand between them."""

    async def parts() -> AsyncIterator[str]:
        for part in ("", "grüße", "", "x" * 70_000, "!"):
            yield part
            await (await client.ping())

    await client.send(parts())
    assert await client.recv() == "grüße" + "x" * 70_000 + "!"
    await client.send([b"a", b"", b"b" * 200])
    assert await client.recv() == b"a" + b"b" * 200


async def test_a_character_may_be_cut(client: ClientConnection) -> None:
    """[SV49] Fragments of a text may be cut anywhere, in the middle of a character as well."""
    data = "a€𝄞".encode()
    for cut in range(len(data) + 1):
        client.transport.write(frame(TEXT, data[:cut], fin=False) + frame(CONT, data[cut:]))
        assert await client.recv() == "a€𝄞"


async def test_pings(client: ClientConnection) -> None:
    """[SV49] Pings with any payload they may have are answered with the same one; a pong that nobody asked for is no message."""
    for payload in (b"", b"x", b"\xff" * 125):
        await (await client.ping(payload))
    await client.pong(b"unasked")
    await client.send("after")
    assert await client.recv() == "after"


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "going"), (1003, "ü"), (3000, "x" * 123), (4999, "own")])
async def test_a_clients_close(server: Running, client: ClientConnection, code: int, reason: str) -> None:
    """[SV49] A client's close is answered with its code, and is told to the application."""
    told = len([line for line in server.lines if f"disconnected {code}" in line])
    await client.close(code, reason)
    assert (client.close_code, client.close_reason) == (code, reason)
    assert client.protocol.close_rcvd_then_sent is False
    server.wait_for(f"disconnected {code}", told + 1)


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1011, ""), (1012, "the server restarts"), (4505, "ü" * 61)])
async def test_a_close_of_the_application(server: Running, code: int, reason: str) -> None:
    """[SV49] A close code and its reason reach the client behind everything that an audience was written before."""
    hall = f"closed-{next(numbers)}"
    with Conductor(server, hall) as conductor:
        async with await seated(server, hall, "ada", "ear") as client:
            conductor("write", ["one", 2], {"ada": "own"})
            conductor("close", "ada", code, reason)
            assert [await client.recv() for _ in range(3)] == ["one", bytes(2), "own"]
            assert await failed(client) == code
            assert (client.close_reason, client.protocol.close_rcvd_then_sent) == (reason, True)


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults(server: Running, client: ClientConnection, fault: str) -> None:
    """[SV12] Whatever breaks the protocol is closed with the code RFC 6455 names, whichever way messages go; nothing behind it counts."""
    data, code = FAULTS[fault]
    told = len([line for line in server.lines if f"disconnected {code}" in line])
    client.transport.write(data + frame(TEXT, b"not read any more"))
    assert await failed(client) == code
    server.wait_for(f"disconnected {code}", told + 1)


KINDS = TEXT, BINARY, PING, PONG, CLOSE
HEADS = {f"opcode {opcode}": frame(opcode, b"x") for opcode in (*range(3, 8), *range(11, 16))}
HEADS |= {f"bit {bit} of {opcode}": frame(opcode, b"xx", rsv=0x80 >> bit) for bit in (1, 2, 3) for opcode in KINDS}
HEADS |= {f"bit {bit} of a fragment": frame(TEXT, b"x", fin=False) + frame(CONT, b"x", rsv=0x80 >> bit) for bit in (1, 2, 3)}
HEADS |= {f"unmasked {opcode}": frame(opcode, b"\x03\xe8", mask=False) for opcode in KINDS}
HEADS |= {f"unmasked {size} bytes": frame(BINARY, bytes(size), mask=False) for size in (0, 126, 65_536)}
HEADS |= {f"fragmented {opcode}": frame(opcode, b"", fin=False) for opcode in (PING, PONG, CLOSE)}
HEADS |= {f"code {code}": close(code) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)}


@pytest.mark.parametrize("head", HEADS)
async def test_reserved_heads_and_masks(client: ClientConnection, head: str) -> None:
    """[SV49] Reserved bits, reserved opcodes, a missing mask, control frames in fragments and close codes nobody may send: 1002."""
    client.transport.write(HEADS[head])
    assert await failed(client) == 1002


ILL_FORMED = {
    "a continuation alone": b"\x80",
    "a beginning alone": b"caf\xc3",
    "overlong slash": b"\xc0\xaf",
    "overlong of three": b"\xe0\x80\xaf",
    "overlong of four": b"\xf0\x80\x80\xaf",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "high surrogate": b"\xed\xa0\x80",
    "low surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "no UTF-8 at all": b"\xfe\xff",
}


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in fragments"])
@pytest.mark.parametrize("text", ILL_FORMED)
async def test_ill_formed_texts(client: ClientConnection, text: str, whole: bool) -> None:
    """[SV49] A text that is not UTF-8 is closed with 1007, in one frame or in several; the same bytes as a binary are fine."""
    data = b"behind enough of it: " + ILL_FORMED[text]
    await client.send(data)
    assert await client.recv() == data
    client.transport.write(frame(TEXT, data) if whole else frame(TEXT, data[:-1], fin=False) + frame(CONT, data[-1:]))
    assert await failed(client) == 1007


@pytest.mark.parametrize("text", ["\0", "\x7f\x80", "\ud7ff\ue000", "\ufffe\uffff", "\U0010ffff", "\U0001f469\u200d\U0001f680", "\ufeff"])
async def test_well_formed_texts(client: ClientConnection, text: str) -> None:
    """[SV49] Every character there is may be in a text, also those that stand for nothing."""
    await client.send(text)
    assert await client.recv() == text


async def test_a_close_reason_that_is_not_utf8(client: ClientConnection) -> None:
    """[SV49] Neither may a close reason be anything else: 1007."""
    client.transport.write(frame(CLOSE, b"\x03\xe8\xc0\xaf"))
    assert await failed(client) == 1007


async def test_messages_over_the_limit(client: ClientConnection) -> None:
    """[SV49] A message of as many bytes as are allowed comes back; one byte more, in whatever fragments, is closed with 1009."""
    await client.send(b"x" * 1_048_576)
    assert len(await client.recv()) == 1_048_576
    client.transport.write(frame(BINARY, bytes(1_048_576), fin=False) + frame(CONT, b"x"))
    assert await failed(client) == 1009


@pytest.mark.parametrize("offer", ["deflate", None])
async def test_compression_is_not_accepted(server: Running, offer: str | None) -> None:
    """[SV49] A client that offers permessage-deflate is answered without it, and neither side compresses."""
    host, port = server.address
    async with connect(f"ws://{host}:{port}/", compression=offer, ping_interval=None) as client:
        assert client.request is not None
        assert client.response is not None
        assert ("Sec-WebSocket-Extensions" in client.request.headers) is (offer is not None)
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        assert client.protocol.extensions == []
        await client.send("x" * 1000)
        assert await client.recv() == "x" * 1000


async def test_frames_of_an_audience(server: Running) -> None:
    """[SV49] Prepared frames of every form of length, texts and binaries in one write, reach every client of an audience in order."""
    hall = f"sizes-{next(numbers)}"
    payloads: list[str | int] = [part for size in SIZES for part in ("x" * size, size)]
    expected = [part if isinstance(part, str) else bytes(part) for part in payloads]
    with Conductor(server, hall) as conductor:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(await seated(server, hall, f"client-{number}", "ear")) for number in range(3)]
            conductor("write", payloads, {"client-1": "own"})
            for number, client in enumerate(clients):
                assert [await client.recv() for _ in expected] == expected
                if number == 1:
                    assert await client.recv() == "own"
                await client.send("and back")
                assert await client.recv() == "and back"
