"""Handshakes through the ASGI router, message by message. The wire is tested in tests/journeys."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.asgi import _log_lack
from fly.here import Here
from fly.origin import SameOrigin, same_origin
from fly.router import HostRouter, ReplayRouter
from fly.trace import Trace


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Accepts everything."""
    await receive()
    await send({"type": "websocket.accept"})


async def shake(application: Any, host: str = "cdg.play.localhost", query: bytes = b"", denial: bool = True, **headers: str) -> list[Any]:
    """All messages that an application sends to a handshake."""
    sent: list[Any] = []
    raw = [(b"host", host.encode())] + [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "websocket", "path": "/ws/r/main/", "query_string": query, "headers": raw}
    scope["extensions"] = {"websocket.http.response": {}} if denial else {}

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent


def stack() -> Any:
    return Trace(ReplayRouter(SameOrigin(HostRouter({"region": app, "lobby": app}), "http"), 4004))


def header(message: Any, name: str) -> str:
    return next((value.decode() for key, value in message["headers"] if key == name.encode()), "")


@pytest.fixture
def newark(settings: SettingsWrapper) -> None:
    settings.HERE = Here("rooms", "aaaa", "ewr")


async def test_the_right_region_accepts() -> None:
    """[FR2] Off Fly a handshake for any region is accepted, with debug headers."""
    (accept,) = await shake(stack())
    assert accept["type"] == "websocket.accept"
    assert header(accept, "x-machine") == "local"
    assert "FR2" in header(accept, "x-route")


@pytest.mark.usefixtures("newark")
async def test_a_handshake_at_the_wrong_region_is_answered_in_plain_http() -> None:
    """[FR21] A handshake that must be replayed is never accepted: its answer is a 307 with fly-replay."""
    start, body = await shake(stack(), origin="http://evil.example")
    assert start["type"] == "websocket.http.response.start"
    assert start["status"] == 307
    assert header(start, "fly-replay").startswith("region=cdg;")
    assert header(start, "x-region") == "ewr"
    assert body["body"] == b""


@pytest.mark.usefixtures("newark")
async def test_an_aiming_handshake_gets_the_json_form() -> None:
    """[FR10] A client that aims its handshake gets the JSON form with its aim deleted."""
    start, body = await shake(stack(), fly_force_instance_id="aaaa")
    assert start["status"] == 200
    assert b'"delete_headers": ["fly-force-instance-id"]' in body["body"]


@pytest.mark.usefixtures("newark")
@pytest.mark.parametrize("forged", ["instance=a;region=nrt;t=1;state=x", "", "x" * 9000])
async def test_a_forged_source_is_refused(forged: str) -> None:
    """[FR6] A forged fly-replay-src gets 503 in plain HTTP."""
    start, _ = await shake(stack(), fly_replay_src=forged)
    assert start["status"] == 503
    assert header(start, "retry-after") == "2"


@pytest.mark.usefixtures("newark")
async def test_a_browser_that_asks_why_is_told_by_a_close_code() -> None:
    """[FR22] With ?why=close a refused handshake is accepted, told bye with the nearest region, and closed with the given code."""
    accept, bye, close = await shake(stack(), query=b"why=close", fly_replay_failed="region=cdg;reason=timeout", fly_region="nrt")
    assert accept["type"] == "websocket.accept"
    assert '"type": "bye"' in bye["text"]
    assert '"nearest": "nrt"' in bye["text"]
    assert close["code"] == 4004


@pytest.mark.usefixtures("newark")
@pytest.mark.parametrize("query", [b"", b"why=", b"why=close&why=close", b"why=open", b"\xff=1&%ff=%00", b"why=%63lose%00", b"&&==;"])
async def test_nobody_else_is_accepted_to_be_told(query: bytes) -> None:
    """[FR22] Any other query gets the refusal in plain HTTP; bytes that are no text raise nothing."""
    start, body = await shake(stack(), query=query, fly_replay_failed="region=cdg")
    assert start["status"] == 503
    assert b"FR5" in body["body"]


@pytest.mark.usefixtures("newark")
async def test_only_what_may_pass_is_told_by_a_close_code() -> None:
    """[FR22] ?why=close opens nothing but a 503: not an unknown host, not a body that is too large."""
    assert (await shake(stack(), host="evil.example", query=b"why=close"))[0]["status"] == 404
    assert (await shake(stack(), query=b"why=close", content_length="9999999"))[0]["status"] == 413


@pytest.mark.usefixtures("newark")
async def test_a_replay_is_not_accepted_even_for_one_who_asks_why() -> None:
    """[FR21] ?why=close changes refusals only; what can be replayed is never accepted first."""
    start, _ = await shake(stack(), query=b"why=close")
    assert start["status"] == 307


@pytest.mark.parametrize("host", ["evil.example", "cdg.play.localhost.evil.com", "zzz.play.localhost", ""])
async def test_an_unknown_host_is_a_404(host: str) -> None:
    """[FR3] A handshake for an unknown host gets a plain 404."""
    start, _ = await shake(stack(), host=host)
    assert start["status"] == 404


async def test_a_server_without_the_extension_can_only_close(caplog: pytest.LogCaptureFixture) -> None:
    """[FR21] [FR28] On a server without the denial extension the handshake is closed, never accepted, and the log says so once."""
    _log_lack.cache_clear()
    for _ in range(2):
        (close,) = await shake(stack(), host="evil.example", denial=False)
        assert close["type"] == "websocket.close"
    assert caplog.text.count("lacks the ASGI extension") == 1


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "allowed"),
    [
        ("http://cdg.play.localhost:8000", "cdg.play.localhost:8000", "http", True),
        ("http://CDG.play.localhost", "cdg.play.localhost:80", "http", True),
        ("https://cdg.example.dev", "cdg.example.dev", "https", True),
        ("http://cdg.example.dev", "cdg.example.dev", "https", False),
        ("http://cdg.play.localhost:8001", "cdg.play.localhost:8000", "http", False),
        ("http://ewr.play.localhost:8000", "cdg.play.localhost:8000", "http", False),
        ("null", "cdg.play.localhost", "http", False),
        ("http://cdg.play.localhost:99999999", "cdg.play.localhost", "http", False),
        ("http://[", "cdg.play.localhost", "http", False),
        ("", "cdg.play.localhost", "http", False),
    ],
)
def test_the_origin_must_be_the_host(origin: str, host: str, scheme: str, allowed: bool) -> None:
    """[FR23] Only pages of the same scheme, host and port may open a socket."""
    assert same_origin(origin, host, scheme) is allowed


async def test_a_foreign_origin_is_refused_and_none_is_let_in(caplog: pytest.LogCaptureFixture) -> None:
    """[FR23] A foreign Origin gets 403 and a log line; a program without one is let in."""
    start, _ = await shake(stack(), origin="http://evil.example")
    assert start["status"] == 403
    assert "evil.example" in caplog.text
    (accept,) = await shake(stack())
    assert accept["type"] == "websocket.accept"


async def test_two_hosts_are_none_of_ours() -> None:
    """[FR3] A request with two Host headers is refused."""
    sent: list[Any] = []
    scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"play.localhost")] * 2, "extensions": {"websocket.http.response": {}}}

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await stack()(scope, receive, send)
    assert sent[0]["status"] == 404
