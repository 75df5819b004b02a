"""Worlds on the pages: what the form offers, what the room's page knows, and what two people see of the one in docs/worlds.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from gameserver import page_data
from gameserver.engine.registry import HOME
from tests.support import chromium
from tests.support.emulator import ROOT, Running, running, wait_until
from tests.support.worlds import PACKAGE, SETTINGS, unpacked


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page's code, unpacked."""
    with unpacked(tmp_path_factory.mktemp("worlds")) as folder:
        yield folder


@pytest.fixture
def pages(folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The region's pages, with the world of the docs."""
    settings.GAMESERVER_WORLDS = (HOME, PACKAGE)
    settings.STATICFILES_DIRS = [folder / "static"]
    page_data.finders.get_finder.cache_clear()
    yield Client(headers={"host": "cdg.play.localhost:8002"})
    page_data.finders.get_finder.cache_clear()


@pytest.mark.django_db(databases="__all__")
def test_the_form_offers_the_worlds_there_are(pages: Client, settings: Any) -> None:
    """[WB32] The form offers every world besides chat and leads to a room with it; without any, it offers none."""
    assert b'<option value="tally">Tally</option>' in pages.get("/").content
    assert pages.get("/r/", {"slug": "tea", "world": "tally"})["location"] == "/r/tea/?world=tally"
    assert pages.get("/r/", {"slug": "tea", "world": "nope&x"})["location"] == "/r/tea/"
    again = pages.get("/r/", {"slug": "!", "world": "tally"}, follow=True)
    assert b'<option value="tally" selected>' in again.content
    settings.GAMESERVER_WORLDS = (PACKAGE,)
    assert pages.get("/").content.count(b"<option") == 2


@pytest.mark.django_db(databases="__all__")
def test_the_page_knows_where_the_modules_are(pages: Client, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[WB32] The room's page knows its world and the address, hashed in production, of each world's module that exists."""
    data = pages.get("/r/tea/?world=tally").context["page_data"]
    assert (data["world"], data["worlds"]["tally"]) == ("tally", {"module": "/static/gameserver/worlds/tally.mjs"})
    monkeypatch.setattr(page_data, "static", lambda path: f"/static/{path.replace('.mjs', '.5d41402a.mjs')}")
    assert page_data.world_files()["tally"] == {"module": "/static/gameserver/worlds/tally.5d41402a.mjs"}
    monkeypatch.setattr(page_data.finders, "find", lambda path: None)
    assert pages.get("/r/tea/").context["page_data"]["worlds"] == {}


@pytest.fixture(scope="module")
def fly(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An emulator whose Machines know the world."""
    env = {"DJANGO_SETTINGS_MODULE": SETTINGS, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    with running(tmp_path_factory.mktemp("tally"), "--regions", "ewr", env=env) as emulator:
        yield emulator


@pytest.fixture
def people(fly: Running) -> Iterator[tuple[Page, Page]]:
    """Somebody at a desk and somebody with a phone."""
    path = chromium.demanded()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*chromium.ARGUMENTS])
        sizes: list[Any] = [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]
        desk, phone = (browser.new_context(viewport=size, reduced_motion="reduce").new_page() for size in sizes)
        yield desk, phone
        browser.close()


@pytest.mark.journey
@pytest.mark.browser
@pytest.mark.timeout(300)
def test_two_people_count_on_one_board(fly: Running, people: tuple[Page, Page]) -> None:
    """[WB34] The world stands beside the chat on a wide page and takes turns with it on a phone; a count survives `kill -9`."""
    complaints: list[str] = []
    desk, phone = people
    for page in people:
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
    expect.set_options(timeout=60_000)
    desk.goto(fly.url("ewr", "ewr"))
    desk.locator("input[name=slug]").fill("tea-time")
    desk.get_by_label("With").select_option("tally")
    desk.get_by_role("button", name="Open").click()
    phone.goto(f"{fly.url('ewr', 'ewr')}r/tea-time/")
    for page in people:
        expect(page.get_by_role("heading", name="Tally")).to_be_visible()
    board, chat, line = "#world", "#scroll", desk.get_by_label("Message", exact=True)
    assert [desk.locator(part).is_visible() for part in (board, chat, "#views")] == [True, True, False]
    assert [phone.locator(part).is_visible() for part in (board, chat, "#views")] == [True, False, True]
    desk.get_by_label("Count something else").fill("Tea <b>")
    desk.get_by_role("button", name="Add").click()
    pid = fly.machine("ewr")["pid"]
    fly.order("kill", "ewr")
    phone.get_by_role("button", name="Tea <b>: 1", exact=True).click()
    wait_until(lambda: fly.machine("ewr")["pid"] not in (None, pid), "another process")
    for page in people:
        expect(page.locator("#world li", has_text="Tea <b>").locator("output")).to_have_text("2")
    line.fill("Tea is ahead")
    line.press("Enter")
    expect(phone.locator("#views [data-heard]")).to_have_count(1)
    phone.locator("#views button").last.click()
    expect(phone.locator("#log .text")).to_have_text(["Tea is ahead"])
    assert [phone.locator(part).is_visible() for part in (board, chat)] == [False, True]
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints == []


WATCH = """() => {
  window.seen = [];
  const look = () => window.seen.push([
    performance.now(),
    document.getElementById("bar-status").dataset.state,
    document.querySelector(".notices").textContent.trim(),
    document.getElementById("log").childElementCount,
    document.getElementById("here-count").textContent,
    document.getElementById("scroll").scrollTop,
  ]);
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
BACK = "window.seen.some((one) => one[1] !== 'open') && window.seen.at(-1)[1] === 'open'"


@pytest.mark.journey
@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_drain_is_no_worse_than_a_blink(fly: Running, people: tuple[Page, Page]) -> None:
    """[WB30] While the Machine is restarted the dot changes; list, place, draft and who is here stay. A short absence is not told."""
    expect.set_options(timeout=60_000)
    desk = people[0]
    for page in people:
        page.goto(f"{fly.url('ewr', 'ewr')}r/drain/")
        expect(page.locator("#bar-status")).to_have_attribute("data-state", "open")
    line = desk.get_by_label("Message", exact=True)
    for number in range(8):
        line.fill(f"line {number}")
        line.press("Enter")
    for page in people:
        expect(page.locator("#log .text")).to_have_count(8)
        expect(page.locator("#here-count")).to_have_text("2")
    line.fill("a draft")
    for page in people:
        page.evaluate(WATCH)
    fly.order("restart", "ewr")
    for page in people:
        wait_until(lambda page=page: page.evaluate(BACK), "everybody is back")
        seen = page.evaluate("window.seen")
        lost_at = next(at for at, state, *_ in seen if state != "open")
        assert [notice for at, _, notice, *_ in seen if notice and at < lost_at + 1500] == []
        assert len({tuple(kept) for _, _, _, *kept in seen}) == 1
    assert line.input_value() == "a draft"
