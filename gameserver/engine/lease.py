"""Who may own a room, and until when. Pure: what a store does about it is in `gameserver.leases`.

A lease is time-limited ownership. Its holder stops by itself, by its own clock, well before the database lets anybody else
start; the epoch, one higher at every change of owner, keeps whatever is late all the same out of the journal (R6).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

RENEW_S = 1.0
"""Between the starts of two renewals."""
REFUSE_S = 3.0
"""After the start of the last renewal that succeeded, commands and joins are refused: two renewals have failed by then."""
CLOSE_S = 4.5
"""After it, the rooms are given up and their sockets closed."""
EXPIRY_S = 6.0
"""After a renewal reached the database, by the database's clock, others may have the room."""
MARGIN_S = 1.5
"""The least time between giving up and expiry: for closing ten thousand sockets, and for clocks that run at different speed."""


class Step(IntEnum):
    """What the holder of leases may still do; each step only takes away."""

    KEEP = 0
    """Decide, show, let people in."""
    RENEW = 1
    """The same, and it is time to renew."""
    REFUSE = 2
    """Show what is journalled; decide nothing, let nobody in."""
    CLOSE = 3
    """Nothing: give the rooms up and close their sockets."""


def step(renewed_at: float, now: float) -> Step:
    """What a holder may do at `now`, in seconds of its own clock; `renewed_at` is when it began its last good renewal."""
    age = now - renewed_at
    if age >= CLOSE_S:
        return Step.CLOSE
    if age >= REFUSE_S:
        return Step.REFUSE
    return Step.RENEW if age >= RENEW_S else Step.KEEP


@dataclass(frozen=True, slots=True)
class Holder:
    """One life of one Machine. `boot` sorts by the time of the start: of two lives the larger one is the newer one."""

    machine: str
    boot: str


NOBODY = Holder("", "")


def next_boot(now_ms: int, before: str, nonce: str) -> str:
    """The name of a Machine's new life, which sorts behind `before`, its last one, even when the clock went back."""
    last_ms = int(before.partition("-")[0], 16) if before else 0
    return f"{max(now_ms, last_ms + 1):013x}-{nonce}"


@dataclass(frozen=True, slots=True)
class Lease:
    """A room's lease as the database has it. `remaining_ms`: until it expires, by the database's clock; 0 when it has."""

    epoch: int
    holder: Holder
    remaining_ms: int


class LeaseHeld(Exception):
    """Somebody else has the room. Normal: whoever asked sends its client there, or tells it to come back in `remaining_ms`."""

    def __init__(self, machine: str, remaining_ms: int) -> None:
        super().__init__(machine, remaining_ms)
        self.machine = machine
        self.remaining_ms = remaining_ms


def check_claim(lease: Lease | None, by: Holder) -> None:
    """Raise LeaseHeld unless `by` may take the room: nobody has it, its time is over, or it is of this Machine's own past.

    One process a Machine: whoever held it under this Machine's name in an earlier life is dead. A newer life is not.
    """
    if lease is None or lease.holder == NOBODY or lease.remaining_ms <= 0:
        return
    if lease.holder.machine == by.machine and lease.holder.boot <= by.boot:
        return
    raise LeaseHeld(lease.holder.machine, lease.remaining_ms)


def is_served(remaining_ms: int) -> bool:
    """Whether the holder of a lease with this much time left still lets people in: nobody is sent to one that does not."""
    return remaining_ms > (EXPIRY_S - REFUSE_S) * 1000
