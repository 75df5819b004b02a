"""What newcomers are told: found and encoded once for all who come with the same position, and gaps read once for all who miss them.

After a restart ten thousand clients come back within seconds, most of them with the position of the last event there was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from gameserver.engine.entry import Entry, Position
from gameserver.engine.protocol import VERSION, encode
from gameserver.engine.room import Gap, Room, Welcome
from gameserver.engine.worlds import Who
from gameserver.hub import PRESENCE_S, Hub
from gameserver.outlet import Prepared

MOST = 64
"""Positions that welcomes are kept for; they are all forgotten with the next event."""

FEW = 50
"""Players that are listed anew for each newcomer; where there are more, a list may be a moment old."""

Read = Callable[[int, int], "asyncio.Future[list[Entry]]"]


class Welcomes:
    """Of one owner. `read` reads the journal after one seq up to another."""

    def __init__(self, hub: Hub, read: Read) -> None:
        self._hub = hub
        self._read = read
        self._room: Room | None = None
        self._at = (0, 0, 0)
        self._found: dict[Position | None, Welcome] = {}
        self._texts: dict[int, bytes] = {}
        self._gaps: list[tuple[Gap, asyncio.Future[list[Entry]]]] = []
        self._roster = (-1, 0, b"")
        self._roster_at = 0.0

    def meet(self, room: Room, position: Position | None) -> Welcome | Gap:
        """See Room.meet. The same for all who come before anything else happens."""
        if not all(world.is_exact for world in room.worlds):
            # Such a state changes without a number: each newcomer gets it as it is now.
            return room.meet(position)
        at = (room.epoch, room.seq, room.durable)
        if self._room is not room or self._at != at:
            self._room, self._at, self._found, self._texts = room, at, {}, {}
        found = self._found.get(position)
        if found is not None:
            return found
        met = room.meet(position)
        if isinstance(met, Welcome) and len(self._found) < MOST:
            self._found[position] = met
        return met

    async def bridge(self, room: Room, gap: Gap) -> Welcome:
        """See Room.bridge: the welcome of a gap, from the journal. Raises what reading raises."""
        oldest = room.past.events[0]["seq"] if room.past.events else gap.upto + 1
        known = next(((wide, future) for wide, future in self._gaps if wide.after <= gap.after and wide.upto >= oldest - 1), None)
        if known is None:
            known = gap, self._read(gap.after, gap.upto)
            self._gaps.append(known)
            known[1].add_done_callback(lambda _: self._gaps.remove(known))
        wide, future = known
        # What was shown since that read began is in memory.
        later = [event for event in room.past.events if wide.upto < event["seq"] <= gap.upto]
        entries = await asyncio.shield(future)
        events = [entry.event for entry in entries if gap.after < entry.event["seq"] <= gap.upto]
        return room.bridge(gap, [*events, *later])

    def prepare(self, welcome: Welcome, room: dict[str, Any], sid: str, who: Who, route: dict[str, Any], v: int = VERSION) -> Prepared:
        """The message for one client. `room`: what is the same for all clients of the room. `v`: the version that is spoken with it."""
        own = encode({"type": "welcome", "v": v, "sid": sid, "you": who.as_dict(), "route": route})
        return Prepared({"type": "welcome"}, b"".join((own[:-1], b",", self._shared(welcome, room)[1:-1], b",", self._present()[1:])))

    def _shared(self, welcome: Welcome, room: dict[str, Any]) -> bytes:
        text = self._texts.get(id(welcome))
        if text is None:
            text = encode(
                {
                    **room,
                    "position": welcome.position,
                    "recovered": welcome.recovered,
                    "events": welcome.events,
                    "more": welcome.more,
                    "state": welcome.state,
                }
            )
            # Only what is kept in `_found` keeps its id.
            if any(kept is welcome for kept in self._found.values()):
                self._texts[id(welcome)] = text
        return text

    def _present(self) -> bytes:
        """Who is here; in a storm a moment old, if what has changed since is still to be told to everybody."""
        hub, (version, told, text) = self._hub, self._roster
        is_near = hub.roster.players > FEW and told == hub.told and monotonic() - self._roster_at < PRESENCE_S
        if version != hub.roster.version and not is_near:
            text = encode({"present": hub.present(), "players": hub.roster.players})
            self._roster, self._roster_at = (hub.roster.version, hub.told, text), monotonic()
        return text
