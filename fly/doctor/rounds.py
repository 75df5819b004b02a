"""Gathers the facts that the platform's checks judge: files, settings, databases, Redis, the API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import ERROR, WARNING, run_checks
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor

from fly.doctor import app as app_checks
from fly.doctor import environment
from fly.doctor.api import judge_failure, judge_machines, judge_token
from fly.doctor.data import DatabaseFacts, judge_database, judge_layer
from fly.doctor.deployment import Deployment
from fly.doctor.finding import Finding, error, ok, skipped, warning
from fly.doctor.project import judge_hosts, judge_keys, judge_packages, judge_parent, judge_static, read_pins
from fly.doctor.registry import check
from fly.machines import Machine, Machines, MachinesError
from fly.server.versions import untested

MOST_WAIT_S = 5.0


@check("packages")
def packages() -> Iterable[Finding]:
    """What is installed."""
    pins = settings.BASE_DIR / "requirements" / "base.txt"
    return judge_packages(read_pins(pins.read_text()) if pins.is_file() else {}, untested(), version)


def deployments(folder: Path) -> list[Deployment]:
    """Every fly.toml of a folder: fly.toml, fly.<something>.toml, and gameserver.toml of two apps. Raises what tomllib raises."""
    found = sorted({*folder.glob("fly.toml"), *folder.glob("fly[.-]*.toml"), *folder.glob("*.fly.toml"), *folder.glob("gameserver.toml")})
    return [_deployment(path) for path in found]


def _deployment(path: Path) -> Deployment:
    toml = tomllib.loads(path.read_text())
    build = toml.get("build", {})
    dockerfile = path.parent / str(build.get("dockerfile", "Dockerfile"))
    return Deployment(path.name, toml, dockerfile.read_text() if dockerfile.is_file() else "")


@check("fly.toml")
def files() -> Iterator[Finding]:
    """What Fly is told."""
    try:
        apps = deployments(settings.BASE_DIR)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        yield error("fly.toml", f"It cannot be read: {broken}.", "Mend it; `fly config validate --strict` says more.")
        return
    if not apps:
        yield skipped("fly.toml", "There is none here.")
    for one in apps:
        for found in (*app_checks.CHECKS, *environment.CHECKS):
            for finding in found(one):
                yield Finding(f"{one.file}: {finding.name}", finding.level, finding.says, finding.fix)
    yield from environment.pair(apps)


@check("names")
def names() -> Iterator[Finding]:
    """Hosts and regions."""
    yield from judge_parent(settings.PARENT_HOST, settings.PUBLIC_SCHEME, resolves, settings.REGIONS)
    yield judge_hosts(settings.ALLOWED_HOSTS, settings.PARENT_HOST)
    yield environment.judge_regions(settings.REGIONS, "REGIONS")


def resolves(host: str) -> bool:
    """Whether a name has an address."""
    try:
        return bool(socket.getaddrinfo(host, 443))
    except (OSError, UnicodeError):
        return False


@check("keys")
def keys() -> Iterable[Finding]:
    """Keys, by their fingerprints."""
    is_split = settings.ROLE.is_split
    return judge_keys(settings.IDENTITY_KEY, settings.SECRET_KEY, is_split=is_split, gameserver_app=settings.GAMESERVER_APP)


@check("settings")
def system() -> Iterator[Finding]:
    """Django's system checks, ours among them; those of a deployment where browsers come by https."""
    kinds = {True: error, False: warning}
    found = [one for one in run_checks(include_deployment_checks=settings.PUBLIC_SCHEME == "https") if one.level >= WARNING]
    for one in found:
        yield kinds[one.level >= ERROR](one.id or "check", str(one.msg), str(one.hint or "`manage.py check --deploy` says the same."))
    if not found:
        yield ok("system checks", "Django finds nothing.")


@check("databases")
def databases() -> Iterator[Finding]:
    """Every database of this process."""
    for alias in sorted(settings.DATABASES):
        # Django makes a dummy of an empty one.
        if not settings.DATABASES[alias].get("ENGINE", "dummy").endswith("dummy"):
            yield from judge_database(probe(alias), is_fly=settings.HERE.is_fly)
        else:
            yield skipped(alias, "This app has none.")


def is_there(alias: str) -> bool:
    """Whether a database can be opened without making an empty file of it."""
    connection = connections[alias]
    # A name that is no path is SQLite's memory.
    return (
        connection.vendor != "sqlite" or "/" not in str(connection.settings_dict["NAME"]) or Path(connection.settings_dict["NAME"]).exists()
    )


def probe(alias: str) -> DatabaseFacts:
    """Ask a database. Raises nothing; what went wrong is in the facts."""
    connection = connections[alias]
    said = connection.settings_dict
    facts: dict[str, Any] = {"alias": alias, "engine": said["ENGINE"], "options": dict(said.get("OPTIONS", {}))}
    facts |= {"conn_max_age": said.get("CONN_MAX_AGE", 0), "test_name": str(settings.DATABASES[alias].get("TEST", {}).get("NAME") or "")}
    if not is_there(alias):
        return DatabaseFacts(**facts, trouble="there is no such file yet")
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                facts |= {"journal_mode": _value(cursor, "PRAGMA journal_mode"), "synchronous": int(_value(cursor, "PRAGMA synchronous"))}
            else:
                before = time.time()
                theirs = float(_value(cursor, "SELECT extract(epoch FROM clock_timestamp())"))
                facts["skew_s"] = theirs - (before + time.time()) / 2
        executor = MigrationExecutor(connection)
        plan = [one for one, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
        facts["unapplied"] = tuple(f"{one.app_label}.{one.name}" for one in plan if router.allow_migrate(alias, one.app_label))
    except Exception as failed:  # noqa: BLE001 (drivers and the pool raise their own kinds; their texts hold addresses)
        facts["trouble"] = type(failed).__name__
    return DatabaseFacts(**facts)


def _value(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]


@check("redis")
def redis() -> Iterable[Finding]:
    """The channel layer."""
    layer = settings.CHANNEL_LAYERS.get("default", {})
    hosts = layer.get("CONFIG", {}).get("hosts", [])
    return judge_layer(layer, ping(hosts[0]) if hosts else None)


def ping(host: Any) -> str:
    """ "" if Redis answers, else the name of the error."""
    from redis import Redis
    from redis.exceptions import RedisError

    address = host["address"] if isinstance(host, dict) else host
    try:
        with contextlib.closing(Redis.from_url(address, socket_timeout=MOST_WAIT_S, socket_connect_timeout=MOST_WAIT_S)) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as failed:
        return type(failed).__name__
    return ""


@check("api")
def api() -> Iterator[Finding]:
    """The Machines API and its Machines."""
    token, url = settings.MACHINES_API_TOKEN, settings.MACHINES_API_URL
    finding = judge_token(token, url, is_fly=settings.HERE.is_fly)
    yield finding
    app = settings.GAMESERVER_APP or (
        settings.HERE.app if settings.HERE.is_fly else next((one.app for one in deployments(settings.BASE_DIR)), "")
    )
    if finding.level != "ok" or not app:
        return
    is_file = str(settings.DATABASES.get("region", {}).get("ENGINE", "")).endswith("sqlite3")
    try:
        machines = asyncio.run(look(url, token, app))
    except MachinesError as failed:
        yield judge_failure(failed, app)
    else:
        yield from judge_machines(machines, app, is_file=is_file)


async def look(url: str, token: str, app: str) -> list[Machine]:
    """The app's Machines."""
    async with Machines(url, token, app) as machines:
        return await machines.list()


@check("static")
def static() -> Iterable[Finding]:
    """Collected files."""
    is_hashed = "Manifest" in settings.STORAGES["staticfiles"]["BACKEND"]
    path = Path(settings.STATIC_ROOT) / "staticfiles.json"
    collected = json.loads(path.read_text()).get("paths", {}) if is_hashed and path.is_file() else None
    wanted = [name for finder in get_finders() for name, _ in finder.list([])] if collected is not None else []
    return judge_static(is_hashed, collected, wanted)
