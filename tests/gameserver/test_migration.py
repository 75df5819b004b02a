"""A region's database from before there were leases, or from a backup, becomes one of today, with all that is in it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from gameserver.engine.entry import Entry
from gameserver.engine.protocol import Join
from gameserver.engine.registry import discover
from gameserver.engine.room import Room
from gameserver.inspection import doubles, find, history
from gameserver.models import Event, Lease
from gameserver.store import Batch
from gameserver.verification import verify
from tests.gameserver.rooms import BOB, sid
from tests.gameserver.stores import ADA, DATABASES, Place, database
from tests.support.postgres import Server, registered

ROOT = Path(__file__).resolve().parents[2]
OLD = "region_old"
FIRST, SECOND = [("gameserver", "0001_initial")], [("gameserver", "0003_places")]
FIELDS: list[dict[str, Any]] = [{}, {"was": "Ädä", "deep": {"x": [1, None, 2.5]}}]


@contextmanager
def file(path: Path) -> Iterator[None]:
    """A SQLite file under the alias, with the settings of the region's own."""
    settings = connections.settings
    settings[OLD] = {**settings["region"], "NAME": str(path)}
    try:
        yield
    finally:
        connections[OLD].close()
        del connections[OLD]
        del settings[OLD]


@pytest.fixture(params=DATABASES)
def old(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[None]:
    """A database with two rooms and two events, as the first migration alone would have it."""
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        alias = registered(OLD, server.database("of_before_leases"))
    else:
        alias = file(tmp_path / "region.sqlite3")
    with django_db_blocker.unblock(), alias:
        apps = migrate(FIRST)
        room, event = apps.get_model("gameserver", "Room"), apps.get_model("gameserver", "Event")
        main = room.objects.using(OLD).create(region="cdg", slug="main", first_epoch=1_700_000_000, epoch=1_700_000_009)
        room.objects.using(OLD).create(region="nrt", slug="empty", first_epoch=1_700_000_001, epoch=1_700_000_001)
        player = {f"player_{name}": value for name, value in ADA.items()}
        for seq, (ev, text) in enumerate([("chat.said", "Grüße 😀"), ("chat.renamed", "")], 1):
            event.objects.using(OLD).create(
                room=main,
                seq=seq,
                epoch=1_700_000_009,
                ev=ev,
                at=seq,
                text=text,
                fields=FIELDS[seq - 1],
                **{"session": "s" * 32, "ref": seq, **player},
            )
        yield


def migrate(to: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connections[OLD])
    return executor.migrate(to).apps


def place() -> Place:
    return database(OLD)


def test_rooms_get_leases(old: None) -> None:
    """[GS50] Every room keeps its epochs: the newest one is in its lease, which nobody holds, and the next owner adds one."""
    migrate(SECOND)
    leases = Lease.objects.using(OLD).select_related("room").order_by("room_id")
    found = [(lease.room.slug, lease.room.first_epoch, lease.epoch, lease.machine, lease.expires_at) for lease in leases]
    assert found == [("main", 1_700_000_000, 1_700_000_009, "", 0), ("empty", 1_700_000_001, 1_700_000_001, "", 0)]
    assert [(lease.room.world, lease.room.floor, lease.sessions) for lease in leases] == [("", 0, 0)] * 2
    assert place().leases.held() == []
    claimed = place().room()
    assert (claimed.epoch, claimed.first_epoch) == (1_700_000_010, 1_700_000_000)


def test_events_are_read_as_before(old: None) -> None:
    """[GS50] Every event reads as it was written, and its command counts as one that was replied to: it is not done again."""
    migrate(SECOND)
    claimed = place().room()
    assert place().store.load(claimed.key, 10).entries == (
        Entry({"seq": 1, "ev": "chat.said", "at": 1, "player": ADA, "text": "Grüße 😀"}, "s" * 32, 1, {}),
        Entry({"seq": 2, "ev": "chat.renamed", "at": 2, "player": ADA, **FIELDS[1]}, "s" * 32, 2, {}),
    )
    assert [json.loads(fields) for fields in Event.objects.using(OLD).values_list("fields", flat=True)] == FIELDS
    more = Entry({"seq": 3, "ev": "score.scored", "at": 3, "by": 1}, "", 0, None)
    assert place().store.append([Batch(claimed.key, claimed.epoch, (more,))]) == [None]
    assert place().history(claimed)[2:] == [more]


def test_a_database_without_rooms_migrates(old: None) -> None:
    """[GS50] A region that nobody has been in yet has the tables of today, and no leases."""
    with connections[OLD].cursor() as cursor:
        cursor.execute("DELETE FROM gameserver_event")
        cursor.execute("DELETE FROM gameserver_room")
    migrate(SECOND)
    assert Lease.objects.using(OLD).count() == 0
    place().room()


def test_a_restored_backup_takes_no_position_of_the_lost_time(old: None) -> None:
    """[GS6] After what docs/operations.md says of a restore, a position of the time that was lost matches nothing, and all is well."""
    migrate(SECOND)
    claimed = place().room()
    now = int(time.time()) + 1
    (statements,) = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    with connections[OLD].cursor() as cursor:
        for statement in statements.replace("NOW", str(now)).split(";"):
            if statement.strip():
                cursor.execute(statement)
    again = place().room(machine="m2")
    assert (again.epoch, again.first_epoch) == (now + 1, now)
    room = Room(again.epoch, again.first_epoch, discover().lanes(again.world), again.floor)
    loaded = place().store.load(again.key, 10)
    room.load(loaded.snapshot, loaded.entries)
    lost, kept = ((claimed.epoch + 1, 2), (again.epoch, 2))
    assert [room.join(Join(v=1, sid=sid(), position=position), BOB)[1].recovered for position in (lost, kept)] == [False, True]
    found = find("cdg/main", OLD)
    lines, doubled = history(found.key, 0, OLD), doubles(found.key, OLD)
    assert str(verify(found, [], lines, doubled, discover())) == "ok, 2 events, 0 snapshots"
