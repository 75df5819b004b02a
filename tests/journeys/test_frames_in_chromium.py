"""RFC 6455 with a real Chromium: frames of an audience, and of a room's hub behind the edge; close codes, fragments, pings."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.fly.server import processes
from tests.fly.server.conductor import Conductor
from tests.fly.server.processes import Running
from tests.fly.server.wire import CLOSE
from tests.journeys.test_browser import PATIENCE_MS
from tests.support import chromium
from tests.support.emulator import Running as Fly

pytestmark = [pytest.mark.browser]
SIZES = [0, 1, 125, 126, 127, 65_535, 65_536]
numbers = itertools.count()
RECORDER = """
const sockets = {};
const told = (data) => typeof data === 'string' ? data : [data.byteLength, new Uint8Array(data).reduce((sum, byte) => sum + byte, 0)];
window.begin = (name, url) => {
  const socket = new WebSocket(url), log = [];
  socket.binaryType = 'arraybuffer';
  socket.onmessage = (event) => log.push(told(event.data));
  socket.onclose = (event) => log.push({code: event.code, reason: event.reason, clean: event.wasClean});
  sockets[name] = {socket, log};
  return new Promise((resolve) => { socket.onopen = () => resolve([socket.extensions, socket.protocol]); });
};
window.log = (name) => sockets[name].log;
window.say = (name, text) => sockets[name].socket.send(text);
window.say_bytes = (name, size, value) => sockets[name].socket.send(new Uint8Array(size).fill(value));
window.end = (name, code, reason) => sockets[name].socket.close(code, reason);
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium from the system's packages; without one the test is skipped, in CI it fails."""
    path = chromium.demanded()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*chromium.ARGUMENTS])
        yield started
        started.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """The server's test application; it pings often."""
    running = processes.ours("application", "--ping-interval", "0.5", "--ping-timeout", "2")
    yield running
    running.end()


@pytest.fixture
def hall(server: Running) -> Iterator[Conductor]:
    """A hall with nobody in it yet."""
    with Conductor(server, f"hall-{next(numbers)}") as conductor:
        yield conductor


class Tab:
    """A page with sockets by name."""

    def __init__(self, browser: Browser, url: str) -> None:
        # The pages' own policy forbids what a test does in them.
        self.page: Page = browser.new_context(bypass_csp=True).new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.add_init_script(RECORDER)
        self.page.goto(url)

    def open(self, name: str, url: str) -> list[str]:
        """A socket by `new WebSocket`, open: its extensions and its protocol."""
        agreed: list[str] = self.page.evaluate("([name, url]) => begin(name, url)", [name, url])
        return agreed

    def do(self, function: str, *arguments: Any) -> Any:
        """Call one of the recorder's functions."""
        return self.page.evaluate(f"(arguments) => {function}(...arguments)", arguments)

    def log(self, name: str, count: int) -> list[Any]:
        """All that a socket was told, once that are so many things: a text, or the length and the sum of a binary, or its end."""
        self.page.wait_for_function("([name, count]) => log(name).length >= count", arg=[name, count])
        told: list[Any] = self.do("log", name)
        return told


@pytest.fixture
def tab(browser: Browser, server: Running) -> Iterator[Tab]:
    """A page of the test application's."""
    host, port = server.address
    tab = Tab(browser, f"http://{host}:{port}/")
    yield tab
    tab.page.context.close()


def seat(tab: Tab, hall: Conductor, name: str, kind: str = "ear") -> None:
    host, port = hall.server.address
    assert tab.open(name, f"ws://{host}:{port}/{kind}/{hall.hall}/{name}") == ["", ""]
    assert tab.log(name, 1) == ["seated"]


def test_frames_of_an_audience(tab: Tab, hall: Conductor) -> None:
    """[SV49] Chromium gets prepared texts and binaries of every form of length, written to several sockets at once, in order."""
    with hall.seat("wire", receive_buffer=4096) as wire:
        for name in ("one", "two"):
            seat(tab, hall, name)
        payloads: list[str | int] = [part for size in SIZES for part in ("x" * size, size)]
        assert hall("write", payloads, {"two": "own"}) == ["one", "two", "wire"]
        hall("one", "one", "alone")
        hall("send", "two", "by ASGI")
        told = [part if isinstance(part, str) else [part, 0] for part in payloads]
        assert tab.log("one", len(told) + 2)[1:] == [*told, "alone"]
        assert tab.log("two", len(told) + 3)[1:] == [*told, "own", "by ASGI"]
        assert [len(wire.frame().payload) for _ in payloads] == [size for size in SIZES for _ in (1, 2)]


@pytest.mark.parametrize("size", [*SIZES, 1_048_576])
def test_messages_of_chromium(tab: Tab, hall: Conductor, size: int) -> None:
    """[SV49] Chromium's texts and binaries, which it fragments when they are long, are heard whole and come back whole."""
    seat(tab, hall, "ada")
    tab.do("say_bytes", "ada", size, 3)
    tab.do("say", "ada", "ü" * (size // 2))
    assert tab.log("ada", 3)[1:] == [[size, 3 * size], "ü" * (size // 2)]


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1012, "the server restarts"), (4002, "too slow"), (4505, "ü" * 61)])
def test_close_codes_of_the_application(tab: Tab, hall: Conductor, code: int, reason: str) -> None:
    """[SV49] Chromium sees close codes and reasons, and a clean end, behind what was written before."""
    seat(tab, hall, "ada")
    hall("write", "last", {})
    hall("close", "ada", code, reason)
    assert tab.log("ada", 3)[1:] == ["last", {"code": code, "reason": reason, "clean": True}]


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (3000, "x" * 123), (4999, "eigener Grund: ü")])
def test_close_codes_of_chromium(tab: Tab, hall: Conductor, code: int, reason: str) -> None:
    """[SV49] Chromium's own close is answered, and the application is told its code and reason."""
    seat(tab, hall, "ada")
    tab.do("end", "ada", code, reason)
    assert tab.log("ada", 2)[1:] == [{"code": code, "reason": reason, "clean": True}]
    hall.server.wait_for(f"{hall.hall}/ada disconnected {code} {reason}")


def test_a_message_over_the_limit(tab: Tab, hall: Conductor) -> None:
    """[SV49] Chromium is told 1009 for a message of a byte too many, and its other sockets live."""
    for name in ("ada", "bob"):
        seat(tab, hall, name)
    tab.do("say_bytes", "ada", 1_048_577, 0)
    assert tab.log("ada", 2)[1]["code"] == 1009
    tab.do("say", "bob", "alive")
    assert tab.log("bob", 2)[1] == "alive"


def test_chromium_answers_pings(tab: Tab, hall: Conductor) -> None:
    """[SV49] Chromium answers the server's pings, between prepared frames as well; a client that does not is ended meanwhile."""
    seat(tab, hall, "ada")
    with hall.seat("dead") as dead:
        while dead.frame().opcode != CLOSE:
            hall("one", "ada", "between pings")
    tab.do("say", "ada", "alive")
    tab.page.wait_for_function("log('ada').at(-1) === 'alive'")
    assert set(tab.log("ada", 3)) == {"seated", "between pings", "alive"}


def test_compression_is_not_accepted(tab: Tab, hall: Conductor) -> None:
    """[SV49] Chromium offers permessage-deflate, is answered without it, and talks uncompressed."""
    session = tab.page.context.new_cdp_session(tab.page)
    heads: list[dict[str, str]] = []

    def keep(head: dict[str, Any]) -> None:
        heads.append({name.lower(): value for name, value in head["headers"].items()})

    session.on("Network.webSocketWillSendHandshakeRequest", lambda event: keep(event["request"]))
    session.on("Network.webSocketHandshakeResponseReceived", lambda event: keep(event["response"]))
    session.send("Network.enable")
    seat(tab, hall, "ada")
    tab.do("say", "ada", "x" * 1000)
    assert tab.log("ada", 2)[1] == "x" * 1000
    asked, answered = heads
    assert "permessage-deflate" in asked["sec-websocket-extensions"]
    assert "sec-websocket-extensions" not in answered


# A room behind the edge


def joined(tab: Tab, fly: Fly, room: str, name: str) -> None:
    tab.open(name, f"{fly.url('ewr', 'ewr').replace('http', 'ws')}ws/r/{room}/")
    tab.do("say", name, json.dumps({"cmd": "room.join", "v": 1, "sid": f"{name:-<22}"}))


def messages(tab: Tab, name: str, *kinds: str) -> list[dict[str, Any]]:
    """What a socket in a room was told, of these types."""
    told = [json.loads(one) for one in tab.do("log", name) if isinstance(one, str)]
    return [message for message in told if message["type"] in kinds]


def until(tab: Tab, name: str, text: str) -> None:
    tab.page.wait_for_function("([name, text]) => log(name).some((one) => typeof one === 'string' && one.includes(text))", arg=[name, text])


def test_a_rooms_frames(browser: Browser, fly: Fly) -> None:
    """[SV49] In a room Chromium's sockets are shown the same frames in order; a binary is refused, a message over 16 KiB ends in 1009."""
    tab = Tab(browser, fly.url("ewr", "ewr"))
    for name in ("ada", "bob", "cy"):
        joined(tab, fly, "frames", name)
        until(tab, name, '"welcome"')
    for ref in range(1, 9):
        tab.do("say", "ada", json.dumps({"cmd": "chat.say", "ref": ref, "text": f"{ref}" + "ü" * 100}))
    for name in ("ada", "bob", "cy"):
        until(tab, name, '"text":"8ü')
        shown = [event for message in messages(tab, name, "events") for event in message["events"]]
        assert [(event["seq"], event["text"][:2]) for event in shown] == [(ref, f"{ref}ü") for ref in range(1, 9)]
    tab.do("say_bytes", "cy", 10, 123)
    until(tab, "cy", "bad_message")
    tab.do("say", "cy", "x" * 16_385)
    tab.page.wait_for_function("log('cy').at(-1).code")
    end = tab.do("log", "cy")[-1]
    assert (end["code"], end["clean"]) == (1009, True)
    tab.do("say", "ada", json.dumps({"cmd": "chat.say", "ref": 9, "text": "still here"}))
    until(tab, "bob", "still here")
    tab.page.context.close()
