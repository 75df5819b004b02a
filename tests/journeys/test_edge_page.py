"""The emulator's own page in a real Chromium, over one small Machine that is a real process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.fly.edge.desktop import PARENT, Desktop, tiny_plan
from tests.fly.edge.world import read_answer
from tests.support import chromium
from tests.support.raw import handshake

pytestmark = [pytest.mark.browser]
PATIENCE_MS = 60_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium from the system's packages; without one the test is skipped, in CI it fails."""
    path = chromium.demanded()
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=[*chromium.ARGUMENTS])
        yield started
        await started.close()


@pytest.fixture
async def fly(tmp_path: Path) -> AsyncIterator[Desktop]:
    """One Machine in cdg, vantage points in cdg and ewr."""
    made = Desktop(tiny_plan(tmp_path))
    await made.emulator.start()
    yield made
    await made.emulator.stop()


async def opened(browser: Browser, fly: Desktop, width: int) -> tuple[Page, list[str]]:
    """The page, live, in a browser that cannot bear motion; and what the browser complains about."""
    complaints: list[str] = []
    context = await browser.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    await page.goto(f"http://{PARENT}:{fly.port}/.edge/")
    await expect(page.locator("#live")).to_have_text("live")
    return page, complaints


async def test_machines_are_seen_and_broken_by_buttons(browser: Browser, fly: Desktop) -> None:
    """[PG17] The page shows Machines and sockets; Kill, by the keyboard, is seen to kill and the Machine to come back; it fits a phone."""
    expect.set_options(timeout=PATIENCE_MS)
    await kill_and_see(*await opened(browser, fly, 1280), fly)
    await fit_a_phone(*await opened(browser, fly, 375), fly)


async def kill_and_see(page: Page, complaints: list[str], fly: Desktop) -> None:
    machine = page.locator(".machine")
    await expect(machine).to_have_count(1)
    await expect(machine.locator(".state")).to_have_text("up")
    await expect(page.locator("#summary")).to_have_text("1 of 1 Machine up, 2 vantage points, 0 open sockets.")
    reader, writer = await asyncio.open_connection("127.0.0.1", fly.emulator.edges["ewr"].port)
    writer.write(handshake(PARENT))
    await read_answer(reader)
    await expect(page.locator(".sockets .badge text")).to_have_text("1")
    await expect(page.locator("#requests .way").first).to_contain_text("ewr edge → cdg machine")
    before = fly.emulator.machines["cdg"].pid
    kill = page.get_by_role("button", name="Kill cdg", exact=True)
    await kill.focus()
    await page.keyboard.press("Enter")
    log = page.get_by_role("log")
    for words in ("kill cdg, ordered from the page", "died (exit code -9), starting again", "is up again"):
        await expect(log).to_contain_text(words)
    await expect(machine.locator(".answer")).to_contain_text("is up again")
    await expect(machine.locator(".state")).to_have_text("up")
    await expect(kill).to_be_focused()
    await reader.read()
    writer.close()
    await expect(page.locator(".sockets .badge")).to_have_count(0)
    assert fly.emulator.machines["cdg"].pid not in (None, before)
    assert complaints == []


async def fit_a_phone(page: Page, complaints: list[str], fly: Desktop) -> None:
    """Nothing is wider than the screen, also with all that folds open; the weather is set by its slider."""
    for summary in await page.locator("summary:visible").all():
        await summary.click()
    assert await page.evaluate("document.documentElement.scrollWidth") == 375
    await page.locator("#cdg-latency_ms").fill("120")
    await expect(page.locator("#region-cdg .facts")).to_contain_text("Weather: 120 ms each way.")
    assert fly.emulator.edges["cdg"].sky.weather.latency_ms == 120
    assert complaints == []
