"""A lobby in which nobody waits, and, if it is asked for, one that somebody looks after."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings as SettingsWrapper

from lobby import views
from lobby.models import FleetLease
from lobby.waiting import Waiting


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test begins without anybody, and each question looks anew."""
    fresh = Waiting()
    monkeypatch.setattr(views, "waiting", fresh)
    monkeypatch.setattr("lobby.state.waiting", fresh)
    monkeypatch.setattr("lobby.waiting.FRESH_S", 0.0)


@pytest.fixture
def token(settings: SettingsWrapper) -> None:
    """Somebody may start Machines, and has looked a moment ago."""
    settings.MACHINES_API_TOKEN = "a-token-that-nobody-may-see"
    FleetLease.objects.create(name="fleet", holder="m1", expires_at=Now(), looked_at=Now())
