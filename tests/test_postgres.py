"""The PostgreSQL of the tests is a real one, with production's promises, and ends with the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import connections

from config.env import read_env
from config.routers import RegionRouter
from gameserver.models import Event, Room
from tests.conftest import ALIAS, empty
from tests.support.postgres import Server, Unavailable, give, missed, other_user, reachable

LOCK = "SELECT id FROM django_migrations ORDER BY id LIMIT 1 FOR UPDATE"
PROGRAM = "import time; from tests.support.postgres import running\nwith running() as s: print(s.port, flush=True); time.sleep(600)"


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_commit_is_on_the_disk(postgres: Server) -> None:
    """The server is PostgreSQL 15 or newer, and a commit returns when it is durable."""
    with psycopg.connect(postgres.url()) as connection:
        settings = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in ("fsync", "synchronous_commit", "full_page_writes")}
        assert connection.info.server_version >= 150000
    assert set(settings.values()) == {"on"}


def test_strangers_are_not_let_in(postgres: Server) -> None:
    """The server asks for its password: other users of this machine reach the port, too."""
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url().replace(postgres.password, "guess"))


def test_its_url_is_one_for_the_environment(postgres: Server) -> None:
    """A server process takes the URL as REGION_DATABASE_URL."""
    database = read_env({"REGION_DATABASE_URL": postgres.url("of_a_test")}).region_database_url
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("127.0.0.1", postgres.port, "of_a_test")


def test_a_region_has_the_tables_of_the_gameserver_only(region_postgres: str) -> None:
    """Migration makes every table of the gameserver in a region's database, and none of another app."""
    ours = {model._meta.db_table for model in apps.get_app_config("gameserver").get_models(include_auto_created=True)}
    connection = connections[region_postgres]
    assert connection.vendor == "postgresql"
    assert set(connection.introspection.table_names()) == ours | {"django_migrations"}


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_begins_with_nothing(region_postgres: str, turn: int) -> None:
    """What an earlier test committed is gone, numbers begin at 1 again, and other connections see this one's commit."""
    assert not Room.objects.using(region_postgres).exists()
    room = Room.objects.using(region_postgres).create(region="cdg", slug=f"turn-{turn}", first_epoch=1)
    room.refresh_from_db()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(slugs, region_postgres).result() == [f"turn-{turn}"]
    assert (room.pk, room._state.db, room.journal.all().db) == (1, region_postgres, region_postgres)


def slugs(alias: str) -> list[str]:
    try:
        return list(Room.objects.using(alias).values_list("slug", flat=True))
    finally:
        connections[alias].close()


@pytest.mark.django_db(databases="__all__")
def test_the_region_itself_stays_as_it_is(region_postgres: str) -> None:
    """A test of all databases has SQLite beside PostgreSQL, each with rooms of its own."""
    Room.objects.create(region="cdg", slug="here", first_epoch=1)
    assert connections["region"].vendor == "sqlite"
    assert slugs(region_postgres) == []


def test_an_open_transaction_fails_the_emptying(region_postgres: str, region_postgres_url: str) -> None:
    """A lock that a test left behind is an error after a while and not a standstill."""
    with psycopg.connect(region_postgres_url) as left_behind:
        left_behind.execute("LOCK TABLE gameserver_room")
        with pytest.raises(Exception, match="lock timeout"):
            empty(region_postgres, patience_ms=50)


def test_the_alias_is_gone_afterwards() -> None:
    """Tests that do not ask for PostgreSQL do not meet it."""
    assert ALIAS not in list(connections)


def test_a_locked_row_is_waited_for(region_database: Callable[[str], str]) -> None:
    """SELECT FOR UPDATE of a second connection waits for the first one's commit, for that alone, and then goes on."""
    url = region_database("locks")
    with psycopg.connect(url) as first, psycopg.connect(url) as second, ThreadPoolExecutor(1) as thread:
        rows = first.execute(LOCK).fetchall()
        waiting = thread.submit(lambda: second.execute(LOCK).fetchall())
        blockers = "SELECT pg_blocking_pids(%s)"
        wait_until(lambda: first.execute(blockers, [second.info.backend_pid]).fetchone() == ([first.info.backend_pid],))
        assert not waiting.done()
        first.commit()
        assert waiting.result(timeout=20) == rows


def test_the_server_ends_with_a_killed_process() -> None:
    """Even a process that is killed leaves no server behind."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        assert listens(port)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not listens(port))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_programs_that_nobody_can_reach_are_copied(tmp_path: Path) -> None:
    """Root's private clone is no obstacle: the programs are copied for the user that the server runs as."""
    private, folder = tmp_path / "private", tmp_path / "folder"
    programs, library = private / "package" / "install" / "bin", private / "package.libs" / "library"
    for path in (programs, library.parent, folder):
        path.mkdir(parents=True)
    library.write_text("exit 0")
    (programs / "initdb").write_text('#!/bin/sh\n. "${0%/*}/../../../package.libs/library"\n')
    (programs / "initdb").chmod(0o755)
    assert reachable(programs, folder, None) == programs
    private.chmod(0o700)
    copy = reachable(programs, folder, other_user())
    shutil.rmtree(private)
    give(folder, other_user())
    assert reachable(copy, folder, None) == copy
    assert (folder in copy.parents, (copy / "initdb").owner()) == (True, "nobody")


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_only_laptops_skip(monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]) -> None:
    """Without PostgreSQL CI fails; a laptop skips and says what to do."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="make test"):
        missed(Unavailable("There is none."))


@pytest.mark.parametrize(
    ("alias", "app", "allowed"),
    [
        ("region", "gameserver", True),
        ("region_postgres", "gameserver", True),
        ("default", "gameserver", False),
        ("region", "auth", False),
        ("region_postgres", "auth", False),
        ("default", "auth", True),
    ],
)
def test_where_tables_are_made(alias: str, app: str, allowed: bool) -> None:
    """Every database whose alias begins with region has the gameserver's tables, and all others have the rest."""
    assert RegionRouter().allow_migrate(alias, app) is allowed


def test_relations_stay_in_their_database() -> None:
    """What was read from one region's database is related to that one's rows only; new rows are the region's own."""
    router, here, there = RegionRouter(), Room(), Room()
    there._state.db = "region_postgres"
    assert (router.db_for_read(Event), router.db_for_write(Event, instance=here)) == ("region", "region")
    assert (router.db_for_read(Event, instance=there), router.db_for_write(Event, instance=there)) == ("region_postgres",) * 2
    assert router.db_for_read(apps.get_model("auth.User"), instance=there) == "default"
    assert (router.allow_relation(here, Event()), router.allow_relation(here, there)) == (True, False)
