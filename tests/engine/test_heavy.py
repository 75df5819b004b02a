"""Events that may be large: what is remembered of them is bounded by weight."""

from __future__ import annotations

import pytest

from gameserver.engine import past
from gameserver.engine.past import Past
from gameserver.engine.registry import Registry
from gameserver.engine.room import HEAVY_GAP, MAX_GAP, Gap, Room, Welcome
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.notes import Pull, Rope
from tests.engine.rooms import EPOCH, NOW, enter, seqs


class Cable(Rope):
    """A rope whose pulls are heavy."""

    heavy = frozenset({"rope.pulled"})


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "MAX_WEIGHT", 1000)


def event(seq: int, weight: int = 0) -> dict[str, object]:
    """A heavy event of about so many bytes, or a light one."""
    return {"seq": seq, "ev": "rope.pulled", "x": "x" * weight} if weight else {"seq": seq, "ev": "chat.said"}


def remembered(*weights: int) -> Past:
    found = Past(Rope.passing, Cable.heavy)
    for seq, weight in enumerate(weights, 1):
        found.remember(event(seq, weight))
    return found


@pytest.mark.parametrize(
    ("weights", "kept"),
    [
        ((0, 0, 0), [1, 2, 3]),
        ((400, 0, 400), [1, 2, 3]),
        ((400, 0, 400, 0, 400), [2, 3, 4, 5]),
        ((400, 0, 400, 900), [4]),
        ((10, 2000), []),
        ((10, 2000, 0, 10), [3, 4]),
    ],
)
def test_what_is_too_heavy_is_forgotten(weights: tuple[int, ...], kept: list[int]) -> None:
    """[EN36] The oldest events go until the heavy ones that are left weigh no more than is kept; lasting ones stay for pages."""
    found = remembered(*weights)
    assert seqs(found.events) == kept
    assert seqs(found.lasting) == [seq for seq, weight in enumerate(weights, 1) if not weight]
    assert found.weighed >= sum(weights)


def test_a_count_bounds_heavy_events_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN36] An event that left memory by count does not weigh any more."""
    monkeypatch.setattr(past, "KEEP", 3)
    found = remembered(*[200] * 20)
    assert seqs(found.events) == [18, 19, 20]


def test_a_gap_across_heavy_events_is_a_fresh_start() -> None:
    """[EN36] What memory has not of a room with heavy events is not read from the journal: whoever comes back starts afresh."""
    room = Room(EPOCH, EPOCH, (Chat(), Cable()))
    session, _ = enter(room)
    for number in range(40):
        room.receive(session, Pull(far=number), NOW + number)
        room.gather(NOW + number)
    room.settle(room.seq)
    oldest = room.past.events[0]["seq"]
    assert 1 < oldest < 40
    for position, recovered in ((oldest - 1, True), (oldest - 2, False), (0, False)):
        found = room.meet((EPOCH, position))
        assert isinstance(found, Welcome)
        assert found.recovered is recovered
    light = Room(EPOCH, EPOCH, (Chat(), Rope()))
    light.load(room.snapshot(), [])
    assert light.meet((EPOCH, 5)) == Gap(5, 40)
    assert (room.max_gap, light.max_gap) == (HEAVY_GAP, MAX_GAP)


def test_what_is_heavy_must_be_passing() -> None:
    """[EN36] A heavy event that would be kept for ever stops the start and is named."""
    with pytest.raises(ValueError, match=r"'rope'.*'rope\.pulled' is heavy"):
        Registry([type("Cable", (Cable,), {"passing": frozenset()})])
