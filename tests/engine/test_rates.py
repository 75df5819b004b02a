"""How much a session may say and read."""

from __future__ import annotations

import pytest

from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.protocol import History, Ping
from gameserver.engine.session import FLOOD_REFUSALS
from gameserver.engine.worlds.chat import Rename, World
from tests.engine.rooms import NOW, chat_room, enter, say


def test_the_rate_is_five_a_second_and_ten_at_once() -> None:
    """[EN11] The eleventh line at once is told to wait for 200 ms, and passes then; refused ones cost nothing."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, int(World.burst) + 1):
        say(room, ada, ref, now=NOW)
    for _ in range(3):
        with pytest.raises(Rejected) as refused:
            say(room, ada, 11, now=NOW)
        assert (refused.value.code, refused.value.wait_ms, refused.value.ref) == (Code.RATE, int(1000 / World.rate), 11)
    assert say(room, ada, 11, now=NOW + 0.2).reply == {"ref": 11, "ok": True, "seq": 11}


def test_reading_has_a_rate_of_its_own() -> None:
    """[EN11] Whoever has read too fast may still speak, and renaming counts as speaking."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(10):
        room.receive(ada, History(ref=100 + ref, before=1), NOW)
    with pytest.raises(Rejected):
        room.receive(ada, History(ref=200, before=1), NOW)
    for ref in range(1, 11):
        room.receive(ada, Rename(ref=ref, name=f"name {ref}"), NOW)
    with pytest.raises(Rejected):
        say(room, ada, 11, now=NOW)


def test_pings_are_answered_and_cost_nothing() -> None:
    """[EN11] A ping is answered at any rate and leaves no trace."""
    room = chat_room()
    ada = enter(room)[0]
    assert [room.receive(ada, Ping(ref=1), NOW).reply for _ in range(30)] == [{"ref": 1, "ok": True}] * 30
    assert (room.seq, len(room.replies)) == (0, 0)


def test_a_flood_is_closed() -> None:
    """[EN12] The sixtieth refusal more than commands served closes the session with 4504."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, 11):
        say(room, ada, ref, now=NOW)
    for _ in range(FLOOD_REFUSALS - 1):
        with pytest.raises(Rejected):
            say(room, ada, 11, now=NOW)
    with pytest.raises(Closed) as closed:
        say(room, ada, 11, now=NOW)
    assert closed.value.code is Close.FLOOD
