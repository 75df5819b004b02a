"""What watchers of an emulator are told: all of it once, then what has changed, ten times a second at most (PG6 to PG8)."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from fly.edge.proxy import Line

TICK_S = 0.1
KEPT = 50
"""Requests, and sentences, that somebody who begins to watch is told."""
MAX_LINES = 40
"""Requests in one change; of more their number is told: nobody reads 400 lines a second."""
MAX_WAITING = 20
"""Changes that wait for one watcher: two seconds of them."""
MAX_WATCHERS = 16
QUIET_PATHS = ("/static/", "/ping", "/.edge/", "/beats/")
"""Requests that nobody wants to read of, unless they fail: their ways light up, and they are on no list."""
MAX_TEXT = 300
"""Characters of a path or a sentence."""

View = Mapping[str, Any]
"""By section (`edges`, `machines`, …) and name in it: what there is, as JSON."""


class Crowded(RuntimeError):
    """There are MAX_WATCHERS already."""


def changes(before: View, after: View) -> dict[str, Any]:
    """Only what differs: by section and name the new value, None for what is gone. A section that is no mapping is told whole."""
    told: dict[str, Any] = {}
    for section, values in after.items():
        old = before.get(section)
        if not isinstance(values, Mapping) or not isinstance(old, Mapping):
            if values != old:
                told[section] = values
            continue
        different = {name: value for name, value in values.items() if name not in old or old[name] != value}
        different |= dict.fromkeys(name for name in old if name not in values)
        if different:
            told[section] = different
    return told


def describe(line: Line, number: int, at_ms: int) -> dict[str, Any]:
    """A request as a watcher gets it: the console's facts, without a query, and the Machines it went to by their ids."""
    return {
        "n": number,
        "at": at_ms,
        "method": line.method,
        "host": line.host[:MAX_TEXT],
        "path": line.path[:MAX_TEXT],
        "status": line.status,
        "edge": line.trace.edge,
        "hops": [[hop.region, hop.machine, hop.said] for hop in line.trace.hops],
        "ms": round(line.elapsed_ms, 1),
        "code": line.code,
        "quiet": is_quiet(line),
    }


def is_quiet(line: Line) -> bool:
    """Whether a request is of QUIET_PATHS and went well."""
    return line.path.startswith(QUIET_PATHS) and line.status < 400


class Watcher:
    """One who watches. Who reads slowly skips: what waits is dropped, and all of it is told anew."""

    def __init__(self, snapshot: Callable[[], str]) -> None:
        self._snapshot = snapshot
        self._waiting: deque[str] = deque()
        self._anew = True
        self._there = asyncio.Event()
        self._there.set()

    def put(self, change: str) -> None:
        """Another change; never waits."""
        if self._anew:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self._anew = True
        else:
            self._waiting.append(change)
        self._there.set()

    async def next(self) -> str:
        """A snapshot or a change, as JSON, as soon as there is one."""
        await self._there.wait()
        if self._anew:
            self._anew = False
            text = self._snapshot()
        else:
            text = self._waiting.popleft()
        if not self._waiting:
            self._there.clear()
        return text


class Feed:
    """Hears requests and sentences, looks at the rest by `look`, and tells all watchers. Without any it only keeps the last few."""

    def __init__(self, look: Callable[[], View], now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._look = look
        self._now_ms = now_ms
        self._numbers = itertools.count(1)
        self._requests: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._said: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._fresh: dict[str, list[dict[str, Any]]] = {"requests": [], "said": []}
        self._missed = 0
        self._view: View = {}
        self._watchers: set[Watcher] = set()
        self._ticking: asyncio.Task[None] | None = None

    def line(self, line: Line) -> None:
        """A request."""
        told = describe(line, next(self._numbers), self._now_ms())
        if not told["quiet"]:
            self._requests.append(told)
        if self._watchers:
            if len(self._fresh["requests"]) < MAX_LINES:
                self._fresh["requests"].append(told)
            else:
                self._missed += 1

    def say(self, text: str) -> None:
        """A sentence of what happens."""
        told = {"n": next(self._numbers), "at": self._now_ms(), "text": text[:MAX_TEXT]}
        self._said.append(told)
        if self._watchers and len(self._fresh["said"]) < MAX_LINES:
            self._fresh["said"].append(told)

    def watch(self) -> Watcher:
        """Begin to watch. Raises Crowded. Whoever begins has to `leave`."""
        if len(self._watchers) >= MAX_WATCHERS:
            raise Crowded
        watcher = Watcher(self._snapshot)
        if not self._watchers:
            self._view = self._look()
            self._ticking = asyncio.ensure_future(self._tick())
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """End it. Harmless when it is said twice."""
        self._watchers.discard(watcher)
        if not self._watchers and self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
            self._fresh, self._missed = {"requests": [], "said": []}, 0

    def tell(self) -> None:
        """Tell all watchers what has changed since the last time; nothing if nothing has."""
        view = self._look()
        told = changes(self._view, view) | {name: lines for name, lines in self._fresh.items() if lines}
        if self._missed:
            told["missed"] = self._missed
        self._view, self._fresh, self._missed = view, {"requests": [], "said": []}, 0
        if told:
            text = json.dumps({"kind": "change", **told})
            for watcher in self._watchers:
                watcher.put(text)

    def _snapshot(self) -> str:
        return json.dumps({"kind": "snapshot", "now": self._now_ms(), **self._look(), "requests": [*self._requests], "said": [*self._said]})

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tell()
