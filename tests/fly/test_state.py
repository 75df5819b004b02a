"""The state of our replays: a dated proof of who replayed."""

from __future__ import annotations

import base64
import re
import time

import pytest
from django.core.signing import TimestampSigner
from hypothesis import given
from hypothesis import strategies as st

from fly.arrival import Proof
from fly.state import MAX_AGE_S, check, sign


def test_what_we_signed_is_ours() -> None:
    """[FR20] A state that this project signed proves its step, its region and the Machine, and is URL-safe base64."""
    state = sign("region", "cdg", "aaaa1111")
    assert check(state) == Proof("region", "cdg", "aaaa1111")
    assert re.fullmatch(r"[A-Za-z0-9_-]+", state)


def test_an_old_state_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FR20] A state is good for a minute."""
    state = sign("region", "cdg", "aaaa1111")
    later = time.time() + MAX_AGE_S + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert check(state) is None


@given(st.text(max_size=120))
def test_nobody_else_can_sign(state: str) -> None:
    """[FR20] Anything else proves nothing, and raises nothing."""
    assert check(state) is None


def test_a_changed_state_proves_nothing() -> None:
    """[FR20] A state with one character changed proves nothing."""
    state = sign("instance", "cdg", "aaaa1111")
    for place in range(0, len(state), 7):
        changed = state[:place] + ("A" if state[place] != "A" else "B") + state[place + 1 :]
        assert check(changed) is None or changed.rstrip("=") == state


@pytest.mark.parametrize("text", ["", "region", "region cdg", "elsewhere cdg aaaa", "region cdg aaaa more"])
def test_our_signature_under_something_else_proves_nothing(text: str) -> None:
    """[FR20] Signed words of another form prove nothing, and raise nothing."""
    signed = TimestampSigner(salt="fly.replay.state").sign(text)
    assert check(base64.urlsafe_b64encode(signed.encode()).rstrip(b"=").decode()) is None


def test_a_state_is_good_for_states_only() -> None:
    """[FR20] What the same key signed for another purpose proves nothing."""
    proofs = [
        check(base64.urlsafe_b64encode(TimestampSigner(salt=salt).sign("region cdg aaaa1111").encode()).rstrip(b"=").decode())
        for salt in ("fly.replay.state", "something.else")
    ]
    assert proofs == [Proof("region", "cdg", "aaaa1111"), None]
