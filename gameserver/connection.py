"""One socket's stay: from the first bytes to the last, between the consumer and the owner of the room."""

from __future__ import annotations

import asyncio
import logging
import re

from fly.answer import nearest_other
from fly.context import FlyContext
from gameserver.build import build_id
from gameserver.clock import spread_ms
from gameserver.counts import COUNTS
from gameserver.drain import moved
from gameserver.engine.entry import Position
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.lease import LeaseHeld
from gameserver.engine.protocol import MAX_FRAME, VERSION, Command, History, Join, Ping
from gameserver.engine.room import Welcome
from gameserver.engine.session import check_version, session_key
from gameserver.engine.text import MAX_NAME, MAX_TEXT, clean_colour, clean_name
from gameserver.engine.worlds import BaseWorld, Who
from gameserver.member import Member
from gameserver.outlet import FillerOutlet, Prepared, QueueOutlet, SocketOutlet, goodbye
from gameserver.owner import Owner
from gameserver.pipeline import refusal
from gameserver.players import Player, guest
from gameserver.process import Process
from gameserver.relay.relay import Relay
from gameserver.seats import AGAIN_MS, NO_PLACE
from gameserver.store import TooManyRooms
from gameserver.ticket import WORDS, BadTicket, Ticket

log = logging.getLogger(__name__)

SLUG = r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
MAX_BAD = 10
"""Messages of one socket that were not understood, or not a join before the join, until it is closed."""
OPEN_S = 5.0
"""Time for a room that is not in memory to be read; its database is away when it takes longer."""
RETRY_MS = (500, 2000)
"""When to come back to a room that cannot be opened just now."""
INTERNAL_ERROR = 1011
READING = (Ping, History)
"""Commands that change nothing, for those who watch."""
LIMITS = {"text": MAX_TEXT, "name": MAX_NAME, "rate": BaseWorld.rate, "burst": BaseWorld.burst}
_slug = re.compile(rf"{SLUG}\Z")


class Connection:
    """One socket in one room. `find` and `join` wait for the room; `receive` never waits. It has an `outlet` once it is accepted.

    watches: it came by a link to watch: everything is shown to it, and nothing that it asks for happens.
    """

    outlet: SocketOutlet | QueueOutlet

    def __init__(
        self,
        process: Process,
        context: FlyContext,
        region: str,
        slug: str,
        player: Player | None,
        address: str = "",
        *,
        watches: bool = False,
    ) -> None:
        self.process = process
        self.context = context
        self.region = region
        self.slug = slug
        self.world = ""
        self.player = player
        self.watches = watches
        self.owner: Owner | Relay | None = None
        self._relayed = False
        self.member: Member | None = None
        self._bad = 0
        self._sid = ""
        self._version = VERSION
        self._task: asyncio.Task[None] | None = None
        self._gate = process.throttle.gate(address)

    @property
    def max_frame(self) -> int:
        """Bytes of a message from this client."""
        return MAX_FRAME if self.owner is None else self.owner.max_frame

    def decode_join(self, data: str | bytes) -> tuple[Join, Who] | None:
        """The join in a first message and who comes; None if it was something else, which is answered. Raises Closed."""
        try:
            command = self._decode(data)
            if isinstance(command, Join):
                return command, self._who(command)
            raise Rejected(Code.NOT_JOINED, "Send room.join first.", ref=command.ref)
        except Rejected as rejected:
            self._refuse(rejected)
        return None

    async def find(self, world: str, *, relayed: bool = False) -> None:
        """Find what serves the room in this process, its owner or its relay, before anybody is let in.

        Raises LeaseHeld, and Closed: no such room, not now.
        """
        if not _slug.match(self.slug):
            raise Closed(Close.NO_SUCH_ROOM, "A room's name has 1 to 32 letters a to z, digits and hyphens.")
        if world and world not in self.process.registry.worlds:
            raise Closed(Close.NO_SUCH_ROOM, "There is no such world.")
        self.world, self._relayed = world, relayed
        exchange = self.process.exchange
        try:
            async with asyncio.timeout(OPEN_S):
                if relayed and exchange is not None:
                    self.owner = await exchange.relay(self.region, self.slug)
                else:
                    self.owner = await self.process.owner(self.region, self.slug, world)
        except (LeaseHeld, Closed):
            raise
        except TooManyRooms:
            raise Closed(Close.NO_SUCH_ROOM, "This region has no place for another room.") from None
        except Exception as error:
            log.warning("Room %s/%s cannot be opened: %r", self.region, self.slug, error)
            raise Closed(Close.OWNER_LOST, "The room cannot be opened just now.", retry_ms=spread_ms(RETRY_MS)) from error

    async def find_relay(self, world: str) -> Closed | None:
        """Find its relay; what the client must be told if there is none."""
        try:
            await self.find(world, relayed=True)
        except Closed as closed:
            return closed
        return None

    async def join(self, join: Join, who: Who) -> None:
        """Enter the room and send `welcome`. Raises Closed: version, draining, taken over, journal not answering."""
        self._version = check_version(join)
        if self.process.is_draining:
            raise moved(self.process)
        ticket = None if join.ticket is None else await self._show(join, who, join.ticket)
        try:
            # Not the one of the handshake: the room may have been given up, and opened again, since.
            await self.find(self.world, relayed=self._relayed)
        except LeaseHeld as held:
            raise Closed(Close.OWNER_LOST, "This room has another owner now.", retry_ms=spread_ms(RETRY_MS)) from held
        assert self.owner is not None
        rates = self.owner.rates.values()
        self._gate.admit(who.id, max(rate for rate, _ in rates), max(burst for _, burst in rates))
        fills = isinstance(self.outlet, FillerOutlet)
        # Nothing is awaited between this and the room, which counts whoever is in it.
        if not fills and not self.owner.seats.admit(who.id, returns=join.position is not None):
            raise Closed(Close.NO_PLACE, NO_PLACE, retry_ms=spread_ms(AGAIN_MS))
        try:
            self.member, welcome = await self.owner.join(join, who, self.outlet)
        except BaseException as error:
            self._unseat(who.id)
            if isinstance(error, Rejected):
                raise Closed(Close.OWNER_LOST, error.text, retry_ms=spread_ms(RETRY_MS)) from None
            raise
        self._sid = join.sid
        if ticket is not None:
            self.owner.seats.arrived(ticket.player)
        self.member.catch_up = self._catch_up
        self._tell(self.owner, self.member, welcome)

    async def _show(self, join: Join, who: Who, text: str) -> Ticket:
        """Use the ticket of a join. Raises Closed: it lets nobody in, or it cannot be known."""
        player = None if self.player is None else self.player.id
        try:
            async with asyncio.timeout(OPEN_S):
                return await self.process.admission.show(text, self.region, self.slug, player, session_key(who.id, join.sid))
        except BadTicket as bad:
            raise Closed(Close.BAD_TICKET, WORDS[bad.why], why=bad.why.value) from None
        except Exception as error:
            log.warning("Tickets for %s/%s cannot be looked up: %s", self.region, self.slug, type(error).__name__)
            raise Closed(Close.OWNER_LOST, "The room cannot be entered just now.", retry_ms=spread_ms(RETRY_MS)) from error

    def _unseat(self, player: str) -> None:
        if self.owner is not None and not isinstance(self.outlet, FillerOutlet):
            self.owner.seats.left(player)

    def _tell(self, owner: Owner | Relay, member: Member, welcome: Welcome) -> None:
        room = {
            "region": self.region,
            "machine": self.context.here.machine,
            # Whoever only watches does not learn what would let them in.
            "room": "" if self.watches else self.slug,
            "read_only": self.watches,
            "world": owner.world,
            "limits": {**LIMITS, "frame": owner.max_frame},
            "rates": owner.rates,
            "newest": VERSION,
            "build": build_id(),
        }
        route = self.context.route.as_dict()
        self.outlet.send(owner.welcomes.prepare(welcome, room, self._sid, member.session.who, route, self._version))
        owner.hub.release(member, welcome.position[1])

    def _catch_up(self, position: Position) -> None:
        """The client has read what waited for it: bring it to where the others are, by a second welcome."""
        self._task = asyncio.ensure_future(self._resume(position))

    async def _resume(self, position: Position) -> None:
        owner, member = self.owner, self.member
        if owner is None or member is None:
            return
        try:
            self._tell(owner, member, await owner.catch_up(member, position))
            COUNTS.readers_caught_up += 1
            self.outlet.go_on()
        except Rejected as rejected:
            self.bye(Closed(Close.OWNER_LOST, rejected.text, retry_ms=spread_ms(RETRY_MS)))
        except Closed as closed:
            self.bye(closed)
        except Exception:
            # Ours: it ends this socket, which would wait for ever.
            log.exception("A reader of room %s/%s could not be caught up.", self.region, self.slug)
            self.outlet.close(INTERNAL_ERROR, "")

    def receive(self, data: str | bytes) -> None:
        """Take one message after the join. Raises Closed."""
        assert self.owner is not None
        assert self.member is not None
        try:
            if isinstance(data, bytes):
                self._hear(data)
                return
            command = self._decode(data)
            if self.watches and not isinstance(command, READING):
                raise Rejected(Code.READ_ONLY, "This link is for watching.", ref=command.ref)
            self.owner.receive(self.member, command)
        except Rejected as rejected:
            self._refuse(rejected)
        except Closed as closed:
            if closed.code is Close.FLOOD:
                self._gate.flood()
            raise

    def _hear(self, data: bytes) -> None:
        assert self.owner is not None
        assert self.member is not None
        COUNTS.commands += 1
        wait_ms = self._gate.take()
        if wait_ms:
            self._gate.refuse(wait_ms, None)
        if self.watches:
            raise Rejected(Code.READ_ONLY, "This link is for watching.")
        self.owner.receive_bytes(self.member, data)

    def bye(self, closed: Closed) -> None:
        """Tell the client why, and close."""
        nearest = nearest_other(self.context) if closed.code is Close.NO_PLACE else None
        more = {"retry_ms": closed.retry_ms, "why": closed.why, "nearest": nearest}
        # So that a page that is too old loads itself once for each release, and not for ever.
        more |= {"build": build_id()} if closed.code is Close.VERSION else {}
        goodbye(self.outlet, closed.code, closed.text, **{name: value for name, value in more.items() if value})

    def leave(self) -> None:
        """The socket is gone."""
        if self.owner is not None:
            if self.member is not None:
                self.owner.leave(self.member)
                self._unseat(self.member.session.who.id)
            if isinstance(self.owner, Owner):
                self.process.left(self.owner)
        self.owner = self.member = None

    def _decode(self, data: str | bytes) -> Command:
        COUNTS.commands += 1
        wait_ms = self._gate.take()
        if isinstance(data, bytes):
            raise Rejected(Code.BAD_MESSAGE, "Messages are text frames.")
        command = self.process.registry.decode(data, self.max_frame)
        if wait_ms:
            self._gate.refuse(wait_ms, command.ref)
        return command

    def _refuse(self, rejected: Rejected) -> None:
        if self.member is None or rejected.code in (Code.BAD_MESSAGE, Code.UNKNOWN_COMMAND):
            self._bad += 1
            if self._bad >= MAX_BAD:
                raise Closed(Close.BAD_MESSAGES, "Too many messages that were not understood.")
        if self.member is None:
            self.outlet.send(Prepared(refusal(rejected)))
        else:
            self.member.send(refusal(rejected))

    def _who(self, join: Join) -> Who:
        """The player of the cookie; without one a guest, who may say what to be called. Raises Rejected."""
        player = self.player or guest(join.sid)
        name, colour = player.name, player.colour
        if self.player is None:
            name = clean_name(join.name) if join.name is not None else name
            colour = clean_colour(join.colour) if join.colour is not None else colour
        return Who(player.id, name, colour)
