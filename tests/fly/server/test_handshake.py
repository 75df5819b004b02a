"""Handshakes, the same for every server that can do them; and what stock Daphne does instead."""

from __future__ import annotations

import json

import pytest

from tests.fly.server.processes import Running
from tests.fly.server.wire import KEY, TEXT, close, frame, upgrade


class TestEveryAbleServer:
    """Ours and uvicorn."""

    def test_denial(self, able: Running) -> None:
        """[SV1] A handshake is answered with plain HTTP: status, headers and every part of the body, then the connection ends."""
        with able.connect() as wire:
            wire.send(upgrade("/deny"))
            answer = wire.answer()
            assert (answer.status, answer["fly-replay"], answer.body) == (307, "region=cdg", b"elsewhere")
            assert answer["upgrade"] is None
            assert wire.to_the_end() == b""

    def test_large_denial(self, able: Running) -> None:
        """[SV1] A denial larger than any buffer comes whole, and the connection ends behind it."""
        with able.connect() as wire:
            wire.send(upgrade("/deny-large"))
            assert len(wire.answer().body) == 1_000_000
            assert wire.to_the_end() == b""

    def test_close_before_accept(self, able: Running) -> None:
        """[SV2] A close before acceptance is a 403."""
        with able.connect() as wire:
            wire.send(upgrade("/reject"))
            assert wire.answer().status == 403

    def test_application_fails(self, able: Running) -> None:
        """[SV3] An application that fails before it decides is a 500 that tells nothing of the failure."""
        with able.connect() as wire:
            wire.send(upgrade("/fail"))
            answer = wire.answer()
            assert answer.status == 500
            assert b"secret" not in answer.body

    def test_application_does_not_decide(self, able: Running) -> None:
        """[SV3] An application that returns without a decision is a 500."""
        with able.connect() as wire:
            wire.send(upgrade("/undecided"))
            assert wire.answer().status == 500

    def test_headers_on_accept(self, able: Running) -> None:
        """[SV4] Headers of websocket.accept are on the 101, those that come twice too."""
        with able.connect() as wire:
            answer = wire.open("/headers")
            assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]
            assert answer["x-kind"] == "test"

    def test_subprotocol(self, able: Running) -> None:
        """[SV4] The subprotocol the application chose is on the 101."""
        with able.connect() as wire:
            assert wire.open("/", "Sec-WebSocket-Protocol: rooms.v1, other")["sec-websocket-protocol"] == "rooms.v1"

    @pytest.mark.parametrize("path", ["/deny-inject", "/accept-inject"])
    def test_no_header_injection(self, able: Running, path: str) -> None:
        """[SV5] A header with a line break in it never reaches the wire."""
        with able.connect() as wire:
            wire.send(upgrade(path))
            everything = wire.to_the_end()
            assert b"y: 2" not in everything
            assert not everything.startswith(b"HTTP/1.1 101")

    def test_state(self, able: Running) -> None:
        """[SV6] A socket finds a copy of the lifespan's state: what it changes there is its own."""
        for _ in range(2):
            with able.connect() as wire:
                wire.open("/scope")
                assert json.loads(wire.text())["state"] == "hello"

    def test_not_a_handshake(self, able: Running) -> None:
        """[SV7] A handshake without a key or of another version is refused with an HTTP status."""
        for wrong in (upgrade().replace(b"Sec-WebSocket-Key", b"X-Key"), upgrade().replace(b"Version: 13", b"Version: 7")):
            with able.connect() as wire:
                wire.send(wrong)
                assert wire.answer().status in (400, 426)

    def test_proof(self, able: Running) -> None:
        """[SV8] The 101 proves that the key was read (the example of RFC 6455, 1.3)."""
        with able.connect() as wire:
            wire.send(upgrade().replace(KEY.encode(), b"dGhlIHNhbXBsZSBub25jZQ=="))
            answer = wire.answer()
            assert (answer.status, answer["sec-websocket-accept"]) == (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            assert [str(answer[name]).lower() for name in ("upgrade", "connection")] == ["websocket", "upgrade"]

    def test_echo(self, able: Running) -> None:
        """[SV8] An accepted socket carries messages both ways and closes with both close frames."""
        with able.connect() as wire:
            wire.open()
            wire.send(frame(TEXT, "grüße".encode()))
            assert wire.text() == "grüße"
            wire.send(close(1000))
            assert wire.frame().code == 1000
            assert wire.to_the_end() == b""


class TestOurs:
    """What only ours promises."""

    def test_server_words_are_whole(self, server: Running) -> None:
        """[SV2] Refusals in the server's own words have a length, a type, and end the connection."""
        for path in ("/reject", "/fail"):
            with server.connect() as wire:
                wire.send(upgrade(path))
                answer = wire.answer()
                assert answer["content-length"] == str(len(answer.body))
                assert answer["content-type"] == "text/plain; charset=utf-8"
                assert answer["connection"] == "close"

    def test_malformed_handshake_is_not_reflected(self, server: Running) -> None:
        """[SV7] The refusal of a malformed handshake repeats nothing of it, and names the version it would take."""
        with server.connect() as wire:
            wire.send(upgrade().replace(b"Version: 13", b"Version: 99"))
            answer = wire.answer()
            assert (answer.status, answer["sec-websocket-version"], answer["connection"]) == (400, "13", "close")
            assert b"99" not in answer.body
            assert answer["content-length"] == str(len(answer.body))

    @pytest.mark.parametrize(
        ("was", "instead"),
        [
            ("HTTP/1.1", "HTTP/1.0"),
            ("GET / ", "GET /#part "),
            ("GET / ", "GET /caf\xe9 "),
            ("Connection: Upgrade", "Connection: keep-alive"),
            ("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13"),
            ("Version: 13", "Version: 13, 8"),
            (f"Key: {KEY}", f"Key: {KEY}\r\nSec-WebSocket-Key: {KEY}"),
            (f"Key: {KEY}", f"Key: {KEY[:-4]}"),
            (f"Key: {KEY}", f"Key: *{KEY[1:]}"),
            (f"Key: {KEY}", f"Key: {KEY[:-2]}ab"),
            ("Version: 13", "Version: 13\r\nSec-WebSocket-Protocol: one, two\r\nSec-WebSocket-Protocol: one"),
            ("Version: 13", "Version: 13\r\nSec-WebSocket-Protocol: caf\xe9"),
            ("Version: 13", "Version: 13\r\nX-Evil: a\x85X-Other: b"),
        ],
    )
    def test_unsound_handshakes(self, server: Running, was: str, instead: str) -> None:
        """[SV7] Whatever RFC 6455 does not allow in a handshake is a 400, and the connection ends."""
        with server.connect() as wire:
            wire.send(upgrade().replace(was.encode(), instead.encode("latin-1")))
            answer = wire.answer()
            assert (answer.status, answer["connection"]) == (400, "close")
            assert wire.to_the_end() == b""

    def test_a_handshake_is_a_get(self, server: Running) -> None:
        """[SV7] Any other method gets a 405 that names the one that is allowed."""
        with server.connect() as wire:
            wire.send(upgrade().replace(b"GET", b"PUT"))
            answer = wire.answer()
            assert (answer.status, answer["allow"], answer["connection"]) == (405, "GET", "close")

    @pytest.mark.parametrize("connection", ["upgrade", "keep-alive, Upgrade", "keep-alive\r\nConnection: UPGRADE ,x"])
    def test_connection_is_a_list(self, server: Running, connection: str) -> None:
        """[SV8] `Upgrade` may stand anywhere in the Connection headers, in capitals or not."""
        with server.connect() as wire:
            wire.send(upgrade().replace(b"Connection: Upgrade", f"Connection: {connection}".encode()))
            assert wire.answer().status == 101

    def test_no_extension_is_agreed_on(self, server: Running) -> None:
        """[SV8] A client that offers extensions, in whatever words, gets a plain socket."""
        for offer in ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=99", ";;="):
            with server.connect() as wire:
                assert wire.open("/", f"Sec-WebSocket-Extensions: {offer}")["sec-websocket-extensions"] is None
                wire.send(frame(TEXT, b"plain"))
                assert wire.text() == "plain"

    def test_subprotocols_in_several_headers(self, server: Running) -> None:
        """[SV4] What a client offers in several headers is one list."""
        with server.connect() as wire:
            answer = wire.open("/", "Sec-WebSocket-Protocol: b%2Fc, a", "Sec-WebSocket-Protocol: d")
            assert answer["sec-websocket-protocol"] == "b%2Fc"

    def test_headers_that_came_twice(self, server: Running) -> None:
        """[SV9] The scope has a pair for every header as it came; the query is there, and root paths from clients are not."""
        with server.connect() as wire:
            wire.open("/scope?a=1", "X-A: 1", "X-A: 2", "X_A: 3", "Daphne-Root-Path: /evil")
            told = json.loads(wire.text())
            assert told["headers"] == [["x-a", "1"], ["x-a", "2"]]
            assert told["query"] == "a=1"
            assert told["extensions"] == ["fly.socket", "websocket.http.response"]

    def test_body_in_a_handshake(self, server: Running) -> None:
        """[SV7] A handshake with a body is refused: its body would be taken for frames."""
        with server.connect() as wire:
            wire.send(upgrade("/", "Content-Length: 4"), b"\x81\x80ab")
            assert wire.answer().status == 400

    def test_client_dies_in_the_handshake(self, server: Running) -> None:
        """[SV10] A client that hangs up before the application has decided is told to the application, and nothing of it is left."""
        before = server.descriptors()
        seen = len([line for line in server.lines if line.startswith("held")])
        for _ in range(5):
            with server.connect() as wire:
                wire.send(upgrade("/hold"))
        server.wait_for(r"^held, then websocket\.disconnect$", seen + 5)
        server.until_descriptors(before)

    def test_extension_is_silent_before_accept(self, server: Running) -> None:
        """[SV20] Frames written before acceptance and after the close go nowhere; those between keep one order with ASGI's own."""
        with server.connect() as wire:
            wire.open("/extension")
            assert [wire.frame().payload for _ in range(3)] == [b"one", b"two", b"three"]


class TestStockDaphne:
    """Why Daphne is subclassed: these fail there, in exactly this way."""

    def test_denial_hangs(self, daphne: Running) -> None:
        """Daphne does not know the denial: the client gets no byte, until the handshake times out."""
        with daphne.connect() as wire:
            wire.socket.settimeout(1)
            wire.send(upgrade("/deny"))
            with pytest.raises(TimeoutError):
                wire.answer()

    def test_no_headers_on_accept(self, daphne: Running) -> None:
        """Daphne drops the headers of websocket.accept, and the close reason."""
        with daphne.connect() as wire:
            answer = wire.open("/headers")
            assert answer["set-cookie"] is None
            received = wire.frame()
            assert (received.code, received.payload[2:]) == (4321, b"")

    def test_bare_403(self, daphne: Running) -> None:
        """Daphne's 403 has no header at all."""
        with daphne.connect() as wire:
            wire.send(upgrade("/reject"))
            answer = wire.answer()
            assert (answer.status, answer.headers) == (403, [])

    def test_no_extensions_no_state(self, daphne: Running) -> None:
        """Daphne offers no extension and runs no lifespan."""
        with daphne.connect() as wire:
            wire.open("/scope")
            told = json.loads(wire.text())
            assert (told["extensions"], told["state"]) == ([], None)
