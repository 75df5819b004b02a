"""PostgreSQL for tests that ask for it. The server starts once, with the first of them, and stops at the end of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction
from pytest_django import DjangoDbBlocker

from config.routers import REGION_APPS
from tests.support.postgres import Server, Unavailable, missed, registered, running

ALIAS = "region_postgres"
TEMPLATE = "region_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server. Where it cannot start, tests are skipped, and in CI they fail."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running())
        except Unavailable as error:
            missed(error)
        yield server


@pytest.fixture(scope="session")
def region_database(postgres: Server, django_db_blocker: DjangoDbBlocker) -> Callable[[str], str]:
    """`region_database(name)` makes a database with the gameserver's tables and returns its URL, for REGION_DATABASE_URL.

    The migrations run once, in a template; a copy takes a fraction of a second.
    """
    with django_db_blocker.unblock(), registered(ALIAS, postgres.database(TEMPLATE)):
        call_command("migrate", database=ALIAS, interactive=False, verbosity=0)
    return lambda name: postgres.database(name, template=TEMPLATE)


@pytest.fixture(scope="session")
def region_postgres_url(region_database: Callable[[str], str]) -> str:
    """The URL of what `region_postgres` is an alias of, for connections that are not Django's."""
    return region_database(ALIAS)


@pytest.fixture
def region_postgres(db: None, django_db_blocker: DjangoDbBlocker, region_postgres_url: str) -> Iterator[str]:
    """The alias of a migrated and empty database: `DatabaseStore(alias=region_postgres)`.

    pytest-django does not know it: the alias comes after its set-up (that is what `db` is asked for) and goes before its
    clean-up. So `databases="__all__"` is SQLite as ever, whatever order the tests have; nothing wraps this database in a
    transaction or flushes it. What a test commits here is committed, other threads and processes see it, and the next test
    finds the tables truncated, with their numbers at 1. A thread that used the alias closes its connection.
    """
    # Unblocked, because the test case that pytest-django makes forbids every alias but those it began with.
    with django_db_blocker.unblock(), registered(ALIAS, region_postgres_url):
        empty(ALIAS)
        yield ALIAS


def empty(alias: str, patience_ms: int = 10_000) -> None:
    """Truncate the tables of the region's apps. Fails, instead of waiting, when an earlier test left a transaction open."""
    models = [model for app in sorted(REGION_APPS) for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    connection = connections[alias]
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models)
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {patience_ms}")
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
