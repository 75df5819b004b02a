"""What waits to go to other processes, what of it goes together, and what of it is new where it arrives. Pure: nothing is sent here.

Every message over a channel layer costs a handful of round trips and the better part of a millisecond on both sides, whatever its size.
So what waits for the same place goes as one. Who receives it sees the same messages in the same order as if each had gone alone.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from gameserver.clock import steady

Message = dict[str, Any]
"""What travels: str, int, float, bool, None, bytes, lists and dicts of these."""
MAX_MESSAGES = 20_000
MAX_BYTES = 8 * 1024 * 1024
"""What may wait, in messages and in bytes: some seconds of a full process's traffic."""
STALE_S = 5.0
"""After this time a message is worth nothing any more: a client has asked again, and gaps are filled from the journal."""
ROUND_BYTES = 256 * 1024
"""What goes in one round: a longer parcel would keep Redis, and who unpacks it, from others for too long."""
ROUND_PARCELS = 50
"""Parcels of one round: some tens of ms, then it is seen again what waits and what is stale."""

MAX_SENDERS = 1000
"""Processes whose last number is kept."""


class Address(NamedTuple):
    """Where a message goes: to all members of a group, or to the one process that has a channel."""

    name: str
    is_group: bool


@dataclass(slots=True)
class Parcel:
    """Messages for one address, in order."""

    address: Address
    messages: list[bytes] = field(default_factory=list)


class Waiting(NamedTuple):
    """A message, and since when it waits."""

    address: Address
    message: bytes
    since: float


class Parcels:
    """A queue that is bounded in messages, bytes and age. Full, it drops the oldest. `clock`: see gameserver.clock."""

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        self.dropped = 0
        """Messages that were given up."""
        self._clock = clock
        self._queue: deque[Waiting] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, address: Address, message: bytes) -> None:
        """Have a message wait. One that is longer than all that may wait is dropped itself."""
        if len(message) > MAX_BYTES:
            self.dropped += 1
            return
        self._queue.append(Waiting(address, message, self._clock()))
        self._bytes += len(message)
        while self._bytes > MAX_BYTES or len(self._queue) > MAX_MESSAGES:
            self._drop()

    def take(self) -> list[Parcel]:
        """What goes next: at most ROUND_PARCELS, and ROUND_BYTES or one message that is longer. Empty when nothing waits."""
        oldest = self._clock() - STALE_S
        while self._queue and self._queue[0].since < oldest:
            self._drop()
        parcels: list[Parcel] = []
        # Those that take more: one group's, or those of channels. Channels have no receiver in common, a group may have one with anybody.
        taking: dict[Address, Parcel] = {}
        size = 0
        while self._queue and (not parcels or size + len(self._queue[0].message) <= ROUND_BYTES):
            address = self._queue[0].address
            if address not in taking:
                if len(parcels) == ROUND_PARCELS:
                    break
                if address.is_group or any(other.is_group for other in taking):
                    taking.clear()
                taking[address] = Parcel(address)
                parcels.append(taking[address])
            message = self._pop().message
            taking[address].messages.append(message)
            size += len(message)
        return parcels

    def _pop(self) -> Waiting:
        waiting = self._queue.popleft()
        self._bytes -= len(waiting.message)
        return waiting

    def _drop(self) -> None:
        self._pop()
        self.dropped += 1


class Seals:
    """Makes of messages what the layer carries: with the sender's name and a number that rises."""

    def __init__(self, sender: str) -> None:
        self._sender = sender
        self._numbers = itertools.count(1)

    def seal(self, messages: list[bytes]) -> Message:
        """The next parcel's messages, as they go out."""
        return {"type": "link", "from": self._sender, "number": next(self._numbers), "messages": messages}

    def probe(self) -> Message:
        """What brings nothing, and may overtake parcels."""
        return {"type": "link", "from": self._sender, "number": 0, "messages": []}


class Arrivals:
    """Opens what came, each sender's in order and once.

    Redis sorts by its clock, which may be set back; and one that was frozen does last what a connection wanted that was given up.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def open(self, sealed: Message) -> list[Message]:
        """The messages; none if the same sender's parcel, or a later one, was opened before. Raises for what no Seals made."""
        sender, number = sealed["from"], sealed["number"]
        last = self._last.pop(sender, 0)
        self._last[sender] = max(number, last)
        if len(self._last) > MAX_SENDERS:
            del self._last[next(iter(self._last))]
        return [msgspec.msgpack.decode(message) for message in sealed["messages"]] if number > last else []
