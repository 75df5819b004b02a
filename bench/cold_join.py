"""Join on a region that sleeps, by a real browser with nothing but the button. `python -m bench.cold_join` (needs a Chromium).

COUNT times (20), in the emulator with New York up and Paris asleep: somebody new at New York presses Join Paris and is in the room when the
welcome is drawn; then Paris is stopped through the Machines API. `cold_ms` is all of it, and its parts in turn: `api`, from the press until
the API was asked to start (its own event); `boot`, until Paris answers its health check; `replay`, until the room's page answers, through
New York's edge; `first_frame`, until the second frame after the welcome. `told_ms`: from the health check until the waiting page goes in;
below 0 it was at the door before. In the same rounds: `warm_ms`, the same button while Paris is up, and `bare_boot_ms`, the gameserver's
process alone until it answers.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser

from bench.boot import boot, healthz
from bench.machine import machine_environ, migrate
from bench.opening import chrome
from tests.support.emulator import Running, running, wait_until

COUNT = int(os.environ.get("COUNT", "20"))
VANTAGE, TARGET, CITY = "ewr", "cdg", "Paris"
PLACES = 20
LOOK_S = 0.005
PATIENCE_MS = 60_000
PARTS = ("api", "boot", "replay", "first_frame")
MARKS = """
addEventListener("click", () => mark("pressed", performance.timeOrigin + performance.now()), { capture: true });
addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("bar-status");
  new MutationObserver((_, watch) => {
    if (status.dataset.state !== "open") return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const [page] = performance.getEntriesByType("navigation");
      mark("left", performance.timeOrigin);
      mark("answered", performance.timeOrigin + page.responseStart);
      mark("drawn", performance.timeOrigin + performance.now());
    }));
  }).observe(status, { attributes: true });
});
"""


class Watch:
    """Looks at a Machine until it is up: when that was, in ms since 1970."""

    def __init__(self, fly: Running) -> None:
        self.up_ms = 0.0
        self._fly = fly
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        wait_until(self._is_up, f"{TARGET} is up")

    def _is_up(self) -> bool:
        # Before the question: it may have been up for as long as the answer took.
        now_ms = time.time() * 1e3
        if self._fly.machine(TARGET)["state"] != "up":
            time.sleep(LOOK_S)
            return False
        self.up_ms = now_ms
        return True

    def end(self) -> float:
        """What it saw."""
        self._thread.join()
        return self.up_ms


class World:
    """The emulator, its Machines API and the lobby's database. To be closed."""

    def __init__(self, fly: Running) -> None:
        given = dict(line.partition("=")[::2] for line in (fly.folder / "api.env").read_text().splitlines())
        headers = {"authorization": f"Bearer {given['MACHINES_API_TOKEN']}"}
        self.fly = fly
        self.path = f"/v1/apps/rooms/machines/{fly.machine(TARGET)['id']}"
        self.api = httpx.Client(base_url=fly.status()["api"], headers=headers, timeout=60)
        self.close = self.api.close

    def asked_ms(self) -> float:
        """When the API was asked to start the Machine, for the last time."""
        events = self.api.get(self.path).raise_for_status().json()["events"]
        return float(next(one["timestamp"] for one in events if (one["type"], one["status"]) == ("start", "starting")))

    def sleep(self) -> None:
        """Let the Machine go, and the planner forget that somebody waited: by itself it would in a minute."""
        with closing(sqlite3.connect(self.fly.folder / "lobby.sqlite3", timeout=20)) as database:
            measured = "SELECT COUNT(*) FROM lobby_boot WHERE seconds IS NULL"
            wait_until(lambda: database.execute(measured).fetchone()[0] == 0, "the planner has heard of the start")
            with database:
                database.execute("DELETE FROM lobby_demand")
        self.api.post(f"{self.path}/stop", json={"signal": "SIGTERM", "timeout": "20s"}).raise_for_status()
        wait_until(lambda: self.fly.machine(TARGET)["fly"] == "stopped", f"{TARGET} is stopped")


@contextmanager
def visit(browser: Browser, fly: Running) -> Iterator[dict[str, float]]:
    """Somebody new opens the lobby, presses Join, and is in the room: when what happened, in ms since 1970. Then they go."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    marks: dict[str, float] = {}
    context.expose_binding("mark", lambda _, name, at: marks.__setitem__(name, at))
    context.add_init_script(MARKS)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(fly.url(VANTAGE))
    page.get_by_role("link", name=f"Join {CITY}").click()
    page.wait_for_selector("#bar-status[data-state=open]")
    wait_until(lambda: page.evaluate("1") and "drawn" in marks, "the welcome is drawn")
    yield marks
    context.close()


def cold(browser: Browser, world: World) -> dict[str, float]:
    """One cold join, in its parts."""
    watch = Watch(world.fly)
    with visit(browser, world.fly) as marks:
        at = [marks["pressed"], world.asked_ms(), watch.end(), marks["answered"], marks["drawn"]]
    parts = {name: later - before for name, before, later in zip(PARTS, at, at[1:], strict=False)}
    return {**parts, "cold": at[-1] - at[0], "told": marks["left"] - at[2]}


def warm(browser: Browser, world: World) -> float:
    """The same while the region is up."""
    with visit(browser, world.fly) as marks:
        return marks["drawn"] - marks["pressed"]


def percentiles(values: list[float]) -> dict[str, int]:
    """In ms."""
    if len(values) < 2:
        return {"p50": round(values[0]), "p99": round(values[0])}
    quantiles = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(quantiles[49]), "p99": round(quantiles[98])}


def rounds(folder: Path, count: int) -> tuple[list[dict[str, float]], list[float], list[float]]:
    """So many cold joins, each with a warm one and a bare boot beside it. One more before them, which is not counted."""
    options = ("--regions", f"{VANTAGE},{TARGET}", "--asleep", TARGET)
    (folder / "bare").mkdir()
    environ = machine_environ(folder / "bare")
    migrate(environ)
    colds: list[dict[str, float]] = []
    warms: list[float] = []
    bares: list[float] = []
    places = {"ROOM_PLACES": str(PLACES)}
    with running(folder / "fly", *options, env=places) as fly, chrome() as browser, closing(World(fly)) as world:
        for _ in range(count + 1):
            colds.append(cold(browser, world))
            warms.append(warm(browser, world))
            world.sleep()
            bares.append(boot("config.asgi:application", environ, {"healthz": healthz})["healthz_ms"])
    return colds[1:], warms[1:], bares[1:]


def run(count: int = COUNT) -> dict[str, Any]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        colds, warms, bares = rounds(Path(folder), count)
    found = {name: percentiles([one[name] for one in colds]) for name in ("cold", *PARTS, "told")}
    warm_ms, bare_ms = percentiles(warms), percentiles(bares)
    return {
        "bench": "cold_join",
        "joins": count,
        **{f"{name}_ms": figures for name, figures in found.items()},
        "warm_ms": warm_ms,
        "bare_boot_ms": bare_ms,
        "ratio_cold_to_warm": round(found["cold"]["p50"] / warm_ms["p50"], 2),
        "ratio_cold_to_bare_boot": round(found["cold"]["p50"] / bare_ms["p50"], 2),
        "ratio_boot_to_bare_boot": round(found["boot"]["p50"] / bare_ms["p50"], 2),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
