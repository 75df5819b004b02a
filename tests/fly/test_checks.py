"""System checks: each finds its mistake, and none cries without one."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as live
from django.core.checks import run_checks
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.here import Here

FIRST, HOSTS, *REST = live.MIDDLEWARE


def found() -> set[str]:
    """The ids of what our checks find."""
    return {message.id for message in run_checks() if message.id and message.id.startswith("fly.")}


def test_the_project_is_in_order() -> None:
    """[FR27] The settings as they are have none of these mistakes."""
    assert found() == set()


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"PARENT_HOST": "other.example"}, "fly.E001"),
        ({"ROOT_HOSTCONF": "tests.fly.loose_hosts"}, "fly.E001"),
        ({"REGIONS": ("ewr", "nrt", "cdg", "zzz")}, "fly.E002"),
        ({"HERE": Here("rooms", "aaaa", "syd")}, "fly.W003"),
        ({"MIDDLEWARE": [HOSTS, FIRST, *REST]}, "fly.E004"),
        ({"MIDDLEWARE": [FIRST, REST[0], HOSTS, *REST[1:]]}, "fly.E004"),
        ({"PARENT_HOST": "example.dev"}, "fly.E005"),
        ({"PARENT_HOST": "localhost"}, "fly.E006"),
        ({"DEFAULT_HOST": "lobby"}, "fly.E007"),
        ({"CSRF_COOKIE_DOMAIN": None}, "fly.E008"),
        ({"CSRF_COOKIE_DOMAIN": "localhost"}, "fly.E008"),
        ({"SESSION_COOKIE_DOMAIN": "play.localhost"}, "fly.W009"),
    ],
)
def test_a_mistake_is_found(settings: SettingsWrapper, wrong: dict[str, Any], wanted: str) -> None:
    """[FR27] A setting that would send players to the wrong place, or open a door, is found by the system checks."""
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert wanted in found()
