"""How much a client may send, whoever it claims to be: by socket, by player and by address (R16).

A world's own rate, for each session, is the room's matter (`gameserver.engine.room`). These are wider: they bound what parsing costs, for
clients that send anything, in any number of tabs and rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import Any, NoReturn

from fly.asgi import values
from fly.here import Here
from gameserver.counts import COUNTS
from gameserver.engine.bucket import Bucket
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.worlds import BaseWorld

NOISE = 10
"""Messages of whatever kind that a socket may send, in units of what its fastest world allows."""
TABS = 4
"""Sockets' worth of messages that a player may send, in all rooms of this process together."""
HOUSEHOLD = 100
"""Sockets' worth of messages from one address: a school may have a single one."""
LOT = 8
"""Messages that a socket takes from its player's and its address's allowance at once: most messages look at their socket's only."""
FLOOD = 60
"""Messages refused more than taken, of one socket, until it is closed."""
REST_S = 60.0
"""How long a player whose socket was closed for a flood is not let in again."""
TOO_MUCH = "Too much, too fast. Come back in a minute."
MOST = 10_000
"""Players and addresses that are remembered before those are forgotten who have been quiet for long enough."""


class Throttle:
    """Of one process. Times are of `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._resting: dict[str, float] = {}

    def gate(self, address: str) -> Gate:
        """For a new socket. `address`: empty where it means nothing, as on loopback."""
        return Gate(self, [self.bucket("address", address, HOUSEHOLD)] if address else [])

    def rest(self, player: str) -> None:
        """This player was a flood."""
        now = self.clock()
        self._resting = {known: until for known, until in self._resting.items() if until > now}
        self._resting[player] = now + REST_S

    def is_resting(self, player: str) -> bool:
        """Whether a player must stay away."""
        return self._resting.get(player, 0.0) > self.clock()

    def bucket(self, kind: str, name: str, sockets: int) -> Bucket:
        """The one bucket of a player or an address."""
        bucket = self._buckets.get((kind, name))
        if bucket is None:
            now = self.clock()
            if len(self._buckets) >= MOST:
                self._buckets = {key: one for key, one in self._buckets.items() if not is_full(one, now)}
            bucket = self._buckets[kind, name] = Bucket(BaseWorld.rate * NOISE * sockets, BaseWorld.burst * NOISE * sockets, now)
        return bucket


class Gate:
    """What one socket may send, by itself and with all others of its player and its address."""

    __slots__ = ("_clock", "_lot", "_over", "_own", "_player", "_shared", "_throttle")

    def __init__(self, throttle: Throttle, shared: Iterable[Bucket]) -> None:
        self._throttle = throttle
        self._clock = throttle.clock
        self._player = ""
        self._over = 0
        self._lot = 0
        self._own = Bucket(BaseWorld.rate * NOISE, BaseWorld.burst * NOISE, self._clock())
        self._shared = tuple(shared)

    def admit(self, player: str, rate: float, burst: float) -> None:
        """It is this player's, in a room whose fastest world takes so many commands a second and at once. Raises Closed: a flood before."""
        if self._throttle.is_resting(player):
            raise Closed(Close.FLOOD, TOO_MUCH)
        self._player = player
        own, address = self._own, self._shared
        own.rate, own.burst, own.tokens = rate * NOISE, burst * NOISE, burst * NOISE
        mine = self._throttle.bucket("player", player, TABS)
        for bucket, sockets in ((mine, TABS), *((one, HOUSEHOLD) for one in address)):
            # What one room allows is allowed, however many other rooms its players are in.
            if bucket.rate < own.rate * sockets:
                bucket.rate, bucket.burst, bucket.tokens = own.rate * sockets, own.burst * sockets, own.burst * sockets
        self._shared = (mine, *address)

    def take(self) -> int:
        """Let a message in and return 0, or return the milliseconds after which the next one may come."""
        now = self._clock()
        wait_ms = self._own.take(now)
        if not wait_ms and not self._lot:
            wait_ms = max((bucket.take(now, LOT) for bucket in self._shared), default=0)
            self._lot = 0 if wait_ms else LOT
        if wait_ms:
            self._over += 1
            return wait_ms
        self._lot -= 1
        if self._over:
            self._over -= 1
        return 0

    def refuse(self, wait_ms: int, ref: int | None) -> NoReturn:
        """Say so, or end it when it was said often enough. Raises Rejected or Closed."""
        COUNTS.refused_rate += 1
        if self._over >= FLOOD:
            self.flood()
        raise Rejected(Code.RATE, "That was too fast.", wait_ms=wait_ms, ref=ref)

    def flood(self) -> NoReturn:
        """The rate was ignored. Raises Closed, and keeps the player out for a while."""
        COUNTS.floods += 1
        if self._player:
            self._throttle.rest(self._player)
        raise Closed(Close.FLOOD, TOO_MUCH)


def is_full(bucket: Bucket, now: float) -> bool:
    """Whether a bucket has been left alone for long enough that forgetting it changes nothing."""
    return bucket.tokens + (now - bucket.stamp) * bucket.rate >= bucket.burst


def address_of(scope: Any, here: Here) -> str:
    """Where a client is, for its limits: an IPv4 address, or the /64 that one subscriber has. Empty on loopback, and if it is unknown.

    On Fly the edge says it, and overwrites what a client says of itself; nothing but limits rests on it.
    """
    told = values(scope["headers"], b"fly-client-ip") if here.is_fly else []
    peer = scope.get("client")
    try:
        address = ip_address(told[-1] if told else peer[0] if peer else "")
    except ValueError:
        return ""
    if address.is_loopback:
        return ""
    return str(IPv6Network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
