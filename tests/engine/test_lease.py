"""Who may own a room, and what its holder may still do as time passes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.lease import (
    CLOSE_S,
    EXPIRY_S,
    MARGIN_S,
    NOBODY,
    REFUSE_S,
    RENEW_S,
    Holder,
    Lease,
    LeaseHeld,
    Step,
    check_claim,
    is_served,
    next_boot,
    step,
)

AT = 1_000_000.0
ME = Holder("m1", "0000000000002-aa")
EARLIER = Holder("m1", "0000000000001-ff")
NEWER = Holder("m1", "0000000000003-00")
OTHER = Holder("m2", "0000000000001-aa")
SERVED_MS = int((EXPIRY_S - REFUSE_S) * 1000)


def test_deadlines_come_in_order_with_room_between_them() -> None:
    """[LE1] Renew, refuse, close, expiry: two renewals fit before refusing, a second before closing, the margin before expiry."""
    assert 0 < RENEW_S < REFUSE_S < CLOSE_S < EXPIRY_S
    assert 2 * RENEW_S < REFUSE_S
    assert CLOSE_S - REFUSE_S >= 1
    assert EXPIRY_S - CLOSE_S >= MARGIN_S >= 1.5


@pytest.mark.parametrize(
    ("deadline", "before", "behind"),
    [(RENEW_S, Step.KEEP, Step.RENEW), (REFUSE_S, Step.RENEW, Step.REFUSE), (CLOSE_S, Step.REFUSE, Step.CLOSE)],
)
def test_a_step_is_taken_at_its_deadline(deadline: float, before: Step, behind: Step) -> None:
    """[LE2] Just before a deadline the holder may do what it could; at the deadline and just behind it, less."""
    steps = [step(AT, now) for now in (math.nextafter(AT + deadline, 0), AT + deadline, math.nextafter(AT + deadline, math.inf))]
    assert steps == [before, behind, behind]


@pytest.mark.parametrize(
    ("age", "allowed"), [(0.0, Step.KEEP), (2.0, Step.RENEW), (4.0, Step.REFUSE), (EXPIRY_S, Step.CLOSE), (1e9, Step.CLOSE)]
)
def test_between_deadlines_nothing_changes(age: float, allowed: Step) -> None:
    """[LE2] At the start of a renewal all is allowed; at expiry, and for ever after, nothing."""
    assert step(AT, AT + age) is allowed


@settings(deadline=None)
@given(times=st.lists(st.floats(0, 20), min_size=2))
def test_without_a_renewal_nothing_is_allowed_again(times: list[float]) -> None:
    """[LE3] As time passes the steps only rise."""
    steps = [step(AT, AT + time) for time in sorted(times)]
    assert steps == sorted(steps)


@settings(deadline=None)
@given(late=st.floats(0, 20), age=st.floats(0, 20))
def test_a_renewal_begins_anew(late: float, age: float) -> None:
    """[LE2] After a good renewal its own start counts and nothing from before, and a later start never allows less."""
    renewed = AT + late
    assert step(renewed, renewed + age) <= step(AT, renewed + age)
    assert step(renewed, renewed) is Step.KEEP


@pytest.mark.parametrize(
    "lease",
    [
        None,
        Lease(7, NOBODY, 0),
        Lease(7, NOBODY, 6000),
        Lease(7, OTHER, 0),
        Lease(7, OTHER, -1),
        Lease(7, NEWER, 0),
        Lease(7, ME, 6000),
        Lease(7, EARLIER, 6000),
    ],
    ids=["none", "free", "released", "expired", "long expired", "own newer, expired", "own", "own earlier life"],
)
def test_a_room_may_be_taken(lease: Lease | None) -> None:
    """[LE4] Of nobody, of somebody whose time is over, and of this Machine's present or earlier life."""
    check_claim(lease, ME)


@pytest.mark.parametrize("holder", [OTHER, NEWER], ids=["another Machine", "own newer life"])
@pytest.mark.parametrize("remaining_ms", [1, 6000])
def test_a_room_is_held(holder: Holder, remaining_ms: int) -> None:
    """[LE5] Another Machine's, and this Machine's newer life's, to the last millisecond: the asker is told whose, and for how long."""
    with pytest.raises(LeaseHeld) as held:
        check_claim(Lease(7, holder, remaining_ms), ME)
    assert (held.value.machine, held.value.remaining_ms) == (holder.machine, remaining_ms)


def test_another_machine_is_another_however_old_its_life() -> None:
    """[LE5] Lives of two Machines are not compared: the one that started first holds as well."""
    for by, holder in (
        (Holder("m1", "2"), Holder("m2", "1")),
        (Holder("m1", "1"), Holder("m2", "2")),
        (Holder("m1", "1"), Holder("m2", "1")),
    ):
        with pytest.raises(LeaseHeld):
            check_claim(Lease(7, holder, 1), by)


@settings(deadline=None)
@given(
    now_ms=st.integers(0, 2**42),
    back_ms=st.integers(-(10**9), 10**9),
    nonces=st.tuples(st.text("0123456789abcdef-"), st.text("0123456789abcdef")),
)
def test_the_next_life_sorts_behind_the_last(now_ms: int, back_ms: int, nonces: tuple[str, str]) -> None:
    """[LE6] Whatever the clock did meanwhile and whatever the random part is, the new name is the larger one."""
    last = next_boot(now_ms, "", nonces[0])
    then = next_boot(max(0, now_ms + back_ms), last, nonces[1])
    assert last < then < next_boot(0, then, "")


def test_a_life_is_named_by_its_start() -> None:
    """[LE6] The name begins with the time of the start, in digits enough for ten thousand years, and ends with the random part."""
    assert next_boot(0x18C_0000_0000, "", "n") == "0018c00000000-n"
    assert next_boot(5, "0000000000009-zz", "n") == "000000000000a-n"
    assert next_boot(16, "0000000000009-zz", "n") == "0000000000010-n"


@pytest.mark.parametrize(("remaining_ms", "served"), [(0, False), (SERVED_MS, False), (SERVED_MS + 1, True), (int(EXPIRY_S * 1000), True)])
def test_a_holder_that_refuses_serves_nobody(remaining_ms: int, served: bool) -> None:
    """[LE7] With more left than lies between refusing and expiry people are sent there; with that or less they are not."""
    assert is_served(remaining_ms) is served


@settings(deadline=None)
@given(age=st.floats(0, EXPIRY_S))
def test_whoever_is_served_is_let_in(age: float) -> None:
    """[LE7] A lease that counts as served is one whose holder, by a clock that runs alike, still lets people in."""
    remaining_ms = math.floor((EXPIRY_S - age) * 1000)
    if is_served(remaining_ms):
        assert step(0.0, age) < Step.REFUSE
