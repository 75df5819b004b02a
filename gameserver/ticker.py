"""Ticks of a room's worlds: each at its pace, and only while they are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from gameserver.engine.worlds import BaseWorld


class Ticker:
    """Calls `tick` with a world's name when it is due. A late tick is not made up for by a second one at once.

    wanted: asked before each tick; when it is not, ticking ends until `keep` is called again.
    """

    def __init__(self, tick: Callable[[str], None], wanted: Callable[[], bool]) -> None:
        self._tick = tick
        self._wanted = wanted
        self.without: set[str] = set()
        """Worlds that do not tick any more, by name."""
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def keep(self, worlds: Iterable[BaseWorld]) -> None:
        """Have these worlds tick, those of them that want to; nothing changes for one that does already."""
        if not self._wanted():
            return
        loop = asyncio.get_running_loop()
        for world in worlds:
            if world.tick_s and world.name not in self._timers and world.name not in self.without:
                due = loop.time() + world.tick_s
                self._timers[world.name] = loop.call_at(due, self._due, world.name, world.tick_s, due)

    def stop(self) -> None:
        """No more ticks."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers = {}

    def _due(self, name: str, tick_s: float, due: float) -> None:
        del self._timers[name]
        if not self._wanted() or name in self.without:
            return
        loop = asyncio.get_running_loop()
        following = max(due + tick_s, loop.time())
        self._timers[name] = loop.call_at(following, self._due, name, tick_s, following)
        self._tick(name)
