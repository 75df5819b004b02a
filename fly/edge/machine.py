"""One pretend Machine with the orders it obeys: those of the Machines API, which return at once, and those of the console, which wait."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Any

from fly.edge.api.bodies import stop_of
from fly.edge.api.states import State, WrongState, obey
from fly.edge.child import free_port
from fly.edge.life import BOOTING, DidNotStart, Life, NotRunning
from fly.edge.plan import APP, MAX_MACHINES, Plan, base_environ, fly_environ, machine_id
from fly.edge.troubles import Refusal

__all__ = [
    "APP",
    "MAX_MACHINES",
    "DidNotStart",
    "Machine",
    "NotRunning",
    "Plan",
    "base_environ",
    "command_of",
    "fly_environ",
    "free_port",
    "machine_id",
]


SUSPEND_S = 30.0
NO_ROOM_TO_START = 412
NO_ROOM_TO_UPDATE = "aborted: could not reserve resource for machine: insufficient memory available to fulfill request"


class Machine(Life):
    """`start`, `stop`, `kill`, `restart`, `freeze` and `thaw` it.

    The `begin_…` methods are the API's: they return at once, or raise WrongState or Refusal, and `record` tells how it goes on.
    """

    # Orders of the API

    def begin_start(self, by: str = "user") -> State:
        """Start or resume it; returns the state it was in. Raises WrongState, Refusal."""
        previous = self.state
        following = obey(previous, "start")
        self._check_start(previous)
        self.deaths, self.draining, self.held = 0, False, False
        self.record.note(following, "start", by)
        if previous == "suspended":
            self._task(self._resume())
        else:
            self._begin_life()
        return previous

    def begin_stop(self, number: int | None = None, within_s: float | None = None, by: str = "user") -> None:
        """Ask the process to end, and kill it when it does not in time. Raises WrongState, Refusal."""
        previous = self.state
        following = obey(previous, "stop")
        self.check_host()
        if following != previous:
            default_number, default_s = stop_of(self.record.config)
            if previous == "suspended":
                number, within_s = signal.SIGKILL, 1.0
            self._end(following, "stop", by, default_number if number is None else number, default_s if within_s is None else within_s)

    def begin_restart(self, number: int | None = None, within_s: float | None = None, by: str = "user") -> None:
        """Stop and start it in one. Raises WrongState, Refusal."""
        following = obey(self.state, "restart")
        self.check_host()
        default_number, default_s = stop_of(self.record.config)
        self._end(following, "restart", by, default_number if number is None else number, default_s if within_s is None else within_s)

    def begin_suspend(self, by: str = "user") -> None:
        """Let it sleep as it is; its connections break. Raises WrongState, Refusal."""
        previous = self.state
        following = obey(previous, "suspend")
        self.check_host()
        if following != previous:
            self.record.note(following, "suspend", by)
            self._task(self._suspend())

    def begin_update(self, config: dict[str, Any], *, launch: bool = True) -> None:
        """A new version with this config, launched unless the order says otherwise. Raises WrongState, Refusal."""
        previous = self.state
        following = obey(previous, "update")
        self.check_host()
        if launch and previous != "started":
            self._check_room(previous)
        # What runs is stopped as the version says that it is of.
        number, within_s = stop_of(self.record.config) if previous == "started" else (signal.SIGKILL, 1.0)
        self.record.config, self.record.version = config, self.record.version + 1
        if previous in ("started", "suspended"):
            self._end(following if launch else "stopping", "update", "user", number, within_s)
            return
        self.record.note("created" if previous == "created" else "stopped", "update", "user")
        if launch:
            self.begin_start()

    def begin_destroy(self, *, kill: bool = False) -> None:
        """It will be no more. Raises WrongState for one that runs unless it is killed, Refusal."""
        following = obey(self.state, "kill" if kill else "destroy")
        if not kill:
            self.check_host()
        self._end(following, "destroy", "user", signal.SIGKILL, 1.0)

    def send(self, number: int) -> None:
        """Signal its process. Raises WrongState, Refusal."""
        self.check_host()
        if self.state != "started" or self._child is None or not self._child.send(number):
            raise WrongState(f"failed_precondition: machine is not running (current state: '{self.state}')")

    def check_host(self) -> None:
        """Raises Refusal when its host does not answer."""
        if self.record.host_status != "ok":
            raise Refusal(503, f"unavailable: the host of machine {self.id} is unreachable")

    def _check_start(self, previous: State) -> None:
        """Raises WrongState, Refusal for a Machine that cannot be started now."""
        if self._over or (previous == "created" and asyncio.get_running_loop().time() < self.usable_from):
            raise WrongState(f"failed_precondition: unable to start machine from current state: '{previous}'")
        self.check_host()
        self.may_start(self)

    def _check_room(self, previous: State) -> None:
        """The same for an update, before it changes anything; without room it has a status and words of its own."""
        try:
            self._check_start(previous)
        except Refusal as refusal:
            if refusal.status != NO_ROOM_TO_START:
                raise
            raise Refusal(409, NO_ROOM_TO_UPDATE) from None

    # Orders of the console

    async def start(self) -> None:
        """Start and wait until it answers. Raises DidNotStart."""
        if self._over:
            raise DidNotStart(f"The {self.plan.name} machine does not start: the emulator is ending")
        try:
            if self.state not in BOOTING and self.state != "started":
                self.begin_start("console")
        except (WrongState, Refusal) as error:
            raise DidNotStart(f"The {self.plan.name} machine does not start: {error}") from None
        await self._until_up()

    async def stop(self, *, for_good: bool = False) -> None:
        """SIGTERM, and after the drain's time SIGKILL; it stays stopped until a start. A frozen one is thawed, or it could not hear it."""
        self.held = True
        self._over = self._over or for_good
        # By its state, not by its process: one that has just died would be started again.
        if self.state in BOOTING or self.state in ("started", "suspending", "suspended"):
            self._end("stopping", "stop", "console", signal.SIGTERM, self.plan.stop_s)
        self._nudged.set()
        if self._life is not None:
            await asyncio.gather(self._life, *self._tasks, return_exceptions=True)

    async def suspend(self) -> None:
        """Let it sleep, and wait until it does. Raises WrongState, Refusal, NotRunning if it takes too long."""
        self.begin_suspend("console")
        try:
            await self.record.until(frozenset({"settled"}), SUSPEND_S)
        except TimeoutError:
            raise NotRunning(f"{self.label} is {self.state} after {SUSPEND_S:.0f} s") from None

    def cordon(self, *, on: bool) -> None:
        """Nothing new for it, or again."""
        self.record.cordoned = on
        self.record.wake()
        self.say(f"{self.label}: {'cordoned' if on else 'takes requests again'}")

    async def restart(self) -> None:
        """Stop and start, as a deploy does. Raises DidNotStart."""
        await self.stop()
        await self.start()

    def kill(self, *, for_good: bool = False) -> None:
        """SIGKILL; it is started again as after any crash, unless it is for good."""
        self._over = self._over or for_good
        self._nudged.set()
        self.record.wake()
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: alive, connected, and silent, until it is thawed, stopped or killed. Raises NotRunning."""
        self._signal(signal.SIGSTOP)

    async def until_still(self) -> None:
        """Wait until it stands still, after a freeze."""
        if self._child is not None:
            await self._child.still()

    def thaw(self) -> None:
        """SIGCONT: it goes on as if nothing had been. Raises NotRunning."""
        self._signal(signal.SIGCONT)

    def lose_host(self) -> None:
        """Its host fails: the process stands still, connections break, the API says so."""
        self.record.host_status = "unreachable"
        self.cut(self.id)
        if self._child is not None:
            self._child.send(signal.SIGSTOP)
        self.say(f"{self.label}: its host is unreachable")

    def find_host(self) -> None:
        """The host is back, with everything on it."""
        self.record.host_status = "ok"
        if self._child is not None and self.state not in ("suspending", "suspended"):
            self._child.send(signal.SIGCONT)
        self.record.wake()
        self.say(f"{self.label}: its host is back")

    def _signal(self, number: signal.Signals) -> None:
        # Or a process would run in a Machine that is asleep, or on a host that is gone.
        if self.record.host_status != "ok":
            raise NotRunning(f"{self.label}: its host is {self.record.host_status}; `flyedge host --over` brings it back")
        if self.state in ("suspending", "suspended"):
            raise NotRunning(f"{self.label} is {self.state}; `flyedge start` resumes it")
        if self._child is None or not self._child.send(number):
            raise NotRunning(f"{self.label} has no process just now: it is {self.view}")


def command_of(application: str, drain_budget_s: float) -> Sequence[str]:
    """How a Machine runs an ASGI application, without its port."""
    limits = ("--max-frame", "65536", "--drain-budget", str(drain_budget_s))
    return (sys.executable, "-m", "fly.server", application, "--host", "127.0.0.1", *limits)
