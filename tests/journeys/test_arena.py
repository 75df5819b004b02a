"""Two people in a real Chromium fly in one arena in Paris, from New York and Tokyo; its owner is killed in the middle of a round."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.test_browser import Visitor, browser
from tests.support.emulator import Running, wait_until

pytestmark = [pytest.mark.browser]
__all__ = ["browser"]
HUNT = """(node, prey) => {
  const stage = node.querySelector('[role="application"]');
  const held = new Set();
  const press = (key, isDown) => {
    if (isDown === held.has(key)) return;
    if (isDown) held.add(key);
    else held.delete(key);
    const code = key === " " ? "Space" : key;
    stage.dispatchEvent(new KeyboardEvent(isDown ? "keydown" : "keyup", { key, code, bubbles: true, cancelable: true }));
  };
  const steer = () => {
    const own = node.arena.game.ship;
    const other = node.arena.stage.view?.ships.find((ship) => ship.id === prey);
    if (own) {
      const [x, y] = other ? [other.x - own.x, other.y - own.y] : [2048 - own.x, 2048 - own.y];
      const wanted = Math.round((Math.atan2(y, x) * 512) / Math.PI);
      const turn = ((((wanted - own.heading) % 1024) + 1536) % 1024) - 512;
      const far = Math.hypot(x, y);
      press("ArrowLeft", turn < -8);
      press("ArrowRight", turn > 8);
      press("ArrowUp", Math.abs(turn) < 90 && far > 350);
      press(" ", Boolean(other) && Math.abs(turn) < 24 && far < 700);
    }
    node.hunt = requestAnimationFrame(steer);
  };
  stage.focus();
  steer();
}"""
STATE = """node => ({ role: node.arena.stage.view?.role, tick: node.arena.stage.view?.tick, round: node.arena.game.state.round,
  points: Object.fromEntries(node.arena.game.state.ships.map((ship) => [ship.id, ship.points])) })"""


class Pilot(Visitor):
    """Somebody in the arena."""

    def open(self, url: str) -> None:
        """Go there, and play."""
        self.page.goto(url)
        expect(self.page.locator("#bar-status")).to_have_attribute("data-state", "open")
        self.page.get_by_role("button", name="Play").first.click()
        wait_until(lambda: self.state["role"] == "ship", "a ship")

    @property
    def state(self) -> dict[str, Any]:
        """What the page knows."""
        found: dict[str, Any] = self.page.locator(".arena").evaluate(STATE)
        return found

    @property
    def id(self) -> str:
        """Of the player."""
        found: str = self.page.evaluate("JSON.parse(document.getElementById('page-data').textContent).player.id")
        return found

    def points(self, id: str) -> int:
        """Of a player, as this page shows them."""
        return int(self.state["points"].get(id, 0))

    def hunt(self, prey: str) -> None:
        """Fly after a player and shoot, by the keys, until the page is left."""
        self.page.locator(".arena").evaluate(HUNT, prey)


def test_two_people_fly_against_each_other_and_the_owner_dies(browser: Browser, fly: Running) -> None:
    """[AR120] One's shots give one points that both see; the owner is killed in mid-round: both fly on, with their points."""
    ada, bob = Pilot(browser), Pilot(browser, 390, 844, "light")
    for pilot, vantage in ((ada, "ewr"), (bob, "nrt")):
        pilot.open(f"{fly.url(vantage, 'cdg')}r/fly/?world=arena")
    ada.hunt(bob.id)
    bob.hunt("nobody")
    fallen = ada.page.locator(".arena").get_by_text(f"You destroyed {bob.page.locator('#me-name').inner_text()}")
    wait_until(lambda: fallen.count() > 0, "Ada destroys Bob", 170)
    wait_until(lambda: ada.points(ada.id) >= 5 and bob.points(ada.id) >= 5, "both see her points")
    ada.picture("arena-1280")
    bob.picture("arena-390")
    pid, before = fly.machine("cdg")["pid"], ada.state
    fly.order("kill", "cdg")
    wait_until(lambda: fly.machine("cdg")["state"] == "up" and fly.machine("cdg")["pid"] != pid, "cdg is up again")
    for pilot in (ada, bob):
        expect(pilot.page.locator("#bar-status")).to_have_attribute("data-state", "open")
        wait_until(lambda pilot=pilot: pilot.state["role"] in ("ship", "returning"), "a ship again")
    # A round may end meanwhile; points of one that goes on are there still.
    for pilot in (ada, bob):
        now = pilot.state
        assert now["round"] in (before["round"], before["round"] + 1)
        if now["round"] == before["round"]:
            assert pilot.points(ada.id) >= before["points"][ada.id]
        wait_until(lambda pilot=pilot, tick=now["tick"]: pilot.state["tick"] > tick + 60, "time goes on")
    assert (ada.complaints, bob.complaints) == ([], [])
