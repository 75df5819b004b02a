"""A lobby whose fleet is three regions, which somebody looks after."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper

from lobby.models import Region
from tests.lobby.fleet.fleets import planner_hears


@pytest.fixture
def three_regions(settings: SettingsWrapper, db: None) -> None:
    """Paris, Amsterdam and Tokyo are enabled; somebody plans and has been listening for an hour."""
    settings.REGIONS = ("cdg", "ams", "nrt")
    settings.MACHINES_API_TOKEN = "a-token"
    settings.MAX_SOCKETS = 100
    settings.IDLE_STOP_S = 60.0
    Region.objects.update(enabled=False)
    Region.objects.filter(pk__in=settings.REGIONS).update(enabled=True)
    planner_hears()
