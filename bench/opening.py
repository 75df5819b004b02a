"""How long a large board takes to be seen. `python -m bench.opening` (needs a Chromium).

One Machine with SQLite, a board of 5,000 shapes of all kinds, pasted by somebody. `welcome_kb` and `welcome_ms`: what a newcomer is sent,
and how long that takes from the join over loopback; `events_kb`: the same board as the event that made it, as JSON. `picture_ms`: in
Chromium with an empty cache and its window open, from the navigation to the second frame after all shapes are known, so one that shows
them; `empty_ms`: the same for a board with one shape in the same run, so what page, modules and socket take. `ratio`: of the two.
"""

from __future__ import annotations

import json
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, sync_playwright

from bench.crowd import Client, frame
from bench.drawing import HOST
from bench.machine import SERVERS_CORE, machine
from tests.support import chromium
from tests.support.emulator import wait_until

SHAPES = 5000
ROUNDS = 5
PART = 40_000
LOOK_S = 0.25
IDLE = 0.1
"""Of a core."""
SEEN = """count => new Promise((done) => {
  const look = () => {
    const home = document.querySelector(".board");
    if (home?.dataset.state !== "open" || home.board.size < count) return setTimeout(look, 4);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
  };
  look();
})"""
SETTINGS = ["--no-sandbox", "--disable-background-networking", "--host-resolver-rules=MAP *.localhost 127.0.0.1"]


def shapes(count: int) -> list[dict[str, Any]]:
    """Shapes of all kinds, spread over a large field; the same every time."""
    dice = random.Random(5)
    found = []
    for number in range(count):
        kind = dice.choice(("rect", "ellipse", "note", "text", "line", "arrow", "stroke"))
        has_points = kind in ("line", "arrow", "stroke")
        points = [dice.randrange(10_001) for _ in range(80 if kind == "stroke" else 4)] if has_points else []
        place = {"x": dice.randrange(8000), "y": dice.randrange(6000), "w": dice.randrange(20, 200), "h": dice.randrange(20, 160)}
        fill = "" if has_points else dice.choice(("#facc15", "#2563eb", "#16a34a"))
        text = dice.choice(("", "words", "a few more words")) if kind in ("rect", "note", "text") else ""
        look = {"rotation": dice.choice((0, 0, 15)), "fill": fill, "stroke": "#1f2937", "width": 2, "opacity": 100}
        found.append({"id": f"s{number:0>7}", "kind": kind, **place, **look, "text": text, "points": points})
    return found


class Painter(Client):
    """A socket that reads whole messages."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__(port, HOST, path, f"painter-{secrets.token_hex(12)}", lambda client, seconds: None)

    def message(self, kind: bytes) -> bytes:
        """The next message of a type; others are passed over."""
        while True:
            for _, payload in self.frames():
                if payload.startswith(b'{"type":"%s"' % kind):
                    return payload
            self._read()

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command and wait for its reply."""
        self.ref += 1
        self.socket.sendall(frame(json.dumps({**command, "ref": self.ref}).encode()))
        reply: dict[str, Any] = json.loads(self.message(b"reply"))
        assert reply["ok"], reply
        return reply


def paste(port: int, path: str, drawn: list[dict[str, Any]]) -> int:
    """Put shapes on a board; bytes of the event."""
    painter, text = Painter(port, path), json.dumps(drawn)
    watching = Painter(port, path)
    for one in (painter, watching):
        one.message(b"welcome")
    parts = [text[at : at + PART] for at in range(0, len(text), PART)]
    for number, part in enumerate(parts):
        painter.ask(cmd="board.upload", upload="upload-0", part=number, parts=len(parts), text=part)
    painter.ask(cmd="board.edit", op=secrets.token_hex(6), steps=[{"do": "paste", "upload": "upload-0"}])
    size = len(watching.message(b"events"))
    for one in (painter, watching):
        one.socket.close()
    return size


def welcome(port: int, path: str) -> tuple[int, float]:
    """Bytes of a newcomer's welcome, and ms from the join to its last byte."""
    began = time.perf_counter()
    newcomer = Painter(port, path)
    size = len(newcomer.message(b"welcome"))
    took = (time.perf_counter() - began) * 1e3
    newcomer.socket.close()
    return size, took


@contextmanager
def chrome() -> Iterator[Browser]:
    """A Chromium; without one a line that says so."""
    path = chromium.find()
    if path is None:
        raise SystemExit(chromium.HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SETTINGS)
        yield browser
        browser.close()


def spent_s() -> float:
    """CPU time of the browser and all its processes so far."""
    found = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = process.cpu_times()
            found += (times.user + times.system) * ("chrom" in process.name())
    return found


def settle() -> None:
    """Wait until the browser does nothing: a new page has a window, which takes it as long to open as a page takes to load."""
    before = [spent_s()]

    def is_idle() -> bool:
        time.sleep(LOOK_S)
        before.append(spent_s())
        return before[-1] - before[-2] < IDLE * LOOK_S

    wait_until(is_idle, "the browser is idle")


def picture_ms(browser: Browser, port: int, slug: str, count: int) -> float:
    """From the navigation of somebody new until the shapes are seen."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    settle()
    page.goto(f"http://{HOST}:{port}/r/{slug}/", wait_until="commit")
    seen = float(page.evaluate(SEEN, count))
    context.close()
    return seen


def run(count: int = SHAPES, rounds: int = ROUNDS) -> dict[str, object]:
    """Measure a large board and one with a single shape, in turn."""
    with tempfile.TemporaryDirectory() as name, machine(Path(name), core=SERVERS_CORE) as (port, _), chrome() as browser:
        paths = {slug: f"/ws/r/{slug}/?world=board" for slug in ("large", "empty")}
        events = paste(port, paths["large"], shapes(count))
        paste(port, paths["empty"], shapes(1))
        sent = [welcome(port, paths["large"]) for _ in range(rounds)]
        wait_until(lambda: picture_ms(browser, port, "empty", 1) > 0, "the browser is warm")
        seen = [(picture_ms(browser, port, "large", count), picture_ms(browser, port, "empty", 1)) for _ in range(rounds)]
    large, empty = (statistics.median(each) for each in zip(*seen, strict=True))
    return {
        "bench": "opening",
        "shapes": count,
        "events_kb": round(events / 1e3),
        "welcome_kb": round(sent[0][0] / 1e3),
        "welcome_ms": round(statistics.median(took for _, took in sent), 1),
        "picture_ms": round(large),
        "empty_ms": round(empty),
        "ratio": round(large / empty, 2),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
