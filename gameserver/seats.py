"""Who has a place in a room, where ROOM_PLACES says how many there are. Of one owner; called on the event loop.

A newcomer needs a free one. Whoever is in, or was a moment ago, has one: nobody loses it to a bad connection, a reload, or a deploy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

from django.conf import settings

from gameserver.clock import steady
from gameserver.counts import COUNTS
from gameserver.hub import Hub

KEPT_S = 20.0
"""How long a place is kept for a player whose last socket is gone: the longest pause of a browser that comes back, and a handshake."""
RETURN_S = 20.0
"""How long a new owner keeps places for those who were in with the last one."""
AGAIN_MS = (3000, 6000)
"""When somebody who found no place asks again."""
NO_PLACE = "This room is full. You come in as soon as there is a place."
RETOLD_S = 5.0
"""How long the lobby is told, with every beat, that a ticket's player is in: a beat may be lost, and some in a row."""


class Seats:
    """The places of one room. Bots that fill empty places take none."""

    def __init__(self, hub: Hub, clock: Callable[[], float] = steady) -> None:
        self._hub = hub
        self._clock = clock
        self._kept: dict[str, float] = {}
        self._arrived: dict[str, float] = {}
        self._expected = 0
        self._expected_until = 0.0

    def expect(self, sessions: int) -> None:
        """The room is opened, and so many sessions were in it with the owner before, a moment ago."""
        if settings.ROOM_PLACES:
            self._expected, self._expected_until = sessions, self._clock() + RETURN_S

    def admit(self, player: str, *, returns: bool) -> bool:
        """Whether a player may come in now; who may has a place at once and must be let in before anybody else is asked for.

        returns: the client shows a position of this room, as those do who were in.
        """
        places = settings.ROOM_PLACES
        if not places or self._hub.roster.knows(player):
            return True
        self._look()
        if self._kept.pop(player, None) is not None:
            return True
        if self._expected and returns:
            self._expected -= 1
            return True
        if self.taken < places:
            return True
        COUNTS.refused_places += 1
        return False

    def left(self, player: str) -> None:
        """A socket of a player is gone. With the last one the place is kept for a while."""
        if settings.ROOM_PLACES and not self._hub.roster.knows(player):
            self._kept.pop(player, None)
            self._kept[player] = self._clock() + KEPT_S

    def arrived(self, player: str) -> None:
        """A player for whom the lobby holds a place is in: it counts here from now on."""
        if settings.ROOM_PLACES:
            self._arrived.pop(player, None)
            self._arrived[player] = self._clock() + RETOLD_S

    @property
    def taken(self) -> int:
        """Places that no newcomer can have: of players who are in, and of those who are expected back."""
        self._look()
        return self._hub.players + len(self._kept) + self._expected

    def arrivals(self) -> Sequence[str]:
        """Players whose tickets were used in the last seconds."""
        self._look()
        return list(self._arrived)

    def _look(self) -> None:
        """Forget what is over. Both are in the order of their times."""
        now = self._clock()
        if now >= self._expected_until:
            self._expected = 0
        for until in (self._kept, self._arrived):
            for player in list(takewhile(lambda one: until[one] <= now, until)):  # noqa: B023 (used up at once)
                del until[player]
