"""Who comes in: when many come at once, a few with each turn of the event loop, so that who is in already, and the leases, have theirs;
and whoever has a ticket."""

from __future__ import annotations

import asyncio
from collections import deque

from gameserver import ticket
from gameserver.counts import COUNTS
from gameserver.used import RememberedTickets, Use, Used

A_TURN = 16
"""Let in between two looks at everything else: some ms of work."""


class Admission:
    """Of one process; first come, first served. In quiet times nobody waits. `used`: which tickets were."""

    def __init__(self) -> None:
        self.used: Used = RememberedTickets()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._soon: deque[asyncio.Future[None]] = deque()
        self._left = A_TURN
        self._is_counting = False

    def __len__(self) -> int:
        return len(self._soon) + len(self._waiting)

    async def turn(self, *, soon: bool = False) -> None:
        """Wait for one's turn; `soon`: before all who are not."""
        if self._left > 0 and (soon or not self._waiting):
            self._left -= 1
            self._count()
            return
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        (self._soon if soon else self._waiting).append(mine)
        self._count()
        await mine

    async def show(self, text: str, region: str, room: str, player: str | None, session: str) -> ticket.Ticket:
        """Use a ticket for a session, by its key; the same session may show it again. player: None for a guest.

        Raises ticket.BadTicket, or what the database raises.
        """
        try:
            shown = ticket.read(text)
            shown.admits(region, room, player)
            if not await self.used.take(Use(shown.nonce, session, shown.expires_ms)):
                raise ticket.BadTicket(ticket.Why.USED)
        except ticket.BadTicket:
            COUNTS.tickets_refused += 1
            raise
        COUNTS.tickets_used += 1
        return shown

    def _count(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._is_counting = False
        self._left = A_TURN
        while self._left and (self._soon or self._waiting):
            first = (self._soon or self._waiting).popleft()
            # One whose client is gone does not take the place of another.
            if not first.done():
                first.set_result(None)
                self._left -= 1
        if self._waiting or self._soon:
            self._count()
