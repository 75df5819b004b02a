"""Start-up and end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from fly.here import Here
from gameserver import lifespan as module
from gameserver import schema
from gameserver.drain import drain
from gameserver.engine import lease
from gameserver.engine.entry import Entry, Snapshot
from gameserver.engine.lease import NOBODY
from gameserver.heartbeat import Beat
from gameserver.lifespan import lifespan
from gameserver.models import Holder, Room
from gameserver.process import current
from gameserver.schema import prepare_database
from gameserver.store import Batch, StaleEpoch
from tests.gameserver.rooms import PATIENCE_S, Shaky, until
from tests.gameserver.sockets import running

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
    """[GS94] After start-up there is a process without rooms, and the drain is in the state; after shutdown there is none any more."""
    settings.GAMESERVER_HEARTBEAT, settings.GAMESERVER_RETIRE = f"{__name__}.record", f"{__name__}.retire"
    TOLD.clear()
    life = Life()
    assert await life.say("startup") == {"type": "lifespan.startup.complete"}
    process = current()
    assert process is not None
    assert (life.state["fly.drain"].func, life.state["fly.drain"].args) == (drain, (process,))
    assert (process.rooms(), process.holder.machine) == ([], settings.HERE.machine)
    assert await Holder.objects.filter(machine=process.holder.machine, boot=process.holder.boot).aexists()
    assert await life.say("shutdown") == {"type": "lifespan.shutdown.complete"}
    await asyncio.wait_for(life.task, PATIENCE_S)
    assert current() is None
    assert TOLD[0] == ("record", list(settings.REGIONS))
    assert TOLD[-1] == ("retire", list(settings.REGIONS))
    assert (await Room.objects.acount(), await Holder.objects.acount()) == (0, 0)


async def test_a_process_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS24] A start that fails is told to the server in one line, and there is no process."""

    def fail() -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(module, "prepare_database", fail)
    life = Life()
    answer = await life.say("startup")
    assert answer == {"type": "lifespan.startup.failed", "message": "The gameserver cannot start: the database is away"}
    assert current() is None


class Elsewhere:
    """A connection to a database server."""

    vendor = "postgresql"

    def __init__(self, folder: Path | None = None) -> None:
        self.settings_dict = {"NAME": f"{folder}/region.sqlite3"}

    def close(self) -> None:
        pass


def test_a_server_database_that_is_behind_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS24] A database server is migrated by hand: the start is refused with the command that does it."""
    monkeypatch.setattr(schema, "missing", lambda: ["0002_leases"])
    monkeypatch.setattr(schema, "connections", {"region": Elsewhere()})
    with pytest.raises(RuntimeError, match=r"manage.py migrate --database region"):
        prepare_database()


def test_a_file_of_our_own_is_migrated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """[GS24] A SQLite database that is behind is migrated at the start, that one alone; not if another Machine did it meanwhile."""
    called: list[Any] = []
    here = Elsewhere(tmp_path)
    here.vendor = "sqlite"
    monkeypatch.setattr(schema, "missing", lambda: ["0002_leases"])
    monkeypatch.setattr(schema, "connections", {"region": here})
    monkeypatch.setattr("django.core.management.call_command", lambda name, **options: called.append((name, options["database"])))
    prepare_database()
    assert called == [("migrate", "region")]
    answers = [["0002_leases"], []]
    monkeypatch.setattr(schema, "missing", lambda: answers.pop(0))
    prepare_database()
    assert (len(called), answers) == (1, [])


@pytest.mark.django_db(databases="__all__")
def test_a_database_that_is_up_to_date_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS24] Nothing is run on a database that lacks no migration."""
    monkeypatch.setattr("django.core.management.call_command", lambda *arguments, **options: pytest.fail("it was migrated"))
    monkeypatch.setattr(connections["region"], "close", lambda: None)
    prepare_database()


@pytest.mark.django_db(databases="__all__")
def test_a_database_that_lacks_a_migration_is_found_out() -> None:
    """[GS24] What is missing is told by name, by a look at the database."""
    assert schema.missing() == []
    with connections["region"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'gameserver' AND name = '0002_leases'")
    assert schema.missing() == ["0002_leases"]


@pytest.fixture
def store() -> Shaky:
    return Shaky()


async def test_a_clean_end_gives_everything_back(store: Shaky) -> None:
    """[GS92] A process that ends holds nothing any more and is spoken to no more; one whose database hangs ends all the same."""
    async with running(store) as process:
        await process.owner("cdg", "a")
        await process.owner("ewr", "b")
        assert store.room("a").holder == store.room("b", "ewr").holder == process.holder
    assert (store.room("a").holder, store.room("b", "ewr").holder, store.drains) == (NOBODY, NOBODY, {})
    assert process.rooms() == []


async def test_an_end_does_not_wait_for_the_database(
    store: Shaky, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """[GS92] When the database hangs the leases run out by themselves."""
    async with running(store) as process:
        gate, have = store.shut("renew"), store.count("renew")
        await until(lambda: store.count("renew") > have)
        monkeypatch.setattr(lease, "REFUSE_S", 0.01)
        await process.stop()
        assert "will run out" in caplog.text
        gate.set()
        monkeypatch.undo()


async def test_a_new_life_opens_what_the_last_one_held(store: Shaky) -> None:
    """[GS99] A process opens at start what its predecessor on the same Machine held, under a later epoch, and nothing else."""
    before = store.start("148e", "aaaa").holder
    late = store.claim("cdg", "tea", before)
    other = store.claim("cdg", "elsewhere", store.start("9999", "bbbb").holder)
    line: dict[str, Any] = {"seq": 1, "ev": "chat.said", "at": 1, "player": {"id": "a", "name": "A", "colour": "#000000"}, "text": "kept"}
    store.append([Batch(late.key, late.epoch, (Entry(line),))])
    async with running(store, Here("rooms", "148e", "cdg")) as process:
        await until(lambda: process.owned("cdg", "tea"))
        (owner,) = process.rooms()
        assert owner.epoch > late.epoch
        assert [event["text"] for event in owner._room.past.events] == ["kept"]
        assert isinstance(store.append([Batch(late.key, late.epoch, (Entry({**line, "seq": 2}),))])[0], StaleEpoch)
        with pytest.raises(StaleEpoch):
            store.snapshot(late.key, late.epoch, Snapshot(1, {}), frozenset(), 0)
        assert store.room("elsewhere").epoch == other.epoch
