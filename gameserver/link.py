"""This process's link to others of its region, over a Channels layer. It knows nothing of rooms.

The layer is allowed to lose messages, and its Redis to be slow, frozen, gone or forgetful: none of that is felt by who calls (R13).
The link finds out by itself, says so, and comes up again by itself. Whoever needs what was lost meanwhile asks for it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer

from gameserver.clock import steady
from gameserver.parcels import Address, Arrivals, Message, Parcel, Parcels, Seals

log = logging.getLogger(__name__)

PACE_S = 0.005
"""From one round of sending to the next. A message that comes alone goes at once; under load many go as one, and each way costs."""
PROBE_S = 1.0
MISSED = 2
"""The link is down when nothing came in through the layer while so many probes should have."""
STOOD_STILL_S = 5.0
"""A process that was frozen or suspended for so long may have missed messages that the layer kept for it no longer: it says so."""
ANSWER_S = 2.0
"""How long the layer may take for one call. With redis-py's own limit, a receiver that waits for messages would be cut off."""
RENEW_S = 10.0
"""Between two renewals of all memberships; the layer forgets a member that was not renewed for its `group_expiry`."""
BACKOFF_S = (0.1, 2.0)
"""Before the first and before every late attempt to come up again."""
STOP_S = 1.0
"""How long a link that stops may take to send what waits, and again to leave its groups."""


def reaches_others(layer: Any) -> bool:
    """Whether a channel layer leads out of this process: without one there is nobody to link to."""
    return layer is not None and not isinstance(layer, InMemoryChannelLayer)


def channel_of(name: str) -> str:
    """The channel of the link that has this name."""
    return f"link.{re.sub('[^a-zA-Z0-9_.-]', '-', name)[:90]}"


class Link:
    """One channel of this process's own, and any number of groups. Made, called and calling back on the event loop.

    layer: a Channels layer that nobody else uses, its connections are the link's to close.
    name: of one life of a Machine, and of no other; `channel` is made of it.
    receive: called with every message that comes, in the order in which its sender sent it, at most once.
    changed: called with True when the link came up and with False when it went down. What was under way when it was down may be
    lost; when it is up, all groups are joined. An exception in either is logged and costs nothing else.
    """

    def __init__(self, layer: Any, name: str, receive: Callable[[Message], None], changed: Callable[[bool], None]) -> None:
        self.channel = channel_of(name)
        self.is_up = False
        """Whether others reach this process, as far as is known: it takes up to 3 s to find out that a layer hangs."""
        self._layer = layer
        self._receive = receive
        self._changed = changed
        self._parcels = Parcels()
        # Its own group is for probes: they find out, too, when a Redis has lost its memory and nobody hears us any more.
        self._groups = {self.channel: None}
        self._unsaid: dict[str, bool] = {}
        self._work = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._heard = asyncio.Event()
        self._unanswered = 0
        self._seals = Seals(self.channel)
        self._arrivals = Arrivals()
        self._task: asyncio.Task[None] | None = None
        self._ending = False
        self._said_down = False

    @property
    def dropped(self) -> int:
        """Messages that were given up here: too many, too old, too long, no message at all, or under way when the link went down.

        Others are lost in the layer, when a receiver does not keep up; the layer does not say which.
        """
        return self._parcels.dropped

    def start(self) -> None:
        """Come up, and stay up."""
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Send what waits, leave the groups, close the connections. Takes 3 s at most, whatever the layer does."""
        was_up = self.is_up
        if was_up:
            await self._within(STOP_S, self._settled.wait())
        self._ending = True
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_S)
        self.is_up = False
        if was_up:
            await self._within(STOP_S, self._part())
        await self._close()

    def join(self, group: str) -> None:
        """Be a member of a group from now on; what is sent after this goes out after the group knows. Never waits or raises."""
        if self._is_name(group, self._layer.require_valid_group_name):
            self._groups[group] = None
            self._unsaid[group] = True
            self._wake()

    def leave(self, group: str) -> None:
        """Be no member any more; a few of its messages may still come. Never waits or raises."""
        if group in self._groups:
            del self._groups[group]
            self._unsaid[group] = False
            self._wake()

    def send(self, channel: str, message: Message) -> None:
        """Send a message to the process that has this channel, behind all that was sent and published before. Never waits or raises."""
        if self._is_name(channel, self._layer.require_valid_channel_name):
            self._put(Address(channel, is_group=False), message)

    def publish(self, group: str, message: Message) -> None:
        """Send a message to all members of a group, this process too if it is one; otherwise as `send`."""
        if self._is_name(group, self._layer.require_valid_group_name):
            self._put(Address(group, is_group=True), message)

    def _is_name(self, name: str, require: Callable[[str], Any]) -> bool:
        try:
            require(name)
        except TypeError as error:
            self._refuse(error)
            return False
        return True

    def _put(self, address: Address, message: Message) -> None:
        try:
            # At once: its length is known, and the caller may go on to change it.
            packed = msgspec.msgpack.encode(message)
        except Exception as error:  # noqa: BLE001
            self._refuse(error)
        else:
            self._parcels.put(address, packed)
            self._wake()

    def _refuse(self, error: Exception) -> None:
        self._parcels.dropped += 1
        log.error("This cannot go over the link: %s", error, stack_info=True)

    def _wake(self) -> None:
        self._work.set()
        self._settled.clear()

    # The life of the link

    async def _run(self) -> None:
        wait_s, most_s = BACKOFF_S
        while not self._ending:
            try:
                await self._live()
            except Exception as error:  # noqa: BLE001
                wait_s = BACKOFF_S[0] if self.is_up else min(wait_s * 2, most_s)
                self._turn(False, _reason(error))
            await self._close()
            await asyncio.sleep(wait_s * random.uniform(0.5, 1))  # noqa: S311

    async def _live(self) -> None:
        """Come up and stay up; ends with what ended it."""
        async with asyncio.TaskGroup() as tasks:
            for group in list(self._groups):
                await self._call(self._layer.group_add(group, self.channel))
            self._heard.clear()
            # The layer throws away what lay too long in our channel when something is sent to it: so we do not receive before.
            await self._send_probe()
            tasks.create_task(self._take_in())
            tasks.create_task(self._probe())
            await self._call(self._heard.wait())
            self._turn(True)
            tasks.create_task(self._send_all())
            tasks.create_task(self._renew())

    def _turn(self, up: bool, why: str = "") -> None:
        if up:
            log.info("The link to other gameservers is up.%s", f" {self.dropped} messages were dropped so far." if self.dropped else "")
        elif not self._ending:
            log.log(logging.DEBUG if self._said_down else logging.WARNING, "The link to other gameservers is down: %s", why)
        self._said_down = not up
        if up != self.is_up:
            self.is_up = up
            if not self._ending:
                self._guard(self._changed, up)

    async def _call(self, call: Awaitable[Any]) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                await call
        except TimeoutError:
            raise TimeoutError(f"no answer within {ANSWER_S:g} s") from None

    async def _close(self) -> None:
        """Let go of the layer's connections: one to a Redis that hangs would hang whoever used it next."""
        close = getattr(self._layer, "close_pools", None)
        if close is not None:
            await self._within(STOP_S, close())

    async def _part(self) -> None:
        for group in self._groups:
            await self._layer.group_discard(group, self.channel)

    @staticmethod
    async def _within(limit_s: float, call: Awaitable[Any]) -> None:
        """Wait for what may as well fail."""
        with suppress(Exception):
            async with asyncio.timeout(limit_s):
                await call

    @staticmethod
    def _guard(callback: Callable[[Any], None], value: Any) -> None:
        try:
            callback(value)
        except Exception:
            log.exception("What came over the link was not handled.")

    # What goes on while it lives

    async def _send_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            began = loop.time()
            while self._unsaid:
                group, joined = self._unsaid.popitem()
                await self._call((self._layer.group_add if joined else self._layer.group_discard)(group, self.channel))
            parcels = self._parcels.take()
            try:
                while parcels:
                    await self._send(parcels[0])
                    parcels.pop(0)
            finally:
                self._parcels.dropped += sum(len(parcel.messages) for parcel in parcels)
            if not self._parcels and not self._unsaid:
                self._work.clear()
                self._settled.set()
            await asyncio.sleep(began + PACE_S - loop.time())

    async def _send(self, parcel: Parcel) -> None:
        send = self._layer.group_send if parcel.address.is_group else self._layer.send
        try:
            await self._call(send(parcel.address.name, self._seals.seal(parcel.messages)))
        except ChannelFull:
            # Its receiver does not keep up, or is gone: no fault of the link.
            self._parcels.dropped += len(parcel.messages)

    async def _send_probe(self) -> None:
        await self._call(self._layer.group_send(self.channel, self._seals.probe()))

    async def _take_in(self) -> None:
        while True:
            sealed = await self._layer.receive(self.channel)
            self._unanswered = 0
            self._heard.set()
            self._guard(self._unpack, sealed)

    def _unpack(self, sealed: Message) -> None:
        for message in self._arrivals.open(sealed):
            self._guard(self._receive, message)

    async def _probe(self) -> None:
        self._unanswered = 0
        while True:
            began = steady()
            await asyncio.sleep(PROBE_S)
            if (stood_s := steady() - began - PROBE_S) > STOOD_STILL_S:
                raise TimeoutError(f"this process stood still for {stood_s:.0f} s")
            self._unanswered += 1
            if self._unanswered > MISSED:
                raise TimeoutError(f"nothing came back for {self._unanswered * PROBE_S:g} s")
            await self._send_probe()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            for group in list(self._groups):
                await self._call(self._layer.group_add(group, self.channel))
                if group not in self._groups:
                    await self._call(self._layer.group_discard(group, self.channel))


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
