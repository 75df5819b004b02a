"""The process of a pretend Machine, and what becomes of it: booted, watched, started again when it dies, let sleep, ended.

`state` is Fly's word, where `started` means that the process runs. What the proxy sees, `view`, is another fact: a process that runs and
does not listen yet is `starting` to it, one that fails its health check is `failing`, and only one that answers is `up`.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from fly.edge.api.bodies import Limits, limits_of, restart_of
from fly.edge.api.states import State, after_exit
from fly.edge.child import Child, free_port, usable_port
from fly.edge.plan import Plan, fly_environ, machine_id, version_id
from fly.edge.pulse import BOOT_S, Pulse
from fly.edge.record import Record, exit_event
from fly.edge.rules import Candidate, View
from fly.edge.troubles import Region

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
BOOTING: frozenset[State] = frozenset({"starting", "restarting", "replacing"})
SLEEPS: frozenset[State] = frozenset({"stopped", "stopping", "suspended", "suspending", "failed"})
"""Who can be woken, now or in a moment."""
_VIEWS: dict[State, View] = {
    "starting": "starting",
    "restarting": "starting",
    "replacing": "starting",
    "stopping": "stopping",
    "suspending": "stopping",
    "suspended": "suspended",
}


class DidNotStart(RuntimeError):
    """A Machine that ended, or did not answer, before it was up; the message is one line."""


class NotRunning(RuntimeError):
    """A Machine without a process has been given an order for one; the message is one line."""


class Life:
    """A Machine without the orders: its record, its process, and what the proxy sees of it. `say` is told what happens to it.

    `may_start` raises Refusal where there is no room; `cut` ends its connections; `gone` is told when it is destroyed;
    `environ` is what the run adds to the plan's.
    """

    def __init__(self, plan: Plan, primary: str, say: Callable[[str], None], *, id: str = "", record: Record | None = None) -> None:
        self.plan = plan
        self.primary = primary
        self.say = say
        self.id = id or machine_id(plan.app, plan.region, plan.number)
        self.record = record or Record(f"{plan.app}-{plan.region}-{plan.number}", plan.config())
        self.port = free_port()
        self.deaths = 0
        self.busy = asyncio.Lock()
        """Held by whoever starts, stops or restarts it by order: two restarts at once would leave two processes."""
        self.trouble = Region()
        self.environ: dict[str, str] = {}
        self.may_start: Callable[[Life], None] = lambda machine: None
        self.cut: Callable[[str], int] = lambda machine: 0
        self.gone: Callable[[Life], None] = lambda machine: None
        self.draining = False
        """Softly cordoned by the proxy, which is about to stop it."""
        self.held = False
        """Stopped from the console: no request wakes it."""
        self.is_launching = False
        """It was created to run, and is about to start."""
        self.usable_from = 0.0
        self._pulse = Pulse(self.record, self._found)
        self._child: Child | None = None
        self._life: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._nudged = asyncio.Event()
        self._over = False
        self._words = ""

    # What it is

    @property
    def label(self) -> str:
        """How the console calls it."""
        return f"{self.plan.name} machine {self.id[:4]}"

    @property
    def state(self) -> State:
        """Fly's word."""
        return self.record.state

    @property
    def view(self) -> View:
        """What the proxy sees."""
        if self.state == "started":
            return "starting" if self.healthy is None or self.pid is None else "up" if self.healthy else "failing"
        return _VIEWS.get(self.state, "stopped")

    @property
    def healthy(self) -> bool | None:
        """What its health check said last; None before it has answered."""
        return self._pulse.healthy

    @property
    def version(self) -> str:
        """The instance_id of the version that is active."""
        return version_id(self.id, self.record.version)

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._child.pid if self._child is not None else None

    def limits(self) -> Limits:
        """What its config lets the proxy do."""
        return limits_of(self.record.config)

    def candidate(self, load: int, turn: int) -> Candidate:
        """As the edge sees it."""
        limits = self.limits()
        return Candidate(
            self.id,
            self.plan.region,
            self.plan.app,
            self.view,
            load,
            turn,
            cordoned=self.record.cordoned or self.draining,
            soft=limits.soft,
            hard=limits.hard,
            autostart=limits.autostart and self.state in SLEEPS and self.record.host_status == "ok" and not self.held,
            booting=self.view == "starting" and limits.autostart and not self.deaths and self.record.host_status == "ok",
        )

    # What becomes of it

    def _task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin_life(self) -> None:
        self._nudged.clear()
        self._life = asyncio.ensure_future(self._live())

    def _end(self, following: State, type: str, by: str, number: int, within_s: float) -> None:
        """The process is to end; what follows, its life decides by the state."""
        self.record.note(following, type, by)
        self._nudged.set()
        if self._child is not None and self._child.pid is not None:
            self._task(self._ask(self._child, number, within_s))
        elif self._life is None or self._life.done():
            self._conclude(None)

    async def _ask(self, child: Child, number: int, within_s: float) -> None:
        if not await child.end(number, within_s) and number != signal.SIGKILL:
            self.say(f"{self.label} did not stop in {within_s:.0f} s: killed")

    async def _live(self) -> None:
        """From a start until it neither runs nor is to run again."""
        code: int | None = None
        while self.state in BOOTING and not self._over:
            self._nudged.clear()
            await self._pause(self.trouble.slow_s)
            await self._until_host()
            if self.state not in BOOTING or self._over:
                break
            child = await self._spawn()
            if child is None:
                self.record.note("failed", "launch", "flyd")
                self.say(f"{self.label} cannot be started: {self._words}")
                return
            code = await self._run(child)
            if self.state == "started" and not self._over and not await self._again(code):
                break
        self._conclude(code)

    async def _spawn(self) -> Child | None:
        """A new process; None if it could not even begin."""
        environ = fly_environ(self.plan.app, self.plan.region, self.primary, self.plan.number, self.id, self.version)
        own = {str(name): str(value) for name, value in (self.record.config.get("env") or {}).items()}
        self.port = usable_port(self.port)
        try:
            self._child = child = await Child.spawn(self.plan, self.port, {**self.plan.environ, **self.environ, **own, **environ})
        except (OSError, ValueError) as error:
            self._words = str(error)
            return None
        self._pulse.forget()
        return child

    async def _run(self, child: Child) -> int:
        """From the beginning of a process to its end: its exit code."""
        if self.state in BOOTING and not self._over:
            self._nudged.clear()
            self.record.note("started", "start", "flyd")
            if self.record.host_status != "ok":
                child.send(signal.SIGSTOP)
        else:
            await child.end(signal.SIGKILL, 1.0)
        watching = asyncio.ensure_future(self._pulse.watch(child, self.port))
        try:
            return await child.wait()
        finally:
            watching.cancel()
            self._pulse.forget()
            self._words = child.last_words()

    async def _until_host(self) -> None:
        """On a host that is gone no process begins, and none goes on."""
        while self.record.host_status != "ok" and self.state in BOOTING and not self._over:
            with suppress(TimeoutError):
                await self.record.change(BOOT_S)

    async def _again(self, code: int) -> bool:
        """It died by itself: whether it is to run again, after a pause that grows."""
        if after_exit(code, restart_of(self.record.config), self.deaths) == "stopped":
            self.say(f"{self.label} ended (exit code {code}) and stays stopped")
            return False
        pause = BACKOFF_S[min(self.deaths, len(BACKOFF_S) - 1)]
        self.deaths += 1
        self.record.note("starting", "exit", "flyd", exit_event(code, is_asked=False))
        self.say(f"{self.label} died (exit code {code}), starting again in {pause} s")
        self._nudged.clear()
        await self._pause(pause)
        return True

    def _conclude(self, code: int | None) -> None:
        """It is over: destroyed, or stopped."""
        is_gone = self.state == "destroying" or (bool(self.record.config.get("auto_destroy")) and code is not None)
        is_asked = self.state in ("stopping", "destroying")
        self.record.note("destroyed" if is_gone else "stopped", "exit", "flyd", exit_event(code, is_asked=is_asked))
        if is_gone:
            self.gone(self)

    async def _suspend(self) -> None:
        self.cut(self.id)
        child = self._child
        if child is None or self.state != "suspending" or not child.send(signal.SIGSTOP):
            return
        await child.still()
        if self.state == "suspending" and child.pid is not None:
            self._pulse.forget()
            self.record.note("suspended", "suspend", "flyd")

    async def _resume(self) -> None:
        await self._until_host()
        # Unless another order came, or it died in its sleep: then its life goes on by itself.
        if self.state == "starting" and self._child is not None and self._child.send(signal.SIGCONT):
            self.record.note("started", "start", "flyd")

    async def _pause(self, seconds: float) -> None:
        """Wait, unless an order comes."""
        if seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._nudged.wait()

    # Its health

    def _found(self, before: bool | None, healthy: bool) -> None:
        if healthy and before is None and self.deaths:
            self.say(f"{self.label} is up again")
        elif healthy and before is False:
            self.say(f"{self.label} answers /healthz again")
        elif not healthy and before is not False:
            self.say(f"{self.label} is failing: no 200 from /healthz, so it gets no traffic")
        if healthy:
            self.deaths = 0

    async def _until_up(self) -> None:
        """Wait until it answers. Raises DidNotStart, with the process ended."""
        clock = asyncio.get_running_loop().time
        deadline, deaths = clock() + BOOT_S, self.deaths
        while self.view != "up":
            if self.deaths > deaths or self.state not in ("starting", "restarting", "started"):
                last = self._words or f"it is {self.state}"
                await self._give_up()
                raise DidNotStart(f"The {self.plan.name} machine did not start: {last} (more in {self.plan.log})")
            if clock() >= deadline or self.view == "failing":
                await self._give_up()
                raise DidNotStart(f"The {self.plan.name} machine did not answer /healthz within {BOOT_S:.0f} s (more in {self.plan.log})")
            with suppress(TimeoutError):
                await self.record.change(deadline - clock())

    async def _give_up(self) -> None:
        """End what was begun. What another order has begun meanwhile is that one's to end: a suspend would never let it."""
        if self.state in BOOTING or self.state == "started":
            self._end("stopping", "stop", "console", signal.SIGKILL, 1.0)
            if self._life is not None:
                await asyncio.gather(self._life, return_exceptions=True)
