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

from fly.edge.rules import Candidate, State

APP = "rooms"
BOOT_S = 60.0
"""How long a Machine may take until it answers /healthz; a laptop that does three things at once is slow."""
POLL_S = 0.05
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
LAST_LINES = 20
_PR_SET_PDEATHSIG = 1


class DidNotStart(RuntimeError):
    """A Machine that ended, or did not answer, before it was up; the message is one line."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a Machine is started. `environ`: what it gets besides Fly's variables. `log`: where its output goes."""

    region: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    log: str
    app: str = APP
    stop_s: float = 25.0


def machine_id(app: str, region: str) -> str:
    """Fourteen hexadecimal digits, the same at every start."""
    return hashlib.blake2b(f"{app} {region}".encode(), digest_size=7).hexdigest()


def fly_environ(app: str, region: str, primary: str) -> dict[str, str]:
    """What Fly sets in a Machine. Source: Fly docs, machines/runtime-environment."""
    machine = machine_id(app, region)
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
    """`start`, `stop`, `kill` and `restart` it; `say` is told what happens to it."""

    plan: Plan
    primary: str
    say: Callable[[str], None]
    id: str = field(init=False)
    port: int = field(default_factory=free_port)
    state: State = "stopped"
    deaths: int = 0
    _process: asyncio.subprocess.Process | None = None
    _watch: asyncio.Task[None] | None = None
    _wanted: bool = False
    _reading: asyncio.Task[None] | None = None
    _last: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    def __post_init__(self) -> None:
        self.id = machine_id(self.plan.app, self.plan.region)

    @property
    def candidate(self) -> Candidate:
        """As the edge sees it."""
        return Candidate(self.id, self.plan.region, self.plan.app, self.state)

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start and wait until it answers. Raises DidNotStart."""
        self._wanted, self.state = True, "starting"
        await self._spawn()
        await self._until_up()
        self._watch = asyncio.ensure_future(self._keep())

    async def stop(self) -> None:
        """SIGTERM, and after the drain's time SIGKILL; it stays stopped."""
        self._wanted, self.state = False, "stopped"
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), self.plan.stop_s)
            except TimeoutError:
                self.say(f"{self.plan.region} machine did not stop in {self.plan.stop_s:.0f} s: killed")
                process.kill()
                await process.wait()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def restart(self) -> None:
        """Stop and start, as a deploy does. Raises DidNotStart."""
        await self.stop()
        await self.start()

    def kill(self, *, for_good: bool = False) -> None:
        """SIGKILL; the watch starts it again, unless it is for good."""
        self._wanted = self._wanted and not for_good
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _spawn(self) -> None:
        environ = {**self.plan.environ, **fly_environ(self.plan.app, self.plan.region, self.primary)}
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
        while not await self._answers():
            if self._process.returncode is not None:
                if self._reading is not None:
                    await self._reading
                self.state = "stopped"
                last = next((line for line in reversed(self._last) if line.strip()), f"exit code {self._process.returncode}")
                raise DidNotStart(f"The {self.plan.region} machine did not start: {last} (more in {self.plan.log})")
            if asyncio.get_running_loop().time() > deadline:
                self._process.kill()
                self.state = "stopped"
                raise DidNotStart(f"The {self.plan.region} machine did not answer /healthz within {BOOT_S:.0f} s (more in {self.plan.log})")
            await asyncio.sleep(POLL_S)
        self.state = "up"

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: healthz\r\nConnection: close\r\n\r\n")
            status = await asyncio.wait_for(reader.readline(), 10)
            return b" 200 " in status
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    async def _keep(self) -> None:
        """Start it again whenever it dies, with growing pauses."""
        while self._process is not None:
            code = await self._process.wait()
            if not self._wanted:
                return
            self.state = "starting"
            pause = BACKOFF_S[min(self.deaths, len(BACKOFF_S) - 1)]
            self.deaths += 1
            self.say(f"{self.plan.region} machine {self.id[:4]} died (exit code {code}), starting again in {pause} s")
            await asyncio.sleep(pause)
            try:
                await self._spawn()
                await self._until_up()
            except DidNotStart as error:
                self.say(str(error))
                continue
            self.deaths = 0
            self.say(f"{self.plan.region} machine {self.id[:4]} is up again")


def command_of(application: str, drain_budget_s: float) -> Sequence[str]:
    """How a Machine runs an ASGI application, without its port."""
    limits = ("--max-frame", "16384", "--drain-budget", str(drain_budget_s))
    return (sys.executable, "-m", "fly.server", application, "--host", "127.0.0.1", *limits)


def base_environ() -> dict[str, str]:
    """What every process needs of this one's environment, and nothing that is ours alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FLY_")}
