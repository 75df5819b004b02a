"""The leases of one process: renewed together once a second, and given up in time, also when this process was frozen or suspended (R6)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gameserver.clock import Sleep
from gameserver.engine import lease
from gameserver.engine.lease import Step

if TYPE_CHECKING:
    from gameserver.process import Process

log = logging.getLogger(__name__)

WATCH_S = 0.25
"""Between two looks at how old the last renewal is."""
SILENT = "The room's database does not answer. Trying again."
ASLEEP = "This gameserver was asleep. Trying again."


class Renewal:
    """What a process may prove to its rooms. `clock`, `wall`: see gameserver.clock; `asked_to_drain` is called once, for an operator."""

    def __init__(self, process: Process, clock: Callable[[], float], wall: Callable[[], float], asked_to_drain: Callable[[], None]) -> None:
        self.told: dict[int, int] = {}
        """Sessions of each room, as the database knows them."""
        self._process = process
        self._clock = clock
        self._sleep = Sleep(clock, wall)
        self._asked_to_drain = asked_to_drain
        self._was_asked = False
        self._renewed_at = 0.0
        self._unseen_s = 0.0
        """All that passed in sleeps of which the steady clock knows nothing."""
        self._last_step = Step.KEEP
        self._proven = asyncio.Event()

    def began(self, at: float) -> None:
        """The leases run from here, by the process's clock."""
        self._renewed_at = at

    def step(self) -> Step:
        """What our leases allow just now, by the age of their last renewal."""
        return lease.step(self._renewed_at, self._clock())

    def decides(self) -> bool:
        """Whether they allow to decide anything: the same, for every command."""
        return self._clock() - self._renewed_at < lease.REFUSE_S

    async def proven(self, patience_s: float) -> bool:
        """Whether our leases allow to decide, now or with a renewal within `patience_s`."""
        try:
            async with asyncio.timeout(patience_s):
                while not self.decides():
                    await self._proven.wait()
        except TimeoutError:
            return False
        return True

    async def renew(self) -> None:
        """Renew, once a second, for ever."""
        failing = False
        while True:
            # Whoever slept through its leases gives its rooms up before it may find them good again.
            self.look()
            began = self._clock()
            try:
                await self._renew(began)
            except Exception as error:  # noqa: BLE001
                log.log(logging.DEBUG if failing else logging.ERROR, "The leases cannot be renewed: %r", error)
                failing = True
            else:
                failing = False
            await asyncio.sleep(max(0.0, lease.RENEW_S - (self._clock() - began)))

    async def _renew(self, began: float) -> None:
        process = self._process
        counts = {owner.key: owner.hub.people for owner in process.rooms()}
        news = {key: count for key, count in counts.items() if self.told.get(key) != count}
        unseen_s = self._unseen_s
        renewed = await process.journal.call(process.leases.renew, process.holder, news, process.places)
        # An answer that was slept over is as old as the sleep.
        self._renewed_at, self.told = began - (self._unseen_s - unseen_s), counts
        self.look()
        self._proven.set()
        self._proven.clear()
        await self._take_stock(renewed.rooms)
        if renewed.drain and not self._was_asked and not process.is_draining:
            # Once: a second SIGTERM would end the process in the middle of its drain.
            self._was_asked = True
            self._asked_to_drain()

    async def _take_stock(self, held: Mapping[int, int]) -> None:
        """Let go of rooms that are not ours any more, and give back leases that we hold for nothing."""
        process = self._process
        owners = process.rooms()
        for owner in owners:
            if owner.key not in held and owner.key in self.told and not process.is_draining:
                process.lost(owner)
        served = process.going | {owner.key for owner in owners}
        unserved = {key: epoch for key, epoch in held.items() if key not in served}
        if unserved and not process.is_opening:
            await process.release_keys(unserved)

    async def watch(self) -> None:
        """Look several times a second, for ever."""
        while True:
            await asyncio.sleep(WATCH_S)
            self.look()

    def look(self) -> None:
        """Stop serving when our leases may end, before anybody else may begin (R6)."""
        self._sleep.look()
        # A computer that was suspended may have stopped all its clocks but for the one on the wall: the leases are older than they seem.
        self._renewed_at -= self._sleep.unseen_s
        self._unseen_s += self._sleep.unseen_s
        step = self.step()
        if step is Step.CLOSE and self._last_step is not Step.CLOSE:
            slept = self._sleep.unseen_s + self._sleep.since_s >= lease.MARGIN_S
            owners = self._process.rooms()
            # Whoever was suspended because nobody was there has nothing to give up.
            level = logging.ERROR if owners or not slept else logging.INFO
            beside = ", this process slept" if slept else ""
            log.log(level, "No lease was renewed for %.1f s%s: giving up all rooms.", lease.CLOSE_S, beside)
            for owner in owners:
                self._process.let_go(owner, ASLEEP if slept else SILENT)
        if (step >= Step.REFUSE) != (self._last_step >= Step.REFUSE):
            for owner in self._process.rooms():
                owner.say_status()
        self._last_step = step
