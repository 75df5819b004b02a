"""What operators order: look, one round of the plan, start, stop, drain. Each does what the planner would, and says what happened.

`Declined` says why an order was not carried out, and what to do about it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from lobby.fleet import memory
from lobby.fleet.apply import GRACE_S, Api, Done, apply, says
from lobby.fleet.look import View, look
from lobby.fleet.model import Action, Create, Drain, Machine, Mark, Refuse, Serve, Start, Stop, Why
from lobby.fleet.plan import plan
from lobby.fleet.situation import ASLEEP, COSTING, situations
from lobby.heartbeats import TTL_S

POLL_S = 1.0
"""Between two looks while an order is waited for: the API takes one list a second."""
Say = Callable[[str], None]
ADVICE = {
    Why.NO_CAPACITY: "Fly has no room there now; it is tried again by itself. Start {nearest} instead, or wait.",
    Why.SPEND_CAP: "The hour's cap is reached. Raise it in the admin (Fleet limits), or stop another region: manage.py fleet stop CODE.",
    Why.FULL: "As many Machines run as the region may have. Raise its maximum in the admin (Regions).",
    Why.CLOSED: "The region's maximum is 0. Raise it in the admin (Regions).",
    Why.NO_TEMPLATE: "There is no Machine to copy, or it has a volume. Deploy one there: fly scale count 1 --region {region}.",
    Why.UNWELL: "Machines that were started there failed or were never heard. Look at their log: fly logs --region {region}.",
}


class Declined(Exception):
    """An order that was not carried out; the text says why and what to do."""


async def directly(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that waits for the database, in the thread that the command runs in."""
    return await sync_to_async(function)(*arguments)


@dataclass(frozen=True, slots=True)
class Desk:
    """Orders for one app's Machines. `say` is told what is waited for."""

    api: Api
    app: str
    say: Say = print
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def view(self) -> View:
        """A look that leaves nothing behind."""
        found: View = await directly(look, await self.api.list(), self.app)
        return found

    async def planned(self) -> tuple[Action, ...]:
        """What the planner would do now."""
        view = await self.view()
        return plan(view.wanted, view.seen, view.now)

    async def round(self) -> list[Done]:
        """Plan and apply once, as the planner. Raises Declined if one is at work: two would remember against each other."""
        holder = f"command-{secrets.token_hex(4)}"
        if not await directly(memory.take, holder):
            planner = await directly(_planner)
            raise Declined(f"{planner} plans, and does this by itself. `manage.py fleet watch` shows it.")
        try:
            view: View = await directly(partial(look, remember=True), await self.api.list(), self.app)
            done = await apply(self.api, plan(view.wanted, view.seen, view.now), view, directly)
            await directly(memory.looked, holder)
            return done
        finally:
            await directly(memory.release, holder)

    async def start(self, name: str, timeout_s: float) -> str:
        """Start a Machine, or one of a region, and wait until its gameserver is heard. Up already is no error."""
        view = await self.view()
        machine = _find(view, name)
        actions = self._wake(machine) if machine else self._open(view, name)
        if not actions and (machine or _serving(view, name)):
            return f"{name} is up."
        region = machine.region if machine else name
        for done in await apply(self.api, actions, view, directly):
            if not done.ok:
                raise Declined(f"{says(done)}. Try again, or another region: manage.py fleet status.")
            self.say(says(done))
        wanted = machine.id if machine else ""
        heard = await self._until(lambda now: _heard(now, region, wanted, view.now), f"{name} boots", timeout_s)
        if heard is None:
            raise Declined(f"Nothing was heard of {name} for {timeout_s:g} s. Look at its log: fly logs --region {region}.")
        return f"{name} is up after {heard:.0f} s."

    async def stop(self, name: str, timeout_s: float, *, force: bool = False) -> list[str]:
        """Stop a Machine, or all of a region, and wait. Raises Declined if anybody is in, unless `force`: then they are sent on."""
        view = await self.view()
        machines = [one for one in _chosen(view, name) if one.state in COSTING]
        crowded = [one for one in machines if one.load]
        if crowded and not force:
            listed = ", ".join(f"{one.id} ({one.load})" for one in crowded)
            raise Declined(f"Players are in {listed}. `manage.py fleet drain` lets them finish, --force sends them on.")
        for machine in machines:
            await self._take_out(machine, view, force=force)
        gone = {one.id for one in machines}
        if await self._until(lambda now: not _running(now, gone), f"{name} drains", timeout_s) is None:
            raise Declined(f"{name} still runs after {timeout_s:g} s: manage.py fleet status.")
        lines = [f"{one.id} is stopped." for one in machines] or [f"{name} was stopped already."]
        return lines + _notes(view, {one.region for one in machines})

    async def drain(self, name: str) -> list[str]:
        """Take a Machine, or all of a region, out of service; each is stopped by the planner when its last player has gone."""
        view = await self.view()
        machines = [one for one in _chosen(view, name) if one.state in COSTING]
        if not machines:
            raise Declined(f"{name} is asleep: there is nobody to drain.")
        done = await apply(self.api, [Drain(one.id, one.region, Mark.OPERATOR) for one in machines], view, directly)
        if failed := [says(one) for one in done if not one.ok]:
            raise Declined(f"{'; '.join(failed)}.")
        planner = await directly(_planner)
        who = f"{planner} stops it" if planner else "Nobody plans: `manage.py fleet apply` stops it"
        out = [f"{one.id} is out of service. Players in it: {one.load}. {who} when the last has gone." for one in machines]
        return out + _notes(view, {one.region for one in machines})

    # Steps

    def _wake(self, machine: Machine) -> list[Action]:
        if machine.state in (*ASLEEP, "created", "failed"):
            return [Start(machine.id, machine.region)]
        return [Serve(machine.id, machine.region)] if machine.cordoned or machine.mark != Mark.NONE else []

    def _open(self, view: View, region: str) -> list[Action]:
        """What the planner would do for somebody who waits there."""
        if region not in view.wanted.regions:
            raise Declined(_unknown(view, region))
        if _serving(view, region):
            return []
        seen = replace(view.seen, demand={**view.seen.demand, region: max(1, view.seen.demand.get(region, 0))}, refusals={})
        actions = [one for one in plan(view.wanted, seen, view.now) if one.region == region]
        for refusal in actions:
            if isinstance(refusal, Refuse):
                advice = ADVICE[refusal.why].format(region=region, nearest=refusal.nearest or "another region")
                raise Declined(f"Nothing starts in {region} ({refusal.why}). {advice}")
        return [one for one in actions if isinstance(one, Start | Create | Serve)]

    async def _take_out(self, machine: Machine, view: View, *, force: bool) -> None:
        """Out of service, then stopped; or, if it is not, as it was."""
        drain, stop = Drain(machine.id, machine.region, Mark.OPERATOR), Stop(machine.id, machine.region, Mark.OPERATOR)
        (done,) = await apply(self.api, [drain], view, directly)
        self.say(says(done))
        if force:
            # Not the planner's force, which kills: SIGTERM begins the drain.
            await self.api.stop(machine.id, signal="SIGTERM", timeout_s=settings.DRAIN_BUDGET_S + GRACE_S)
            await directly(memory.ended, machine.id)
            return
        (done,) = await apply(self.api, [stop], view, directly)
        self.say(says(done))
        if not done.ok:
            await directly(memory.mark, machine.id, machine.region, machine.mark)
            raise Declined(f"{says(done)} It is in service as before.")

    async def _until(self, condition: Callable[[View], bool], what: str, timeout_s: float) -> float | None:
        """Seconds until a condition holds; None if it does not in time."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while not condition(await self.view()):
            if clock() - began >= timeout_s:
                return None
            self.say(f"{what}, {clock() - began:.0f} s")
            await self.sleep(POLL_S)
        return clock() - began


def _find(view: View, name: str) -> Machine | None:
    return next((one for one in view.seen.machines if name in (one.id, one.name)), None)


def _chosen(view: View, name: str) -> list[Machine]:
    machine = _find(view, name)
    chosen = [machine] if machine else [one for one in view.seen.machines if one.region == name]
    if not chosen and name not in view.wanted.regions:
        raise Declined(_unknown(view, name))
    return chosen


def _serving(view: View, region: str) -> Sequence[Machine]:
    return situations(view.wanted, view.seen, view.now)[region].serving


def _heard(view: View, region: str, machine: str, since: float) -> bool:
    """Whether a Machine, or any of a region, serves and was heard since."""
    fresh = (one for one in view.seen.machines if one.state == "started" and not one.cordoned and view.now - one.heard_at <= TTL_S)
    return any(one.heard_at >= since and one.region == region and machine in ("", one.id) for one in fresh)


def _running(view: View, machines: set[str]) -> list[str]:
    return [one.id for one in view.seen.machines if one.id in machines and one.state in COSTING]


def _unknown(view: View, name: str) -> str:
    regions = ", ".join(sorted(view.wanted.regions)) or "none"
    machines = ", ".join(sorted(one.id for one in view.seen.machines)) or "none"
    opens = "A region is opened by `manage.py regions --enable CODE`"
    return f"There is no region and no Machine {name!r} here. Regions: {regions}. Machines: {machines}. {opens}, if REGIONS names it."


def _notes(view: View, regions: set[str]) -> list[str]:
    kept = [region for region in sorted(regions & set(view.wanted.regions)) if (one := view.wanted.regions[region]).minimum or one.warm]
    return [f"{region} has a minimum or a spare: the planner starts it again. Change that in the admin (Regions)." for region in kept]


def _planner() -> str:
    row = memory.planner()
    return row.holder if row else ""
