"""All sockets of one room in this process, and the one place that writes to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gameserver.engine.errors import Close
from gameserver.engine.room import Session
from gameserver.engine.worlds import Who
from gameserver.outlet import Outlet, Prepared, goodbye

PRESENCE_S = 0.05
"""Comings and goings within this time are told together: a storm of joins is not a storm of messages."""
MAX_PRESENT = 200
"""Players named in a welcome."""


@dataclass(eq=False, slots=True)
class Member:
    """One session in a room, with its way out. `held`: what waits for its welcome; None once it has that."""

    session: Session
    outlet: Outlet
    held: list[dict[str, Any]] | None = None

    def send(self, message: dict[str, Any]) -> None:
        """Write a message to this one client."""
        self.outlet.send(Prepared(message))

    def bye(self, code: Close, text: str, **more: Any) -> None:
        """Say why, then close with that code."""
        goodbye(self.outlet, code, text, **more)


class Hub:
    """Who is in the room, and a way to write to all of them."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._live: dict[str, Outlet] = {}
        self._sessions_of: dict[str, set[str]] = {}
        self._known: dict[str, Who] = {}
        self._joined: dict[str, Who] = {}
        self._left: dict[str, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def holds(self, member: Member) -> bool:
        """Whether this member is in, and not one that was taken over."""
        return self._members.get(member.session.key) is member

    @property
    def players(self) -> int:
        """Different players in the room."""
        return len(self._known)

    def present(self) -> list[dict[str, str]]:
        """The players in the room as everybody knows them, at most MAX_PRESENT."""
        return [who.as_dict() for who in islice(self._known.values(), MAX_PRESENT)]

    def add(self, member: Member) -> None:
        """Let a member in. Another socket of the same session is closed with 4505: it was taken over.

        What is shown to a held one waits until `release`.
        """
        key, who = member.session.key, member.session.who
        earlier = self._members.pop(key, None)
        self._live.pop(key, None)
        self._members[key] = member
        if member.held is None:
            self._live[key] = member.outlet
        if earlier is not None:
            earlier.bye(Close.TAKEN_OVER, "This session goes on in another window.")
        self._sessions_of.setdefault(who.id, set()).add(key)
        if self._known.get(who.id) != who:
            self.tell(who)

    def remove(self, member: Member) -> bool:
        """Let a member go; False if it was taken over before and is not to be missed."""
        key, player = member.session.key, member.session.who.id
        if not self.holds(member):
            return False
        del self._members[key]
        self._live.pop(key, None)
        keys = self._sessions_of[player]
        keys.discard(key)
        if not keys:
            del self._sessions_of[player], self._known[player]
            self._joined.pop(player, None)
            self._left[player] = None
            self._schedule()
        return True

    def release(self, member: Member, upto: int) -> None:
        """Give a held member, whose welcome ended with the seq `upto`, what was shown meanwhile, but for what the welcome had."""
        held, member.held = member.held, None
        if held is None or not self.holds(member):
            return
        self._live[member.session.key] = member.outlet
        for message in held:
            if message["type"] == "events":
                message = {**message, "events": [event for event in message["events"] if event["seq"] > upto]}
                if not message["events"]:
                    continue
            member.send(message)

    def show(self, message: dict[str, Any], replies: dict[Outlet, list[Prepared]] | None = None) -> None:
        """Write one message to everybody, encoded once; behind it, in the same write, each one's own replies.

        What is left in `replies` is for those who are not here any more.
        """
        prepared = Prepared(message)
        for outlet in self._live.values():
            own = replies.pop(outlet, None) if replies else None
            if own is None:
                outlet.send(prepared)
            else:
                outlet.send(prepared, *own)
        if len(self._live) < len(self._members):
            for member in self._members.values():
                if member.held is not None:
                    member.held.append(message)

    def tell(self, who: Who) -> None:
        """Let everybody know of a player, new or renamed; in all tabs of the player. One who has left is not missed."""
        keys = self._sessions_of.get(who.id)
        if keys is None:
            return
        before, self._known[who.id] = self._known.get(who.id), who
        for session in (self._members[key].session for key in keys):
            # A session with another name that is not journalled yet keeps it: its turn comes.
            if session.who == before:
                session.who = who
        self._left.pop(who.id, None)
        self._joined[who.id] = who
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PRESENCE_S, self._presence)

    def _presence(self) -> None:
        self._timer = None
        joined, left = [who.as_dict() for who in self._joined.values()], list(self._left)
        self._joined, self._left = {}, {}
        self.show({"type": "presence", "joined": joined, "left": left, "players": self.players})
