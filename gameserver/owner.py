"""The owner of one room: opens it, lets people in, has what they ask decided, and gives it up.

What is decided goes through the pipeline: journalled, shown, replied. Everything is called on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from itertools import count

from gameserver.clock import steady
from gameserver.counts import COUNTS
from gameserver.drawing import Drawing
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.lease import REFUSE_S, LeaseHeld
from gameserver.engine.outcome import NOTHING, Outcome
from gameserver.engine.past import KEEP
from gameserver.engine.protocol import MAX_FRAME, Command, Join, Ping
from gameserver.engine.room import Room, Welcome
from gameserver.engine.session import check_version, session_of
from gameserver.engine.worlds import Who
from gameserver.history import read_page
from gameserver.hub import Hub
from gameserver.keeper import Keeper, TooLate
from gameserver.member import Member
from gameserver.outlet import Outlet
from gameserver.pipeline import Pipeline
from gameserver.reception import Reception
from gameserver.seats import Seats
from gameserver.snapshots import Snapshots
from gameserver.store import StaleEpoch
from gameserver.ticker import Ticker
from gameserver.welcomes import Welcomes

log = logging.getLogger(__name__)
RELOAD_S = (0.1, 0.5, 1.0, 2.0)
"""Pauses between attempts to read a room again after its journal failed; the last one repeats."""
RESUME_MS = (50, 500)
"""When those come back who cannot be shown what they missed over the socket they have."""


class _Broken(Exception):
    """A world did what it must not, and its state is not to be trusted."""


class Owner:
    """One room in this process. `world`: its lane besides chat, if the room is to be made. `clock`: seconds since 1970."""

    def __init__(self, region: str, slug: str, keeper: Keeper, world: str = "", clock: Callable[[], float] = time.time) -> None:
        self.region = region
        self.slug = slug
        self.world = world
        self.key = 0
        self.hub = Hub()
        self.seats = Seats(self.hub)
        self.welcomes = Welcomes(self.hub, lambda after, upto: keeper.journal.read(keeper.journal.store.since, self.key, after, upto))
        self._reception = Reception(f"{region}/{slug}", self.hub, self.welcomes, lambda: self._room, lambda: self._ready(None))
        self.catch_up = self._reception.welcome
        """What a member needs that has seen everything up to a position, and is held. Raises as `join`."""
        self._drawing = Drawing(self.hub)
        self._keeper = keeper
        self._clock = clock
        self._pipeline = Pipeline(self.hub, keeper.journal, self._failed, self._changed, self._gather)
        self._room: Room | None = None
        self._opening: asyncio.Task[None] | None = None
        self._ticker = Ticker(self._tick, lambda: self.hub.people > 0 and not self._retired)
        self._snapshots = Snapshots(keeper.journal, self._pipeline, clock)
        self._available, self._retired = True, False

    async def open(self) -> None:
        """Own the room: its epoch is ours from now on. Raises LeaseHeld, TooManyRooms, Damaged, TooLate, or what the database raised."""
        keeper, began = self._keeper, steady()
        claimed = await keeper.journal.call(keeper.leases.claim, self.region, self.slug, keeper.holder, self.world)
        room = Room(claimed.epoch, claimed.first_epoch, keeper.registry.lanes(claimed.world), claimed.floor)
        loaded = await keeper.journal.call(keeper.journal.store.load, claimed.key, KEEP, room.passing)
        if steady() - began >= REFUSE_S:
            # Frozen or held up since: the lease may have passed to another, and what was read may be that one's already.
            raise TooLate
        room.load(loaded.snapshot, loaded.entries, loaded.lasting)
        shown = self._room.durable if self._room is not None else None
        self.key, self.world, self._room = claimed.key, claimed.world, room
        self.hub.shown = claimed.epoch, room.durable if shown is None else shown
        self._pipeline.start(room, claimed.key)
        self._snapshots.start(room, claimed.key, loaded.snapshot.seq if loaded.snapshot else 0)
        if shown is not None and room.durable > shown:
            self._show_what_was_in_doubt(room, shown)
        self._ticker.keep(room.worlds)
        self.seats.expect(claimed.sessions if shown is None else 0)

    def _show_what_was_in_doubt(self, room: Room, shown: int) -> None:
        """A commit that seemed to fail did happen. Who cannot be shown all of it comes back and gets it as a gap: never a part (R5)."""
        missed = [event for event in room.past.events if event["seq"] > shown]
        if len(missed) == room.durable - shown:
            self.hub.show({"type": "events", "epoch": room.epoch, "events": missed})
        else:
            self.hub.close(Close.OWNER_LOST, "More has happened than can be shown at once.", RESUME_MS)
            self.hub.shown = room.epoch, room.durable

    @property
    def is_idle(self) -> bool:
        """True when nobody is in the room and nothing waits to be journalled."""
        return not self.hub.people and self.is_settled

    @property
    def is_settled(self) -> bool:
        """True when nothing waits to be journalled."""
        return self._pipeline.is_settled

    @property
    def epoch(self) -> int:
        """Of our lease; 0 before the room was opened."""
        return 0 if self._room is None else self._room.epoch

    @property
    def rates(self) -> dict[str, tuple[float, float]]:
        """See Room."""
        return {} if self._room is None else self._room.rates

    @property
    def max_frame(self) -> int:
        """See Room."""
        return MAX_FRAME if self._room is None else self._room.max_frame

    @property
    def lag(self) -> int:
        """Events that are in no snapshot yet."""
        return self._snapshots.lag

    @property
    def room(self) -> Room | None:
        """The room, once it was read."""
        return self._room

    # People

    async def join(self, join: Join, who: Who, outlet: Outlet) -> tuple[Member, Welcome]:
        """Let a session in; what is shown from now on waits in its member until `hub.release`.

        Raises Rejected (unavailable), and Closed: another version, taken over meanwhile, the gap cannot be read.
        """
        check_version(join)
        self._ready(join.ref)
        member = Member(session_of(join, who), outlet, [])
        self.hub.add(member)
        self.wake()
        try:
            return member, await self._reception.welcome(member, join.position)
        except BaseException:
            self.hub.remove(member)
            raise

    def wake(self) -> None:
        """Somebody is in: worlds tick."""
        if self._room is not None:
            self._ticker.keep(self._room.worlds)

    def leave(self, member: Member) -> None:
        """A socket is gone; if its session was taken over, nothing happens."""
        player = member.session.who.id
        if self.hub.remove(member) and self._room is not None and not self.hub.roster.sessions(player):
            self._room.gone(player)

    def receive(self, member: Member, command: Command) -> None:
        """Take one command. Raises Rejected or Closed, for this member alone. What a taken over socket still says is not heard."""
        if member.hub is None:
            return
        if type(command) is Ping:
            member.send({"type": "reply", "ref": command.ref, "ok": True})
            return
        before = member.session.who
        room = self._ready(command.ref)
        try:
            outcome = room.receive(member.session, command, self._clock())
        except (Rejected, Closed):
            raise
        except Exception:
            # A world's fault. What it left half done is not to be trusted: the room is read again, and goes on without this socket.
            self._pipeline.give_up(_Broken())
            raise
        if outcome.read is not None:
            read_page(self._keeper.journal, self.key, member, outcome.read, room.passing)
        elif outcome is not NOTHING:
            self._pipeline.take(member, outcome, before)

    def receive_bytes(self, member: Member, data: bytes) -> None:
        """Take one binary message. Raises as `receive`. It decides nothing: that is the next tick's, if there is one."""
        room = self._room
        if member.hub is None or room is None:
            return
        try:
            room.hear(member.session, data, self._clock())
        except (Rejected, Closed):
            raise
        except Exception:
            self._pipeline.give_up(_Broken())
            raise

    def _ready(self, ref: int | None) -> Room:
        room = self._room
        if room is None or not self._is_available():
            raise Rejected(Code.UNAVAILABLE, "Nothing can be kept just now. Send it again in a moment.", ref=ref)
        return room

    def _is_available(self) -> bool:
        return not (self._retired or self._room is None or self._pipeline.stalled or self._is_opening()) and self._keeper.decides()

    def _is_opening(self) -> bool:
        return self._opening is not None and not self._opening.done()

    def say_status(self) -> None:
        """Tell everybody when the room became unavailable, and when it is back."""
        available = self._is_available()
        if available != self._available and not self._retired:
            self._available = available
            text = "" if available else "The room cannot keep anything just now. What you write waits, and is sent when it can."
            self.hub.show({"type": "status", "available": available, "text": text})

    # The journal

    def _changed(self) -> None:
        self._reception.look()
        self.say_status()
        self._snapshots.by_count()

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, StaleEpoch):
            self._keeper.lost(self)
        elif not self._is_opening():
            self._opening = asyncio.ensure_future(self._open_again())
        self._changed()

    async def _open_again(self) -> None:
        """Read the room again until it works, or somebody else has it."""
        for attempt in count():
            await asyncio.sleep(RELOAD_S[min(attempt, len(RELOAD_S) - 1)])
            try:
                await self.open()
            except LeaseHeld:
                self._keeper.lost(self)
                return
            except Exception as error:  # noqa: BLE001
                log.warning("Room %s/%s cannot be read: %r", self.region, self.slug, error)
                continue
            asyncio.get_running_loop().call_soon(self._changed)
            return

    def _tick(self, name: str) -> None:
        room = self._room
        if room is None or not self._is_available():
            return
        world = next(world for world in room.worlds if world.name == name)
        try:
            slowed = world.slowed_ticks
            self._pipeline.take(None, room.tick(world, self._clock()), None)
            COUNTS.slowed_ticks += world.slowed_ticks - slowed
            self._drawing.ticked(world, asyncio.get_running_loop().time())
        except Exception:
            log.exception("World %s of room %s/%s failed in its tick and ticks no more.", name, self.region, self.slug)
            self._ticker.without.add(name)
            self._pipeline.give_up(_Broken())
            return
        self._snapshots.by_time(world)

    def _gather(self) -> Outcome:
        """What all that was noted leads to; nothing while nothing can be kept."""
        room = self._room
        if room is None or not self._is_available():
            return NOTHING
        try:
            return room.gather(self._clock())
        except Exception:
            log.exception("A world of room %s/%s failed to gather what it noted.", self.region, self.slug)
            self._pipeline.give_up(_Broken())
            return NOTHING

    # The end

    async def retire(self, timeout_s: float) -> None:
        """Decide nothing more, have what is decided journalled and shown, and a snapshot kept. Never raises."""
        self._retired = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self.is_settled and loop.time() < deadline:
            await asyncio.sleep(0.002)
        future = self._snapshots.now() if self.is_settled and not self._is_opening() else None
        if future is not None:
            await asyncio.wait([future], timeout=max(0.0, deadline - loop.time()))

    def stop(self) -> None:
        """End what goes on by itself; the owner is not used any more."""
        self._retired = True
        self._ticker.stop()
        if self._opening is not None:
            self._opening.cancel()
        self._pipeline.end()
        if self.hub.tap is not None:
            self.hub.tap.gone()
