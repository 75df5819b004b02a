"""One pretend Machine: a server process with Fly's environment, watched, and started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fly.edge import health
from fly.edge.rules import Candidate, State

APP = "rooms"
MAX_MACHINES = 9
"""In one region: more than a laptop should do, and one digit in a name."""
BOOT_S = 60.0
"""How long a Machine may take until it answers /healthz; a laptop that does three things at once is slow."""
POLL_S = 0.05
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
LAST_LINES = 20
NOT_FOR_EYES = ("REGION_DATABASE_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")
"""Variables that may hold a password: a Machine's last words are shown without them."""
_PR_SET_PDEATHSIG = 1


class DidNotStart(RuntimeError):
    """A Machine that ended, or did not answer, before it was up; the message is one line."""


class NotRunning(RuntimeError):
    """A Machine without a process has been given an order for one; the message is one line."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a Machine is started. `environ`: what it gets besides Fly's variables. `log`: where its output goes.

    `number`: which Machine of its region, from 1. `alone`: it is the only one there, and the region is its name.
    """

    region: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    log: str
    app: str = APP
    stop_s: float = 25.0
    number: int = 1
    alone: bool = True

    @property
    def name(self) -> str:
        """What people call it: `cdg`, or `cdg/2` where there are several."""
        return self.region if self.alone else f"{self.region}/{self.number}"


def machine_id(app: str, region: str, number: int = 1) -> str:
    """Fourteen hexadecimal digits, the same at every start; the first Machine of a region has the id of a lone one."""
    text = f"{app} {region}" if number == 1 else f"{app} {region} {number}"
    return hashlib.blake2b(text.encode(), digest_size=7).hexdigest()


def fly_environ(app: str, region: str, primary: str, number: int = 1) -> dict[str, str]:
    """What Fly sets in a Machine. Source: Fly docs, machines/runtime-environment."""
    machine = machine_id(app, region, number)
    version = hashlib.blake2b(machine.encode(), digest_size=13).hexdigest()
    return {
        "FLY_APP_NAME": app,
        "FLY_MACHINE_ID": machine,
        "FLY_ALLOC_ID": machine,
        "FLY_REGION": region,
        "FLY_PRIVATE_IP": "::1",
        "FLY_PUBLIC_IP": "::1",
        "FLY_IMAGE_REF": f"registry.fly.io/{app}:emulated",
        "FLY_MACHINE_VERSION": version.upper(),
        "FLY_PROCESS_GROUP": "app",
        "FLY_VM_MEMORY_MB": "512",
        "PRIMARY_REGION": primary,
    }


def free_port() -> int:
    """A port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """In the child: Linux kills it when the emulator is gone, however that went."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(eq=False, slots=True)
class Machine:
    """`start`, `stop`, `kill`, `restart`, `freeze` and `thaw` it; `say` is told what happens to it."""

    plan: Plan
    primary: str
    say: Callable[[str], None]
    id: str = field(init=False)
    port: int = field(default_factory=free_port)
    state: State = "stopped"
    deaths: int = 0
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever starts, stops or restarts it by order: two restarts at once would leave two processes."""
    _process: asyncio.subprocess.Process | None = None
    _watch: asyncio.Task[None] | None = None
    _checks: asyncio.Task[None] | None = None
    _wanted: bool = False
    _over: bool = False
    _reading: asyncio.Task[None] | None = None
    _last: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    def __post_init__(self) -> None:
        self.id = machine_id(self.plan.app, self.plan.region, self.plan.number)

    @property
    def label(self) -> str:
        """How the console calls it."""
        return f"{self.plan.name} machine {self.id[:4]}"

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def candidate(self, load: int, turn: int) -> Candidate:
        """As the edge sees it."""
        return Candidate(self.id, self.plan.region, self.plan.app, self.state, load, turn)

    async def start(self) -> None:
        """Start and wait until it answers. Raises DidNotStart."""
        if self._over:
            raise DidNotStart(f"The {self.plan.name} machine does not start: the emulator is ending")
        self._wanted, self.state = True, "starting"
        await self._spawn()
        await self._until_up()
        self._watch = asyncio.ensure_future(self._keep())
        self._checks = asyncio.ensure_future(self._check())

    async def stop(self, *, for_good: bool = False) -> None:
        """SIGTERM, and after the drain's time SIGKILL; it stays stopped. A frozen one is thawed: it could not hear the SIGTERM."""
        self._wanted, self.state, self._over = False, "stopped", self._over or for_good
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            process.send_signal(signal.SIGCONT)
            try:
                await asyncio.wait_for(process.wait(), self.plan.stop_s)
            except TimeoutError:
                self.say(f"{self.label} did not stop in {self.plan.stop_s:.0f} s: killed")
                process.kill()
                await process.wait()
        for task in (self._watch, self._checks):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def restart(self) -> None:
        """Stop and start, as a deploy does. Raises DidNotStart."""
        await self.stop()
        await self.start()

    def kill(self, *, for_good: bool = False) -> None:
        """SIGKILL; the watch starts it again, unless it is for good."""
        self._wanted, self._over = self._wanted and not for_good, self._over or for_good
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def freeze(self) -> None:
        """SIGSTOP: alive, connected, and silent, until it is thawed, stopped or killed. Raises NotRunning."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on as if nothing had been. Raises NotRunning."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            raise NotRunning(f"{self.label} has no process just now: it is {self.state}")
        self._process.send_signal(number)

    async def _spawn(self) -> None:
        environ = {**self.plan.environ, **fly_environ(self.plan.app, self.plan.region, self.primary, self.plan.number)}
        self._process = await asyncio.create_subprocess_exec(
            *self.plan.command,
            "--port",
            str(self.port),
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        assert self._process.stdout is not None
        self._reading = asyncio.ensure_future(self._read(self._process.stdout))

    async def _read(self, stream: asyncio.StreamReader) -> None:
        with open(self.plan.log, "ab", buffering=0) as log:
            while line := await stream.readline():
                log.write(line)
                self._last.append(line.decode(errors="replace").rstrip())

    async def _until_up(self) -> None:
        deadline = asyncio.get_running_loop().time() + BOOT_S
        assert self._process is not None
        while not await health.answers(self.port, health.BOOT_LIMIT_S):
            if self._process.returncode is not None:
                if self._reading is not None:
                    await self._reading
                self.state = "stopped"
                last = next((line for line in reversed(self._last) if line.strip()), f"exit code {self._process.returncode}")
                raise DidNotStart(f"The {self.plan.name} machine did not start: {self._for_eyes(last)} (more in {self.plan.log})")
            if asyncio.get_running_loop().time() > deadline:
                self._process.kill()
                self.state = "stopped"
                raise DidNotStart(f"The {self.plan.name} machine did not answer /healthz within {BOOT_S:.0f} s (more in {self.plan.log})")
            await asyncio.sleep(POLL_S)
        if self._wanted:
            self.state = "up"

    def _for_eyes(self, text: str) -> str:
        """A line of the Machine's without what it was given in confidence."""
        for name in NOT_FOR_EYES:
            if secret := self.plan.environ.get(name):
                text = text.replace(secret, "…")
        return text

    async def _check(self) -> None:
        """Ask after its health, as long as it is to run (ED47). What a check learns of a process counts for that process only."""
        clock = asyncio.get_running_loop().time
        while self._wanted:
            due, process = clock() + health.EVERY_S, self._process
            healthy = await health.answers(self.port, health.LIMIT_S)
            if process is self._process and self.pid is not None:
                self._found(healthy)
            await asyncio.sleep(max(0.0, due - clock()))

    def _found(self, healthy: bool) -> None:
        if self.state == "up" and not healthy:
            self.state = "failing"
            self.say(f"{self.label} is failing: no 200 from /healthz, so it gets no traffic")
        elif self.state == "failing" and healthy:
            self.state = "up"
            self.say(f"{self.label} answers /healthz again")

    async def _keep(self) -> None:
        """Start it again whenever it dies, with growing pauses."""
        while self._process is not None:
            code = await self._process.wait()
            if not self._wanted:
                return
            self.state = "starting"
            pause = BACKOFF_S[min(self.deaths, len(BACKOFF_S) - 1)]
            self.deaths += 1
            self.say(f"{self.label} died (exit code {code}), starting again in {pause} s")
            await asyncio.sleep(pause)
            try:
                await self._spawn()
                await self._until_up()
            except DidNotStart as error:
                self.say(str(error))
                continue
            self.deaths = 0
            self.say(f"{self.label} is up again")


def command_of(application: str, drain_budget_s: float) -> Sequence[str]:
    """How a Machine runs an ASGI application, without its port."""
    limits = ("--max-frame", "65536", "--drain-budget", str(drain_budget_s))
    return (sys.executable, "-m", "fly.server", application, "--host", "127.0.0.1", *limits)


def base_environ() -> dict[str, str]:
    """What every process needs of this one's environment, and nothing that is ours alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FLY_")}
