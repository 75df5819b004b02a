"""`manage.py loadtest` in a process of its own, for its tests."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.gameserver.machine import ROOT

LIMIT_S = 120.0


@dataclass
class Done:
    """What a finished command said."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@asynccontextmanager
async def started(*arguments: str, stderr: int = PIPE) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, running; it is gone afterwards."""
    command = (sys.executable, "manage.py", "loadtest", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=stderr)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def finish(process: asyncio.subprocess.Process) -> Done:
    """Wait for its end."""
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), (err or b"").decode())


async def loadtest(*arguments: str) -> Done:
    """Run the command to its end."""
    async with started(*arguments) as process:
        return await finish(process)


async def refused(*arguments: str) -> str:
    """What the command says when it will not: one line, and exit code 2."""
    done = await loadtest(*arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    return done.err.removeprefix("CommandError: ").removesuffix("\n")
