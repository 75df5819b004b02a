"""The owner's side of relays: sessions whose sockets another Machine holds are members of the room like all others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from fly.server.audience import Audience, Watcher
from gameserver.clock import spread_ms
from gameserver.engine.copied import passing_states
from gameserver.engine.errors import Close, Closed, Rejected
from gameserver.engine.session import Session
from gameserver.engine.worlds import Who
from gameserver.link import Link
from gameserver.member import Member
from gameserver.outlet import Prepared
from gameserver.owner import Owner
from gameserver.pipeline import refusal
from gameserver.relay import words
from gameserver.seats import AGAIN_MS, NO_PLACE

log = logging.getLogger(__name__)
PULSE_S = 1.0
"""Between two words to all relays that this owner lives, and how far it is: what they missed last they find out by it."""
SILENT_S = 10.0
"""A relay that said nothing for so long is gone, and its sessions with it."""


class FarOutlet:
    """The way out to one session of a relay. What everybody is shown reaches it with all others there; this is for its own."""

    __slots__ = ("_link", "_room", "_session", "channel")
    is_far = True

    def __init__(self, link: Link, channel: str, room: list[str], session: str) -> None:
        self.channel = channel
        self._link = link
        self._room = room
        self._session = session

    @property
    def waiting(self) -> int:
        """See Outlet: how slow its reader is, is the relay's matter."""
        return 0

    def send(self, *messages: Prepared) -> None:
        """See Outlet."""
        texts = [message.text for message in messages]
        self._link.send(self.channel, {"do": words.OWN, "room": self._room, "session": self._session, "messages": texts})

    def send_bytes(self, data: bytes) -> None:
        """See Outlet: a room with frames for each player is not relayed."""

    def close(self, code: int, reason: str) -> None:
        """See Outlet."""
        order = {"do": words.CLOSE, "room": self._room, "session": self._session, "code": int(code), "reason": reason}
        self._link.send(self.channel, order)

    def watch(self, watcher: Watcher | None) -> None:
        """See Outlet: never told."""

    def hold(self) -> None:
        """See Outlet: never asked for."""

    def go_on(self) -> None:
        """See Outlet: never asked for."""

    def enlist(self, audience: Audience) -> bool:
        """See Outlet: its relay is written to for it."""
        return True

    def unlist(self) -> None:
        """See Outlet."""

    def enlisted(self, audience: Audience) -> Any:
        """See Outlet: none here."""
        return None


class Relays:
    """The relays of one room that this process owns; the hub's tap. Made with the first of them."""

    def __init__(self, owner: Owner, link: Link) -> None:
        self._owner = owner
        self._link = link
        self._room = [owner.region, owner.slug]
        self._group = words.group_of(owner.region, owner.slug)
        self._members: dict[str, dict[str, Member]] = {}
        self._heard: dict[str, float] = {}
        self._waiting: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(PULSE_S, self._pulse)
        owner.hub.tap = self

    def __len__(self) -> int:
        return len(self._heard)

    # What a relay says

    def attach(self, channel: str) -> None:
        """Be told of this room, from a kit on."""
        self._members.setdefault(channel, {})
        self._heard[channel] = self._loop.time()
        room = self._owner.room
        if room is None:
            return
        if room.seq != room.durable and not room.is_exact:
            # Such a state has what is decided in it, and must not be told before that is durable.
            self._waiting.append(channel)
            return
        hub = self._owner.hub
        kit = {
            "do": words.KIT,
            "room": self._room,
            "key": self._owner.key,
            "epoch": room.epoch,
            "first_epoch": room.first_epoch,
            "floor": room.floor,
            "seq": room.durable,
            "world": self._owner.world,
            "present": hub.present(),
            "players": hub.roster.players,
            "told": hub.told,
            "state": passing_states(room),
            "holder": self._link.channel,
        }
        self._link.send(channel, kit)

    def sessions(self, channel: str, joined: Sequence[Sequence[str]], left: Sequence[str], whole: bool) -> None:
        """Take who came and went at a relay."""
        hub, mine = self._owner.hub, self._members.setdefault(channel, {})
        if whole:
            kept = {key for key, *_ in joined}
            left = [key for key in mine if key not in kept]
        for key in left:
            member = mine.pop(key, None)
            if member is not None and hub.remove(member):
                self._owner.seats.left(member.session.who.id)
        for key, *who in joined:
            if key not in mine or not hub.holds(mine[key]):
                member = Member(Session(key, Who(*who)), FarOutlet(self._link, channel, self._room, key))
                # Those of whom a relay tells a new owner were in before.
                if not self._owner.seats.admit(member.session.who.id, returns=whole):
                    member.bye(Close.NO_PLACE, NO_PLACE, retry_ms=spread_ms(AGAIN_MS))
                    continue
                mine[key] = member
                hub.add(member)
        self._owner.wake()

    def commands(self, channel: str, commands: Sequence[Sequence[Any]], decode: Any) -> None:
        """Take what sessions of a relay ask, in their order."""
        mine = self._members.get(channel, {})
        for key, text in commands:
            member = mine.get(key)
            if member is None:
                self._link.send(channel, {"do": words.RECOUNT, "room": self._room})
                continue
            try:
                self._owner.receive(member, decode(text))
            except Rejected as rejected:
                member.send(refusal(rejected))
            except Closed as closed:
                member.bye(closed.code, closed.text)
            except Exception:
                log.exception("A command that came by a relay failed.")

    def alive(self, channel: str, sessions: int) -> None:
        """A relay lives, and has so many sessions."""
        self._heard[channel] = self._loop.time()
        if sessions != len(self._members.get(channel, ())):
            self._link.send(channel, {"do": words.RECOUNT, "room": self._room})

    # What the room says

    def shown(self, messages: Sequence[Prepared]) -> None:
        """Everybody here was shown this."""
        room = self._owner.room
        if room is not None:
            texts = [message.text for message in messages]
            self._link.publish(self._group, {"do": words.FRAME, "room": self._room, "epoch": room.epoch, "messages": texts})
            if self._waiting and room.seq == room.durable:
                waiting, self._waiting = self._waiting, []
                for channel in waiting:
                    self.attach(channel)

    def gone(self) -> None:
        """The room has no owner here any more: relays look for the next one."""
        self._timer.cancel()
        self._owner.hub.tap = None
        self._link.publish(self._group, {"do": words.GONE, "room": self._room})

    def _pulse(self) -> None:
        self._timer = self._loop.call_later(PULSE_S, self._pulse)
        epoch, seq = self._owner.hub.shown
        self._link.publish(self._group, {"do": words.PULSE, "room": self._room, "epoch": epoch, "seq": seq, "told": self._owner.hub.told})
        for channel in [channel for channel, at in self._heard.items() if self._loop.time() - at > SILENT_S]:
            log.warning("The relay %s of room %s/%s is silent: its sessions are gone.", channel, *self._room)
            self.sessions(channel, (), (), whole=True)
            del self._heard[channel], self._members[channel]
        if not self._heard:
            self._timer.cancel()
            self._owner.hub.tap = None
