"""Owners and hubs for tests: a journal that commits when told to, stores that fail when told to, sockets that keep what they are sent."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import OperationalError
from msgspec import Struct

from gameserver import owner as owner_module
from gameserver.engine import past
from gameserver.engine.lease import Holder, Step
from gameserver.engine.protocol import Join, Ref
from gameserver.engine.registry import Registry, discover
from gameserver.engine.worlds import BaseWorld, Decided, Happening, Who
from gameserver.engine.worlds.chat import Say
from gameserver.engine.worlds.chat import World as Chat
from gameserver.hub import Member
from gameserver.memory import Memory
from gameserver.owner import Owner
from gameserver.store import Batch
from tests.gameserver.sinks import Sink

REGISTRY = discover()
AWAY = OperationalError("away")

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


class HandJournal:
    """A journal on a store in memory that writes when `commit` is called, or by itself, or fails as told.

    reads: what was asked of the reader and waits for `answer`; None, and the reader answers at once.
    """

    def __init__(self, store: Memory | None = None, *, auto: bool = False) -> None:
        self.store = store or Memory()
        self.waiting: list[tuple[Batch, Callable[[Any], None]]] = []
        self.broken: Exception | None = None
        self.auto = auto
        self.reads: list[tuple[Callable[..., Any], tuple[Any, ...], asyncio.Future[Any]]] | None = None

    def append(self, batch: Batch, done: Callable[[Any], None]) -> None:
        self.waiting.append((batch, done))
        if self.auto:
            asyncio.get_running_loop().call_soon(self.commit)

    def call(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            if self.broken:
                raise self.broken
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def read(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        if self.reads is None:
            return self.call(function, *arguments)
        self.reads.append((function, arguments, asyncio.get_running_loop().create_future()))
        return self.reads[-1][2]

    def answer(self, error: Exception | None = None) -> None:
        """Let the reader answer the oldest question, with what is in the store by now."""
        assert self.reads
        function, arguments, future = self.reads.pop(0)
        if error is None:
            future.set_result(function(*arguments))
        else:
            future.set_exception(error)

    def commit(self, error: Exception | None = None, *, written: bool = True) -> list[Batch]:
        """Commit what waits, in one transaction. error: what the database raises; written: whether it did it all the same."""
        waiting, self.waiting = self.waiting, []
        batches = [batch for batch, _ in waiting]
        results: list[Any] = list(self.store.append(batches)) if error is None or written else []
        for number, (_, done) in enumerate(waiting):
            done(error or results[number])
        return batches


class Shaky(Memory):
    """A store in memory that keeps what it is asked in `calls`; methods named in `failing` raise, those in `gates` wait."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.failing: set[str] = set()
        self.gates: dict[str, threading.Event] = {}

    def shut(self, name: str) -> threading.Event:
        """Have a method wait from now on, until what is returned is set."""
        self.gates[name] = threading.Event()
        return self.gates[name]

    def count(self, name: str) -> int:
        return sum(called == name for called, _ in self.calls)


def _shaky(name: str) -> Any:
    def method(self: Shaky, *arguments: Any) -> Any:
        self.calls.append((name, arguments))
        if name in self.gates:
            assert self.gates[name].wait(PATIENCE_S)
        if name in self.failing:
            raise AWAY
        return getattr(Memory, name)(self, *arguments)

    return method


for _name in ("start", "claim", "renew", "release", "end", "held", "load", "append", "snapshot", "since", "before"):
    setattr(Shaky, _name, _shaky(_name))


def take_away(process: Any, slug: str, machine: str = "m2") -> Holder:
    """Another Machine has a room from now on."""
    store = process.journal.store
    holder = Memory.start(store, machine, "taker").holder
    store.room(slug).expires_at = 0.0
    Memory.claim(store, "cdg", slug, holder)
    return holder


class Keeper:
    """What an owner needs of its process: leases that run as long as `allowed` says so, and a list of the rooms it lost."""

    def __init__(self, journal: HandJournal, machine: str = "m1", registry: Registry | None = None) -> None:
        self.journal = journal
        self.leases = journal.store
        self.registry = registry or REGISTRY
        self.holder = self.leases.start(machine, "nonce").holder
        self.allowed = Step.KEEP
        self.gone: list[Owner] = []

    def decides(self) -> bool:
        return self.allowed < Step.REFUSE

    def lost(self, owner: Owner) -> None:
        self.gone.append(owner)


async def make_owner(journal: HandJournal, keeper: Keeper | None = None, slug: str = "main", world: str = "", **more: Any) -> Owner:
    """An owner of a room on this journal. Without a keeper of its own it is of the Machine m1, in a new life."""
    owner = Owner("cdg", slug, keeper or Keeper(journal), world, **more)  # type: ignore[arg-type]
    await owner.open()
    return owner


def is_available(owner: Owner) -> bool:
    """Whether the room takes commands just now."""
    return owner._is_available()


async def enter(owner: Owner, who: Who = ADA, number: int = 0, position: tuple[int, int] | None = None, **kept: Any) -> tuple[Member, Sink]:
    """Let somebody in who needs not wait, or whose wait ends by itself."""
    sink = Sink(**kept)
    member, welcome = await owner.join(Join(v=1, sid=sid(number), position=position), who, sink)
    owner.hub.release(member, welcome.position[1])
    return member, sink


class Grind(Struct, tag_field="cmd", tag="mill.grind", forbid_unknown_fields=True, frozen=True):
    ref: Ref
    by: int = 1


class Point(Struct, tag_field="cmd", tag="mill.point", forbid_unknown_fields=True, frozen=True):
    ref: Ref


class Mill(BaseWorld):
    """A world with a state, and both kinds of events."""

    name = "mill"
    commands = (Grind, Point)
    journalled = frozenset({"mill.ground"})
    ephemeral = frozenset({"mill.pointed"})
    has_state = True
    rate = burst = 1000.0

    def __init__(self) -> None:
        self.ground = 0

    def decide(self, who: Who, command: Any, at: int) -> Decided:
        return Decided((("mill.ground", {"by": command.by}),)) if isinstance(command, Grind) else Decided((("mill.pointed", {}),))

    def apply(self, event: Mapping[str, Any]) -> None:
        self.ground += event.get("by", 0)

    def snapshot(self) -> Any:
        return {"ground": self.ground}

    def restore(self, data: Any) -> None:
        self.ground = data["ground"]


class Wind(BaseWorld):
    """A world that does something by itself."""

    name = "wind"
    journalled = frozenset({"wind.turned"})
    ephemeral = frozenset({"wind.creaked"})
    has_state = True
    tick_s = 0.002

    def __init__(self) -> None:
        self.turns = 0

    def tick(self, at: int) -> tuple[Happening, ...]:
        return ("wind.turned", {"turns": self.turns + 1}), ("wind.creaked", {})

    def apply(self, event: Mapping[str, Any]) -> None:
        self.turns = event.get("turns", self.turns)

    def snapshot(self) -> Any:
        return {"turns": self.turns}

    def restore(self, data: Any) -> None:
        self.turns = data["turns"]


WORLDS = Registry([Chat, Mill, Wind])


async def with_a_past(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> tuple[Owner, Member, Sink, int]:
    """A room of eight lines, the last five in memory; Ada in it, what she is sent; its first epoch. The reader waits for `answer`."""
    for module in (owner_module, past):
        monkeypatch.setattr(module, "KEEP", 5)
    first = await make_owner(journal)
    ada, _ = await enter(first)
    for ref in range(1, 9):
        first.receive(ada, Say(ref=ref, text=f"line {ref}"))
        journal.commit()
    await first.retire(30.0)
    owner = await make_owner(journal)
    ada, sink = await enter(owner)
    journal.reads = []
    return owner, ada, sink, first.epoch
