"""The open connections through the edge, by the Machine they lead to: how busy each is, and what there is to cut."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset (RST), whatever still waits to be sent: as a cable that breaks."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


@dataclass(eq=False, slots=True)
class Cable:
    """One connection of a client's that leads to a Machine; `upstream` is there once the Machine has taken it."""

    cables: Cables
    machine: str
    client: asyncio.StreamWriter
    upstream: asyncio.StreamWriter | None = None
    goodbye: Callable[[], Awaitable[None]] | None = None
    """Closes a WebSocket with 1001; None for anything else."""

    def release(self) -> None:
        """It leads there no more. Harmless when it is said twice."""
        self.cables.forget(self)


class Cables:
    """All cables of one emulator, whichever edge they begin at."""

    def __init__(self) -> None:
        self._laid: dict[str, set[Cable]] = {}
        self._turns: dict[str, int] = {}
        self._turn = 0

    def lay(self, machine: str, client: asyncio.StreamWriter) -> Cable:
        """A client's way to a Machine from now on: before it is connected, or many that come at once would all choose the same one."""
        self._turn += 1
        self._turns[machine] = self._turn
        cable = Cable(self, machine, client)
        self._laid.setdefault(machine, set()).add(cable)
        return cable

    def forget(self, cable: Cable) -> None:
        """No longer counted, no longer cut."""
        self._laid.get(cable.machine, set()).discard(cable)

    def load(self, machine: str) -> int:
        """How many connections lead to a Machine."""
        return len(self._laid.get(machine, ()))

    def turn(self, machine: str) -> int:
        """Higher the later a Machine got its last connection; 0 if it never had one."""
        return self._turns.get(machine, 0)

    def cut(self, machine: str) -> int:
        """Reset every connection that leads to a Machine, at both of its ends; how many they were."""
        cut = list(self._laid.get(machine, ()))
        for cable in cut:
            reset(cable.client)
            if cable.upstream is not None:
                reset(cable.upstream)
        return len(cut)

    async def farewell(self, machine: str) -> int:
        """Close every WebSocket that leads to a Machine with 1001, as a proxy does that is about to stop it; how many they were."""
        leaving = [cable.goodbye() for cable in list(self._laid.get(machine, ())) if cable.goodbye is not None]
        await asyncio.gather(*leaving, return_exceptions=True)
        return len(leaving)
