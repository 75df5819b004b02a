"""The one who plans: looks, plans and applies, again and again, in one lobby process of all; the others wait for its lease to run out.

A task on the event loop that waits for nothing but events: the database is asked from a thread of its own (R14), the API by asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import connections

from fly.machines.errors import MachinesError
from lobby.fleet import demand, memory
from lobby.fleet.apply import Api, Done, Hands, says
from lobby.fleet.look import View, look
from lobby.fleet.model import Admit, Drain, Mark, Refuse, Seen, Stop, Wanted
from lobby.fleet.plan import plan
from lobby.fleet.underway import UnderWay, as_ordered
from lobby.heartbeats import TTL_S

log = logging.getLogger(__name__)
PERIOD_S = 5.0
"""Between two looks while nothing is under way: the API takes one list a second."""
HURRY_S = 1.0
"""Between two looks at demand, and between two full looks while a Machine boots or goes."""
TROUBLED_S = 15.0
"""Between two looks while the API refuses."""
PATIENCE_S = 2.0
"""How long a round waits for its actions; what the API keeps waiting for longer goes on beside the next ones."""
REST_S = 10.0
"""How long a planner that has handed over leaves the lease to others."""
GATHER_S = 0.1
"""From the first who wants a region to the look: five hundred who come at once are one."""
AT_REST = frozenset(("started", "stopped", "suspended", "failed"))
RENEW_S = memory.TTL_S / 5
STOP_S = 5.0

ApiFactory = Callable[[], AbstractAsyncContextManager[Api]]


class Loop:
    """Plans while it holds the lease. `start` and `stop` are called on the event loop, once each."""

    def __init__(self, api: ApiFactory, app: str, name: str, period_s: float = PERIOD_S, hurry_s: float = HURRY_S) -> None:
        """app: whose Machines these are. name: of this process; two lives of one Machine are two holders."""
        self.holder = f"{name}-{secrets.token_hex(4)}"
        self.rounds = 0
        self._api, self._app = api, app
        self._period_s, self._hurry_s = period_s, hurry_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fleet")
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._holds_until = 0.0
        self._rests_until = 0.0
        self._trouble = ""
        self._waiting: dict[str, int] = {}
        self._wake: Callable[[], object] = self._news.set

    def start(self) -> None:
        """Begin to plan, or to wait for one's turn."""
        loop = asyncio.get_running_loop()
        self._wake = partial(loop.call_soon_threadsafe, self._news.set)
        demand.wakers.append(self._wake)
        self._tasks = [loop.create_task(self._hold()), loop.create_task(self._run())]

    async def stop(self) -> None:
        """End, and let another process plan at once."""
        if self._wake in demand.wakers:
            demand.wakers.remove(self._wake)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.remember(memory.release, self.holder), STOP_S)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.remember(connections.close_all), STOP_S)
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def holds(self) -> bool:
        """Whether the lease is this process's, by its own clock, which began to count before the database's did."""
        return asyncio.get_running_loop().time() < self._holds_until

    async def remember(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function that waits for the database, in the thread for that. One that fails has a new connection next time."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(_closing, function, *arguments))

    async def _hold(self) -> None:
        """Take the lease when it is free, and keep it."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            with contextlib.suppress(Exception):
                held = self.holds
                taken = began >= self._rests_until and await self.remember(memory.take, self.holder)
                # It may have handed over meanwhile.
                self._holds_until = began + memory.TTL_S if taken and began >= self._rests_until else 0.0
                if self.holds and not held:
                    log.info("This process plans the fleet.")
                    self._news.set()
            await asyncio.sleep(RENEW_S)

    async def _run(self) -> None:
        """Rounds without end. Without a client, as with a token that cannot be one, it is said, and tried again now and then."""
        while True:
            try:
                # One client for all rounds: it keeps to the API's rates.
                async with self._api() as api:
                    await self._rounds(api)
            except Exception as error:  # noqa: BLE001
                await self._fail(str(error) if isinstance(error, MachinesError) else repr(error))
            await asyncio.sleep(TROUBLED_S)

    async def _rounds(self, api: Api) -> None:
        under_way = UnderWay(Hands(api, self.remember), PATIENCE_S)
        try:
            while True:
                await self._pause(await self._round(api, under_way) if self.holds else self._period_s)
        finally:
            await under_way.stop()

    async def _round(self, api: Api, under_way: UnderWay) -> float:
        """Look, plan, apply; returns how long the next round can wait. What is wrong is said once, and the next round begins afresh."""
        try:
            return await self._try(api, under_way)
        except MachinesError as error:
            await self._fail(str(error))
            return max(TROUBLED_S, self._period_s) if error.status in (401, 403, 404) else self._period_s
        except Exception as error:  # noqa: BLE001
            await self._fail(repr(error))
            return self._period_s

    async def _try(self, api: Api, under_way: UnderWay) -> float:
        if self._trouble:
            # Who was silent while we were deaf has to be listened to anew.
            await self.remember(memory.looked, self.holder, self._trouble)
        listed = await api.list()
        view: View = await self.remember(partial(look, remember=True), listed, self._app)
        seen = as_ordered(view.seen, under_way.actions, view.now)
        done = await under_way.apply(plan(view.wanted, seen, view.now) if self.holds else (), view)
        await self.remember(memory.looked, self.holder)
        self._say("")
        self.rounds += 1
        self._waiting = dict(view.seen.demand)
        for one in done:
            _log(one)
        if is_in_the_way(view.wanted, seen, view.now):
            await self._hand_over()
        return self._hurry_s if done or under_way.actions or _is_moving(view) else self._period_s

    async def _hand_over(self) -> None:
        """Leave the lease to another process: this one's Machine may then be stopped. If nobody takes it, it comes back."""
        log.info("Nobody needs this Machine; another one may plan.")
        self._rests_until = asyncio.get_running_loop().time() + REST_S
        self._holds_until = 0.0
        await self.remember(memory.release, self.holder)

    async def _pause(self, seconds: float) -> None:
        """Until the time is over, or demand rises, in this process or in another one; in trouble, until the time is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            if self._trouble:
                await asyncio.sleep(left)
                return
            with contextlib.suppress(TimeoutError):
                # Not wait_for: until Python 3.12 it may swallow the cancel that ends the planner, if news come at that moment.
                async with asyncio.timeout(min(left, self._hurry_s)):
                    await self._news.wait()
                self._news.clear()
                await asyncio.sleep(GATHER_S)
                return
            with contextlib.suppress(Exception):
                if self.holds and _has_risen(await self.remember(demand.waiting), self._waiting):
                    return

    async def _fail(self, trouble: str) -> None:
        self._say(trouble)
        with contextlib.suppress(Exception):
            await self.remember(memory.looked, self.holder, self._trouble)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            if trouble:
                log.error("The fleet cannot be looked after: %s", trouble)
            else:
                log.info("The fleet is looked after again.")
        self._trouble = trouble


def is_in_the_way(wanted: Wanted, seen: Seen, now: float) -> bool:
    """Whether the Machine that plans would go if it did not plan, and another one stays that can. Pure."""
    if not seen.here:
        return False
    going = {one.machine for one in plan(wanted, replace(seen, here=""), now) if isinstance(one, Drain | Stop)}
    heard = [one for one in seen.machines if one.state == "started" and not one.draining and now - one.heard_at <= TTL_S]
    return seen.here in going and any(one.mark == Mark.NONE and one.id not in going for one in heard)


def _is_moving(view: View) -> bool:
    """Whether a Machine boots or goes, and has not done so for long: what is stuck is no reason to hurry."""
    limits = view.wanted.limits
    young = [one for one in view.seen.machines if view.now - one.since < limits.boot_s]
    return any(one.state not in AT_REST or (one.state == "started" and one.heard_at < one.since) for one in young)


def _has_risen(now: Mapping[str, int], before: Mapping[str, int]) -> bool:
    return any(players > before.get(region, 0) for region, players in now.items())


def _log(done: Done) -> None:
    if done.ok or isinstance(done.action, Refuse | Admit):
        log.info("%s", says(done))
    else:
        log.warning("%s", says(done))


def _closing(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception:
        connections.close_all()
        raise
