"""What is asked again after a refusal, why, and when. Pure; `ROWS` is the whole list, what it does not name is never repeated."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from fly.machines.errors import MachinesError

NOT_SENT = "not_sent"
NO_ANSWER = "no_answer"

READS = frozenset(("list", "get", "wait", "metadata"))
ORDERS = frozenset(("start", "stop", "suspend", "cordon", "uncordon", "destroy", "set_metadata", "delete_metadata", "release"))
"""Done twice they have the same end, or are refused by a state that says that they were done."""
ONCE = frozenset(("create", "lease"))
"""Done twice they leave two Machines, or a lease of whose nonce nobody knows."""
ACTIONS = READS | ORDERS | ONCE

MOST_TRIES = 10
"""Of one call: a fresh Machine was seen in `created` for 6 s, and FLAME's ten tries, one a second, are what others live with."""
LONGEST_PAUSE_S = 8.0
TOTAL_S = 30.0
"""Of one call with all its tries and pauses; whoever plans has a newer plan by then."""

STARTED = frozenset(("started", "starting"))
STOPPED = frozenset(("stopped", "stopping", "destroyed", "destroying"))
SUSPENDED = frozenset(("suspended", "suspending"))
SETTLED = {"start": STARTED, "stop": STOPPED, "suspend": SUSPENDED, "destroy": frozenset(("destroyed", "destroying"))}
"""States in which an order that was refused has nothing left to do."""
GONE = frozenset(("destroyed", "destroying", "failed", "launch_failed", "replaced", "migrated"))
PASSING = frozenset(("creating", "starting", "stopping", "restarting", "suspending", "updating", "replacing", "destroying"))
REFUSED = frozenset((400, 409, 412, 422))
"""Statuses of which the Machine's state says more than the answer. Which one a running Machine's start gets is not documented."""


@dataclass(frozen=True, slots=True)
class Row:
    """After `case` (a status, or a code where there is none) these actions are repeated; the pauses grow by `growth`."""

    case: int | str
    actions: frozenset[str]
    why: str
    first_s: float
    growth: float = 2.0


ROWS = (
    Row(NOT_SENT, ACTIONS, "No connection: nothing reached the API, so nothing can be done twice.", 0.5),
    Row(NO_ANSWER, ACTIONS - {"lease"}, "It may have been done: harmless for an order, and a create is looked up by name first.", 0.5),
    Row(
        408,
        ACTIONS - {"lease", "wait"},
        "The API gave up waiting for its own hosts, the same as no answer; for `wait` it is the answer.",
        0.5,
    ),
    Row(429, ACTIONS, "Others of the app used the second's turn; one a second is the rate, and nothing was done.", 1.0),
    Row(500, ACTIONS - {"lease"}, "Trouble at Fly's side, and it may have been done; a create is looked up first.", 0.5),
    Row(502, ACTIONS - {"lease"}, "A proxy lost the API: the same as no answer.", 0.5),
    Row(503, ACTIONS, "The API takes nothing just now. A region without room says so with a code, and is not asked again.", 0.5),
    Row(504, ACTIONS - {"lease"}, "A proxy gave up waiting: the same as no answer.", 0.5),
    Row(409, ORDERS - {"release"}, "Somebody holds the Machine's lease; a deploy does so for seconds.", 1.0, 1.5),
    Row(412, ORDERS, "The Machine is in a passing state: a new one is in `created` for some seconds, stopping ends by itself.", 1.0, 1.0),
)
"""400, 401, 403, 404 and 422 are never repeated: the same request gets the same answer. 409 and 412 of a create are a name that is taken,
and no room; of a lease, that somebody has it: the caller's question is answered."""


def pause_s(action: str, error: MachinesError, tries: int, state: str = "", retry_after_s: float | None = None) -> float | None:
    """Seconds until a call is tried again after `tries` of them; None: never.

    state: the Machine's, where somebody looked. retry_after_s: what the API asked for; waited out also where the table would be quicker.
    """
    if error.no_room or tries >= MOST_TRIES:
        return None
    case: int | str = error.status or error.code
    row = next((row for row in ROWS if row.case == case and action in row.actions), None)
    if row is None or (error.status == 412 and not _passes(action, state)):
        return None
    pause = min(row.first_s * row.growth ** (tries - 1), LONGEST_PAUSE_S)
    return max(pause, retry_after_s or 0.0)


def maybe_done(error: MachinesError) -> bool:
    """Whether the API may have done what it gave no good answer to."""
    return error.code != NOT_SENT and (error.status < 300 or error.status in (408, 500, 502, 503, 504))


def read_retry_after(value: str | None, date: str | None) -> float | None:
    """Seconds of a Retry-After header, a number or a date; the date counts from the answer's own `Date`, which is the same clock."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:6])
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(date or "")).total_seconds())
    except (ValueError, TypeError):
        return None


def _passes(action: str, state: str) -> bool:
    """Whether a Machine in this state may take the order a moment later. Start and stop are also refused while a state is not yet shown."""
    if action in ("start", "stop"):
        return state not in GONE
    return state in PASSING
