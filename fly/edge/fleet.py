"""All Machines of one run: made and destroyed, found, woken, refused for want of room, lost with their host or region."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from fly.edge.api.states import TAKES_CAPACITY, WrongState
from fly.edge.cables import Cables
from fly.edge.life import Life
from fly.edge.machine import Machine
from fly.edge.networks import Borders
from fly.edge.plan import NETWORK, ORG, Plan
from fly.edge.record import Record
from fly.edge.rules import Candidate
from fly.edge.troubles import Refusal, Troubles
from fly.regions import REGIONS

MOST_GONE = 100
"""Destroyed Machines that the API still remembers."""
Blueprint = Callable[[str, str, int], Plan]
"""Makes the plan of an app's Machine in a region, with a number of its own there."""


@dataclass(frozen=True, slots=True)
class App:
    """An app of the run's organisation. `network`: the private network that its Machines are on."""

    name: str
    network: str = NETWORK
    org: str = ORG


class Fleet:
    """The Machines by what people call them, and the apps they belong to. `say` is told what happens to them.

    `api_environ` is what a Machine gets that may use the API, `lobby_environ` one that may not; whoever serves them fills it.
    """

    def __init__(
        self, plans: Sequence[Plan], primary: str, cables: Cables, say: Callable[[str], None], blueprint: Blueprint | None = None
    ) -> None:
        self.primary = primary
        self.cables = cables
        self.say = say
        self.troubles = Troubles()
        self.borders = Borders()
        self.api_environ: dict[str, str] = {}
        self.lobby_environ: dict[str, str] = {}
        self.machines: dict[str, Machine] = {}
        self.gone: deque[Machine] = deque(maxlen=MOST_GONE)
        self.apps = {plan.app: App(plan.app, plan.network) for plan in plans}
        self._blueprint = blueprint or self._like
        self._plans = tuple(plans)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over = False
        for plan in plans:
            self._add(Machine(plan, primary, say))

    # What the proxy asks

    def candidates(self) -> Sequence[Candidate]:
        """All Machines as they are now."""
        return [one.candidate(self.cables.load(one.id), self.cables.turn(one.id)) for one in self.machines.values()]

    def port(self, machine: str) -> int:
        """Where a Machine listens. Raises ConnectionRefusedError when it was destroyed meanwhile."""
        found = next((each.port for each in self.machines.values() if each.id == machine), None)
        if found is None:
            raise ConnectionRefusedError(machine)
        return found

    def wake(self, machine: str) -> None:
        """Start a Machine that sleeps, for a request that waits. Raises WrongState, Refusal."""
        one = self.by_id(machine)
        if one is None:
            raise WrongState(f"there is no machine {machine}")
        asleep = one.begin_start("proxy")
        self.say(f"{one.label} was {asleep}: started for a request")

    # What the API asks

    def by_id(self, machine: str) -> Machine | None:
        """A Machine that is there."""
        return next((one for one in self.machines.values() if one.id == machine), None)

    def of(self, app: str, *, deleted: bool = False) -> list[Machine]:
        """The Machines of an app, with the destroyed ones where they are asked for."""
        everybody = [*self.machines.values(), *(self.gone if deleted else ())]
        return [one for one in everybody if one.plan.app == app]

    def create(self, app: str, name: str, region: str, config: dict[str, Any], *, launch: bool) -> Machine:
        """A new Machine, `created`; it starts by itself a moment later if it is to. Raises Refusal."""
        region = region or self.primary
        if self._is_over:
            # A lobby that drains may still ask; nobody would end what is made now.
            raise Refusal(503, "unavailable: the emulator is ending")
        if region not in REGIONS or REGIONS[region].deprecated:
            raise Refusal(422, f"invalid request: there is no region {region[:20]!r}")
        taken = next((one for one in self.of(app) if name and one.record.name == name), None)
        if taken is not None:
            raise Refusal(409, f"already_exists: unique machine name violation, machine ID {taken.id} already exists with name {name!r}")
        self._check_region(region)
        if self._is_full(region):
            text = f"insufficient resources available to fulfill request: no capacity in {region}"
            raise Refusal(503, text, "insufficient_capacity")
        number = self._free_number(app, region)
        plan = self._named(self._blueprint(app, region, number))
        made = Machine(plan, self.primary, self.say, id=secrets.token_hex(7), record=Record(name or f"{app}-{region}-{number}", config))
        made.record.note("created", "launch", "user")
        self._add(made)
        stuck_s = made.trouble.stuck_s
        made.usable_from = asyncio.get_running_loop().time() + stuck_s
        self.say(f"{made.label}: created")
        if launch:
            made.is_launching = True
            self._task(self._launch(made, stuck_s))
        return made

    def add_app(self, name: str, network: str, org: str) -> App:
        """A new app. Raises Refusal for a name that is taken."""
        if name in self.apps:
            raise Refusal(422, "Validation failed: Name has already been taken", "name_taken")
        self.apps[name] = App(name, network or NETWORK, org or ORG)
        return self.apps[name]

    # What breaks

    def outage(self, region: str, *, over: bool = False) -> None:
        """A region is gone, with all hosts in it; or it is back."""
        self.troubles.of(region).out = not over
        for one in self.machines.values():
            if one.plan.region == region:
                one.find_host() if over else one.lose_host()

    def running(self, region: str) -> int:
        """How many Machines have CPU and memory in a region, or are about to."""
        here = [one for one in self.machines.values() if one.plan.region == region]
        return sum(one.state in TAKES_CAPACITY or one.is_launching for one in here)

    async def close(self) -> None:
        """End every Machine, with its drain; none is made any more."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(one.stop(for_good=True) for one in self.machines.values()), return_exceptions=True)

    def kill(self) -> None:
        """End all at once."""
        self._is_over = True
        for one in self.machines.values():
            one.kill(for_good=True)

    def _add(self, machine: Machine) -> None:
        machine.trouble = self.troubles.of(machine.plan.region)
        machine.may_start, machine.gone, machine.cut = self._check_start, self._forget, self.cables.cut
        machine.environ = self.api_environ if machine.plan.has_api else self.lobby_environ
        self.machines[machine.plan.name] = machine

    def _forget(self, machine: Life) -> None:
        self.machines.pop(machine.plan.name, None)
        self.cables.cut(machine.id)
        self.gone.append(cast(Machine, machine))
        self.say(f"{machine.label}: destroyed")

    def _check_region(self, region: str) -> None:
        if self.troubles.of(region).out:
            raise Refusal(503, f"unavailable: no host in {region} answers")

    def _is_full(self, region: str) -> bool:
        capacity = self.troubles.of(region).capacity
        return capacity is not None and self.running(region) >= capacity

    def _check_start(self, machine: Life) -> None:
        region = machine.plan.region
        self._check_region(region)
        if not machine.is_launching and self._is_full(region):
            raise Refusal(412, f"failed_precondition: insufficient resources available to start machine {machine.id} in {region}")

    def _free_number(self, app: str, region: str) -> int:
        taken = {one.plan.number for one in self.of(app) if one.plan.region == region}
        return next(number for number in range(1, len(taken) + 2) if number not in taken)

    def _named(self, plan: Plan) -> Plan:
        """The same under a name that nobody has: Machines of two apps in one region may be called alike, and one would hide the other."""
        return plan if plan.name not in self.machines else replace(plan, label=f"{plan.app}/{plan.region}/{plan.number}")

    def _like(self, app: str, region: str, number: int) -> Plan:
        """A plan like that of another Machine of the app, or of any."""
        near = [plan for plan in self._plans if plan.app == app] or list(self._plans)
        like = next((plan for plan in near if plan.region == region), near[0])
        return replace(like, app=app, region=region, number=number, alone=like.alone and number == 1, asleep=False, label="")

    def _task(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _launch(self, machine: Machine, stuck_s: float) -> None:
        await asyncio.sleep(stuck_s)
        with contextlib.suppress(WrongState):
            try:
                machine.usable_from = 0.0
                machine.begin_start("flyd")
            except Refusal as refusal:
                machine.record.note("failed", "launch", "flyd")
                self.say(f"{machine.label} was not started: {refusal.text}")
        machine.is_launching = False
