"""Start-up and end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connections

from gameserver import lifespan as module
from gameserver.heartbeat import Beat
from gameserver.lifespan import lifespan, prepare_database
from gameserver.models import Room
from gameserver.process import current
from tests.gameserver.rooms import PATIENCE_S

TOLD: list[tuple[str, list[str]]] = []


def record(beats: Sequence[Beat]) -> None:
    """The listener of these tests' heartbeat."""
    TOLD.append(("record", [beat.region for beat in beats]))


def retire(beats: Sequence[Beat]) -> None:
    """The listener of these tests' last heartbeat."""
    TOLD.append(("retire", [beat.region for beat in beats]))


class Life:
    """A server's side of the lifespan."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task = asyncio.ensure_future(lifespan({"type": "lifespan", "state": self.state}, self.events.get, self.answers.put))

    async def say(self, event: str) -> dict[str, Any]:
        self.events.put_nowait({"type": f"lifespan.{event}"})
        return await asyncio.wait_for(self.answers.get(), PATIENCE_S)


@pytest.mark.django_db(transaction=True, databases="__all__")
async def test_a_process_starts_and_ends(settings: Any) -> None:
    """[GS28] After start-up every region has `main` and the drain is in the state; after shutdown there is no process any more."""
    settings.GAMESERVER_HEARTBEAT, settings.GAMESERVER_RETIRE = f"{__name__}.record", f"{__name__}.retire"
    TOLD.clear()
    life = Life()
    assert await life.say("startup") == {"type": "lifespan.startup.complete"}
    process = current()
    assert process is not None
    assert life.state["fly.drain"] == process.drain
    assert {(owner.region, owner.slug) for owner in process.rooms()} == {(region, "main") for region in settings.REGIONS}
    assert await life.say("shutdown") == {"type": "lifespan.shutdown.complete"}
    await asyncio.wait_for(life.task, PATIENCE_S)
    assert current() is None
    assert TOLD[0] == ("record", list(settings.REGIONS))
    assert TOLD[-1] == ("retire", list(settings.REGIONS))
    assert await Room.objects.filter(slug="main").acount() == len(settings.REGIONS)
    await Room.objects.all().adelete()


async def test_a_process_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS24] A start that fails is told to the server in one line, and there is no process."""

    def fail() -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(module, "prepare_database", fail)
    life = Life()
    answer = await life.say("startup")
    assert answer == {"type": "lifespan.startup.failed", "message": "The gameserver cannot start: the database is away"}
    assert current() is None


class Behind:
    """An executor for a database that lacks a migration."""

    def __init__(self, connection: Any) -> None:
        self.loader = self
        self.graph = self

    def leaf_nodes(self) -> list[Any]:
        return []

    def migration_plan(self, leaves: Any) -> list[str]:
        return ["0002"]


class Elsewhere:
    """A connection to a database server."""

    vendor = "postgresql"

    def close(self) -> None:
        pass


def test_a_server_database_that_is_behind_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS24] A database server is migrated by hand: the start is refused with the command that does it."""
    monkeypatch.setattr(module, "MigrationExecutor", Behind)
    monkeypatch.setattr(module, "connections", {"region": Elsewhere()})
    with pytest.raises(RuntimeError, match=r"manage.py migrate --database region"):
        prepare_database()


def test_a_file_of_our_own_is_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS24] A SQLite database that is behind is migrated at the start, that one alone."""
    called: list[Any] = []
    here = Elsewhere()
    here.vendor = "sqlite"
    monkeypatch.setattr(module, "MigrationExecutor", Behind)
    monkeypatch.setattr(module, "connections", {"region": here})
    monkeypatch.setattr(module, "call_command", lambda name, **options: called.append((name, options["database"])))
    prepare_database()
    assert called == [("migrate", "region")]


@pytest.mark.django_db(databases="__all__")
def test_a_database_that_is_up_to_date_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS24] Nothing is run on a database that lacks no migration."""
    monkeypatch.setattr(module, "call_command", lambda *arguments, **options: pytest.fail("it was migrated"))
    monkeypatch.setattr(connections["region"], "close", lambda: None)
    prepare_database()
