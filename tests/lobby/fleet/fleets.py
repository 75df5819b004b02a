"""What tests of the fleet's eyes and hands share: beats, time that has passed, one round."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.db.models import F
from django.db.models.functions import Now

from gameserver.heartbeat import Beat
from lobby.fleet import memory
from lobby.fleet.apply import Done, apply
from lobby.fleet.look import View, look
from lobby.fleet.model import Action
from lobby.fleet.plan import plan
from lobby.fleet.tables import Boot, FleetLease, Watched
from lobby.heartbeats import record
from lobby.models import Gameserver
from tests.lobby.fleet.api import FakeApi
from tests.lobby.fleet.world import kinds

APP = "rooms"


def beat(machine: str, region: str = "cdg", sockets: int = 0, **facts: Any) -> None:
    """A Machine's gameserver is heard now."""
    known: dict[str, Any] = {"app": APP, "started_at": 0.0, "rooms": [], "draining": False} | facts
    record([Beat(region=region, machine=machine, players=sockets, sockets=sockets, **known)])


def seen(api: FakeApi, *, remember: bool = True) -> View:
    """A look."""
    return look(async_to_sync(api.list)(), APP, remember=remember)


def do(api: FakeApi, *actions: Action, view: View | None = None) -> list[Done]:
    """Apply these actions, on this thread."""

    async def remember(function: Any, *arguments: Any) -> Any:
        from asgiref.sync import sync_to_async

        return await sync_to_async(function)(*arguments)

    return async_to_sync(apply)(api, actions, view or seen(api), remember)


def one_round(api: FakeApi) -> list[Done]:
    """Look, plan, apply, as the loop does."""
    view = seen(api)
    done = do(api, *plan(view.wanted, view.seen, view.now), view=view)
    memory.looked("test")
    return done


def done(api: FakeApi) -> list[str]:
    """A round, and what was tried in it."""
    return kinds(one.action for one in one_round(api))


def planner_hears(seconds: float = 3600.0) -> None:
    """Somebody plans, and has been listening for so long."""
    assert memory.take("test")
    FleetLease.objects.update(hearing_since=Now() - timedelta(seconds=seconds), expires_at=Now() + timedelta(hours=9))


def later(seconds: float, *, unheard: bool = False) -> None:
    """As if so much time had passed: everything remembered is older. Gameservers are heard on, unless they are silent."""
    step = timedelta(seconds=seconds)
    for name in ("since", "empty_since", "marked_at", "held_until"):
        Watched.objects.update(**{name: F(name) - step})
    Boot.objects.update(asked_at=F("asked_at") - step)
    if unheard:
        Gameserver.objects.update(last_seen=F("last_seen") - step)
