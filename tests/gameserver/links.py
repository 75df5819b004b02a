"""Links for tests, that keep what they received and what they said of themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from channels.layers import InMemoryChannelLayer

from config.settings import _channel_layer
from gameserver.layer import RedisLayer
from gameserver.link import Link
from tests.support.redis import Server

PATIENCE_S = 60.0


async def until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Wait until a condition holds, and return its value."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.005)
    return value


def redis_layer(server: Server, **options: Any) -> RedisLayer:
    """A layer as the settings make it, with connections of its own."""
    return RedisLayer(**_channel_layer(server.url)["CONFIG"] | options)


class Station:
    """A process with a link. turns: what `changed` was called with. answer: what it does with a message, besides keeping it."""

    def __init__(self, layer: Any, name: str = "148e") -> None:
        self.link = Link(layer, name, self.receive, self.changed)
        self.got: list[dict[str, Any]] = []
        self.turns: list[bool] = []
        self.answer: Callable[[dict[str, Any]], None] = lambda message: None

    def receive(self, message: dict[str, Any]) -> None:
        self.got.append(message)
        self.answer(message)

    def changed(self, up: bool) -> None:
        self.turns.append(up)

    def ns(self, of: str = "") -> list[int]:
        """The numbers in the messages that came, in order; `of` one kind only."""
        return [message["n"] for message in self.got if "n" in message and of in ("", message["kind"])]

    async def up(self) -> None:
        await until(lambda: self.link.is_up, f"{self.link.channel} to be up")

    async def down(self) -> None:
        await until(lambda: not self.link.is_up, f"{self.link.channel} to be down")

    async def settled(self) -> None:
        """Wait until all that was said is with the layer."""
        await until(self.link._settled.is_set, "all to be sent")


@asynccontextmanager
async def stations(place: Server | InMemoryChannelLayer, count: int = 2, **options: Any) -> AsyncIterator[list[Station]]:
    """Started links on one Redis or in one process; they are up, and stopped at the end."""
    made = [Station(redis_layer(place, **options) if isinstance(place, Server) else place, f"m{number}") for number in range(count)]
    try:
        for station in made:
            station.link.start()
        for station in made:
            await station.up()
        yield made
    finally:
        for station in made:
            await station.link.stop()
