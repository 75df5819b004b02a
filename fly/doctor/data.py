"""Databases and Redis: reachable, migrated, with the options that our rules need, and a clock that is ours. Pure.

Each option is there for a fault that was measured; the settings say which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fly.doctor.finding import Finding, error, ok, skipped, warning

SKEW_S = 1.0
"""Clocks of a Machine and its database that differ by more make figures wrong."""
BAD_SKEW_S = 10.0
"""By more they make tickets and signatures of a minute too short."""
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """One database as it was found. trouble: why it could not be asked. skew_s: its clock before ours."""

    alias: str
    engine: str
    options: Mapping[str, Any] = field(default_factory=dict)
    conn_max_age: float | None = 0
    test_name: str = ""
    trouble: str = ""
    journal_mode: str = ""
    synchronous: int = 0
    skew_s: float | None = None
    unapplied: tuple[str, ...] = ()

    @property
    def is_sqlite(self) -> bool:
        """A file of one Machine."""
        return self.engine.endswith("sqlite3")


def judge_database(facts: DatabaseFacts, *, is_fly: bool) -> Iterator[Finding]:
    """Everything about one database."""
    name = facts.alias
    if facts.trouble:
        variable = "DATABASE_URL" if name == "default" else "REGION_DATABASE_URL"
        fix = f"Look at {variable}: host, port, name, password, and whether it lets us in; a file is made by `manage.py migrate`."
        yield error(name, f"It cannot be asked ({facts.trouble}).", fix)
        return
    yield from _sqlite(facts, is_fly) if facts.is_sqlite else _server(facts)
    if facts.unapplied:
        some = ", ".join(facts.unapplied[:3])
        fix = "Run `manage.py migrate`." if name == "default" else f"Run `manage.py migrate --database {name}`."
        yield error(f"{name}: migrations", f"{len(facts.unapplied)} not applied: {some}.", fix)
    else:
        yield ok(f"{name}: migrations", "All are applied.")
    if facts.test_name:
        yield ok(f"{name}: TEST NAME", "Set: processes that tests start find the same database.")
    else:
        fix = 'Set TEST = {"NAME": …}: without it tests that start processes connect to another database, or to none.'
        yield warning(f"{name}: TEST NAME", "Not set.", fix)
    yield _clock(facts)


def _sqlite(facts: DatabaseFacts, is_fly: bool) -> Iterator[Finding]:
    name = facts.alias
    if name == "default" and is_fly:
        fix = "Set DATABASE_URL to a PostgreSQL that all regions reach."
        yield error(name, "The global database is a file: every Machine has a lobby of its own.", fix)
    else:
        yield ok(name, "SQLite, a file of this Machine.")
    wanted = 1 if name == "default" else 2
    if facts.journal_mode != "wal" or facts.synchronous < wanted:
        fix = f"Keep the pragmas of the settings: journal_mode=WAL and synchronous={'NORMAL' if wanted == 1 else 'FULL'}."
        says = f"journal_mode is {facts.journal_mode}, synchronous {facts.synchronous}: readers wait for writers, or a commit is lost."
        yield error(f"{name}: WAL", says, fix)
    else:
        yield ok(f"{name}: WAL", "Readers go on while one writes, and a commit is durable.")
    if facts.options.get("transaction_mode") != "IMMEDIATE":
        fix = 'Set OPTIONS["transaction_mode"] = "IMMEDIATE".'
        yield error(f"{name}: transactions", "A busy database fails in the middle of a transaction.", fix)
    else:
        yield ok(f"{name}: transactions", "They take the lock when they begin.")


def _server(facts: DatabaseFacts) -> Iterator[Finding]:
    name = facts.alias
    yield ok(name, "PostgreSQL answers.")
    if facts.conn_max_age != 0:
        fix = "Set CONN_MAX_AGE = 0 and use the pool: under ASGI a persistent connection belongs to a thread that may never come back."
        yield error(f"{name}: CONN_MAX_AGE", f"It is {facts.conn_max_age}.", fix)
    elif not facts.options.get("pool"):
        fix = 'Set OPTIONS["pool"] = {"min_size": 1, "max_size": 10}.'
        yield warning(f"{name}: pool", "Every request opens a connection.", fix)
    else:
        yield ok(f"{name}: pool", "Connections are pooled.")


def _clock(facts: DatabaseFacts) -> Finding:
    name = f"{facts.alias}: clock"
    if facts.skew_s is None:
        return skipped(name, "A file has no clock of its own.")
    says = f"The database's clock is {abs(facts.skew_s):.1f} s {'ahead' if facts.skew_s > 0 else 'behind'}."
    fix = "Look at the time of both hosts; a Machine that was suspended lags until its clock is set."
    if abs(facts.skew_s) > BAD_SKEW_S:
        return error(name, says, fix)
    return warning(name, says, fix) if abs(facts.skew_s) > SKEW_S else ok(name, "The same as ours.")


def judge_layer(layer: Mapping[str, Any], redis_trouble: str | None) -> Iterator[Finding]:
    """The channel layer. redis_trouble: None where there is no Redis, "" where it answers, or the name of the error."""
    if redis_trouble is None:
        yield skipped("REDIS_URL", "Not set: one process for each region, and each room on the Machine that it is asked of.")
        return
    if redis_trouble:
        fix = "Look at REDIS_URL, and whether this Machine reaches it. Without it the Machines of a region do not hear each other."
        yield error("REDIS_URL", f"Redis cannot be asked ({redis_trouble}).", fix)
    else:
        yield ok("REDIS_URL", "Redis answers.")
    config = layer.get("CONFIG", {})
    hosts = [host if isinstance(host, Mapping) else {"address": host} for host in config.get("hosts", [])]
    if any(host.get("socket_timeout", 5) is not None for host in hosts):
        fix = 'Give each host "socket_timeout": None: redis-py 8 cuts a read after 5 s, which is as long as an idle receiver blocks.'
        yield error("socket_timeout", "Idle sockets die after 5 s.", fix)
    else:
        yield ok("socket_timeout", "None: an idle receiver may wait.")
    if config.get("group_expiry", DAY_S) >= DAY_S:
        fix = 'Set "group_expiry" to a minute: members of a process that died get messages that long.'
        yield warning("group_expiry", "Members of a dead process stay for a day.", fix)
    else:
        yield ok("group_expiry", f"{config['group_expiry']} s.")
    if config.get("capacity", 100) <= 100:
        fix = 'Set "capacity" to 1000: the rest is dropped, and only the log knows.'
        yield error("capacity", "100 messages wait for a process; the others are lost.", fix)
    else:
        yield ok("capacity", f"{config['capacity']} messages.")
