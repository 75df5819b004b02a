"""HTTP as Daphne does it, and what it does not: bounds, room to write, and an answer to everything."""

from __future__ import annotations

import json
import socket

import pytest

from tests.fly.server.processes import Running, Start
from tests.fly.server.wire import TEXT, frame, upgrade


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    """The bytes of a request."""
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: test", *headers, "", ""]).encode()


def test_keep_alive(server: Running) -> None:
    """[SV21] Several requests go over one connection, also when they come in one segment; bodies arrive whole."""
    with server.connect() as wire:
        wire.send(get("/a", "Content-Length: 3", method="POST"), b"abc", get("/b"))
        assert [json.loads(wire.answer().body)["body"] for _ in range(2)] == [3, 0]
        wire.send(get("/c", "Connection: close"))
        assert wire.answer()["connection"] == "close"
        assert wire.to_the_end() == b""


def test_chunked_body(server: Running) -> None:
    """[SV21] A chunked body arrives whole."""
    with server.connect() as wire:
        wire.send(get("/", "Transfer-Encoding: chunked", method="POST"), b"5\r\nhello\r\n", b"6\r\n world\r\n0\r\n\r\n")
        assert json.loads(wire.answer().body)["body"] == 11


def test_large_body(server: Running) -> None:
    """[SV21] A body of megabytes arrives whole, in events of bounded size."""
    with server.connect() as wire:
        wire.send(get("/", "Content-Length: 3000000", method="POST"), bytes(3_000_000))
        assert json.loads(wire.answer().body)["body"] == 3_000_000


def test_expect_continue(server: Running) -> None:
    """[SV21] A client that asks first is told to go on."""
    with server.connect() as wire:
        wire.send(get("/", "Expect: 100-continue", "Content-Length: 3", method="POST"))
        assert wire.answer().status == 100
        wire.send(b"abc")
        assert json.loads(wire.answer().body)["body"] == 3


def test_head(server: Running) -> None:
    """[SV21] HEAD has the headers of GET and no body."""
    with server.connect() as wire:
        wire.send(get("/", method="HEAD"), get("/"))
        assert int(wire.answer(to="HEAD")["content-length"] or 0) > 0
        assert wire.answer().status == 200


def test_streaming(server: Running) -> None:
    """[SV21] A body of unknown length goes out in chunks, to HTTP/1.0 up to the end of the connection."""
    with server.connect() as wire:
        wire.send(get("/stream"))
        answer = wire.answer()
        assert (answer["transfer-encoding"], answer.body) == ("chunked", b"one two three")
    with server.connect() as wire:
        wire.send(get("/stream", version="1.0"))
        answer = wire.answer()
        assert (answer["transfer-encoding"], answer.body) == (None, b"one two three")


@pytest.mark.parametrize("path", ["/error", "/nothing", "/inject"])
def test_application_fails(server: Running, path: str) -> None:
    """[SV22] A failing application, one without an answer, one with a line break in a header: 500, no detail, a log line."""
    with server.connect() as wire:
        wire.send(get(path))
        answer = wire.answer()
        assert (answer.status, answer["connection"], answer["x-b"]) == (500, "close", None)
        assert b"secret" not in answer.body
    server.wait_for(rf"(Exception in the application for|did not finish its answer to GET) {path}")


def test_half_an_answer(server: Running) -> None:
    """[SV22] An answer that breaks off is broken off, so that nobody takes it for whole."""
    with server.connect() as wire:
        wire.send(get("/half"))
        with pytest.raises((AssertionError, ConnectionResetError), match=r"hung up|reset"):
            wire.answer()


def test_client_hangs_up(server: Running) -> None:
    """[SV23] An application that waits is told when its client is gone."""
    told = server.lines.count("http.disconnect")
    with server.connect() as wire:
        wire.send(get("/slow"))
    server.wait_for("^http.disconnect$", told + 1)


FAULTY = {
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "no path": (b"GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "nonsense": (b"hello\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
    "length and chunks": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "bad name": (b"GET / HTTP/1.1\r\nHost: a\r\nx y: 1\r\n\r\n", 400),
    "NUL": (b"GET / HTTP/1.1\r\nHost: a\r\nx: 1\x002\r\n\r\n", 400),
    "long header": (b"GET / HTTP/1.1\r\nHost: a\r\nx: " + b"x" * 20_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x: 1\r\n" * 600 + b"\r\n", 400),
    "large body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", 413),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_faulty_requests(server: Running, fault: str) -> None:
    """[SV24] A request that cannot be read, is ambiguous or too large gets an answer with a length, and the connection ends."""
    data, status = FAULTY[fault]
    with server.connect() as wire:
        wire.send(data, b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" if fault != "large body" else b"")
        answer = wire.answer()
        assert (answer.status, answer["connection"]) == (status, "close")
        assert answer["content-length"] == str(len(answer.body))
        assert wire.to_the_end() == b""


def test_body_grows_too_large(server: Running) -> None:
    """[SV24] A body that grows too large without having said so is a 413, which its sender can read although it was still sending."""
    chunk = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
    with server.connect() as wire:
        wire.send(get("/", "Transfer-Encoding: chunked", method="POST"))
        for _ in range(18):
            wire.send(chunk)
        assert wire.answer().status == 413


def test_slow_reader(start: Start) -> None:
    """[SV25] A large answer waits for the client that reads it: the application is held, not the memory."""
    server = start("application")
    with server.connect(receive_buffer=65536) as wire:
        wire.send(get("/large"))
        server.wait_for("piece 1$")
        with server.connect() as other:
            other.send(get("/", "Connection: close"))
            assert other.answer().status == 200
        assert "piece 160" not in server.lines
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        assert len(wire.answer().body) == 16 * 1024 * 1024


def test_log_line(server: Running) -> None:
    """[SV26] The access log has method, path and status, and never the query, a cookie or a header."""
    with server.connect() as wire:
        wire.send(get("/seen?token=hush", "Cookie: key=hush", "Connection: close"))
        wire.to_the_end()
    with server.connect() as wire:
        wire.open("/seen-socket?token=hush", "Cookie: key=hush")
    server.wait_for(r"fly\.access: GET /seen 200 ")
    server.wait_for(r"fly\.access: WS /seen-socket 101")
    assert "hush" not in server.printed


def test_line_breaks_do_not_reach_the_log(server: Running) -> None:
    """[SV26] A path cannot forge a line of the log."""
    with server.connect() as wire:
        wire.send(upgrade("/a%0aforged"), frame(TEXT, b"x"))
        wire.answer()
    server.wait_for(r"fly\.access: WS /a%0aforged 101")
    assert "forged" not in server.lines
