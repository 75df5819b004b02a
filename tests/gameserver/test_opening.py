"""An owner that is held up between its claim and the end of its reading."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gameserver import owner as owner_module
from gameserver.engine import past
from gameserver.engine.lease import REFUSE_S
from gameserver.engine.protocol import Join
from gameserver.engine.worlds.chat import Say
from gameserver.keeper import TooLate
from tests.gameserver.rooms import ADA, AWAY, HandJournal, Keeper, Sink, enter, make_owner, sid, until


def clock(*times: float) -> Callable[[], float]:
    """A clock that shows these times, one after the other."""
    left = list(times)
    return lambda: left.pop(0)


async def test_a_room_that_was_read_too_late_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS61] Who was frozen between claim and reading may have read what a successor wrote: that is no room to let people into."""
    journal = HandJournal()
    monkeypatch.setattr(owner_module, "steady", clock(100.0, 100.0 + REFUSE_S))
    with pytest.raises(TooLate):
        await make_owner(journal)


async def test_a_room_that_was_read_in_time_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS61] Reading may take almost as long as a holder decides without a renewal."""
    journal = HandJournal()
    monkeypatch.setattr(owner_module, "steady", clock(100.0, 99.9 + REFUSE_S))
    owner = await make_owner(journal, Keeper(journal))
    ada, sink = await enter(owner)
    owner.receive(ada, Say(ref=1, text="in time"))
    journal.commit()
    assert sink.texts == ["in time"]


async def test_more_than_memory_holds_is_not_shown_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS3] When more was in doubt than memory holds, sockets are closed with 4003, and whoever comes back gets all of it."""
    for module in (owner_module, past):
        monkeypatch.setattr(module, "KEEP", 3)
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))
    journal = HandJournal()
    owner = await make_owner(journal)
    ada, sink = await enter(owner)
    for ref in range(1, 6):
        owner.receive(ada, Say(ref=ref, text=f"line {ref}"))
    journal.commit()
    await until(lambda: journal.waiting)
    journal.commit(AWAY, written=True)
    await until(lambda: sink.closed)
    assert (sink.closed[0][0], sink.texts) == (4003, ["line 1"])
    await until(lambda: owner._is_available())
    _, welcome = await owner.join(Join(v=1, sid=sid(), position=(owner.epoch - 1, 1)), ADA, Sink())
    assert (welcome.recovered, [event["text"] for event in welcome.events]) == (True, [f"line {ref}" for ref in range(2, 6)])
