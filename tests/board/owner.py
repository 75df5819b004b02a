"""The room's owner, its journal, and the links to browser tabs, both ways by hand. Values only; the tabs are elsewhere."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gameserver.engine import past
from gameserver.engine import room as module
from gameserver.engine.entry import Entry, Event, Position, Snapshot
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.outcome import Outcome
from gameserver.engine.protocol import Join
from gameserver.engine.registry import Registry
from gameserver.engine.room import Room, Welcome
from gameserver.engine.session import Session
from gameserver.engine.worlds import Who
from gameserver.engine.worlds.board import World
from gameserver.engine.worlds.chat import World as Chat

EPOCH = 1_700_000_000
REGISTRY = Registry([Chat, World])
Message = dict[str, Any]


@dataclass
class Link:
    """One tab's connection. `up`, `down`: what is on its way, as JSON; `welcome`: what waits to be durable, `held` what waits for it."""

    number: int
    who: Who
    session: Session | None = None
    welcome: Welcome | None = None
    held: list[Message] = field(default_factory=list)
    up: deque[str] = field(default_factory=deque)
    down: deque[Message] = field(default_factory=deque)

    def lose(self) -> None:
        """The connection is gone, and what was on its way."""
        self.session, self.welcome = None, None
        self.held.clear()
        self.up.clear()
        self.down.clear()

    def give(self, message: Message) -> None:
        if self.session is None:
            return
        (self.down if self.welcome is None else self.held).append(message)


@dataclass
class Staged:
    """An outcome that is not durable yet, and whose it is."""

    outcome: Outcome
    link: Link | None
    session: Session | None


class Owner:
    """A room with chat and the board. Nothing is shown or replied to before `commit`."""

    def __init__(self) -> None:
        self.now = EPOCH + 100.0
        self.entries: list[Entry] = []
        self.flight: deque[Staged] = deque()
        self.snapshots: list[Snapshot] = []
        self.links: list[Link] = []
        self.done: set[tuple[str, int]] = set()
        self.world = World()
        self.room = Room(EPOCH, EPOCH, (Chat(), self.world))

    def join(self, link: Link, position: Position | None) -> None:
        """A tab comes in, over a new connection."""
        link.lose()
        link.session, found = self.room.join(Join(v=1, sid=f"{link.number:032d}", position=position), link.who)
        if not isinstance(found, Welcome):
            events = [entry.event for entry in self.entries[found.after : found.upto]]
            found = self.room.bridge(found, events)
        link.welcome = found
        self.greet()

    def greet(self) -> None:
        """Those get their welcome whose position is durable by now."""
        for link in self.links:
            found = link.welcome
            if found is None or found.position[1] > self.room.durable:
                continue
            link.welcome = None
            link.give(self._greeting(link, found))
            for message in link.held:
                link.give(message)
            link.held.clear()

    def _greeting(self, link: Link, found: Welcome) -> Message:
        said = {"type": "welcome", "position": found.position, "recovered": found.recovered, "events": found.events}
        about = {"more": found.more, "state": found.state, "you": link.who.as_dict(), "present": [], "players": 1}
        greeting: Message = through_json({**said, **about, "world": "board", "rates": self.room.rates})
        return greeting

    def receive(self, link: Link) -> None:
        """Take the next message of a tab."""
        self.now += 0.03
        text = link.up.popleft()
        session = link.session
        assert session is not None
        ref = json.loads(text).get("ref")
        try:
            outcome = self.room.receive(session, REGISTRY.decode(text, self.room.max_frame), self.now)
        except Rejected as rejected:
            if rejected.code in (Code.BAD_MESSAGE, Code.UNKNOWN_COMMAND):
                raise AssertionError(f"{rejected.code} {rejected.text} {text[:300]}") from None
            link.give({"type": "reply", "ref": ref, "ok": False, "code": str(rejected.code), "text": rejected.text})
        else:
            self.take(Staged(outcome, link, session))

    def gather(self) -> None:
        """What was noted is told."""
        self.now += 0.04
        if self.room.has_notes:
            self.take(Staged(self.room.gather(self.now), None, None))

    def take(self, staged: Staged) -> None:
        if staged.outcome.ephemeral:
            self.show("ephemeral", staged.outcome.ephemeral)
        if staged.outcome.after > self.room.durable:
            self.flight.append(staged)
        else:
            self.reply(staged)

    def commit(self, count: int) -> None:
        """The first outcomes that wait become durable: shown, then replied to."""
        done = [self.flight.popleft() for _ in range(min(count, len(self.flight)))]
        entries = [entry for staged in done for entry in staged.outcome.entries]
        self.append(entries)
        self.room.settle(len(self.entries))
        if entries:
            self.show("events", [entry.event for entry in entries])
        self.greet()
        for staged in done:
            self.reply(staged)

    def append(self, entries: Iterable[Entry]) -> None:
        for entry in msgspec.json.decode(msgspec.json.encode(list(entries)), type=list[Entry]):
            self.entries.append(entry)
            assert entry.event["seq"] == len(self.entries)
            if entry.session and entry.reply is not None:
                assert (entry.session, entry.ref) not in self.done, "a command happened twice"
                self.done.add((entry.session, entry.ref))

    def show(self, kind: str, events: Iterable[Event]) -> None:
        message = through_json({"type": kind, "epoch": self.room.epoch, "events": list(events)})
        for link in self.links:
            link.give(message)

    def reply(self, staged: Staged) -> None:
        """To the connection that the command came by, if it is still there."""
        if staged.link is not None and staged.outcome.reply is not None and staged.link.session is staged.session:
            staged.link.give(through_json({"type": "reply", **staged.outcome.reply}))

    def snapshot(self) -> None:
        """Keep the state if all of it is durable."""
        if not self.flight:
            snapshot = self.room.snapshot()
            self.snapshots.append(Snapshot(snapshot.seq, through_json(snapshot.state)))

    def die(self, written: int) -> None:
        """The owner is gone, and every connection. Of what was under way the first were written all the same."""
        for link in self.links:
            link.lose()
        self._read_again(written)

    def fail(self, written: int) -> None:
        """A commit fails, or only seems to. The connections stay; what was under way is to be sent again."""
        flight, shown = list(self.flight), self.room.durable
        self._read_again(written)
        if self.room.durable > shown:
            self.show("events", [entry.event for entry in self.entries[shown:]])
        refused = {"type": "reply", "ok": False, "code": str(Code.UNAVAILABLE), "text": "Not now."}
        for staged in flight:
            if staged.link is not None and staged.outcome.reply is not None and staged.link.session is staged.session:
                staged.link.give({**refused, "ref": staged.outcome.reply["ref"]})
        for link in self.links:
            if link.welcome is not None:
                link.lose()

    def _read_again(self, written: int) -> None:
        """Be another owner, from the last snapshot and what came after it."""
        self.append(entry for staged in list(self.flight)[:written] for entry in staged.outcome.entries)
        self.flight.clear()
        self.world = World()
        self.room = Room(self.room.epoch + 1, EPOCH, (Chat(), self.world))
        snapshot = self.snapshots[-1] if self.snapshots else None
        after = min(snapshot.seq if snapshot else 0, max(0, len(self.entries) - past.KEEP))
        self.room.load(snapshot, self.entries[after:], self.entries[:after])


def remember_little() -> dict[str, int]:
    """Have rooms keep so few events that a gap is often larger than that; what it was before, by name."""
    before = {"KEEP": past.KEEP, "MAX_GAP": module.MAX_GAP}
    past.KEEP, module.MAX_GAP = 40, 60
    return before


def remember(before: dict[str, int]) -> None:
    """As it was before `remember_little`."""
    past.KEEP, module.MAX_GAP = before["KEEP"], before["MAX_GAP"]


def through_json(value: Any) -> Any:
    """As it comes out at the other end."""
    return msgspec.json.decode(msgspec.json.encode(value))
