"""How newcomers are met: what they are told is durable by then, and their gap is read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from gameserver.engine.entry import Position
from gameserver.engine.errors import Close, Closed
from gameserver.engine.room import Gap, Room, Welcome
from gameserver.hub import Hub
from gameserver.member import Member
from gameserver.welcomes import Welcomes

log = logging.getLogger(__name__)
MEET_S = 5.0
"""How long a newcomer waits for the gap to be read, or for what is under way to be journalled."""


class Reception:
    """Of one owner. `room`: the one there is now. `ready`: the same if people can be let in; raises Rejected if not."""

    def __init__(self, name: str, hub: Hub, welcomes: Welcomes, room: Callable[[], Room | None], ready: Callable[[], Room]) -> None:
        self._name = name
        self._hub = hub
        self._welcomes = welcomes
        self._room = room
        self._ready = ready
        self._waiting: list[asyncio.Future[None]] = []

    def look(self) -> None:
        """Something became durable, or the room is another one."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def welcome(self, member: Member, position: Position | None) -> Welcome:
        """What a member needs that has seen everything up to a position.

        Raises Rejected (unavailable), and Closed: taken over meanwhile, the gap cannot be read.
        """
        while True:
            # The room may have been read again since, and what was to be said of it may not be true any more.
            room = self._ready()
            found = self._welcomes.meet(room, position)
            if isinstance(found, Welcome) and found.position[1] <= room.durable:
                return found
            welcome = await self._meet(room, found)
            if not self._hub.holds(member):
                raise Closed(Close.TAKEN_OVER, "This session goes on in another window.")
            if welcome is not None:
                return welcome

    async def _meet(self, room: Room, found: Welcome | Gap) -> Welcome | None:
        """The welcome, once its gap is read or its position durable; None if the room is another one by then."""
        try:
            async with asyncio.timeout(MEET_S):
                if isinstance(found, Gap):
                    return await self._welcomes.bridge(room, found)
                while room is self._room() and found.position[1] > room.durable:
                    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.append(waiter)
                    await waiter
                return found if room is self._room() else None
        except Exception as error:
            log.warning("Room %s cannot welcome anybody: %r", self._name, error)
            raise Closed(Close.OWNER_LOST, "The room cannot be read just now.") from error
