"""Who is in a room, as everybody knows it: all are counted, a bounded number is named, and what has changed is told together. Pure."""

from __future__ import annotations

from itertools import islice
from typing import Any

from gameserver.engine.worlds import Who

MAX_PRESENT = 200
"""Players named. In a room of ten thousand everybody's comings and goings, told to everybody, would be all that there is to hear."""


class Roster:
    """Players by id, each with as many sessions as there are tabs."""

    def __init__(self) -> None:
        self._sessions: dict[str, set[str]] = {}
        self._known: dict[str, Who] = {}
        self._named: dict[str, None] = {}
        self._joined: dict[str, Who] = {}
        self._left: dict[str, None] = {}
        self._told = 0
        self.version = 0
        """One more with every change."""

    @property
    def players(self) -> int:
        """Different players in the room."""
        return len(self._known)

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._joined or self._left or self._told != len(self._known))

    def present(self) -> list[dict[str, str]]:
        """The players that are named, with the names everybody knows them by."""
        return [self._known[player].as_dict() for player in self._named]

    def come(self, key: str, who: Who) -> None:
        """A session is in."""
        self._sessions.setdefault(who.id, set()).add(key)
        if self._known.get(who.id) != who:
            self.call(who)

    def go(self, key: str, player: str) -> None:
        """A session is gone; with its last one the player."""
        keys = self._sessions[player]
        keys.discard(key)
        if keys:
            return
        del self._sessions[player], self._known[player]
        self.version += 1
        if player in self._named:
            del self._named[player]
            self._joined.pop(player, None)
            self._left[player] = None
            # Somebody who was only counted until now has the place.
            following = next(islice((known for known in self._known if known not in self._named), 1), None)
            if following is not None:
                self._name(self._known[following])

    def call(self, who: Who) -> Who | None:
        """A player who is in, or comes in, is called so from now on; returns what the player was called."""
        before, self._known[who.id] = self._known.get(who.id), who
        self.version += 1
        if who.id in self._named or len(self._named) < MAX_PRESENT:
            self._name(who)
        return before

    def sessions(self, player: str) -> set[str]:
        """Keys of a player's sessions; none for one who is not in."""
        return self._sessions.get(player, set())

    def knows(self, player: str) -> bool:
        """Whether a player is in."""
        return player in self._known

    def news(self) -> dict[str, Any]:
        """The message that tells what has changed since the last one."""
        joined, left = [who.as_dict() for who in self._joined.values()], list(self._left)
        self._joined, self._left, self._told = {}, {}, len(self._known)
        return {"type": "presence", "joined": joined, "left": left, "players": len(self._known)}

    def _name(self, who: Who) -> None:
        self._named[who.id] = None
        self._left.pop(who.id, None)
        self._joined[who.id] = who
