"""An owner that is held up between its claim and the end of its reading."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gameserver import owner as owner_module
from gameserver.engine.lease import REFUSE_S
from gameserver.engine.worlds.chat import Say
from gameserver.keeper import TooLate
from tests.gameserver.rooms import HandJournal, Keeper, enter, make_owner


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
