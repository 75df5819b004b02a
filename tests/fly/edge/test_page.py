"""The emulator's own page: who gets it, what is answered, what is an order."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from fly.edge import control, page
from fly.edge.knobs import Answer
from fly.edge.page import Order, Watch
from fly.edge.request import Request

PARENT = "play.localhost"
HOST = f"{PARENT}:8000"
KNOWN = frozenset({"kill", "weather", "unheard-of"})


def asked(path: str = "/.edge/", method: str = "GET", host: str = HOST, **headers: str) -> Request:
    named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Request(method.encode(), path.encode(), tuple((name.encode(), value.encode()) for name, value in named.items()))


def answer(request: Request, body: object = b"") -> Answer:
    told = page.answer(request, body if isinstance(body, bytes) else json.dumps(body).encode(), KNOWN)
    assert isinstance(told, Answer)
    return told


def order(body: object, **headers: str) -> Answer | Watch | Order:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return page.answer(asked("/.edge/orders", "POST", **{"x_edge": "1", "origin": f"http://{HOST}", **headers}), sent, KNOWN)


@pytest.mark.parametrize("host", [PARENT, "localhost", "127.0.0.1"])
@pytest.mark.parametrize("path", ["/.edge/", "/.edge", "/.edge/feed", "/.edge/orders", "/.edge/page.css", "/.edge/nothing"])
def test_it_is_there_under_names_of_this_computer(host: str, path: str) -> None:
    """[PG1] Under the parent host's name, localhost and 127.0.0.1 all of /.edge/ is the emulator's."""
    assert page.is_ours(asked(path), host, PARENT, "127.0.0.1")
    assert page.is_ours(asked(path), host, PARENT, "::1")


@pytest.mark.parametrize(
    "host", ["cdg.play.localhost", "evil.example", "play.localhost.evil.example", "localhost.evil.example", "", "10.0.0.7"]
)
def test_it_is_not_there_under_other_names(host: str) -> None:
    """[PG1] Under any other name, a region's or one that a foreign name server points here, it is the application's."""
    assert not page.is_ours(asked(), host, PARENT, "127.0.0.1")


@pytest.mark.parametrize("peer", ["192.168.1.5", "10.0.0.7", "2001:db8::1", "", "unknown"])
def test_other_computers_do_not_get_it(peer: str) -> None:
    """[PG1] Who does not come by loopback gets the application, whatever name is used."""
    assert not page.is_ours(asked(), PARENT, PARENT, peer)


@pytest.mark.parametrize("path", ["/", "/.edges/", "/x/.edge/", "/.edgeful", "//.edge/", "/.EDGE/"])
def test_no_other_path_is_taken(path: str) -> None:
    """[PG1] Whatever does not lie under /.edge/ is the application's."""
    assert not page.is_ours(asked(path), PARENT, PARENT, "127.0.0.1")


def test_its_files_are_served() -> None:
    """[PG2] Page, styles, modules and icon come from the emulator's own files, with their types; /.edge leads to /.edge/."""
    assert answer(asked()).body.startswith(b"<!doctype html>")
    types = {
        name: dict(answer(asked(f"/.edge/{name}")).headers)[b"content-type"] for name in ("page.css", "page.mjs", "icon.svg", "core.mjs")
    }
    assert set(types.values()) == {b"text/css; charset=utf-8", b"text/javascript; charset=utf-8", b"image/svg+xml"}
    moved = answer(asked("/.edge"))
    assert (moved.status, dict(moved.headers)[b"location"]) == (308, b"/.edge/")


@pytest.mark.parametrize(
    "path", ["/.edge/page.py", "/.edge/../page.py", "/.edge/%2e%2e/page.py", "/.edge//", "/.edge/page.css/", "/.edge/weather"]
)
def test_nothing_else_is_there(path: str) -> None:
    """[PG2] A file that is none of the page's is a 404, however it is written."""
    assert answer(asked(path)).status == 404


@pytest.mark.parametrize("path", ["/.edge/", "/.edge/page.mjs", "/.edge/nothing", "/.edge"])
def test_what_it_may_do_is_bounded(path: str) -> None:
    """[PG2] Every answer forbids inline code, other origins, frames, and to be kept."""
    headers = dict(answer(asked(path)).headers)
    policy = headers[b"content-security-policy"].decode()
    assert "unsafe" not in policy
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy
    assert (headers[b"x-content-type-options"], headers[b"cache-control"]) == (b"nosniff", b"no-store")
    assert b"access-control-allow-origin" not in headers


def test_no_file_has_inline_code_or_another_origin() -> None:
    """[PG2] The page has no inline script, style or handler, and names no other origin."""
    html = page.files()["page.html"][1].decode()
    assert "<style" not in html
    assert " style=" not in html
    assert "<script>" not in html
    assert ' on"' not in html
    for name, (_, body) in page.files().items():
        assert b"https://" not in body, name
        assert b"innerHTML" not in body, name


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/.edge/", "POST", "GET, HEAD"),
        ("/.edge/page.css", "DELETE", "GET, HEAD"),
        ("/.edge/feed", "POST", "GET"),
        ("/.edge/orders", "GET", "POST"),
    ],
)
def test_other_methods_are_refused(path: str, method: str, allowed: str) -> None:
    """[PG3] A method that is not there is a 405 that names those that are; OPTIONS gives nobody leave."""
    for asked_by in (method, "OPTIONS"):
        told = answer(asked(path, asked_by))
        assert (told.status, dict(told.headers)[b"allow"].decode()) == (405, allowed)


@pytest.mark.parametrize("path", ["/.edge/", "/.edge/feed", "/.edge/orders", "/.edge/page.mjs"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        f"https://{HOST}",
        f"http://{PARENT}:9000",
        "http://localhost:8000",
        "http://cdg.play.localhost:8000",
        "null",
        "",
    ],
)
def test_foreign_origins_are_refused(path: str, origin: str) -> None:
    """[PG4] A page of another origin, another port or a region's host gets a 403, whatever it asks and sends."""
    for method in ("GET", "POST", "OPTIONS"):
        assert answer(asked(path, method, origin=origin, x_edge="1"), {"verb": "kill", "target": "cdg"}).status == 403


def test_two_origins_are_none() -> None:
    """[PG4] A request with a good origin and a foreign one is foreign."""
    request = asked("/.edge/feed", origin=f"http://{HOST}")
    twice = Request(request.method, request.target, (*request.headers, (b"origin", b"http://evil.example")))
    assert answer(twice).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_page_fetches_is_refused(site: str) -> None:
    """[PG4] What a browser says another page asks for is a 403, also without an origin; a link to the page itself is not."""
    for path in ("/.edge/feed", "/.edge/page.mjs", "/.edge/orders"):
        assert answer(asked(path, sec_fetch_site=site)).status == 403
    assert answer(asked("/.edge/", sec_fetch_site=site)).status == 200
    assert isinstance(page.answer(asked("/.edge/feed", sec_fetch_site="same-origin"), b"", KNOWN), Watch)
    assert isinstance(page.answer(asked("/.edge/feed"), b"", KNOWN), Watch)


def test_an_order_is_read() -> None:
    """[PG5] An order has a verb that there is, a target, and whatever else the verb takes."""
    assert order({"verb": "kill", "target": "cdg"}) == Order("kill", "cdg")
    assert order({"verb": "weather", "latency_ms": 5}) == Order("weather", None, {"latency_ms": 5})


@pytest.mark.parametrize("headers", [{"x_edge": ""}, {"x_edge": "0"}, {"x_edge": "true"}])
def test_an_order_needs_the_header(headers: Mapping[str, str]) -> None:
    """[PG5] Without X-Edge: 1 an order is a 403: a form of another site cannot send it."""
    told = order({"verb": "kill", "target": "cdg"}, **headers)
    assert isinstance(told, Answer)
    assert (told.status, b"X-Edge" in told.body) == (403, True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"verb": "status"}, "no order 'status'"),
        ({"verb": "explode", "target": "cdg"}, "no order 'explode'; there are kill, unheard-of, weather"),
        ({"verb": ["kill"]}, "no order"),
        ({"target": "cdg"}, "no order 'None'"),
        ({"verb": "kill", "target": 7}, "name of a Machine"),
        ([1], "a JSON object"),
        (b"fog", "a JSON object"),
        (b"[" * 4000, "a JSON object"),
        (b"\xff\xfe", "a JSON object"),
        (b"", "a JSON object"),
    ],
)
def test_what_is_no_order_is_told_in_words(body: object, words: str) -> None:
    """[PG5] What is no order is a 400 with a sentence."""
    told = order(body)
    assert isinstance(told, Answer)
    assert told.status == 400
    assert words in json.loads(told.body)["error"]


def test_every_order_of_the_emulator_has_a_button() -> None:
    """[PG10] All verbs of the control socket but those that change nothing are told, with what they are for."""
    told = {one["verb"]: one for one in page.verbs(control.KINDS, {"capacity": ("most",)}, {"api": ("up", "down")})}
    assert told.keys() == set(control.VERBS) - page.NO_ORDERS
    assert (told["kill"]["of"], told["weather"]["of"]) == ("machine", "edge")
    assert told["capacity"] == {"verb": "capacity", "of": "region", "takes": ["most"], "over": True, "modes": []}
    assert (told["api"]["modes"], told["kill"]["over"], told["host"]["over"]) == (["up", "down"], False, True)
    assert page.verbs({"a-new-one": "machine"}, {}, {}) == [{"verb": "a-new-one", "of": "machine", "takes": [], "over": False, "modes": []}]
