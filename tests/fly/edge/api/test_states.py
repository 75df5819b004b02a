"""What becomes of a Machine, as values: every state with every order, every exit."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from fly.edge.api.states import LASTING, ORDERS, Order, Policy, Restart, State, WrongState, after_exit, obey, reached

STATES: tuple[State, ...] = get_args(State)
ALLOWED = {
    "start": {"created", "stopped", "suspended", "failed"},
    "stop": {"starting", "started", "stopped", "suspended", "failed"},
    "suspend": {"started", "suspended"},
    "restart": {"started"},
    "update": {"created", "started", "stopped", "suspended", "failed"},
    "destroy": {"created", "stopped", "suspended", "failed"},
    "kill": set(STATES) - {"destroying", "destroyed"},
}
LEADS_TO = {
    "start": {"starting"},
    "stop": {"stopping", "stopped"},
    "suspend": {"suspending", "suspended"},
    "restart": {"restarting"},
    "update": {"replacing"},
    "destroy": {"destroying"},
    "kill": {"destroying"},
}


@pytest.mark.parametrize(("order", "state"), list(product(get_args(Order), STATES)))
def test_each_order_in_each_state(order: Order, state: State) -> None:
    """[EM1] An order is obeyed in the states that allow it and leads into its own; elsewhere it is refused in words that name the state."""
    if state in ALLOWED[order]:
        assert obey(state, order) in LEADS_TO[order]
    else:
        with pytest.raises(WrongState, match="failed_precondition") as refused:
            obey(state, order)
        assert f"'{state}'" in str(refused.value) or state == "replacing"


def test_the_words_of_a_refused_start() -> None:
    """[EM1] A start in `created`, on a Machine that runs, or is replaced, is refused in the words that users have reported."""
    words = {}
    for state in ("started", "replacing", "stopping"):
        with pytest.raises(WrongState) as refused:
            obey(state, "start")
        words[state] = str(refused.value)
    assert "machine still active, refusing to start" in words["started"]
    assert "machine getting replaced, refusing to start" in words["replacing"]
    assert "unable to start machine from current state: 'stopping'" in words["stopping"]


def test_nothing_leads_out_of_the_end() -> None:
    """[EM1] [EM7] A destroyed Machine obeys nothing, and no order leads into a state that is none of Fly's."""
    assert not [order for order, table in ORDERS.items() if "destroyed" in table]
    assert {following for table in ORDERS.values() for following in table.values()} <= set(STATES)


@pytest.mark.parametrize(
    ("policy", "code", "retries", "following"),
    [
        ("on-failure", 0, 0, "stopped"),
        ("on-failure", 1, 0, "starting"),
        ("on-failure", -9, 9, "starting"),
        ("on-failure", 1, 10, "stopped"),
        ("always", 0, 99, "starting"),
        ("always", 1, 99, "starting"),
        ("no", 0, 0, "stopped"),
        ("no", 1, 0, "stopped"),
    ],
)
def test_what_follows_an_exit(policy: Policy, code: int, retries: int, following: str) -> None:
    """[EM3] Restart policies: no, on-failure up to ten times and never after exit code 0, always."""
    assert after_exit(code, Restart(policy), retries) == following
    assert after_exit(1, Restart("on-failure", max_retries=2), 2) == "stopped"


@pytest.mark.parametrize("state", STATES)
def test_what_a_wait_is_content_with(state: State) -> None:
    """[EM14] A wait ends in the state that it names; `settled` is any lasting one and the end."""
    assert reached(state, frozenset({state}))
    assert reached(state, frozenset({"settled"})) == (state in LASTING or state == "destroyed")
