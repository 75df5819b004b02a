"""What a session gets when it comes in: the gap, or a fresh start that says so."""

from __future__ import annotations

import pytest

from gameserver.engine.past import KEEP
from gameserver.engine.protocol import Join
from gameserver.engine.room import MAX_GAP, Gap
from tests.engine.rooms import ADA, BOB, EPOCH, chat_room, enter, say, seqs, sid


@pytest.mark.parametrize("seen", [0, 1, 4, 5])
def test_a_position_gets_exactly_what_follows(seen: int) -> None:
    """[EN5] Whoever saw n of five events gets the others, and is told that nothing is missing."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, 6):
        say(room, ada, ref)
    welcome = enter(room, BOB, 1, (EPOCH, seen))[1]
    assert (welcome.recovered, seqs(welcome.events), welcome.position) == (True, list(range(seen + 1, 6)), (EPOCH, 5))


def test_a_position_of_an_earlier_owner_still_counts() -> None:
    """[EN5] After a change of owner a position with the old epoch gets what follows it, and the new epoch."""
    room = chat_room(EPOCH + 3)
    ada = enter(room)[0]
    for ref in (1, 2):
        say(room, ada, ref)
    welcome = enter(room, BOB, 1, (EPOCH + 1, 1))[1]
    assert (welcome.recovered, seqs(welcome.events), welcome.position) == (True, [2], (EPOCH + 3, 2))


def test_newcomers_get_the_last_hundred() -> None:
    """[EN6] Without a position there are the last hundred events, and word of older ones."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, 101):
        say(room, ada, ref)
    assert enter(room)[1].more is False
    say(room, ada, 101)
    welcome = enter(room, BOB, 1)[1]
    assert (welcome.recovered, seqs(welcome.events), welcome.more) == (False, list(range(2, 102)), True)


def test_the_largest_gap_is_filled_and_a_larger_one_is_a_fresh_start() -> None:
    """[EN6] A gap of 1000 events is filled from memory, one of 3000 from the journal; one of 3001 is a fresh start that says so."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, MAX_GAP + 2):
        say(room, ada, ref)
    filled, fresh = enter(room, position=(EPOCH, MAX_GAP + 1 - KEEP))[1], enter(room, position=(EPOCH, 0))[1]
    gaps = [room.join(Join(v=1, sid=sid(), position=(EPOCH, seq)), ADA)[1] for seq in (MAX_GAP - KEEP, 1)]
    assert (filled.recovered, len(filled.events)) == (True, KEEP)
    assert gaps == [Gap(MAX_GAP - KEEP, MAX_GAP + 1), Gap(1, MAX_GAP + 1)]
    assert (fresh.recovered, len(fresh.events), fresh.more) == (False, 100, True)


@pytest.mark.parametrize("position", [(EPOCH - 1, 0), (EPOCH + 1, 0), (EPOCH, 2), (0, 0), (2**53 - 1, 2**53 - 1)])
def test_a_position_from_elsewhere_is_a_fresh_start(position: tuple[int, int]) -> None:
    """[EN7] An epoch this room never had, or a seq it has not reached, is never taken for a gap."""
    room = chat_room()
    say(room, enter(room)[0], 1)
    welcome = enter(room, BOB, 1, position)[1]
    assert (welcome.recovered, seqs(welcome.events)) == (False, [1])
