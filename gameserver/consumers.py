"""The room's socket: a thin Channels consumer. Bytes go to the connection, which knows the protocol and the owner.

It does not go through AsyncConsumer's dispatch, which visits the database's thread for every message, nor through a channel layer: the hub
writes to sockets directly. On our server messages come straight from the wire, without waking a task; on others, through `receive`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer

from fly.asgi import PLAIN, deny
from fly.context import FlyContext
from fly.replay import Refuse, Replay, Serve
from fly.router import replay
from gameserver.clock import spread_ms
from gameserver.connection import Connection
from gameserver.drain import moved
from gameserver.engine.errors import Close, Closed
from gameserver.engine.lease import LeaseHeld, is_served
from gameserver.engine.protocol import MAX_FRAME, Join, is_too_big
from gameserver.engine.worlds import Who
from gameserver.outlet import FillerOutlet, QueueOutlet, SocketOutlet, outlet_of
from gameserver.placement import machine_in
from gameserver.players import player_of
from gameserver.process import Process, current
from gameserver.store import Held
from gameserver.throttle import address_of
from gameserver.visits import VISITS
from gameserver.watch import slug_of

JOIN_S = 10.0
"""Time for the first message."""
TOO_BIG = 1009
BOUNCED_MS = (100, 500)
"""When to come back to a room whose owner lives, but was not found."""
SPREAD_MS = (10, 300)
"""Behind the end of a lease: not all who wait for a room come at once."""
_RESTARTS = [*PLAIN, (b"retry-after", b"2")]


class RoomConsumer(AsyncConsumer):  # type: ignore[misc]
    """`/ws/r/<slug>/` and `/ws/w/<token>/`: docs/protocol.md."""

    channel_layer_alias = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket from the handshake to the end."""
        process = current()
        if process is None or process.is_draining:
            await deny(scope, receive, send, 503, _RESTARTS, b"This gameserver restarts.\n")
            return
        VISITS.arriving += 1
        try:
            arrived = await self._arrive(process, scope, receive, send)
        finally:
            VISITS.arriving -= 1
        if arrived is not None:
            await self._accepted(*arrived)

    async def _arrive(self, process: Process, scope: Any, receive: Any, send: Any) -> tuple[Connection, Any, Closed | None] | None:
        """Accept a handshake: its connection, and what it must be told if it cannot stay; None if it was answered otherwise."""
        context = scope["fly"]
        room = _room(context.region, scope)
        # Before the socket is accepted: one that must be replayed never is (R9).
        if context.arrival.failed:
            process.placement.forget(room.region, room.slug)
        if process.placement.of(room.region, room.slug) and not process.owned(room.region, room.slug):
            await process.placement.fresh()
        elsewhere, relayed = _elsewhere(process, room)
        served = Serve("another Machine that is full owns the room")
        decision = served if relayed else context.decide_for(elsewhere, _expected(process, room))
        late: Closed | None = None
        address = address_of(scope, context.here)
        connection = Connection(process, context, room.region, room.slug, player_of(scope), address, watches=room.is_watched)
        if isinstance(decision, Serve):
            try:
                await connection.find(room.world, relayed=relayed)
            except LeaseHeld as held:
                process.placement.learn(Held(room.region, room.slug, held.machine, held.remaining_ms))
                decision = context.decide_for(held.machine) if is_served(held.remaining_ms) else decision
                late = _held_elsewhere(context, held)
                if isinstance(decision, Serve) and _may_relay(process, context) and is_served(held.remaining_ms):
                    late = await connection.find_relay(room.world)
            except Closed as closed:
                late = closed
        if isinstance(decision, Replay):
            await replay(scope, receive, send, decision)
            return None
        if isinstance(decision, Refuse):
            await deny(scope, receive, send, decision.status, PLAIN, f"{decision.reason}\n".encode())
            return None
        await process.admission.turn()
        await receive()
        await send({"type": "websocket.accept"})
        connection.outlet = outlet_of(scope, send)
        return connection, receive, late

    async def _accepted(self, connection: Connection, receive: Any, late: Closed | None) -> None:
        process, outlet = connection.process, connection.outlet
        is_visitor = not isinstance(outlet, FillerOutlet)
        if is_visitor:
            process.outlets.add(outlet)
            VISITS.came()
        try:
            if process.is_draining:
                # It began while this socket was being accepted: the drain does not know of it.
                raise moved(process)
            if len(process.outlets) > process.max_sockets:
                raise Closed(Close.FULL, "This gameserver is full. Try again later, or another region.")
            if late is not None:
                raise late
            await self._serve(connection, receive)
        except _Gone:
            pass
        except _TooBig:
            outlet.close(TOO_BIG, "message too big")
            await _gone(receive)
        except Closed as closed:
            connection.bye(closed)
            await _gone(receive)
        finally:
            process.outlets.discard(outlet)
            if is_visitor:
                VISITS.left()
            connection.leave()
            if isinstance(outlet, QueueOutlet):
                outlet.stop()

    async def _serve(self, connection: Connection, receive: Any) -> None:
        try:
            async with asyncio.timeout(JOIN_S):
                join, who = await self._first(connection, receive)
        except TimeoutError:
            raise Closed(Close.NO_JOIN, "No room.join came in time.") from None
        await connection.process.admission.turn(soon=True)
        await connection.join(join, who)
        outlet = connection.outlet
        if isinstance(outlet, SocketOutlet):
            outlet.listen(partial(_hear, connection))
            await _gone(receive)
            return
        while True:
            await outlet.may_receive.wait()
            connection.receive(_data(await receive(), connection.max_frame))

    async def _first(self, connection: Connection, receive: Any) -> tuple[Join, Who]:
        """Wait for the join; other messages are answered."""
        while True:
            first = connection.decode_join(_data(await receive()))
            if first is not None:
                return first


@dataclass(frozen=True, slots=True)
class _Room:
    """What a handshake asks for. `world`, `at`: of a room that is to be made. `slug`: empty for a link that we did not make."""

    region: str
    slug: str
    world: str
    is_watched: bool
    at: str = ""


def _elsewhere(process: Process, room: _Room) -> tuple[str, bool]:
    """The Machine that a handshake for a room should go to, empty for this one; and whether this one is to relay the room.

    Our own room is looked for first: the table may not have heard yet that it is ours.
    """
    exchange = process.exchange
    if process.owned(room.region, room.slug):
        return (exchange.roomiest() if exchange is not None and not process.places else ""), False
    machine = process.placement.of(room.region, room.slug)
    return machine, bool(machine and exchange is not None and exchange.link.is_up and exchange.is_full(machine) and process.places)


def _expected(process: Process, room: _Room) -> str:
    """The Machine that shall have a room which nobody has yet; empty if it is open, or ours already. A wish, whoever utters it (AP8)."""
    return "" if process.owned(room.region, room.slug) else room.at


def _held_elsewhere(context: FlyContext, held: LeaseHeld) -> Closed:
    """What to tell somebody whose room another Machine has, and who cannot be sent there."""
    if context.host.machine:
        return Closed(Close.NO_SUCH_ROOM, "Another Machine of this region has this room. Open it at the region's own address.")
    return Closed(Close.OWNER_LOST, "The Machine that has this room does not answer.", retry_ms=_when(context, held))


def _may_relay(process: Process, context: FlyContext) -> bool:
    """Whether a socket that was sent here from the room's owner, which is full, can be served here."""
    exchange, arrival = process.exchange, context.arrival
    return exchange is not None and exchange.link.is_up and arrival.replayed and not arrival.failed


def _room(region: str, scope: Any) -> _Room:
    asked = scope["url_route"]["kwargs"]
    if "token" in asked:
        return _Room(region, slug_of(region, asked["token"]), "", is_watched=True)
    query: dict[str, list[str]] = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return _Room(region, asked["slug"], query.get("world", [""])[0][:32], is_watched=False, at=machine_in(query.get("at", [""])[0]))


def _when(context: FlyContext, held: LeaseHeld) -> int:
    """When to come back: as soon as the lease is over, or at once where only the tables did not agree."""
    bounced = context.arrival.replayed and not context.arrival.failed and is_served(held.remaining_ms)
    return spread_ms(BOUNCED_MS) if bounced else held.remaining_ms + spread_ms(SPREAD_MS)


class _Gone(Exception):
    """The client closed the socket."""


class _TooBig(Exception):
    """A message over the limit."""


def _hear(connection: Connection, data: str | bytes) -> None:
    """Take a message as it comes from the wire. A fault that is ours is the server's to log, and ends this socket only."""
    try:
        if len(data) * 4 > MAX_FRAME and is_too_big(data, connection.max_frame):
            connection.outlet.close(TOO_BIG, "message too big")
        else:
            connection.receive(data)
    except Closed as closed:
        connection.bye(closed)


def _data(event: Any, limit: int = MAX_FRAME) -> str | bytes:
    """What a message of at most `limit` bytes holds. Raises _Gone at the end of the socket, and _TooBig."""
    if event["type"] == "websocket.disconnect":
        raise _Gone
    text = event.get("text")
    data: str | bytes = text if text is not None else event["bytes"]
    if is_too_big(data, limit):
        raise _TooBig
    return data


async def _gone(receive: Any) -> None:
    """Wait for the end of a socket that was sent away; what it still says is not read."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
