"""Where the regions keep their journals during a run: the emulator's SQLite files, or fresh databases on a PostgreSQL server."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

from tests.support.emulator import ROOT, environment

OWN = "postgresql"


@dataclass(frozen=True, slots=True)
class Database:
    """`arguments`: for the emulator. `where`: the tortured region's, a URL or the path of a file. `environ`: for `manage.py` on it."""

    arguments: tuple[str, ...]
    where: str
    environ: dict[str, str]


@contextlib.contextmanager
def prepared(folder: Path, regions: Sequence[str], region: str, server: str) -> Iterator[Database]:
    """Databases for a run. `server`: empty for SQLite files in `folder`, `postgresql` for a server of the run's own, or the URL of a
    PostgreSQL database whose user may create others.

    On a server they are named after this process, and dropped at the end: the journals are in `folder` by then.
    """
    if not server:
        path = str(folder / f"{region}.sqlite3")
        yield Database((), path, {**environment(folder), "REGION_DATABASE_URL": f"sqlite:///{path}"})
        return
    with contextlib.ExitStack() as stack:
        if server == OWN:
            from tests.support.postgres import running  # It reads the settings, which nobody else here needs.

            server = stack.enter_context(running()).url()
        template = urlunsplit(urlsplit(server)._replace(path=f"/torture_{os.getpid()}_{{region}}"))
        urls = {one: template.replace("{region}", one) for one in regions}
        connection = stack.enter_context(psycopg.connect(server, autocommit=True))
        for url in urls.values():
            name = Identifier(urlsplit(url).path[1:])
            connection.execute(SQL("CREATE DATABASE {}").format(name))
            stack.callback(connection.execute, SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            command = [sys.executable, "manage.py", "migrate", "--database", "region", "-v0"]
            subprocess.run(command, cwd=ROOT, env={**environment(folder), "REGION_DATABASE_URL": url}, check=True)
        yield Database(("--region-database", template), urls[region], {**environment(folder), "REGION_DATABASE_URL": urls[region]})
