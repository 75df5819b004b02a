"""Three people in a real Chromium, at three vantage points, on one board in Paris; its owner is killed in the middle of a drag."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, FloatRect, expect

from tests.journeys.test_browser import Visitor, browser
from tests.support.emulator import Running, wait_until

pytestmark = [pytest.mark.browser]
__all__ = ["browser"]
SHAPES = "node => node.board.inOrder().map((id) => node.board.get(id))"
PENDING = "node => node.board.pending"


class Drawer(Visitor):
    """Somebody at a board."""

    def open(self, url: str) -> None:
        """Go there and wait until the board is."""
        self.page.goto(url)
        expect(self.page.locator("#bar-status")).to_have_attribute("data-state", "open")
        expect(self.page.locator(".board")).to_have_attribute("data-state", "open")

    @property
    def shapes(self) -> list[dict[str, Any]]:
        """What is shown, back to front."""
        found: list[dict[str, Any]] = self.page.locator(".board").evaluate(SHAPES)
        return found

    def shape(self, kind: str) -> dict[str, Any]:
        """The first shape of a kind."""
        return next(shape for shape in self.shapes if shape["kind"] == kind)

    @property
    def is_settled(self) -> bool:
        """Whether nothing of its own waits for the owner."""
        return bool(self.page.locator(".board").evaluate(PENDING) == 0)

    def ground(self) -> FloatRect:
        """Where on the screen the board is."""
        box = self.page.locator(".board-ground").bounding_box()
        assert box is not None
        return box

    def take(self, tool: str) -> None:
        """Take a tool from the toolbar."""
        self.page.get_by_role("button", name=tool).first.click()

    def stroke(self, *points: tuple[float, float]) -> None:
        """Press, move and let go, in parts of the board's width and height."""
        self.press(*points[0])
        for point in points[1:]:
            self.move(*point)
        self.page.mouse.up()

    def press(self, x: float, y: float) -> None:
        self.move(x, y)
        self.page.mouse.down()

    def move(self, x: float, y: float) -> None:
        box = self.ground()
        self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)


def alike(drawers: Sequence[Drawer], also: Callable[[], bool] = lambda: True) -> list[dict[str, Any]]:
    """Wait until all show the same scene and nothing is under way; the scene."""

    def same() -> bool:
        scenes = {json.dumps(drawer.shapes, sort_keys=True) for drawer in drawers}
        return len(scenes) == 1 and all(drawer.is_settled for drawer in drawers) and also()

    wait_until(same, "all boards are alike")
    return drawers[0].shapes


def edge(drawer: Drawer, shape: dict[str, Any]) -> tuple[float, float]:
    """A place on the upper edge of a shape, beside its handles, in parts of the width and height of a drawer's board."""
    camera, box = drawer.page.locator(".board").evaluate("node => node.desk.camera"), drawer.ground()
    x = (shape["x"] + shape["w"] / 4 - camera["x"]) * camera["scale"]
    y = (shape["y"] - camera["y"]) * camera["scale"]
    return 0.5 + x / box["width"], 0.5 + y / box["height"]


def three(browser: Browser, fly: Running, slug: str) -> tuple[Drawer, Drawer, Drawer]:
    """Three drawers at one board in Paris, in New York, Tokyo and Paris; the last one on a phone."""
    ada, bob, cleo = Drawer(browser), Drawer(browser, scheme="light"), Drawer(browser, 390, 844, "light")
    for drawer, vantage in zip((ada, bob, cleo), ("ewr", "nrt", "cdg"), strict=True):
        drawer.open(f"{fly.url(vantage, 'cdg')}r/{slug}/?world=board")
    return ada, bob, cleo


def drag_together(ada: Drawer, bob: Drawer, shape: dict[str, Any]) -> None:
    """Two drag the same shape at the same time: one to the right, the other downwards."""
    for drawer in (ada, bob):
        drawer.take("Select")
        drawer.page.keyboard.press("g")
    places = [edge(drawer, shape) for drawer in (ada, bob)]
    for drawer, place in zip((ada, bob), places, strict=True):
        drawer.press(*place)
    for step in range(1, 6):
        ada.move(places[0][0] + 0.01 * step, places[0][1])
        bob.move(places[1][0], places[1][1] + 0.01 * step)
    for drawer in (ada, bob):
        drawer.page.mouse.up()


def kill_in_mid_drag(fly: Running, ada: Drawer, cleo: Drawer) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Ada drags, Cleo sees it, the owner is killed, Ada drags on and lets go: what Cleo had seen, and what Ada has."""
    pid, before = fly.machine("cdg")["pid"], cleo.shape("rect")
    x, y = edge(ada, before)
    ada.press(x, y)
    for step in range(1, 8):
        ada.move(x + 0.02 * step, y)
    wait_until(lambda: cleo.shape("rect")["x"] > before["x"], "the drag is seen elsewhere")
    seen = cleo.shapes
    fly.order("kill", "cdg")
    for step in range(8, 12):
        ada.move(x + 0.02 * step, y)
    ada.page.mouse.up()
    wait_until(lambda: fly.machine("cdg")["state"] == "up" and fly.machine("cdg")["pid"] != pid, "cdg is up again")
    return seen, ada.shape("rect")


def test_three_people_draw_and_the_owner_dies_in_mid_drag(browser: Browser, fly: Running) -> None:
    """[BD130] Drags of one shape add up, undo takes back one's own; the owner is killed in mid-drag: all show what was seen."""
    ada, bob, cleo = drawers = three(browser, fly, "drawing")
    ada.take("Rectangle")
    ada.stroke((0.25, 0.35), (0.45, 0.55))
    bob.take("Ellipse")
    bob.stroke((0.5, 0.2), (0.7, 0.4))
    cleo.take("Pen")
    cleo.stroke((0.2, 0.6), (0.4, 0.65), (0.3, 0.7), (0.6, 0.7))
    assert sorted(shape["kind"] for shape in alike(drawers, lambda: len(ada.shapes) == 3)) == ["ellipse", "rect", "stroke"]
    begin = ada.shape("rect")
    drag_together(ada, bob, begin)
    alike(drawers)
    both = ada.shape("rect")
    assert both["x"] > begin["x"] + 20
    assert both["y"] > begin["y"] + 10
    bob.page.keyboard.press("Control+z")
    alike(drawers, lambda: ada.shape("rect")["y"] != both["y"])
    assert (cleo.shape("rect")["x"], cleo.shape("rect")["y"]) == (both["x"], begin["y"])
    seen, held = kill_in_mid_drag(fly, ada, cleo)
    final = alike(drawers, lambda: cleo.shape("rect")["x"] == held["x"])
    assert {shape["id"] for shape in seen} <= {shape["id"] for shape in final}
    assert held["x"] > next(shape["x"] for shape in seen if shape["kind"] == "rect") > both["x"]
    cleo.take("Note")
    cleo.stroke((0.5, 0.3))
    cleo.page.keyboard.type("Nothing was lost.")
    cleo.page.keyboard.press("Escape")
    alike(drawers, lambda: any(shape["text"] == "Nothing was lost." for shape in ada.shapes))
    ada.picture("board-1280")
    cleo.picture("board-390")
    assert [drawer.complaints for drawer in drawers] == [[], [], []]


def test_what_is_deleted_under_ones_hands_is_let_go(browser: Browser, fly: Running) -> None:
    """[BD95] A shape that somebody deletes while another drags it, or writes in it, is let go, and said so; nothing of it comes back."""
    ada, bob, _ = drawers = three(browser, fly, "hands")
    for drawer in (ada, bob):
        drawer.take("Select")
    ada.take("Note")
    ada.stroke((0.3, 0.3))
    ada.page.keyboard.type("mine")
    alike(drawers[1:], lambda: len(bob.shapes) == 1)
    bob.page.locator(".board-ground").click(position={"x": 5, "y": 400})
    bob.page.keyboard.press("Control+a")
    bob.page.keyboard.press("Delete")
    alike(drawers, lambda: not ada.shapes)
    expect(ada.page.locator(".board textarea")).to_have_count(0)
    ada.take("Rectangle")
    ada.stroke((0.3, 0.3), (0.5, 0.5))
    begin = alike(drawers, lambda: len(bob.shapes) == 1)[0]
    x, y = edge(ada, begin)
    ada.press(x, y)
    ada.move(x + 0.1, y)
    wait_until(lambda: bob.shapes[0]["x"] > begin["x"], "the drag is seen elsewhere")
    bob.page.keyboard.press("Control+a")
    bob.page.keyboard.press("Delete")
    wait_until(lambda: not ada.shapes, "the shape is gone")
    ada.move(x + 0.2, y)
    ada.page.mouse.up()
    alike(drawers, lambda: not bob.shapes)
    assert [drawer.complaints for drawer in drawers] == [[], [], []]


def test_a_link_to_watch_shows_the_board_and_lets_nobody_draw(browser: Browser, fly: Running) -> None:
    """[BD91] Behind the link to watch the board is seen as it changes; there is nothing to draw with, and keys change nothing."""
    ada, guest = Drawer(browser), Drawer(browser, 390, 844)
    ada.open(f"{fly.url('ewr', 'cdg')}r/tea-at-five/?world=board")
    link = ada.page.evaluate("JSON.parse(document.getElementById('page-data').textContent).watch")
    guest.open(fly.url("nrt", "cdg").rstrip("/") + link)
    ada.take("Rectangle")
    ada.stroke((0.3, 0.3), (0.5, 0.5))
    alike([ada, guest], lambda: len(guest.shapes) == 1)
    expect(guest.page.get_by_text("Read only", exact=True)).to_be_visible()
    expect(guest.page.locator("#composer")).to_be_hidden()
    assert guest.page.get_by_role("button", name="Rectangle").count() == 0
    guest.page.locator(".board-ground").click(position={"x": 20, "y": 300})
    for keys in ("Control+a", "Delete", "r", "Enter"):
        guest.page.keyboard.press(keys)
    ada.page.keyboard.press("ArrowRight")
    assert len(alike([ada, guest], lambda: guest.shapes[0]["x"] == ada.shapes[0]["x"])) == 1
    assert "tea-at-five" not in guest.page.content()
    assert (ada.complaints, guest.complaints) == ([], [])
