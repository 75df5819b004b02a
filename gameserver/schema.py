"""The tables of the region's database: whether they are up to date, and making them so where that is ours to do."""

from __future__ import annotations

import contextlib
import fcntl
import pkgutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from django.db import connections
from django.db.utils import OperationalError, ProgrammingError

from gameserver import migrations
from gameserver.database import ALIAS

APP = "gameserver"


def prepare_database() -> None:
    """Migrate the region's database when it is a file of our own; refuse to start on a server's database that is behind.

    Raises RuntimeError with the command that mends it. Several Machines that start on one file take turns.
    """
    connection = connections[ALIAS]
    try:
        if not missing():
            return
        if connection.vendor != "sqlite":
            raise RuntimeError(f"the database {ALIAS!r} is not migrated; run `manage.py migrate --database {ALIAS}`")
        with _turn(Path(str(connection.settings_dict["NAME"]) + ".migrating")):
            if missing():
                migrate()
    finally:
        connection.close()


def missing() -> list[str]:
    """Migrations of the gameserver that its database lacks. One small read: Django's own look costs a start a tenth of a second."""
    connection = connections[ALIAS]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM django_migrations WHERE app = %s", [APP])
            applied = {name for (name,) in cursor.fetchall()}
    except (OperationalError, ProgrammingError) as error:
        if "django_migrations" not in str(error):
            raise
        applied = set()
    return sorted({info.name for info in pkgutil.iter_modules(migrations.__path__)} - applied)


def migrate() -> None:
    """What `manage.py migrate --database region` does, without a word."""
    from django.core.management import call_command  # Not before it is needed: a start seldom migrates anything.

    call_command("migrate", database=ALIAS, interactive=False, verbosity=0, stdout=StringIO())


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Alone among the processes that use this lock file; the system gives the lock back, however a process ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
