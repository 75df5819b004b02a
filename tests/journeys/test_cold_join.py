"""Join on a region that sleeps: by a browser with nothing but the button, and by five hundred at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from bench.cold_join import World, visit
from tests.journeys.crowd import Visitor
from tests.journeys.test_browser import Visitor as Person
from tests.journeys.test_browser import browser
from tests.support.emulator import Running, running, wait_until

__all__ = ["browser"]
PLAYERS = 500
PLACES = 20


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """New York is up, Paris and Tokyo sleep; rooms have twenty places."""
    arguments = ("--regions", "ewr,cdg,nrt", "--asleep", "cdg,nrt")
    with running(tmp_path_factory.mktemp("cold"), *arguments, env={"ROOM_PLACES": str(PLACES)}) as emulator:
        yield emulator


def starts(fly: Running, name: str) -> int:
    """How often the Machines API was asked to start a Machine, by its own events. The lobby's token opens them."""
    environ = Path(f"/proc/{fly.machine('ewr')['pid']}/environ").read_bytes().split(b"\0")
    token = next(one for one in environ if one.startswith(b"MACHINES_API_TOKEN=")).partition(b"=")[2].decode()
    url = f"{fly.status()['api']}/v1/apps/rooms/machines/{fly.machine(name)['id']}"
    found: Any = httpx.get(url, headers={"Authorization": f"Bearer {token}"}).json()
    return sum((event["type"], event["status"]) == ("start", "starting") for event in found["events"])


def let_sleep(fly: Running, name: str) -> None:
    """Have a Machine stopped, whoever woke it: an edge does so where nearer ones fail their health checks, as among five hundred."""
    if fly.machine(name)["state"] != "stopped":
        fly.order("stop", name)
        wait_until(lambda: fly.machine(name)["state"] == "stopped", f"{name} sleeps")


@pytest.mark.browser
@pytest.mark.usefixtures("browser")
def test_the_join_button_wakes_paris(request: pytest.FixtureRequest, cold: Running) -> None:
    """[JN50] Looking at the lobby wakes nobody; pressing Join on a region that sleeps shows the page to wait on, and is all that it takes
    to be in the room there, with an address that has no ticket in it."""
    let_sleep(cold, "cdg")
    before = starts(cold, "cdg")
    person = Person(request.getfixturevalue("browser"), 390, 844, "light")
    page, asked = person.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(cold.url("ewr"))
    expect(page.locator('[data-code="ewr"] [data-field="rtt"]')).to_contain_text("ms")
    assert not [url for url in asked if url.startswith(cold.url("ewr", "cdg"))]
    assert cold.machine("cdg")["state"] == "stopped"
    page.get_by_role("link", name="Join Paris").click()
    expect(page.get_by_role("heading", name="Waking Paris")).to_be_visible()
    expect(page.get_by_role("link", name="Play in New York now")).to_be_visible()
    person.picture("waiting-390")
    expect(page.locator("#bar-status")).to_have_attribute("data-state", "open")
    assert page.url == f"{cold.url('ewr', 'cdg')}r/main/"
    person.say("Bonjour")
    person.sees("Bonjour")
    assert starts(cold, "cdg") == before + 1
    assert not person.complaints
    page.context.close()
    # The marks that the benchmark measures by.
    with closing(World(cold)) as world, visit(request.getfixturevalue("browser"), cold) as marks:
        assert world.asked_ms() < marks["pressed"] < marks["left"] <= marks["answered"] < marks["drawn"]


def test_five_hundred_press_join_at_once(cold: Running) -> None:
    """[JN51] Five hundred people press Join on a region that sleeps: it is started once, everybody is let in, no room has more players than
    places. Their tickets are worth nothing to another session, another player, in another room or region, and changed."""
    players = [Visitor(cold.port("ewr"), "nrt") for _ in range(PLAYERS)]

    async def press() -> None:
        try:
            await asyncio.gather(*(player.play() for player in players))
            first, second = players[:2]
            text = first.ticket
            changed = text[:20] + ("A" if text[20] != "A" else "B") + text[21:]
            for other, why in (
                ({"sid": second.sid}, "used"),
                ({"sid": second.sid, "cookie": second.cookie}, "other_player"),
                ({"sid": second.sid, "room": "elsewhere"}, "other_room"),
                ({"sid": second.sid, "region": "ewr"}, "other_region"),
                ({"sid": second.sid, "ticket": changed}, "forged"),
            ):
                bye = await first.enter(**other)
                assert (bye["type"], bye["code"], bye["why"]) == ("bye", 4008, why)
        finally:
            await asyncio.gather(*(player.leave() for player in players))

    assert cold.machine("nrt")["state"] == "stopped"
    # On a thread of its own: the browser's driver keeps this one's event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, press()).result()
    assert {player.welcome["type"] for player in players} == {"welcome"}
    assert set(Counter(player.room for player in players).values()) == {PLACES}
    assert max(player.welcome["players"] for player in players) <= PLACES
    assert starts(cold, "nrt") == 1
    assert cold.machine("nrt")["state"] == "up"
