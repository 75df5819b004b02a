"""What this process says to other gameservers of its region, and hears from them: relays of our rooms, and our relays of theirs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from gameserver.engine.errors import Close, Closed
from gameserver.link import Link, channel_of
from gameserver.relay import words
from gameserver.relay.far import Relays
from gameserver.relay.relay import Relay
from gameserver.store import Peer

if TYPE_CHECKING:
    from gameserver.process import Process

log = logging.getLogger(__name__)
REFRESH_S = 1.0
IDLE_S = 10.0
"""How long a relay without anybody stays."""
_TO_RELAYS = frozenset({words.KIT, words.FRAME, words.PULSE, words.OWN, words.CLOSE, words.RECOUNT, words.GONE})


class Exchange:
    """Of one process, where a channel layer reaches others. Made when the process has its holder."""

    def __init__(self, process: Process, layer: Any) -> None:
        self.process = process
        self.link = Link(layer, f"{process.holder.machine}.{process.holder.boot}", self._hear, self._changed)
        self._peers: dict[str, Peer] = {}
        self._relays: dict[tuple[str, str], Relay] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Reach others, and know who there is."""
        self.link.start()
        self._task = asyncio.ensure_future(self._refresh())

    async def stop(self) -> None:
        """No more."""
        if self._task is not None:
            self._task.cancel()
        for relay in list(self._relays.values()):
            self.forget(relay)
        await self.link.stop()

    # Who there is

    def is_full(self, machine: str) -> bool:
        """Whether a Machine of the region takes no more sockets, as far as is known."""
        peer = self._peers.get(machine)
        return peer is not None and peer.places <= 0

    def roomiest(self) -> str:
        """The other Machine with the most places; empty if there is none with any."""
        others = [peer for peer in self._peers.values() if peer.machine != self.process.here.machine and peer.places > 0]
        return max(others, key=lambda peer: peer.places).machine if others else ""

    def owner_of(self, region: str, slug: str) -> str:
        """The channel of the process that owns a room; empty if none is known."""
        peer = self._peers.get(self.process.placement.of(region, slug))
        return channel_of(f"{peer.machine}.{peer.boot}") if peer is not None else ""

    async def _refresh(self) -> None:
        while True:
            try:
                peers = await self.process.journal.read(self.process.leases.peers)
                self._peers = {peer.machine: peer for peer in peers}
            except Exception as error:  # noqa: BLE001
                log.debug("The table of Machines cannot be read: %r", error)
            await asyncio.sleep(REFRESH_S)

    # Relays here

    async def relay(self, region: str, slug: str) -> Relay:
        """Our relay of a room. Raises Closed when the room is owned here meanwhile; whoever waits bounds the time."""
        if self.process.owned(region, slug):
            raise Closed(Close.OWNER_LOST, "This room has another owner now.", retry_ms=100)
        relay = self._relays.get((region, slug))
        if relay is None:
            relay = self._relays[region, slug] = Relay(region, slug, self)
            self.idle(relay)
        await relay.open()
        return relay

    def idle(self, relay: Relay) -> None:
        """Nobody is there: if it stays so, the relay ends."""
        asyncio.get_running_loop().call_later(IDLE_S, self._forget_idle, relay)

    def _forget_idle(self, relay: Relay) -> None:
        if not len(relay.hub):
            self.forget(relay)

    def forget(self, relay: Relay) -> None:
        """A relay ends."""
        if self._relays.get((relay.region, relay.slug)) is relay:
            del self._relays[relay.region, relay.slug]
        relay.stop()

    # What comes

    def _hear(self, message: dict[str, Any]) -> None:
        region, slug = message["room"]
        if message["do"] in _TO_RELAYS:
            relay = self._relays.get((region, slug))
            if relay is not None:
                relay.hear(message)
            return
        side = self._side(region, slug)
        if side is None:
            return
        channel = message["relay"]
        if message["do"] == words.ATTACH:
            side.attach(channel)
        elif message["do"] == words.SESSIONS:
            side.sessions(channel, message["joined"], message["left"], message["whole"])
        elif message["do"] == words.COMMANDS:
            side.commands(channel, message["commands"], self.process.registry.decode)
        elif message["do"] == words.ALIVE:
            side.alive(channel, message["sessions"])

    def _side(self, region: str, slug: str) -> Relays | None:
        """The owner's side of a room of ours; None for others'."""
        owner = self.process.owner_here(region, slug)
        if owner is None:
            return None
        tap = owner.hub.tap
        return tap if isinstance(tap, Relays) else Relays(owner, self.link)

    def _changed(self, up: bool) -> None:
        for relay in list(self._relays.values()):
            relay.turn(up)
