"""fly.toml: ours is in order, and each mistake is found by its own check."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.env import read_env
from fly.doctor import Finding, Level, environment
from fly.doctor import app as app_checks
from fly.doctor.deployment import DEFAULTS, Deployment, megabytes, seconds
from fly.doctor.rounds import deployments

ROOT = Path(__file__).resolve().parents[3]
OURS = tomllib.loads((ROOT / "fly.toml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
GONE = object()


def judged(toml: dict[str, Any], dockerfile: str = DOCKERFILE) -> dict[str, Finding]:
    """Findings by name."""
    one = Deployment("fly.toml", toml, dockerfile)
    return {finding.name: finding for found in (*app_checks.CHECKS, *environment.CHECKS) for finding in found(one)}


def changed(**values: Any) -> dict[str, Any]:
    """Ours with some keys changed: `a__b=value`; a number is a place in a list, GONE takes the key away."""
    toml: Any = copy.deepcopy(OURS)
    for path, value in values.items():
        *way, last = path.split("__")
        table = toml
        for step in way:
            table = table[int(step)] if step.isdecimal() else table.setdefault(step, {})
        if value is GONE:
            table.pop(last, None)
        else:
            table[last] = value
    return toml


def test_ours_is_in_order() -> None:
    """[DR1] Of the fly.toml files of this project, that of the gameservers' own app among them, nothing is warned about."""
    assert [one.file for one in deployments(ROOT)] == ["fly.toml", "gameserver.toml"]
    for one in deployments(ROOT):
        findings = judged(dict(one.toml), one.dockerfile)
        assert not [finding for finding in findings.values() if finding.level in (Level.WARNING, Level.ERROR)]
    assert not [finding for finding in environment.pair(deployments(ROOT)) if finding.level is not Level.OK]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kill_signal": GONE}, "kill_signal", "error"),
    ({"kill_signal": "SIGINT"}, "kill_signal", "error"),
    ({"kill_timeout": GONE}, "kill_timeout", "error"),
    ({"kill_timeout": 30}, "kill_timeout", "error"),
    ({"kill_timeout": "20s"}, "kill_timeout", "error"),
    ({"kill_timeout": "soon"}, "kill_timeout", "error"),
    ({"kill_timeout": "6m"}, "kill_timeout", "error"),
    ({"env__DRAIN_BUDGET_S": "90"}, "kill_timeout", "error"),
    ({"http_service": GONE}, "ports", "error"),
    ({"http_service": GONE, "services": [{"ports": [{"port": 443, "handlers": ["tls", "http"]}], "force_https": True}]}, "ports", "error"),
    ({"http_service__force_https": False}, "force_https", "error"),
    ({"http_service__force_https": GONE}, "force_https", "error"),
    ({"http_service__processes": ["lobby", "game"]}, "processes", "error"),
    ({"processes": {"lobby": "python -m fly.server", "game": "python -m fly.server"}}, "processes", "error"),
    ({"http_service__concurrency__type": "requests"}, "concurrency type", "error"),
    ({"http_service__concurrency__hard_limit": GONE}, "hard_limit", "error"),
    ({"http_service__concurrency__hard_limit": 9000}, "hard_limit", "error"),
    ({"env__MAX_SOCKETS": "5000"}, "hard_limit", "error"),
    ({"http_service__concurrency": GONE}, "hard_limit", "error"),
    ({"http_service__concurrency__soft_limit": 10_000}, "soft_limit", "error"),
    ({"http_service__concurrency__soft_limit": 0}, "soft_limit", "error"),
    ({"http_service__auto_stop_machines": "stop"}, "auto_stop_machines", "warning"),
    ({"http_service__auto_stop_machines": True}, "auto_stop_machines", "warning"),
    ({"http_service__auto_stop_machines": "suspend", "env__IDLE_STOP_S": "300"}, "auto_stop_machines", "warning"),
    ({"http_service__auto_start_machines": False}, "auto_start_machines", "warning"),
    ({"http_service__auto_start_machines": False, "env__IDLE_STOP_S": "300"}, "auto_start_machines", "error"),
    ({"env__IDLE_STOP_S": "300", "restart": [{"policy": "always"}]}, "restart", "warning"),
    ({"env__IDLE_STOP": "suspend", "swap_size_mb": 512}, "suspend", "error"),
    ({"env__IDLE_STOP": "suspend", "vm__0__memory": "4gb"}, "suspend", "error"),
    ({"http_service__checks": GONE}, "checks", "error"),
    ({"http_service__checks__0__path": "/"}, "checks", "error"),
    ({"http_service__checks__0__interval": 10}, "check durations", "error"),
    ({"http_service__internal_port": 8000}, "internal_port", "error"),
    ({"processes": {"app": "daphne config.asgi:application"}}, "server", "error"),
    ({"env__FLY_REGION": "ewr"}, "[env] names", "error"),
    ({"env__SECRET_KEY": "s" * 50}, "[env] secrets", "error"),
    ({"env__REDIS_URL": "redis://user:password@host:6379/0"}, "[env] secrets", "error"),
    ({"env__DEBUG": "1"}, "[env] DEBUG", "error"),
    ({"mounts": GONE}, "volume", "error"),
    ({"env__REGION_DATABASE_URL": "sqlite:////app/var/region.sqlite3"}, "volume", "error"),
    ({"env__REGION_DATABASE_URL": "sqlite:////database/region.sqlite3"}, "volume", "error"),
    ({"deploy__strategy": "bluegreen"}, "strategy", "error"),
    ({"deploy": GONE}, "release_command", "error"),
    ({"deploy__release_command": "true"}, "release_command", "error"),
    ({"env__GAMESERVER_APP": "rooms-on-fly"}, "release_command", "error"),
    ({"env__REGIONS": "ewr,mad"}, "regions", "error"),
    ({"env__REGIONS": "ewr,zzz"}, "regions", "error"),
    ({"primary_region": "waw"}, "regions", "error"),
    ({"primary_region": "syd"}, "primary_region", "warning"),
]


@pytest.mark.parametrize(("change", "name", "level"), WRONG, ids=str)
def test_each_mistake_is_found(change: dict[str, Any], name: str, level: str) -> None:
    """[DR2] Each mistake of a fly.toml is found by its own check, which says how to mend it."""
    found = judged(changed(**change))[name]
    assert found.level == level
    assert len(found.fix) > 15


@pytest.mark.parametrize(
    ("dockerfile", "name"),
    [
        (DOCKERFILE.replace("fly.server", "daphne"), "server"),
        (DOCKERFILE.replace("exec python", "python"), "exec"),
        (DOCKERFILE.replace("--port 8080", "--port 80"), "internal_port"),
        (DOCKERFILE.replace("--host 0.0.0.0", "--host 127.0.0.1"), "internal_port"),
    ],
    ids=["server", "exec", "port", "host"],
)
def test_what_the_image_starts(dockerfile: str, name: str) -> None:
    """[DR2] An image that starts another server, keeps SIGTERM from it, or listens elsewhere than the proxy asks is found."""
    assert judged(dict(OURS), dockerfile)[name].level is Level.ERROR


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"kill_timeout": "1m"}, "kill_timeout"),
        ({"kill_timeout": "60"}, "kill_timeout"),
        ({"env__IDLE_STOP_S": "300", "restart": [{"policy": "on-failure"}]}, "restart"),
        ({"env__IDLE_STOP": "suspend"}, "suspend"),
        ({"http_service__auto_stop_machines": False}, "auto_stop_machines"),
        (
            {"http_service__concurrency__hard_limit": 500, "http_service__concurrency__soft_limit": 400, "env__MAX_SOCKETS": "500"},
            "hard_limit",
        ),
        ({"env__REGION_DATABASE_URL": "postgres://db.internal/rooms_{region}"}, "volume"),
        ({"env__GAMESERVER_APP": "rooms-on-fly", "deploy": {}}, "release_command"),
    ],
    ids=str,
)
def test_other_ways_that_are_right(change: dict[str, Any], name: str) -> None:
    """[DR2] Another way that works is not blamed."""
    assert judged(changed(**change))[name].level is Level.OK


def test_services_by_hand() -> None:
    """[DR2] [[services]] with both ports are as good as [http_service]."""
    ports = [{"port": 80, "handlers": ["http"], "force_https": True}, {"port": 443, "handlers": ["tls", "http"]}]
    service = {**OURS["http_service"], "ports": ports, "http_checks": OURS["http_service"]["checks"]}
    service.pop("force_https")
    findings = judged(changed(http_service=GONE, services=[service]))
    assert not [finding for finding in findings.values() if finding.level is Level.ERROR]


def apps(**other: Any) -> list[Deployment]:
    """A lobby and a gameserver app."""
    lobby = changed(env__GAMESERVER_APP="rooms-game")
    gameserver = changed(**{"app": "rooms-game", "env__GAMESERVER_APP": "rooms-game"} | other)
    return [Deployment("fly.toml", lobby), Deployment("fly.gameserver.toml", gameserver)]


def test_two_apps_of_this_project_fit() -> None:
    """[DR3] fly.toml, once it names the gameservers' app, and gameserver.toml are a pair; plain HTTP is the lobby's edge's to turn away."""
    one, other = deployments(ROOT)
    lobby = Deployment(one.file, changed(env__GAMESERVER_APP=other.app), one.dockerfile)
    assert [finding.level for finding in environment.pair((lobby, other))] == [Level.OK]
    assert judged(dict(other.toml), other.dockerfile)["force_https"].level is Level.OK


def test_two_apps_fit() -> None:
    """[DR3] Two apps that name each other and agree are in order."""
    assert [finding.level for finding in environment.pair(apps())] == [Level.OK]
    assert list(environment.pair([Deployment("fly.toml", OURS)])) == []


@pytest.mark.parametrize(
    "other",
    [
        {"app": "another", "env__GAMESERVER_APP": "another"},
        {"env__GAMESERVER_APP": "rooms"},
        {"env__PARENT_HOST": "other.dev"},
        {"env__REGIONS": "ewr"},
        {"env__MACHINES_API_TOKEN": "fm2_x"},
    ],
    ids=str,
)
def test_two_apps_that_do_not_fit(other: dict[str, Any]) -> None:
    """[DR3] A second app that is missing, does not know its part, differs in names or regions, or has the lobby's secrets is found."""
    finding = next(environment.pair(apps(**other)))
    assert finding.level is Level.ERROR
    assert finding.fix


def test_defaults_are_the_settings() -> None:
    """[DR2] What [env] leaves out counts as what the settings take it for."""
    env = read_env({"PARENT_HOST": "example.dev", "SECRET_KEY": "k" * 50}, on_fly=True, region="ewr")
    assert {
        "DRAIN_BUDGET_S": f"{env.drain_budget_s:g}",
        "MAX_SOCKETS": str(env.max_sockets),
        "IDLE_STOP_S": f"{env.idle_stop_s:g}",
        "IDLE_STOP": env.idle_stop,
        "REGIONS": ",".join(env.regions),
        "DEBUG": str(int(env.debug)),
    } == DEFAULTS


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (60, 60.0),
        ("60", 60.0),
        ("1m30s", 90.0),
        ("800ms", 0.8),
        ("1.5s", 1.5),
        ("", None),
        ("5x", None),
        (True, None),
        (None, None),
        ("1m x", None),
    ],
)
def test_durations(value: Any, wanted: float | None) -> None:
    """[DR2] Durations are read as Fly writes them."""
    assert seconds(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"), [(512, 512.0), ("512mb", 512.0), ("2gb", 2048.0), ("2 GB", 2048.0), ("much", None), (True, None)]
)
def test_memory(value: Any, wanted: float | None) -> None:
    """[DR2] So is memory."""
    assert megabytes(value) == wanted
