"""The state of our replays: a dated proof of who replayed."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fly.arrival import Proof
from fly.state import MAX_AGE_S, check, sign


def test_what_we_signed_is_ours() -> None:
    """[FR20] A state that this project signed proves its step and region, and is URL-safe base64."""
    state = sign("region", "cdg")
    assert check(state) == Proof("region", "cdg")
    assert re.fullmatch(r"[A-Za-z0-9_-]+", state)


def test_an_old_state_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FR20] A state is good for a minute."""
    state = sign("region", "cdg")
    later = time.time() + MAX_AGE_S + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert check(state) is None


@given(st.text(max_size=120))
def test_nobody_else_can_sign(state: str) -> None:
    """[FR20] Anything else proves nothing, and raises nothing."""
    assert check(state) is None


def test_a_changed_state_proves_nothing() -> None:
    """[FR20] A state with one character changed proves nothing."""
    state = sign("instance", "cdg")
    for place in range(0, len(state), 7):
        changed = state[:place] + ("A" if state[place] != "A" else "B") + state[place + 1 :]
        assert check(changed) is None or changed.rstrip("=") == state
