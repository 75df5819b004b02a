"""Owners and hubs for tests: a journal that commits when told to, and sockets that keep what they are sent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from gameserver.engine.protocol import Join
from gameserver.engine.worlds import Who
from gameserver.hub import Member
from gameserver.outlet import Prepared
from gameserver.owner import Owner
from gameserver.store import Batch, MemoryStore

ADA = Who("ada", "Ada", "#112233")
BOB = Who("bob", "Bob", "#445566")
PATIENCE_S = 30.0


async def until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Wait until a condition holds, and return its value."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.005)
    return value


def sid(number: int = 0) -> str:
    return f"session-{number:0>22}"


class Sink:
    """A client's way out that keeps what it was sent, as `log` in order, and the prepared messages themselves."""

    def __init__(self) -> None:
        self.prepared: list[Prepared] = []
        self.closed: list[tuple[int, str]] = []

    def send(self, message: Prepared) -> None:
        if not self.closed:
            self.prepared.append(message)

    welcome = send

    def close(self, code: int, reason: str) -> None:
        if not self.closed:
            self.closed.append((int(code), reason))

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(message.text) for message in self.prepared]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.log if message["type"] == kind]

    @property
    def texts(self) -> list[str]:
        return [event["text"] for message in self.of("events") for event in message["events"] if "text" in event]


class HandJournal:
    """A journal on a store in memory that writes when `commit` is called, or fails as told."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.waiting: list[tuple[Batch, Callable[[Any], None]]] = []
        self.broken: Exception | None = None

    def append(self, batch: Batch, done: Callable[[Any], None]) -> None:
        self.waiting.append((batch, done))

    def call(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            if self.broken:
                raise self.broken
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def commit(self, error: Exception | None = None, *, written: bool = True) -> list[Batch]:
        """Commit what waits, in one transaction. error: what the database raises; written: whether it did it all the same."""
        waiting, self.waiting = self.waiting, []
        batches = [batch for batch, _ in waiting]
        results: list[Any] = list(self.store.append(batches)) if error is None or written else []
        for number, (_, done) in enumerate(waiting):
            done(error or results[number])
        return batches


async def make_owner(journal: HandJournal, lost: Callable[[Owner], None] = lambda owner: None, slug: str = "main") -> Owner:
    owner = Owner("cdg", slug, journal, lost)  # type: ignore[arg-type]
    await owner.open()
    return owner


def enter(owner: Owner, who: Who = ADA, number: int = 0, position: tuple[int, int] | None = None) -> tuple[Member, Sink]:
    sink = Sink()
    member, _ = owner.join(Join(v=1, sid=sid(number), position=position), who, sink)
    return member, sink
