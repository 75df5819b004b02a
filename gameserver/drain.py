"""The end of a process that people are in: flush, snapshot, release, and a goodbye with a time to come back (R15)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from gameserver.clock import spread_ms
from gameserver.engine.errors import Close, Closed
from gameserver.outlet import Outlet, goodbye
from gameserver.owner import Owner
from gameserver.process import Process

CLOSE_BATCH = 100
"""Sockets closed at once, between two looks at the event loop; rooms go together until they have as many."""
PAUSE_S = 0.05
"""Between two batches, while the budget allows: no more than a blink each."""
SOONEST_MS = 50
LATEST_MS = 250
"""When the clients of a small room come back."""
MS_A_SOCKET = 1
"""How much further the return is spread for each socket of the process: a successor takes a thousand handshakes a second."""
TEXT = "This gameserver restarts."


async def drain(process: Process, budget_s: float) -> None:
    """Take no new joins; then go room by room: journal and show what waits, keep a snapshot, give the lease back, send everybody away.

    A room is without an owner for as long as its own sockets take, not for as long as all of them do.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + budget_s
    process.is_draining = True
    total, retry_ms = len(process.outlets), _retry_ms(process)
    pause_s = min(PAUSE_S, budget_s / 2 / (total / CLOSE_BATCH + 1))
    for group in _groups(process.rooms()):
        await asyncio.gather(*(owner.retire(max(0.0, deadline - loop.time()) / 2) for owner in group))
        for owner in group:
            # One that reads its room again would claim it back.
            owner.stop()
        await process.release(group, max(0.0, deadline - loop.time()) / 2)
        await _send_away([member.outlet for owner in group for member in owner.hub], retry_ms, pause_s)
    # Who has not joined yet, and whoever came to a room too late.
    await _send_away(list(process.outlets), retry_ms, 0.0)


def moved(process: Process) -> Closed:
    """What a socket is told that came while the drain was under way."""
    return Closed(Close.MOVED, TEXT, retry_ms=spread_ms(_retry_ms(process)))


def _retry_ms(process: Process) -> tuple[int, int]:
    return SOONEST_MS, LATEST_MS + len(process.outlets) * MS_A_SOCKET


def _groups(owners: list[Owner]) -> Iterator[list[Owner]]:
    """Rooms that go together, the smallest first: most people wait the least."""
    group: list[Owner] = []
    for owner in sorted(owners, key=lambda owner: len(owner.hub)):
        group.append(owner)
        if sum(len(one.hub) for one in group) >= CLOSE_BATCH or len(group) >= CLOSE_BATCH:
            yield group
            group = []
    if group:
        yield group


async def _send_away(outlets: list[Outlet], retry_ms: tuple[int, int], pause_s: float) -> None:
    for start in range(0, len(outlets), CLOSE_BATCH):
        for outlet in outlets[start : start + CLOSE_BATCH]:
            goodbye(outlet, Close.MOVED, TEXT, retry_ms=spread_ms(retry_ms))
        await asyncio.sleep(pause_s)
