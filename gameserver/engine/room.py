"""A room: one total order of events, decided by its owner alone (R1), each command at most once (R4). Pure.

`receive` decides and stages; whoever owns the room journals what it staged, then shows it, then replies (R2).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gameserver.engine.bucket import Bucket
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.protocol import VERSION, Command, History, Join, Ping, Rename, Say
from gameserver.engine.worlds import Who, World

Event = dict[str, Any]
Reply = dict[str, Any]
Position = tuple[int, int]

FIRST_PAGE = 100
"""Events that a newcomer gets."""
KEEP = 1000
"""Events kept in memory: the largest gap that is filled; beyond it, a fresh start that says so (R5)."""
KEEP_REPLIES = 5000
"""Replies kept for resends, the oldest leave first."""
RATE, BURST = 5.0, 10.0
FLOOD_REFUSALS = 60
"""Refusals for the rate after which a session is a flood: ten seconds of sending at twice what is allowed."""


@dataclass(slots=True)
class Session:
    """One browser tab's stay. `key` names it in the journal without giving its `sid` away."""

    key: str
    who: Who
    writes: Bucket
    reads: Bucket
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One journalled event with what makes its command unrepeatable."""

    event: Event
    session: str
    ref: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to. `entries` are journalled before `reply` is sent; `read` asks for older events than are kept."""

    reply: Reply | None
    entries: tuple[Entry, ...] = ()
    shown: tuple[Event, ...] = ()
    read: History | None = None
    who: Who | None = None
    """The sender from now on, if this command changed who that is."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a session gets when it comes in."""

    position: Position
    recovered: bool
    events: tuple[Event, ...]
    more: bool


def session_key(player_id: str, sid: str) -> str:
    """The name of a session in the journal: 32 hexadecimal digits, from which nobody gets the `sid` back."""
    return hashlib.blake2b(f"{player_id} {sid}".encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class Room:
    """The state of a room in memory: the last events, the replies given, the position."""

    epoch: int
    first_epoch: int
    worlds: Sequence[World]
    seq: int = 0
    """Of the last event decided."""
    durable: int = 0
    """Of the last event journalled: nobody is shown anything beyond it (R2)."""
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=KEEP))
    replies: OrderedDict[tuple[str, int], Reply] = field(default_factory=OrderedDict)

    def load(self, entries: Iterable[Entry]) -> None:
        """Take journalled entries, oldest first, as they were decided by an earlier owner."""
        for entry in entries:
            self._take(entry.event)
            for world in self.worlds:
                if entry.event["ev"] in world.journalled:
                    world.apply(entry.event)
            self._remember(entry.session, entry.ref, _reply_of(entry))
        self.durable = self.seq

    def settle(self, seq: int) -> None:
        """Events up to `seq` are journalled and may be shown."""
        self.durable = seq

    def join(self, join: Join, who: Who, now: float) -> tuple[Session, Welcome]:
        """Let a session in. Raises Closed when the client speaks another version."""
        check_version(join)
        session = Session(session_key(who.id, join.sid), who, Bucket(RATE, BURST, now), Bucket(RATE, BURST, now))
        return session, self._welcome(join.position)

    def receive(self, session: Session, command: Command, now: float) -> Outcome:
        """Decide one command; `now` in seconds since 1970.

        Raises Rejected, with nothing changed, and Closed when the session floods.
        """
        if isinstance(command, Ping):
            return Outcome({"ref": command.ref, "ok": True})
        if isinstance(command, Join):
            raise Rejected(Code.BAD_MESSAGE, "This session has joined already.", ref=command.ref)
        before = self.replies.get((session.key, command.ref))
        if before is not None:
            return Outcome(before)
        self._limit(session, session.reads if isinstance(command, History) else session.writes, now, command.ref)
        if isinstance(command, History):
            return self._history(command)
        return self._decide(session, command, now)

    def _decide(self, session: Session, command: Say | Rename, now: float) -> Outcome:
        world = next((world for world in self.worlds if isinstance(command, world.commands)), None)
        if world is None:
            raise Rejected(Code.UNKNOWN_COMMAND, "There is no such command in this room.", ref=command.ref)
        try:
            decided = world.decide(session.who, command)
        except Rejected as rejected:
            raise Rejected(rejected.code, rejected.text, wait_ms=rejected.wait_ms, ref=command.ref) from None
        session.who = decided.who or session.who
        entries: list[Entry] = []
        shown: list[Event] = []
        for name, fields in decided.events:
            event = {"ev": name, "at": int(now * 1000), "player": session.who.as_dict(), **fields}
            if name in world.journalled:
                event = {"seq": self.seq + 1, **event}
                self._take(event)
                entries.append(Entry(event, session.key, command.ref))
            world.apply(event)
            shown.append(event)
        reply: Reply = {"ref": command.ref, "ok": True, **decided.reply}
        if entries:
            reply["seq"] = self.seq
            self._remember(session.key, command.ref, reply)
        return Outcome(reply, tuple(entries), tuple(shown), who=decided.who)

    def _limit(self, session: Session, bucket: Bucket, now: float, ref: int) -> None:
        wait_ms = bucket.take(now)
        if not wait_ms:
            session.refusals = max(0, session.refusals - 1)
            return
        session.refusals += 1
        if session.refusals >= FLOOD_REFUSALS:
            raise Closed(Close.FLOOD, "Too much, too fast. Come back in a minute.")
        raise Rejected(Code.RATE, "That was too fast.", wait_ms=wait_ms, ref=ref)

    def _history(self, command: History) -> Outcome:
        if command.before - command.limit < self._oldest() and self._oldest() > 1 and command.before > 1:
            return Outcome(None, read=command)
        before = min(command.before, self.durable + 1)
        page = [event for event in self.events if event["seq"] < before][-command.limit :]
        return Outcome(history_reply(command, page))

    def _welcome(self, position: Position | None) -> Welcome:
        here = (self.epoch, self.durable)
        events = [event for event in self.events if event["seq"] <= self.durable]
        if position is not None:
            epoch, seq = position
            if self.first_epoch <= epoch <= self.epoch and self._oldest() - 1 <= seq <= self.durable:
                return Welcome(here, True, tuple(event for event in events if event["seq"] > seq), False)
        last = tuple(events[-FIRST_PAGE:])
        return Welcome(here, False, last, bool(last) and last[0]["seq"] > 1)

    def _oldest(self) -> int:
        return int(self.events[0]["seq"]) if self.events else self.seq + 1

    def _take(self, event: Event) -> None:
        self.seq = event["seq"]
        self.events.append(event)

    def _remember(self, session: str, ref: int, reply: Reply) -> None:
        self.replies[(session, ref)] = reply
        while len(self.replies) > KEEP_REPLIES:
            self.replies.popitem(last=False)


def check_version(join: Join) -> None:
    """Raises Closed when the client speaks another version of the protocol."""
    if join.v != VERSION:
        raise Closed(Close.VERSION, f"This server speaks version {VERSION} of the protocol. Reload the page.")


def history_reply(command: History, page: Sequence[Event]) -> Reply:
    """The reply to `chat.history`: a page, and whether there is more before it."""
    return {"ref": command.ref, "ok": True, "events": list(page), "more": bool(page) and page[0]["seq"] > 1}


def _reply_of(entry: Entry) -> Reply:
    """The reply that an entry's command was given, from the entry alone: a resend after a restart gets the first result."""
    reply: Reply = {"ref": entry.ref, "ok": True, "seq": entry.event["seq"]}
    if entry.event["ev"] == "chat.renamed":
        reply["player"] = entry.event["player"]
    return reply
