"""Where rooms are kept, and a journal that is moved by hand: what the tests of this folder share."""

from __future__ import annotations

import pytest

from gameserver import cadence
from tests.gameserver.rooms import HandJournal
from tests.gameserver.stores import DATABASES, EVERYWHERE, Place, make


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> HandJournal:
    """A journal that commits when it is told to; no room waits for its next frame."""
    monkeypatch.setattr(cadence, "BURST", 1e9)
    return HandJournal()


@pytest.fixture(params=EVERYWHERE)
def place(request: pytest.FixtureRequest) -> Place:
    """Memory, SQLite and PostgreSQL, one after the other."""
    return make(request)


@pytest.fixture(params=DATABASES)
def kept(request: pytest.FixtureRequest) -> Place:
    """SQLite and PostgreSQL, one after the other."""
    return make(request)
