"""One process of a Machine's: spawned with a port, read, signalled, and gone with the emulator."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping

from fly.edge.plan import Plan

LAST_LINES = 20
LONGEST_LINE = 8192
LONGEST_WORDS = 2000
"""What is kept of a line, and what is said of it: no password is cut in two between them."""
CHUNK = 64 * 1024
READ_S = 1.0
STILL_S = 5.0
LOOK_S = 0.005
NOT_FOR_EYES = ("REGION_DATABASE_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "IDENTITY_KEY", "MACHINES_API_TOKEN")
"""Variables that may hold a password: a Machine's last words are shown without them."""
_OF_THE_WHOLE = frozenset((signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT))
"""Signals for whatever a Machine has started too: a VM dies, stands still and goes on as one."""
_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A port on loopback that nobody listens on just now."""
    return usable_port(0)


def usable_port(wanted: int) -> int:
    """This port on loopback, or another one where somebody has taken it: it may have been chosen long ago, for a Machine that slept."""
    # Without SO_REUSEADDR: with it Linux gives away a port that somebody has bound and does not listen on yet.
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _bound_to(parent: int) -> Callable[[], None]:
    """For the child, before it becomes another program: Linux kills it when the emulator is gone, however that went."""

    def bind() -> None:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # It went between the fork and that.
            os._exit(1)

    return bind


class Child:
    """A process, from its start to its end. Its output goes to the plan's log; `last` are its last lines."""

    def __init__(self, process: asyncio.subprocess.Process, plan: Plan, environ: Mapping[str, str], output: int) -> None:
        self._process = process
        self._plan = plan
        self._environ = environ
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._reading = asyncio.ensure_future(self._read(output))

    @classmethod
    async def spawn(cls, plan: Plan, port: int, environ: Mapping[str, str]) -> Child:
        """Start it. Raises OSError when there is no such program."""
        # A pipe of our own: asyncio's would have its end wait for whoever else holds it, as what the process has started may.
        output, given = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *plan.command,
                "--port",
                str(port),
                env=environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=given,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_bound_to(os.getpid()) if sys.platform == "linux" else None,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(given)
        return cls(process, plan, environ, output)

    @property
    def pid(self) -> int | None:
        """Of the running process; None when it has ended."""
        return self._process.pid if self._process.returncode is None else None

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    async def still(self) -> None:
        """After SIGSTOP: wait until it stands still, which is a moment later, or has ended. Where nobody can say (macOS), do not wait."""
        deadline = asyncio.get_running_loop().time() + STILL_S
        while self.pid is not None and not self._stands() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_S)

    def _stands(self) -> bool:
        if not hasattr(os, "waitid"):
            return True
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG) is not None
        return False

    async def wait(self) -> int:
        """The exit code, when it has ended, with all that it started, and what it said is in the log."""
        code = await self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # What has left its group may hold its output open for longer.
        await asyncio.wait([self._reading], timeout=READ_S)
        self._reading.cancel()
        return code

    def send(self, number: int) -> bool:
        """Signal it; False when it has ended."""
        if self._process.returncode is not None:
            return False
        # Not by Python's own send_signal: it looks first whether the process has ended, and takes the exit code from whoever waits for it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            (os.killpg if number in _OF_THE_WHOLE else os.kill)(self._process.pid, number)
        return True

    async def end(self, number: int, within_s: float) -> bool:
        """Ask it to end, and kill it when it has not in time; False if it had to be killed. A frozen one is thawed: it could not hear."""
        if self.send(number):
            self.send(signal.SIGCONT)
        try:
            await asyncio.wait_for(asyncio.shield(self._process.wait()), within_s)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self._process.wait()
            return False
        return True

    def last_words(self) -> str:
        """The last line it said, without what it was given in confidence; else its exit code."""
        text = next((line for line in reversed(self._last) if line.strip()), f"exit code {self._process.returncode}")
        for name in NOT_FOR_EYES:
            if secret := self._environ.get(name):
                text = text.replace(secret, "…")
        return text[:LONGEST_WORDS]

    async def _read(self, output: int) -> None:
        """Read to the end, whatever becomes of the log: a process that nobody reads stands still in the middle of a line."""
        stream, rest, log = asyncio.StreamReader(), b"", None
        with contextlib.ExitStack() as stack:
            pipe = stack.enter_context(os.fdopen(output, "rb", buffering=0))
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
            stack.callback(transport.close)
            with contextlib.suppress(OSError):
                log = stack.enter_context(open(self._plan.log, "ab", buffering=0))
            while data := await stream.read(CHUNK):
                with contextlib.suppress(OSError):
                    if log is not None:
                        log.write(data)
                *lines, rest = (rest + data).split(b"\n")
                self._last.extend(line[:LONGEST_LINE].decode(errors="replace").rstrip() for line in lines)
                rest = rest[:LONGEST_LINE]
        if rest:
            self._last.append(rest.decode(errors="replace").rstrip())
