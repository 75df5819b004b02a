"""Actions become calls of the Machines API. What it refuses becomes a hold, a backoff or a refusal, and is never raised.

Done twice, by one process or by two, the end is the same: the client knows what is done already, a Machine is made by its name.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings

from fly.machines.errors import MachinesError
from fly.machines.model import Machine as Listed
from lobby.fleet import memory
from lobby.fleet.look import View
from lobby.fleet.model import (
    Action,
    Admit,
    Cordon,
    Create,
    Destroy,
    Drain,
    Mark,
    Refuse,
    Serve,
    Start,
    Stop,
    Why,
)

Order = Create | Start | Stop | Drain | Cordon | Serve | Destroy
"""Actions about one Machine."""
AT_ONCE = 4
"""Orders of one region under way at the same time; the client keeps to the API's rates."""
HOLD_S = 10.0
"""After the API refused something about a Machine that is not its room."""
FULL_S = 60.0
"""After a Machine's host had no room to start it: another Machine may have."""
GRACE_S = 10.0
"""Added to the drain's budget before a Machine that stops is killed."""
KILL_S = 1.0


class Api(Protocol):
    """What the fleet needs of `fly.machines.Machines`; each may raise MachinesError."""

    async def list(self) -> list[Listed]:
        """The app's Machines."""
        ...

    async def create(self, name: str, region: str, config: Mapping[str, Any]) -> Listed:
        """Make and start one; the same call again finds it."""
        ...

    async def start(self, id: str) -> None:
        """Start one; running already is no error."""
        ...

    async def stop(self, id: str, *, signal: str = ..., timeout_s: float = ...) -> None:
        """Stop one; stopped already is no error."""
        ...

    async def suspend(self, id: str) -> None:
        """Suspend one."""
        ...

    async def cordon(self, id: str) -> None:
        """Send it nothing new."""
        ...

    async def uncordon(self, id: str) -> None:
        """Send it what comes."""
        ...

    async def destroy(self, id: str, *, force: bool = ...) -> None:
        """Destroy one; gone already is no error."""
        ...


Remember = Callable[..., Awaitable[Any]]
"""`await remember(function, *arguments)`: call it in the thread that may wait for the database."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an action. text: why it failed, or what it led to; "" when there is nothing to say."""

    action: Action
    ok: bool
    text: str = ""


async def apply(api: Api, actions: Sequence[Action], view: View, remember: Remember) -> list[Done]:
    """Do all actions, several at a time, and say what became of each, in their order, when all are over.

    Raises nothing for anything the API does; what the database raises is raised when nothing is under way any more.
    """
    hands = Hands(api, remember)
    over = await asyncio.gather(*(hands.do(action, view) for action in actions), return_exceptions=True)
    return told(over)


def told(over: Sequence[Done | BaseException]) -> list[Done]:
    """What became of actions that are all over; raises the first error of theirs."""
    for one in over:
        if isinstance(one, BaseException):
            raise one
    return [one for one in over if isinstance(one, Done)]


class Hands:
    """Does actions; of a region's a few at once go to the API, the others wait for their turn."""

    def __init__(self, api: Api, remember: Remember) -> None:
        self._api, self._remember = api, remember
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def do(self, action: Action, view: View) -> Done:
        """Do one. view: the look that it was planned on."""
        if isinstance(action, Refuse):
            await self._remember(memory.refuse, action.region, action.why, action.nearest)
        elif isinstance(action, Admit):
            await self._remember(memory.admit, action.region)
        else:
            async with self._turns.setdefault(action.region, asyncio.Semaphore(AT_ONCE)):
                return await self._order(action, view)
        return Done(action, ok=True)

    async def _order(self, action: Order, view: View) -> Done:
        try:
            if isinstance(action, Create):
                return Done(action, *await self._create(action, view))
            elif isinstance(action, Start):
                await self._start(action, view)
            elif isinstance(action, Stop):
                return Done(action, *await self._stop(action))
            else:
                await self._service(action, view)
        except MachinesError as error:
            await self._failed(action, error)
            return Done(action, ok=False, text=str(error))
        return Done(action, ok=True)

    async def _service(self, action: Drain | Cordon | Serve | Destroy, view: View) -> None:
        """In service, out of it, or gone. Marked before it is cordoned: a cordon without a mark would be somebody else's."""
        machine, region = action.machine, action.region
        if isinstance(action, Destroy):
            await self._api.destroy(machine, force=True)
            await self._remember(memory.broke, machine, region)
            await self._remember(memory.hold, machine, HOLD_S)
        elif isinstance(action, Serve):
            if _is_cordoned(machine, view):
                await self._api.uncordon(machine)
            await self._remember(memory.mark, machine, region, Mark.NONE)
        elif isinstance(action, Cordon):
            await self._remember(memory.mark, machine, region, Mark.GHOST)
            await self._api.cordon(machine)
        else:
            await self._remember(memory.mark, machine, region, action.mark)

    async def _create(self, action: Create, view: View) -> tuple[bool, str]:
        if view.template is None:
            return False, "There is no Machine to copy; deploy one: fly deploy."
        began = time.monotonic()
        made = await self._api.create(action.name, action.region, view.template)
        await self._remember(memory.began, made.id, action.region, time.monotonic() - began)
        return True, made.id

    async def _start(self, action: Start, view: View) -> None:
        began = time.monotonic()
        await self._api.start(action.machine)
        await self._remember(memory.began, action.machine, action.region, time.monotonic() - began)
        # A cordon outlives a stop.
        if _is_cordoned(action.machine, view):
            await self._api.uncordon(action.machine)
        await self._remember(memory.mark, action.machine, action.region, Mark.NONE)

    async def _stop(self, action: Stop) -> tuple[bool, str]:
        machine = action.machine
        if action.force:
            await self._api.stop(machine, signal="SIGKILL", timeout_s=KILL_S)
            await self._remember(memory.hold, machine, HOLD_S)
            return True, ""
        # Somebody may have come since the look. Who comes later than this is sent on by the drain that SIGTERM begins.
        if players := await self._remember(memory.players_of, machine):
            return False, f"{players} came; it goes on."
        if settings.IDLE_STOP == "suspend" and action.why == Mark.EMPTY:
            await self._api.suspend(machine)
        else:
            await self._api.stop(machine, signal="SIGTERM", timeout_s=settings.DRAIN_BUDGET_S + GRACE_S)
        await self._remember(memory.ended, machine)
        return True, ""

    async def _failed(self, action: Order, error: MachinesError) -> None:
        if not isinstance(action, Create):
            await self._remember(memory.hold, action.machine, FULL_S if error.no_room else HOLD_S)
        else:
            # Name taken: it is there, and the next look shows it. Anything else is tried again, later each time.
            await self._remember(memory.failed, action.region, Why.NO_CAPACITY if error.no_room else Why.UNWELL)


def _is_cordoned(machine: str, view: View) -> bool:
    """Whether it is, or may be by now: one that is not seen, or was taken for a ghost, is uncordoned all the same."""
    one = next((one for one in view.seen.machines if one.id == machine), None)
    return one is None or one.cordoned or one.mark == Mark.GHOST


def line_of(action: Action) -> str:
    """One line for the log and the terminal: what, where, which, and why."""
    what = type(action).__name__.lower()
    which = getattr(action, "machine", "") or getattr(action, "name", "")
    why = getattr(action, "why", "") or getattr(action, "mark", "")
    words = [what, action.region, which, f"({why})" if why else ""]
    nearest = getattr(action, "nearest", "")
    return " ".join(word for word in words if word) + (f", nearest {nearest}" if nearest else "")


def says(done: Done) -> str:
    """The line of an action, and what became of it."""
    line = line_of(done.action)
    return f"{line}: {done.text or 'done'}" if done.ok else f"{line}: failed: {done.text}"
