"""Sockets that are written the same bytes: one loop of system calls, and nothing else for each of them.

Only sockets with nothing waiting are in an audience; one that falls behind leaves it by itself, and whoever put it there brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fly.server.socket import Socket

Write = Callable[[bytes], int]


class Watcher(Protocol):
    """Whoever writes to a socket without waiting, and wants to know how its peer keeps up."""

    def fell_behind(self) -> None:
        """Something waits for the peer from now on."""
        ...

    def caught_up(self) -> None:
        """Nothing waits any more."""
        ...


class Audience:
    """Open sockets in the order they came. A socket is in one audience at most."""

    __slots__ = ("_writes",)

    def __init__(self) -> None:
        self._writes: dict[Socket, Write] = {}

    def __len__(self) -> int:
        return len(self._writes)

    def __contains__(self, socket: object) -> bool:
        return socket in self._writes

    def add(self, socket: Socket, write: Write) -> None:
        """Called by `Socket.enlist`: `write` is its system call, which takes what it can and raises BlockingIOError for nothing."""
        self._writes[socket] = write

    def discard(self, socket: Socket) -> None:
        """Called by the socket when it falls behind or closes, and by `Socket.enlist`."""
        self._writes.pop(socket, None)

    def write(self, data: bytes, own: Mapping[Socket, bytes] | None = None) -> None:
        """Send prepared frames to all, and behind them, in the same write, each one's `own`. Never blocks or raises."""
        late: list[tuple[Socket, bytes]] = []
        apart: dict[Socket, Write] = {}
        for socket, more in own.items() if own else ():
            if (mine := self._writes.pop(socket, None)) is None:
                continue
            apart[socket] = mine
            if rest := _rest(mine, data + more):
                late.append((socket, rest))
        # The loop that every delivery goes through: written out, because a call in it would be a tenth of its time.
        size = len(data)
        for socket, write in self._writes.items():
            try:
                sent = write(data)
            except OSError:
                sent = 0
            if sent != size:
                late.append((socket, data[sent:]))
        self._writes.update(apart)
        _leave(late)

    def write_each(self, own: Mapping[Socket, bytes]) -> None:
        """Send each of these its own prepared frames, if it is here. Never blocks or raises."""
        late: list[tuple[Socket, bytes]] = []
        writes = self._writes
        for socket, data in own.items():
            write = writes.get(socket)
            if write is None:
                continue
            try:
                sent = write(data)
            except OSError:
                sent = 0
            if sent != len(data):
                late.append((socket, data[sent:]))
        _leave(late)


def _leave(late: list[tuple[Socket, bytes]]) -> None:
    """The transport keeps what does not go now, and finds out about a line that is dead."""
    for socket, rest in late:
        socket.write(rest)


def _rest(write: Write, data: bytes) -> bytes:
    """Send what goes now; what is left."""
    try:
        return data[write(data) :]
    except OSError:
        return data
