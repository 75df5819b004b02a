"""What the command and its processes say to each other, one JSON object a line. Pure."""

from __future__ import annotations

from msgspec import Struct

from gameserver.loadtest.tally import Step
from gameserver.loadtest.target import Target


class Plan(Struct, frozen=True):
    """The first line to a process: all of the run. `process` is which one it is; `count` is of all bots' commands."""

    target: Target
    scenario: str
    run: str
    bots: int
    talkers: int
    processes: int
    ramp_s: float
    rate: float
    count: int
    process: int = 0


class Enter(Struct, tag=True):
    """Have the bots come in, from that moment of the monotonic clock on."""

    at_s: float


class Talk(Struct, tag=True):
    """Have the commands sent, from that moment on."""

    at_s: float


class Hush(Struct, tag=True):
    """Send nothing new."""


class End(Struct, tag=True):
    """Count what is missing, leave, and end. `upto`: the highest number that anybody was promised; None: do not count."""

    upto: int | None


Order = Enter | Talk | Hush | End


class Status(Struct):
    """A line from a process, a few times a second; the first says that it is there.

    inside: bots in the room. stopped: bots that were told not to come back. unanswered: commands of the others, sent or not.
    lowest: the least position of those inside. promised: the highest number in a reply. last_us: when the last event came.
    busy: part of a core that the process needed since the talking began. is_done: nothing is left to be said.
    """

    step: Step
    inside: int
    stopped: int
    unanswered: int
    lowest: int
    promised: int
    last_us: int
    busy: float
    is_done: bool
    is_last: bool = False
