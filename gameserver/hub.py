"""All sockets of one room in this process, and the one place that writes to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import thread_time
from typing import Any, Protocol

from fly.server.audience import Audience
from fly.server.frames import prepare
from gameserver.backlog import PATIENCE_S, Backlog
from gameserver.clock import spread_ms
from gameserver.counts import COUNTS
from gameserver.engine.entry import Position
from gameserver.engine.errors import Close
from gameserver.engine.worlds import Who
from gameserver.member import Member
from gameserver.outlet import FillerOutlet, Prepared
from gameserver.roster import Roster

PRESENCE_S = 0.05
"""Comings and goings within this time are told together: a storm of joins is not a storm of messages."""
PRESENCE_SHARE = 10
"""They are told again after so many times what it cost to write to everybody: at most a tenth of the time goes into it."""
LOOK_S = 1.0
"""Between two looks at those who are behind."""


class Tap(Protocol):
    """Whoever brings what a room shows to sockets of other processes."""

    def shown(self, messages: Sequence[Prepared]) -> None:
        """Everybody here was shown this."""
        ...

    def gone(self) -> None:
        """The room is not owned here any more."""
        ...


Replies = Mapping["Member", list[Prepared]]


class Hub:
    """Who is in the room, and a way to write to all of them."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.shown: Position = (0, 0)
        """The last event that everybody was shown, or that was journalled when the room was read."""
        self.cost_s = 0.0
        """What the last write to everybody took, of this thread's time: what others took meanwhile is not its doing."""
        self.told = 0
        """How often everybody was told who has come and gone."""
        self.fillers = 0
        """Sessions of bots that fill empty places."""
        self.tap: Tap | None = None
        """Is told of everything that is shown here, for those who are elsewhere."""
        self._members: dict[str, Member] = {}
        self._audience = Audience()
        self._apart: dict[Member, Backlog] = {}
        self._held: dict[Member, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        """Members whose sockets are in this process; `len` counts all."""
        return iter([member for member in self._members.values() if not member.outlet.is_far])

    def member(self, key: str) -> Member | None:
        """The member of a session; None if it is not in."""
        return self._members.get(key)

    def holds(self, member: Member) -> bool:
        """Whether this member is in, and not one that was taken over."""
        return member.hub is self

    @property
    def behind(self) -> int:
        """Members for whom something waits."""
        return sum(member.outlet.waiting > 0 for member in self._apart)

    @property
    def players(self) -> int:
        """Different players in the room. Each bot is one in the roster, and none here."""
        return self.roster.players - self.fillers

    @property
    def people(self) -> int:
        """Sessions of anybody but bots that fill places: without them the room is empty."""
        return len(self._members) - self.fillers

    def add(self, member: Member) -> None:
        """Let a member in. Another socket of the same session is closed with 4505: it was taken over.

        What is shown to a held one waits until `release`.
        """
        key, who = member.session.key, member.session.who
        earlier = self._members.pop(key, None)
        if earlier is not None:
            self._drop(earlier)
        self._members[key], member.hub = member, self
        self.fillers += isinstance(member.outlet, FillerOutlet)
        member.outlet.watch(member)
        if member.held is None:
            self._place(member)
        else:
            self._held[member] = None
        if earlier is not None:
            earlier.bye(Close.TAKEN_OVER, "This session goes on in another window.")
        self.roster.come(key, who)
        self._schedule()

    def remove(self, member: Member) -> bool:
        """Let a member go; False if it was taken over before and is not to be missed."""
        if not self.holds(member):
            return False
        key = member.session.key
        del self._members[key]
        self._drop(member)
        self.roster.go(key, member.session.who.id)
        self._schedule()
        return True

    def hold(self, member: Member) -> None:
        """Let what is shown to a member wait from now on, until `release`."""
        if self.holds(member) and member.held is None:
            self._unplace(member)
            member.held = []
            self._held[member] = None

    def release(self, member: Member, upto: int) -> None:
        """Give a held member, whose welcome ended with the seq `upto`, what was shown meanwhile, but for what the welcome had."""
        held = member.held
        if held is None or not self.holds(member):
            return
        member.held = None
        del self._held[member]
        waited = [late for message in held if (late := message.after(upto)) is not None]
        if waited:
            member.outlet.send(*waited)
        self._place(member)

    def show(self, *messages: dict[str, Any] | Prepared, replies: Replies | None = None) -> None:
        """Write messages to everybody, encoded once, and behind them, in the same write, each one's own replies."""
        began, before = thread_time(), self.shown
        prepared = [message if isinstance(message, Prepared) else Prepared(message) for message in messages]
        for message in [one.message for one in prepared]:
            if message["type"] == "events":
                self.shown = message["epoch"], message["events"][-1]["seq"]
                COUNTS.events_shown += len(message["events"])
            elif message["type"] == "presence":
                self.told += 1
        # Who falls behind in this very write has its own part of it already.
        apart = list(self._apart.items())
        self._write(prepared, replies or {})
        for member, backlog in apart:
            backlog.show(prepared, replies.get(member, ()) if replies else (), before)
        for member in self._held:
            assert member.held is not None
            member.held.extend(prepared)
            if replies and member in replies:
                member.held.extend(replies[member])
        if self.tap is not None:
            self.tap.shown(prepared)
            for member, mine in replies.items() if replies else ():
                if member.outlet.is_far:
                    member.outlet.send(*mine)
        self.cost_s = thread_time() - began

    def show_each(self, frame: Callable[[str], bytes | None]) -> None:
        """Write to each player here a binary frame of its own. For whom something waits gets none: the next one says more."""
        own = {}
        for member in self._members.values():
            outlet = member.outlet
            if member.held is not None or outlet.is_far:
                continue
            if member.backlog is not None and (outlet.waiting or member.backlog.position is not None):
                COUNTS.own_frames_dropped += 1
                continue
            data = frame(member.session.who.id)
            if data is None:
                continue
            COUNTS.own_frames += 1
            socket = outlet.enlisted(self._audience)
            if socket is None:
                outlet.send_bytes(data)
            else:
                own[socket] = prepare(data)
        self._audience.write_each(own)

    def close(self, code: Close, text: str, retry_ms: tuple[int, int]) -> None:
        """Send everybody away with a code, each to come back after a time of its own within `retry_ms`."""
        for member in self:
            member.bye(code, text, retry_ms=spread_ms(retry_ms))

    def _write(self, prepared: list[Prepared], replies: Replies) -> None:
        own = {}
        for member, mine in replies.items():
            socket = member.outlet.enlisted(self._audience)
            if socket is not None:
                own[socket] = b"".join([message.frame for message in mine])
        COUNTS.frames_shown += 1
        COUNTS.deliveries += len(self._audience)
        self._audience.write(prepared[0].frame if len(prepared) == 1 else b"".join([message.frame for message in prepared]), own)

    # Slow readers

    def set_apart(self, member: Member) -> None:
        """A member has fallen behind: it is written to by itself, within bounds."""
        if self.holds(member) and member.held is None and member.backlog is None:
            self._put_apart(member)

    def take_back(self, member: Member) -> None:
        """Nothing waits for a member any more: it is written to with all others again, once it knows what they know."""
        backlog = member.backlog
        if backlog is None or not self.holds(member):
            return
        self._unplace(member)
        if backlog.position is None:
            passing = backlog.take_passing()
            if passing:
                member.outlet.send(*passing)
            self._place(member)
        elif member.catch_up is None:
            self._give_up(member)
        else:
            self.hold(member)
            member.catch_up(backlog.position)

    def _give_up(self, member: Member) -> None:
        COUNTS.readers_closed += 1
        self._unplace(member)
        member.outlet.close(Close.TOO_SLOW, "too slow")

    def _place(self, member: Member) -> None:
        if not member.outlet.enlist(self._audience):
            self._put_apart(member)

    def _put_apart(self, member: Member) -> None:
        loop = asyncio.get_running_loop()
        member.backlog = self._apart[member] = Backlog(member.outlet, loop.time())
        if self._look is None:
            self._look = loop.call_later(LOOK_S, self._look_at_late)

    def _unplace(self, member: Member) -> None:
        member.backlog = None
        self._apart.pop(member, None)
        member.outlet.unlist()

    def _drop(self, member: Member) -> None:
        self._unplace(member)
        self._held.pop(member, None)
        self.fillers -= isinstance(member.outlet, FillerOutlet)
        member.hub = None
        member.outlet.watch(None)

    def _look_at_late(self) -> None:
        self._look = None
        loop = asyncio.get_running_loop()
        for member, backlog in list(self._apart.items()):
            if not member.outlet.waiting:
                backlog.since = loop.time()
            elif loop.time() - backlog.since > PATIENCE_S + backlog.grace_s:
                self._give_up(member)
        if self._apart:
            self._look = loop.call_later(LOOK_S, self._look_at_late)

    # Who is here

    def present(self) -> list[dict[str, str]]:
        """The players in the room as everybody knows them, a bounded number."""
        return self.roster.present()

    def tell(self, who: Who) -> None:
        """Let everybody know of a player, new or renamed; in all tabs of the player. One who has left is not missed."""
        keys = self.roster.sessions(who.id)
        if not keys:
            return
        before = self.roster.call(who)
        for session in (self._members[key].session for key in keys):
            # A session with another name that is not journalled yet keeps it: its turn comes.
            if session.who == before:
                session.who = who
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and self.roster.has_news:
            delay_s = max(PRESENCE_S, PRESENCE_SHARE * self.cost_s)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._presence)

    def _presence(self) -> None:
        self._timer = None
        if self.roster.has_news:
            self.show(self.roster.news())
