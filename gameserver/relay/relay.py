"""The relay's side of a room that another Machine of the region owns: sockets here, decisions there."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from gameserver.engine.entry import Position
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.lease import LeaseHeld
from gameserver.engine.protocol import MAX_FRAME, Command, History, Join, Ping
from gameserver.engine.room import Room, Welcome
from gameserver.engine.session import check_version, session_of
from gameserver.engine.worlds import Who
from gameserver.history import read_page
from gameserver.hub import Hub
from gameserver.member import Member
from gameserver.outlet import Outlet, Prepared
from gameserver.relay import words
from gameserver.relay.copy import Copy
from gameserver.relay.mirror import Mirror
from gameserver.relay.upstream import Upstream
from gameserver.seats import Seats
from gameserver.welcomes import Welcomes

if TYPE_CHECKING:
    from gameserver.relay.exchange import Exchange

log = logging.getLogger(__name__)
TURN_S = 0.5
"""Between two looks at the owner and at what waits for it."""
SILENT_S = 3.0
"""An owner that said nothing for so long is not reached: its pulse comes every second."""
MOVED_MS = (50, 500)
"""When the sockets of a relay come back whose Machine has become the owner."""
CATCHING_UP = "This Machine is catching up with the room. What you write waits, and is sent when it can."


class Relay:
    """Serves sockets as an Owner does, for `gameserver.connection`. Use `open` first; it ends itself when nobody is here."""

    def __init__(self, region: str, slug: str, exchange: Exchange) -> None:
        self.region = region
        self.slug = slug
        self.world = ""
        self.hub = Hub()
        self._mirror = Mirror()
        self.hub.roster = self._mirror  # type: ignore[assignment]
        self.seats = Seats(self.hub)
        self._exchange = exchange
        self._link = exchange.link
        self._journal = journal = exchange.process.journal
        self._copy = Copy(self.hub, self._mirror, journal, exchange.process.registry, self._lost, self._settled)
        self.welcomes = Welcomes(self.hub, lambda after, upto: journal.read(journal.store.since, self._copy.key, after, upto))
        self._up = Upstream(self._link, [region, slug])
        self._loop = asyncio.get_running_loop()
        self._heard_at = 0.0
        self._changed = asyncio.Event()
        self._was_whole = True
        self._late: list[tuple[int, str, Prepared]] = []
        self._starting: asyncio.Task[None] | None = None
        self._link.join(words.group_of(region, slug))
        self._task = asyncio.ensure_future(self._run())

    # As an owner's

    @property
    def rates(self) -> dict[str, tuple[float, float]]:
        """See Owner."""
        return {} if self._copy.room is None else self._copy.room.rates

    @property
    def max_frame(self) -> int:
        """See Owner."""
        return MAX_FRAME if self._copy.room is None else self._copy.room.max_frame

    @property
    def is_whole(self) -> bool:
        """Whether the owner is reached, and nothing of the room is missing."""
        return self._link.is_up and self._copy.is_whole and self._loop.time() - self._heard_at < SILENT_S

    async def open(self) -> None:
        """Wait until sockets can be served; whoever calls bounds the time."""
        while not self.is_whole:
            self._changed.clear()
            await self._changed.wait()

    async def join(self, join: Join, who: Who, outlet: Outlet) -> tuple[Member, Welcome]:
        """See Owner."""
        check_version(join)
        if any(world.draws for world in self._ready(join.ref).worlds):
            raise Closed(Close.FULL, "The Machine that has this room is full. Try again later, or another region.")
        member = Member(session_of(join, who), outlet, [])
        self.hub.add(member)
        self._up.come(member.session.key, who)
        try:
            return member, await self.catch_up(member, join.position)
        except BaseException:
            self.leave(member)
            raise

    async def catch_up(self, member: Member, position: Position | None) -> Welcome:
        """See Owner."""
        room = self._ready(None)
        if not room.is_exact:
            self._attach()
            await self._next_kit()
            room = self._ready(None)
        found = self.welcomes.meet(room, position)
        try:
            welcome = found if isinstance(found, Welcome) else await self.welcomes.bridge(room, found)
        except Exception as error:
            raise Closed(Close.OWNER_LOST, "The room cannot be read just now.") from error
        if not self.hub.holds(member):
            raise Closed(Close.TAKEN_OVER, "This session goes on in another window.")
        return welcome

    def receive(self, member: Member, command: Command) -> None:
        """See Owner: what asks for the socket or the past is answered here, all else there."""
        if member.hub is None:
            return
        if isinstance(command, Ping):
            member.send({"type": "reply", "ref": command.ref, "ok": True})
            return
        room = self._ready(command.ref)
        if isinstance(command, History):
            outcome = room.receive(member.session, command, time.time())
            if outcome.read is not None:
                read_page(self._journal, self._copy.key, member, outcome.read, room.passing)
            elif outcome.reply is not None:
                member.send({"type": "reply", **outcome.reply})
            return
        self._up.ask(member, command, answered=not room.goes_unanswered(command))

    def receive_bytes(self, member: Member, data: bytes) -> None:
        """See Owner: nothing that hears bytes is relayed."""
        raise Rejected(Code.BAD_MESSAGE, "Messages are text frames.")

    def leave(self, member: Member) -> None:
        """See Owner."""
        if self.hub.remove(member):
            self._up.go(member.session.key)
            if not len(self.hub):
                self._exchange.idle(self)

    def stop(self) -> None:
        """Serve nobody any more."""
        self._task.cancel()
        self._copy.stop()
        if self._starting is not None:
            self._starting.cancel()
        self._up.stop()
        self._link.leave(words.group_of(self.region, self.slug))

    def _ready(self, ref: int | None) -> Room:
        room = self._copy.room
        if room is None or not self.is_whole:
            raise Rejected(Code.UNAVAILABLE, CATCHING_UP, ref=ref)
        return room

    def _attach(self) -> None:
        owner = self._exchange.owner_of(self.region, self.slug)
        if owner:
            self._up.owner = owner
            self._up.say(words.ATTACH)

    # What comes from the owner

    def turn(self, up: bool) -> None:
        """The link to others came up, or went down."""
        # Only what the owner says from now on shows that nothing is missing.
        self._heard_at = 0.0
        if up:
            self._attach()
        self._settled()

    def hear(self, message: dict[str, Any]) -> None:
        """Take a message about this room."""
        do = message["do"]
        if do == words.KIT:
            self._start(message)
        elif do == words.FRAME:
            self._heard_at = self._loop.time()
            self._copy.follow(message["epoch"], message["messages"])
        elif do == words.PULSE:
            self._heard_at = self._loop.time()
            self._copy.reach(message["epoch"], message["seq"])
            if self._copy.is_whole and message["told"] != self._mirror.told:
                # Who came or went was told in a message that is lost.
                self._attach()
            self._settled()
        elif do == words.OWN:
            self._own(message["session"], message["messages"])
        elif do == words.CLOSE:
            member = self.hub.member(message["session"])
            if member is not None:
                member.outlet.close(message["code"], message["reason"])
        elif do == words.RECOUNT:
            self._up.tell_all(self.hub)
        elif do == words.GONE:
            self._heard_at = 0.0
            self._settled()

    def _start(self, kit: dict[str, Any]) -> None:
        if self._starting is None or self._starting.done():
            self._starting = asyncio.ensure_future(self._begin(kit))

    async def _begin(self, kit: dict[str, Any]) -> None:
        try:
            await self._copy.start(kit)
        except Exception as error:  # noqa: BLE001
            log.warning("Room %s/%s cannot be relayed: %r", self.region, self.slug, error)
            return
        self.world, self._up.owner, self._heard_at = kit["world"], kit["holder"], self._loop.time()
        self._up.tell_all(self.hub)
        self._settled()

    async def _next_kit(self) -> None:
        while self._starting is None or self._starting.done():
            self._changed.clear()
            await self._changed.wait()
        await asyncio.wait([self._starting])

    def _own(self, key: str, texts: list[bytes]) -> None:
        room = self._copy.room
        for text in texts:
            prepared = Prepared.of(text)
            message = prepared.message
            if message["type"] == "reply" and not self._up.answered(key, message["ref"]):
                # It was given up, and is asked again by its sender.
                continue
            self._late.append((message.get("seq", 0) if room is not None else 0, key, prepared))
        self._reply()

    def _reply(self) -> None:
        """Give the replies whose events were shown here."""
        room = self._copy.room
        if not self._late or room is None:
            return
        late, self._late = self._late, []
        for seq, key, prepared in late:
            if seq > room.durable:
                self._late.append((seq, key, prepared))
            elif (member := self.hub.member(key)) is not None:
                member.reply([prepared])

    # How it goes

    def _settled(self) -> None:
        self._reply()
        if self.is_whole != self._was_whole:
            self._was_whole = not self._was_whole
            text = "" if self._was_whole else CATCHING_UP
            self.hub.show(Prepared({"type": "status", "available": self._was_whole, "text": text}))
        self._changed.set()

    def _lost(self) -> None:
        self.hub.close(Close.OWNER_LOST, "More has happened than can be shown at once.", MOVED_MS)

    async def _run(self) -> None:
        while True:
            if self.is_whole:
                self._up.say(words.ALIVE, sessions=len(self.hub))
            else:
                await self._seek()
            self._up.look_after(resend=self.is_whole)
            self._settled()
            await asyncio.sleep(TURN_S)

    async def _seek(self) -> None:
        """Turn to whoever has the room. Nobody has it: have it, and send everybody here to its owner, which is this process."""
        if self._exchange.owner_of(self.region, self.slug):
            self._attach()
            return
        try:
            await self._exchange.process.owner(self.region, self.slug)
        except LeaseHeld:
            return
        except Exception as error:  # noqa: BLE001
            log.warning("Room %s/%s has no owner, and cannot be opened: %r", self.region, self.slug, error)
            return
        self.hub.close(Close.OWNER_LOST, "This room has another owner now.", MOVED_MS)
        self._exchange.forget(self)
