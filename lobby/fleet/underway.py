"""Actions that take longer than a round: they go on, and hold up neither the next look nor what is done for another region."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from lobby.fleet.apply import Done, Hands, told
from lobby.fleet.look import View
from lobby.fleet.model import Action, Create, Machine, Mark, Seen, Start
from lobby.fleet.situation import ASLEEP


class UnderWay:
    """The actions of one planner. `patience_s`: how long a round waits for its own."""

    def __init__(self, hands: Hands, patience_s: float) -> None:
        self._hands = hands
        self._patience_s = patience_s
        self._tasks: dict[asyncio.Task[Done], Action] = {}

    @property
    def actions(self) -> list[Action]:
        """Those that are not over."""
        return list(self._tasks.values())

    async def apply(self, actions: Sequence[Action], view: View) -> list[Done]:
        """Begin these, wait a little, and say what became of those that are over, of this round and of earlier ones.

        Raises what the database raised; what else is under way goes on.
        """
        for action in actions:
            self._tasks[asyncio.ensure_future(self._hands.do(action, view))] = action
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._patience_s)
        over = [task for task in self._tasks if task.done()]
        for task in over:
            del self._tasks[task]
        return told(await asyncio.gather(*over, return_exceptions=True))

    async def stop(self) -> None:
        """Give up what is not over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()


def as_ordered(seen: Seen, under_way: Iterable[Action], now: float) -> Seen:
    """What is seen, with orders that are under way taken as good: what is started or made boots, any other Machine is left alone. Pure."""
    orders = list(under_way)
    starting = {one.machine for one in orders if isinstance(one, Start)}
    busy = {getattr(one, "machine", "") for one in orders} - starting
    machines = [_as_ordered(one, starting, busy, now) for one in seen.machines]
    there = {one.name for one in machines}
    new = [one for one in orders if isinstance(one, Create) and one.name not in there]
    made = [Machine("", one.name, one.region, "creating", now, held_until=inf) for one in new]
    return replace(seen, machines=(*machines, *made))


def _as_ordered(machine: Machine, starting: set[str], busy: set[str], now: float) -> Machine:
    if machine.id in starting and machine.state in (*ASLEEP, "created", "failed"):
        return replace(machine, state="starting", since=now, cordoned=False, mark=Mark.NONE, held_until=inf)
    return replace(machine, held_until=inf) if machine.id in busy else machine
