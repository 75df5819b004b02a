"""What may become of a Machine, as values: the states of Fly's, the orders that each obeys, what an exit leads to. Pure (EM1 to EM8).

Sources: Fly docs, machines/machine-states and machine-restart-policy; the texts of refusals are those that users have reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

State = Literal[
    "created",
    "starting",
    "started",
    "stopping",
    "stopped",
    "suspending",
    "suspended",
    "restarting",
    "replacing",
    "destroying",
    "destroyed",
    "failed",
]
Order = Literal["start", "stop", "suspend", "restart", "update", "destroy", "kill"]
"""`kill`: destroy it though it runs."""
Policy = Literal["no", "on-failure", "always"]

LASTING: frozenset[State] = frozenset({"created", "started", "stopped", "suspended", "failed"})
"""A Machine stays in these until somebody does something, or it exits."""
FINAL: frozenset[State] = frozenset({"destroyed"})
WAITABLE: frozenset[str] = frozenset({"started", "stopped", "suspended", "destroyed", "settled"})
"""What `wait` can wait for; `settled` is flyctl's word for any lasting state."""
TAKES_CAPACITY: frozenset[State] = frozenset({"starting", "started", "restarting", "replacing"})
"""A Machine in one of these has CPU and memory of its host; a stopped one has none, so that its start can fail."""

MAX_RETRIES = 10
"""Restarts on failure, one after the other, when a Machine's config names no number."""

_ALIVE: tuple[State, ...] = tuple(state for state in get_args(State) if state not in ("destroying", "destroyed"))
ORDERS: Mapping[Order, Mapping[State, State]] = MappingProxyType(
    {
        "start": {"created": "starting", "stopped": "starting", "suspended": "starting", "failed": "starting"},
        # What is stopped already stays so; the snapshot of a suspended one is thrown away.
        "stop": {"starting": "stopping", "started": "stopping", "suspended": "stopping", "failed": "stopped", "stopped": "stopped"},
        "suspend": {"started": "suspending", "suspended": "suspended"},
        "restart": {"started": "restarting"},
        "update": {"created": "replacing", "started": "replacing", "stopped": "replacing", "suspended": "replacing", "failed": "replacing"},
        "destroy": {"created": "destroying", "stopped": "destroying", "suspended": "destroying", "failed": "destroying"},
        "kill": dict.fromkeys(_ALIVE, "destroying"),
    }
)
"""By order: from which state into which."""


class WrongState(Exception):
    """An order that this state does not obey; the message is what Fly says."""


@dataclass(frozen=True, slots=True)
class Restart:
    """What a Machine's config says of a process that ends by itself."""

    policy: Policy = "on-failure"
    max_retries: int = MAX_RETRIES


def obey(state: State, order: Order) -> State:
    """The state that an order leads into. Raises WrongState."""
    following = ORDERS[order].get(state)
    if following is None:
        raise WrongState(_refusal(state, order))
    return following


def _refusal(state: State, order: Order) -> str:
    if order == "start":
        if state in ("started", "starting"):
            return f"failed_precondition: machine still active, refusing to start (current state: '{state}')"
        if state == "replacing":
            return "failed_precondition: machine getting replaced, refusing to start"
    if order == "destroy":
        return f"failed_precondition: unable to destroy machine, not currently stopped, suspended, or failed (current state: '{state}')"
    word = "destroy" if order == "kill" else order
    return f"failed_precondition: unable to {word} machine from current state: '{state}'"


def after_exit(code: int, restart: Restart, retries: int) -> Literal["starting", "stopped"]:
    """What follows when a process ends by itself, with `retries` failures one after the other before this one."""
    if restart.policy == "always":
        return "starting"
    if restart.policy == "no" or code == 0:
        return "stopped"
    return "starting" if retries < restart.max_retries else "stopped"


def reached(state: State, wanted: frozenset[str]) -> bool:
    """Whether somebody who waits for one of these states may go on."""
    return state in wanted or ("settled" in wanted and (state in LASTING or state in FINAL))
