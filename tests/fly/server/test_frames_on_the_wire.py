"""RFC 6455 in bytes, and what a socket may hold in memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.fly.server.processes import Running, Start
from tests.fly.server.wire import BINARY, CLOSE, CONT, PING, PONG, TEXT, Received, Wire, close, frame, upgrade

LIMIT = 1024 * 1024


@pytest.fixture
def wire(server: Running) -> Iterator[Wire]:
    """An open socket to the echo."""
    with server.connect() as wire:
        wire.open()
        yield wire


@pytest.mark.parametrize("size", [0, 1, 2, 125, 126, 127, 65_535, 65_536, LIMIT])
@pytest.mark.parametrize("kind", [TEXT, BINARY])
def test_sizes(wire: Wire, kind: int, size: int) -> None:
    """[SV8] Messages of every form of length come through whole, texts as texts and binaries as binaries."""
    payload = b"x" * size
    wire.send(frame(kind, payload))
    assert wire.frame() == Received(kind, payload)


def test_fragments(wire: Wire) -> None:
    """[SV11] A message in fragments is one message; a character may be cut in two."""
    data = "grüße".encode()
    wire.send(frame(TEXT, data[:3], fin=False), frame(CONT, b"", fin=False), frame(CONT, data[3:]))
    assert wire.text() == "grüße"


def test_ping_between_fragments(wire: Wire) -> None:
    """[SV11] A ping between two fragments is answered at once."""
    wire.send(frame(BINARY, b"ab", fin=False), frame(PING, b"now"))
    assert (received := wire.frame()).opcode == PONG
    assert received.payload == b"now"
    wire.send(frame(CONT, b"cd"))
    assert wire.frame().payload == b"abcd"


def test_one_byte_at_a_time(wire: Wire) -> None:
    """[SV11] Where the segments are cut makes no difference."""
    data = frame(TEXT, b"slowly") + frame(PING, b"?") + frame(TEXT, b"x" * 200)
    for at in range(len(data)):
        wire.send(data[at : at + 1])
    # The server answers the ping itself, the application the texts: the pong may come before either.
    received = [wire.frame() for _ in range(3)]
    assert [each.payload for each in received if each.opcode == TEXT] == [b"slowly", b"x" * 200]
    assert [each.payload for each in received if each.opcode == PONG] == [b"?"]


def test_many_in_one_segment(wire: Wire) -> None:
    """[SV11] Many messages in one segment come back in their order."""
    wire.send(*(frame(TEXT, b"%d" % number * (number % 7 + 1)) for number in range(1000)))
    for number in range(1000):
        assert wire.text() == str(number) * (number % 7 + 1)


def test_pong_unasked(wire: Wire) -> None:
    """[SV11] A pong nobody asked for is no event."""
    wire.send(frame(PONG, b"hello"), frame(TEXT, b"after"))
    assert wire.text() == "after"


FAULTS: dict[str, tuple[bytes, int]] = {
    "unmasked": (frame(TEXT, b"hello", mask=False), 1002),
    "unmasked long": (frame(TEXT, b"hello" * 100, mask=False), 1002),
    "reserved bit": (frame(TEXT, b"hello", rsv=0x40), 1002),
    "unknown opcode": (frame(3, b"hello"), 1002),
    "continuation of nothing": (frame(CONT, b"hello"), 1002),
    "a second beginning": (frame(TEXT, b"one", fin=False) + frame(TEXT, b"two"), 1002),
    "fragmented ping": (frame(PING, b"hello", fin=False), 1002),
    "long ping": (frame(PING, b"x" * 126), 1002),
    "bad UTF-8": (frame(TEXT, b"caf\xe9 au lait"), 1007),
    "bad UTF-8 in fragments": (frame(TEXT, b"caf", fin=False) + frame(CONT, b"\xe9"), 1007),
    "one bad byte": (frame(TEXT, b"\xff"), 1007),
    "surrogate": (frame(TEXT, b"\xed\xa0\x80 and more"), 1007),
    "large frame": (frame(BINARY, b"")[:1] + struct.pack("!BQ", 0xFF, LIMIT + 1) + b"\x01\x02\x03\x04", 1009),
    "large message": (frame(BINARY, bytes(LIMIT // 2), fin=False) + frame(CONT, bytes(LIMIT // 2 + 1)), 1009),
    "close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "close with an illegal code": (close(1005), 1002),
    "close with bad UTF-8": (frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(server: Running, wire: Wire, fault: str) -> None:
    """[SV12] What breaks the protocol is closed with the code RFC 6455 names, and the application is told that code."""
    data, code = FAULTS[fault]
    told = len([line for line in server.lines if line == f"disconnected {code}"])
    wire.send(data, frame(TEXT, b"not read any more"))
    assert wire.frame().code == code
    assert wire.to_the_end() == b""
    server.wait_for(f"^disconnected {code}$", told + 1)


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_close_is_echoed(server: Running, wire: Wire, code: int) -> None:
    """[SV13] The client's close is answered with its code; the application is told code and reason."""
    told = len([line for line in server.lines if line == f"disconnected {code}"])
    wire.send(close(code, "bye"))
    received = wire.frame()
    assert (received.code, received.payload[2:]) == (code, b"bye")
    assert wire.to_the_end() == b""
    server.wait_for(f"^disconnected {code}$", told + 1)


def test_close_without_a_code(server: Running, wire: Wire) -> None:
    """[SV13] A close without a code is answered without one, and is 1005 for the application."""
    told = len([line for line in server.lines if line == "disconnected 1005"])
    wire.send(frame(CLOSE))
    assert wire.frame().payload == b""
    server.wait_for("^disconnected 1005$", told + 1)


def test_hang_up(server: Running, wire: Wire) -> None:
    """[SV13] A client that hangs up without a close is 1006 for the application."""
    told = len([line for line in server.lines if line == "disconnected 1006"])
    wire.socket.close()
    server.wait_for("^disconnected 1006$", told + 1)


def test_code_and_reason_of_the_application(server: Running) -> None:
    """[SV14] The application's close code is sent, its reason cut to 123 bytes of whole characters."""
    with server.connect() as wire:
        wire.open("/headers")
        received = wire.frame()
        assert received.code == 4321
        assert received.payload[2:] == (b"grund" * 40)[:123]


@pytest.mark.parametrize(("path", "code"), [("/fail-later", 1011), ("/bad-close", 1011), ("/return", 1000)])
def test_application_ends(server: Running, path: str, code: int) -> None:
    """[SV15] An application that fails closes its socket with 1011 and no detail; one that returns, with 1000."""
    with server.connect() as wire:
        wire.open(path, early=frame(TEXT, b"hello"))
        received = wire.frame()
        assert (received.code, received.payload[2:]) == (code, b"")


@pytest.mark.parametrize("path", ["/", "/late"])
def test_early_bytes(server: Running, path: str) -> None:
    """[SV16] Frames in the segment of the handshake, and those sent before the answer came, are the first messages, in order."""
    with server.connect() as wire:
        wire.send(upgrade(path), frame(TEXT, b"same segment"), frame(TEXT, b"cut in two")[:5])
        wire.send(frame(TEXT, b"cut in two")[5:])
        assert wire.answer().status == 101
        wire.send(frame(TEXT, b"later"))
        assert [wire.text() for _ in range(3)] == ["same segment", "cut in two", "later"]


def test_many_early_bytes(server: Running) -> None:
    """[SV16] So are more of them than Twisted would hold before it stops reading."""
    with server.connect() as wire:
        wire.send(upgrade("/late"), *(frame(TEXT, b"%05d" % number * 100) for number in range(400)))
        assert wire.answer().status == 101
        for number in range(400):
            assert wire.text() == f"{number:05d}" * 100


def test_slow_reader(server: Running) -> None:
    """[SV17] 8 MB for a client that reads late come whole and in order: what the kernel does not take waits, with the 101 in front."""
    with server.connect(receive_buffer=4096) as wire:
        wire.send(upgrade("/flood"))
        server.wait_for("WS /flood 101")
        assert wire.answer().status == 101
        for number in range(128):
            assert wire.text() == f"{number:08d}" * 8192
        assert wire.frame().code == 1000


def test_extension_counts_what_waits(server: Running) -> None:
    """[SV20] A prepared frame goes straight to the kernel, and `waiting` counts the bytes that it did not take."""
    with server.connect(receive_buffer=4096) as wire:
        wire.open("/extension")
        for text in (b"one", b"two", b"three"):
            assert wire.frame().payload == text
        sizes = []
        while len(payload := wire.frame().payload) > 100:
            sizes.append(len(payload))
        idle, count, waiting = map(int, payload.split())
        assert idle == 0
        assert len(sizes) == count
        assert 0 < waiting <= 256 * 1024 + 10
        assert wire.frame().code == 4005


def stuffed(wire: Wire, data: bytes, enough: int) -> int:
    """Send `data` again and again until the server takes no more, or took `enough`; returns how many bytes it took."""
    wire.socket.settimeout(2)
    sent = 0
    try:
        while sent < enough:
            sent += wire.socket.send(data[sent % len(data) :])
    except TimeoutError:
        pass
    wire.socket.settimeout(30)
    return sent


def test_reading_stops(start: Start) -> None:
    """[SV18] A client whose messages the application does not take is read no more; all of them arrive once it does."""
    server = start("application")
    with server.connect() as wire:
        wire.open("/deaf")
        data = frame(BINARY, bytes(1000))
        enough = 64 * 1024 * 1024
        sent = stuffed(wire, data, enough)
        assert sent < enough
        wire.socket.setblocking(True)
        with server.connect() as other:
            other.send(b"GET /wake HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            assert other.answer().body == b"woken"
        for _ in range(sent // len(data)):
            assert len(wire.frame().payload) == 1000


def memory_kb(server: Running) -> int:
    """Resident memory of the process."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.mark.parametrize("kind", [TEXT, PING], ids=["empty messages", "pings"])
def test_small_frames_are_bounded(start: Start, kind: int) -> None:
    """[SV18] Neither a flood of empty messages nor one of pings that nobody reads the answers of makes the process grow."""
    server = start("application")
    with server.connect(receive_buffer=4096) as wire:
        wire.open("/deaf" if kind == TEXT else "/")
        before = memory_kb(server)
        data = frame(kind) * 10_000 if kind == TEXT else frame(kind, bytes(100)) * 1000
        stuffed(wire, data, 32 * 1024 * 1024)
        assert memory_kb(server) - before < 12 * 1024


def test_keepalive(start: Start) -> None:
    """[SV19] A silent peer is pinged; one that answers stays, one that does not is ended."""
    server = start("application", "--ping-interval", "0.2", "--ping-timeout", "0.5")
    with server.connect() as alive, server.connect() as dead:
        alive.open()
        dead.open()
        told = 0
        while not told:
            assert alive.frame().opcode == PING
            alive.send(frame(PONG))
            told = server.printed.count("disconnected 1006")
        alive.send(frame(TEXT, b"still here"))
        while (received := alive.frame()).opcode == PING:
            alive.send(frame(PONG))
        assert received.payload == b"still here"
        assert dead.frame().opcode == PING
        assert dead.frame().code == 1011
