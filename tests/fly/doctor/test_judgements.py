"""Names, keys, packages, files, databases, Redis, the API: each judgement of facts, right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest
from django.conf import settings

from fly.doctor import Finding, Level
from fly.doctor.api import judge_failure, judge_machines, judge_token
from fly.doctor.data import DatabaseFacts, judge_database, judge_layer
from fly.doctor.environment import judge_regions
from fly.doctor.project import fingerprint, judge_hosts, judge_keys, judge_packages, judge_parent, judge_static, read_pins
from fly.machines import Machine, MachinesError
from gameserver.doctor import LAYER, judge_backend, judge_frames
from lobby.doctor import Row, judge_rows

KEY = "aB3$xyz" * 20
OTHER = "cD4%uvw" * 20
SQLITE = {"engine": "django.db.backends.sqlite3", "journal_mode": "wal", "options": {"transaction_mode": "IMMEDIATE"}, "test_name": "t"}
SERVER = {"engine": "django.db.backends.postgresql", "options": {"pool": {"max_size": 10}}, "test_name": "t", "skew_s": 0.1}
HOST = {"address": "redis://localhost", "socket_timeout": None}
CONFIG = {"hosts": [HOST], "group_expiry": 60, "capacity": 1000}
Judge = Callable[[], Iterable[Finding]]


def levels(found: Iterable[Finding]) -> dict[str, str]:
    return {finding.name: finding.level.value for finding in found}


def parent(host: str, scheme: str = "https", known: Iterable[str] | None = None) -> Iterable[Finding]:
    return judge_parent(host, scheme, lambda name: known is None or name in known, ["ewr"])


def keys(identity: str = KEY, secret: str = KEY, *, split: bool = False, app: str = "") -> Iterable[Finding]:
    return judge_keys(identity, secret, is_split=split, gameserver_app=app)


def missing(name: str) -> str:
    raise PackageNotFoundError(name)


def packages(pins: dict[str, str], tested: str | None = None, installed: Callable[[str], str] = lambda name: "1.0") -> Iterable[Finding]:
    return judge_packages(pins, tested, installed)


def database(alias: str = "region", *, is_fly: bool = False, **facts: Any) -> Iterable[Finding]:
    base = SERVER if facts.pop("server", False) else {**SQLITE, "synchronous": 2}
    return judge_database(DatabaseFacts(alias, **{**base, **facts}), is_fly=is_fly)


def layer(trouble: str | None = "", **config: Any) -> Iterable[Finding]:
    return judge_layer({"CONFIG": {**CONFIG, **config}}, trouble)


def machines(*found: Machine, is_file: bool = False) -> Iterable[Finding]:
    return judge_machines(found, "rooms", is_file=is_file)


def at(region: str, **more: Any) -> Machine:
    return Machine(id=f"m-{region}", region=region, state="started", **more)


TABLE: list[tuple[str, Judge, str, str]] = [
    ("two labels", lambda: parent("example.dev"), "PARENT_HOST", "ok"),
    ("three labels", lambda: parent("play.example.dev"), "PARENT_HOST", "ok"),
    ("too many labels", lambda: parent("eu.play.example.dev"), "PARENT_HOST", "warning"),
    ("Fly's own", lambda: parent("rooms.fly.dev"), "PARENT_HOST", "error"),
    ("DNS", lambda: parent("example.dev"), "DNS", "ok"),
    ("no wildcard", lambda: parent("example.dev", known=["example.dev", "ewr.example.dev"]), "DNS", "error"),
    ("a laptop", lambda: parent("play.localhost", "http", known=[]), "DNS", "skipped"),
    ("hosts", lambda: [judge_hosts(["example.dev", ".example.dev"], "example.dev")], "ALLOWED_HOSTS", "ok"),
    ("all hosts", lambda: [judge_hosts(["*"], "example.dev")], "ALLOWED_HOSTS", "error"),
    ("regions", lambda: [judge_regions(["ewr", "nrt"], "REGIONS")], "regions", "ok"),
    ("a deprecated region", lambda: [judge_regions(["ewr", "hkg"], "REGIONS")], "regions", "error"),
    ("an unknown region", lambda: [judge_regions(["ewr", "xxx"], "REGIONS")], "regions", "error"),
    ("keys", keys, "SECRET_KEY", "ok"),
    ("a short key", lambda: keys(secret="short"), "SECRET_KEY", "error"),
    ("a plain key", lambda: keys("a" * 60), "IDENTITY_KEY", "error"),
    ("Django's key", lambda: keys(secret=f"django-insecure-{KEY}"), "SECRET_KEY", "error"),
    ("one key for two apps", lambda: keys(split=True), "IDENTITY_KEY of two apps", "error"),
    ("one key for two apps, from the lobby", lambda: keys(app="rooms-game"), "IDENTITY_KEY of two apps", "error"),
    ("packages", lambda: packages({"django": "1.0"}), "requirements", "ok"),
    ("another version", lambda: packages({"django": "1.1"}), "requirements", "warning"),
    ("a missing package", lambda: packages({"django": "1.1"}, installed=missing), "requirements", "warning"),
    ("no list", lambda: packages({}), "requirements", "skipped"),
    ("tested", lambda: packages({}), "fly.server", "ok"),
    ("untested", lambda: packages({}, "daphne 5 (tested with 4)"), "fly.server", "error"),
    ("files", lambda: judge_static(True, {"a.mjs": "a.1.mjs"}, ["a.mjs"]), "static files", "ok"),
    ("not collected", lambda: judge_static(True, None, ["a.mjs"]), "static files", "error"),
    ("old files", lambda: judge_static(True, {"a.mjs": "a.1.mjs"}, ["a.mjs", "b.mjs"]), "static files", "error"),
    ("where they lie", lambda: judge_static(False, None, []), "static files", "skipped"),
    ("a file", database, "region", "ok"),
    ("a global file on Fly", lambda: database("default", is_fly=True), "default", "error"),
    ("a region's file on Fly", lambda: database(is_fly=True), "region", "ok"),
    ("WAL", database, "region: WAL", "ok"),
    ("no WAL", lambda: database(journal_mode="delete"), "region: WAL", "error"),
    ("not durable", lambda: database(synchronous=1), "region: WAL", "error"),
    ("global and NORMAL", lambda: database("default", synchronous=1), "default: WAL", "ok"),
    ("late locks", lambda: database(options={}), "region: transactions", "error"),
    ("no answer", lambda: database(trouble="OperationalError"), "region", "error"),
    ("migrations", database, "region: migrations", "ok"),
    ("old tables", lambda: database(unapplied=("gameserver.0005",)), "region: migrations", "error"),
    ("no TEST NAME", lambda: database(test_name=""), "region: TEST NAME", "warning"),
    ("a file's clock", database, "region: clock", "skipped"),
    ("PostgreSQL", lambda: database(server=True), "region", "ok"),
    ("a pool", lambda: database(server=True), "region: pool", "ok"),
    ("no pool", lambda: database(server=True, options={}), "region: pool", "warning"),
    ("kept connections", lambda: database(server=True, conn_max_age=60), "region: CONN_MAX_AGE", "error"),
    ("kept for ever", lambda: database(server=True, conn_max_age=None), "region: CONN_MAX_AGE", "error"),
    ("the same clock", lambda: database(server=True), "region: clock", "ok"),
    ("a clock that is off", lambda: database(server=True, skew_s=-3.0), "region: clock", "warning"),
    ("a clock that is far off", lambda: database(server=True, skew_s=60.0), "region: clock", "error"),
    ("Redis", layer, "REDIS_URL", "ok"),
    ("no Redis", lambda: layer(None), "REDIS_URL", "skipped"),
    ("Redis is down", lambda: layer("ConnectionError"), "REDIS_URL", "error"),
    ("socket_timeout", layer, "socket_timeout", "ok"),
    ("redis-py's own timeout", lambda: layer(hosts=["redis://localhost"]), "socket_timeout", "error"),
    ("a short timeout", lambda: layer(hosts=[{**HOST, "socket_timeout": 4}]), "socket_timeout", "error"),
    ("members for a day", lambda: layer(group_expiry=86_400), "group_expiry", "warning"),
    ("little room", lambda: layer(capacity=100), "capacity", "error"),
    ("no token", lambda: [judge_token("", "https://api.machines.dev", is_fly=True)], "MACHINES_API_TOKEN", "skipped"),
    ("a token", lambda: [judge_token("t", "http://_api.internal:4280", is_fly=True)], "MACHINES_API_TOKEN", "ok"),
    ("the internal address outside", lambda: [judge_token("t", "http://_api.internal:4280", is_fly=False)], "MACHINES_API_URL", "error"),
    ("Machines", lambda: machines(at("ewr"), at("nrt")), "Machines", "ok"),
    ("no Machines", lambda: machines(Machine(id="a", state="destroyed")), "Machines", "warning"),
    ("a Machine in an old region", lambda: machines(at("mad")), "regions", "error"),
    ("a file each", lambda: machines(at("ewr"), at("ewr"), is_file=True), "volumes", "error"),
    ("one database for both", lambda: machines(at("ewr"), at("ewr")), "volumes", "ok"),
    ("a lost host", lambda: machines(at("ewr", host_status="unreachable")), "hosts", "warning"),
    ("frames", lambda: [judge_frames("--max-frame 65536", 65536)], "--max-frame", "ok"),
    ("other frames", lambda: [judge_frames("--max-frame 4096", 65536)], "--max-frame", "error"),
    ("no limit", lambda: [judge_frames("CMD fly.server", 65536)], "--max-frame", "error"),
    ("no image", lambda: [judge_frames("", 65536)], "--max-frame", "skipped"),
    ("our layer", lambda: [judge_backend({"BACKEND": LAYER}, True)], "channel layer", "ok"),
    (
        "another layer",
        lambda: [judge_backend({"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}, True)],
        "channel layer",
        "error",
    ),
    ("in memory", lambda: [judge_backend({"BACKEND": "channels.layers.InMemoryChannelLayer"}, False)], "channel layer", "ok"),
    ("the table of regions", lambda: judge_rows([Row("ewr")], ["ewr"], has_token=False), "regions", "ok"),
    ("a region without a host", lambda: judge_rows([Row("ewr"), Row("nrt")], ["ewr"], has_token=False), "regions", "error"),
    ("a hidden region", lambda: judge_rows([], ["ewr"], has_token=False), "regions", "warning"),
    ("an old region in the table", lambda: judge_rows([Row("ewr", deprecated=True)], ["ewr"], has_token=False), "deprecated", "error"),
    ("a minimum that nobody keeps", lambda: judge_rows([Row("ewr", kept=1)], ["ewr"], has_token=False), "Machines wanted", "error"),
    ("a minimum that is kept", lambda: judge_rows([Row("ewr", kept=1)], ["ewr"], has_token=True), "Machines wanted", "ok"),
    ("a closed region", lambda: judge_rows([Row("ewr", maximum=0)], ["ewr"], has_token=True), "Machines wanted", "warning"),
]


@pytest.mark.parametrize(("judge", "name", "level"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_judgements(judge: Judge, name: str, level: str) -> None:
    """[DR4] Each trap of the stack and each mistake of a deployment is found by its own check, and none is found in what is right."""
    found = [finding for finding in judge() if finding.name == name]
    assert [finding.level for finding in found] == [level]
    assert bool(found[0].fix) == (level in ("warning", "error"))


@pytest.mark.parametrize(
    ("status", "said"), [(0, "MACHINES_API_URL"), (401, "tokens create"), (403, "rooms"), (404, "no app rooms"), (500, "status")]
)
def test_why_the_api_says_no(status: int, said: str) -> None:
    """[DR5] What the API's refusal means is said in the fix."""
    finding = judge_failure(MachinesError(status, "", "no"), "rooms")
    assert finding.level is Level.ERROR
    assert said in finding.fix


def test_no_key_is_shown() -> None:
    """[DR6] A key is shown as eight characters that differ for different keys, with the command that shows those of the other app."""
    text = "".join(f"{finding.says}{finding.fix}" for finding in keys(KEY, OTHER, app="rooms-game"))
    assert KEY not in text
    assert OTHER not in text
    assert fingerprint(KEY) in text
    assert len(fingerprint(KEY)) == 8
    assert fingerprint(KEY) != fingerprint(OTHER)
    assert "-a rooms-game" in text


def test_pins_are_read() -> None:
    """[DR4] Pins are read with their extras and without their hashes."""
    assert read_pins("# via\nDjango==5.2.19 \\\n    --hash=sha256:aa\npsycopg[binary,pool]==3.3.1 ; python\n") == {
        "django": "5.2.19",
        "psycopg": "3.3.1",
    }


def test_our_layer_has_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """[DR4] The layer that the settings make of a REDIS_URL passes."""
    from config.settings import _channel_layer

    assert set(levels(judge_layer(_channel_layer("redis://localhost:6379/0"), "")).values()) == {"ok"}
    assert judge_backend(_channel_layer("redis://localhost:6379/0"), True).level is Level.OK
    assert settings.DATABASES["region"]["TEST"]["NAME"]
