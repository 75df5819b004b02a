"""Two people in a real Chromium, one in New York and one in Tokyo, in one room in Paris (G2)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support import chromium
from tests.support.emulator import PARENT, ROOT, Running, wait_until
from tests.support.raw import Raw, handshake

pytestmark = [pytest.mark.browser]
PICTURES = ROOT / "screenshots"
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium from the system's packages; without one the test is skipped, in CI it fails."""
    path = chromium.demanded()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*chromium.ARGUMENTS])
        yield started
        started.close()


class Visitor:
    """Somebody at a vantage point, with a browser context of their own. Collects what the browser complains about."""

    def __init__(self, browser: Browser, width: int = 1280, height: int = 800, scheme: Any = "dark") -> None:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MS)
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        # A socket that breaks when a Machine restarts, or a ping then, is what the test is about.
        if message.type == "error" and "WebSocket" not in message.text and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def say(self, text: str) -> None:
        """Write a line and send it by Enter."""
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")

    def sees(self, text: str) -> None:
        """Wait until a line stands in the log, exactly once."""
        expect(self.page.locator("#log .text", has_text=text)).to_have_count(1)

    def picture(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


def test_two_people_meet_in_paris_and_a_restart_loses_nothing(browser: Browser, fly: Running) -> None:
    """[WB22] Joined from ewr and nrt, both are served by cdg, see each other's lines, and see all of them after cdg restarts."""
    newark, tokyo = Visitor(browser), Visitor(browser, 390, 844, "light")
    for visitor, vantage in ((newark, "ewr"), (tokyo, "nrt")):
        visitor.page.goto(fly.url(vantage))
        expect(visitor.page.get_by_role("link", name="Join Paris")).to_be_visible()
        expect(visitor.page.locator('[data-code="cdg"] [data-field="rtt"]')).to_contain_text("ms")
    newark.picture("lobby-1280")
    tokyo.picture("lobby-390")
    for visitor in (newark, tokyo):
        visitor.page.get_by_role("link", name="Join Paris").click()
        expect(visitor.page.locator("#bar-status")).to_have_attribute("data-state", "open")
        expect(visitor.page.locator(".where-name")).to_have_text("Paris")
        expect(visitor.page.locator("#bar-machine")).to_have_attribute("data-socket", fly.machine("cdg")["id"])
    newark.say("Hello from New York")
    tokyo.sees("Hello from New York")
    tokyo.say("Hello from Tokyo")
    newark.sees("Hello from Tokyo")
    fly.order("restart", "cdg")
    newark.say("Still here after the restart")
    tokyo.sees("Still here after the restart")
    tokyo.say("So am I")
    for visitor in (newark, tokyo):
        for text in ("Hello from New York", "Hello from Tokyo", "Still here after the restart", "So am I"):
            visitor.sees(text)
        expect(visitor.page.locator("#pending .msg")).to_have_count(0)
        assert visitor.page.locator("#log .text").all_inner_texts()[-4:] == newark.page.locator("#log .text").all_inner_texts()[-4:]
    newark.picture("room-1280")
    tokyo.picture("room-390")
    newark.page.get_by_role("button", name="How did I get here?").click()
    expect(newark.page.get_by_text("New York, Fly's edge").first).to_be_visible()
    newark.picture("route-1280")
    assert (newark.complaints, tokyo.complaints) == ([], [])


def test_a_line_sent_while_the_machine_is_dead_arrives_once(browser: Browser, fly: Running) -> None:
    """[WB23] A line written while the Machine is killed is shown as pending and arrives exactly once when it is back."""
    visitor = Visitor(browser)
    visitor.page.goto(f"{fly.url('ewr', 'cdg')}r/kill/")
    expect(visitor.page.locator("#bar-status")).to_have_attribute("data-state", "open")
    visitor.say("before")
    visitor.sees("before")
    pid = fly.machine("cdg")["pid"]
    fly.order("kill", "cdg")
    visitor.say("meanwhile")
    wait_until(lambda: fly.machine("cdg")["state"] == "up" and fly.machine("cdg")["pid"] != pid, "cdg is up again")
    visitor.sees("meanwhile")
    expect(visitor.page.locator("#pending .msg")).to_have_count(0)
    visitor.page.reload()
    visitor.sees("before")
    visitor.sees("meanwhile")
    assert visitor.complaints == []


def test_a_region_that_does_not_answer_says_so_and_comes_back(browser: Browser, fly: Running) -> None:
    """[WB24] While cdg is stopped its page says so and offers the nearest other region; it enters by itself when cdg is up."""
    inside, visitor = Visitor(browser), Visitor(browser, 390, 844)
    inside.page.goto(f"{fly.url('nrt', 'cdg')}r/main/")
    expect(inside.page.locator("#bar-status")).to_have_attribute("data-state", "open")
    fly.order("stop", "cdg")
    try:
        visitor.page.goto(f"{fly.url('nrt', 'cdg')}r/main/")
        expect(visitor.page.get_by_role("heading", name="Paris is not answering")).to_be_visible()
        expect(visitor.page.get_by_role("link", name="Tokyo")).to_be_visible()
        visitor.picture("not-answering-390")
        expect(inside.page.locator("#notice")).to_contain_text("Paris is not answering")
        expect(inside.page.get_by_role("link", name="Play in Tokyo instead")).to_be_visible()
    finally:
        fly.order("start", "cdg")
    expect(visitor.page.locator("#bar-status")).to_have_attribute("data-state", "open")
    expect(inside.page.locator("#bar-status")).to_have_attribute("data-state", "open")
    expect(inside.page.locator("#notice")).to_be_hidden()


def fill(fly: Running, slug: str, lines: list[str]) -> None:
    """Say up to ten lines, the burst that one session is allowed, in a room of ewr."""
    with Raw(fly.port("ewr")) as raw:
        raw.send(handshake(f"ewr.{PARENT}", f"/ws/r/{slug}/"))
        assert raw.answer().status == 101
        raw.say({"cmd": "room.join", "v": 1, "sid": secrets.token_urlsafe(20)})
        for ref, text in enumerate(lines, 1):
            raw.say({"cmd": "chat.say", "ref": ref, "text": text})
        while raw.message().get("ref") != len(lines):
            pass


def test_lines_written_too_fast_all_arrive_in_order(browser: Browser, fly: Running) -> None:
    """[WB6] More lines than the rate allows wait their turn and arrive in the order they were written."""
    visitor = Visitor(browser)
    visitor.page.goto(f"{fly.url('ewr', 'ewr')}r/fast/")
    expect(visitor.page.locator("#bar-status")).to_have_attribute("data-state", "open")
    for number in range(18):
        visitor.say(f"quick {number:02d}")
    visitor.sees("quick 17")
    expect(visitor.page.locator("#pending .msg")).to_have_count(0)
    assert visitor.page.locator("#log .text").all_inner_texts() == [f"quick {number:02d}" for number in range(18)]


def test_a_reader_of_history_keeps_the_place(browser: Browser, fly: Running) -> None:
    """[WB25] History reaches back to the first line, and a new line does not move what one reads."""
    for group in range(13):
        fill(fly, "long", [f"line {group * 10 + number:03d}" for number in range(10)])
    writer, reader = Visitor(browser), Visitor(browser, 1280, 500)
    for visitor in (writer, reader):
        visitor.page.goto(f"{fly.url('ewr', 'ewr')}r/long/")
        expect(visitor.page.locator("#bar-status")).to_have_attribute("data-state", "open")
    reader.sees("line 129")
    scroll = reader.page.locator("#scroll")
    expect(reader.page.locator("#log .text", has_text="line 000")).to_have_count(0)
    wait_until(lambda: scroll.evaluate("node => { node.scrollTop = 0; return node.innerText.includes('line 000') }"), "the first line")
    scroll.evaluate("node => { node.scrollTop = 0 }")
    writer.say("a new line")
    expect(reader.page.get_by_role("button", name="New messages")).to_be_visible()
    assert scroll.evaluate("node => node.scrollTop") < 200
    texts = reader.page.locator("#log .text").all_inner_texts()
    assert texts == [*(f"line {number:03d}" for number in range(130)), "a new line"]


def test_a_new_name_is_seen_by_others_at_once(browser: Browser, fly: Running) -> None:
    """[WB26] A name changed in the dialog is seen in the room and kept for other regions."""
    one, other = Visitor(browser), Visitor(browser)
    for visitor in (one, other):
        visitor.page.goto(f"{fly.url('nrt', 'nrt')}r/names/")
        expect(visitor.page.locator("#bar-status")).to_have_attribute("data-state", "open")
    one.page.locator("#me-open").click()
    one.page.get_by_role("textbox", name="Name").fill("Ada Lovelace")
    one.page.get_by_role("button", name="Save").click()
    expect(other.page.locator("#people")).to_contain_text("Ada Lovelace")
    expect(other.page.locator("#log")).to_contain_text("is now called Ada Lovelace")
    one.page.goto(fly.url("nrt", "ewr"))
    expect(one.page.locator("#me-name")).to_have_text("Ada Lovelace")


def test_the_pictures_are_there(browser: Browser) -> None:
    """[WB22] Screenshots of lobby and room at 1280 and 390 px are written to a folder that git ignores."""
    assert "/screenshots/" in (Path(ROOT) / ".gitignore").read_text()
