"""Lobby and gameservers as two apps of one image: what a process of each has, needs, and does not have."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import LOBBY_SECRETS, lobby_secrets, read_env

ROOT = Path(__file__).resolve().parent.parent
KEY, OTHER, SHARED = "k" * 50, "o" * 50, "i" * 50
COMMON = {"PARENT_HOST": "example.dev", "PUBLIC_SCHEME": "https", "GAMESERVER_APP": "rooms-game", "IDENTITY_KEY": SHARED}
GAMESERVER = {**COMMON, "SECRET_KEY": OTHER, "REGION_DATABASE_URL": "postgres://u:p@h/rooms_{region}"}
LOBBY = {**COMMON, "SECRET_KEY": KEY, "DATABASE_URL": "postgres://u:p@h/rooms", "MACHINES_API_TOKEN": "t"}


def test_a_gameserver_needs_nothing_of_the_lobbys() -> None:
    """[AP10] A gameserver of an app of its own starts without DATABASE_URL and MACHINES_API_TOKEN, and takes neither when it has them."""
    for environ in (GAMESERVER, {**GAMESERVER, "DATABASE_URL": "nonsense", "MACHINES_API_TOKEN": "t"}):
        env = read_env(environ, on_fly=True, region="cdg", app="rooms-game")
        assert (env.database_url, env.machines_api_token, env.region_database_url["NAME"]) == ({}, "", "rooms_cdg")
        assert (env.lobby_url, env.identity_key, env.secret_key) == ("https://example.dev", SHARED, OTHER)


def test_a_lobby_needs_no_regions_database() -> None:
    """[AP10] A lobby of its own has the global database and the token, and no region's database."""
    env = read_env(LOBBY, on_fly=True, region="cdg", app="rooms")
    assert (env.database_url["NAME"], env.machines_api_token, env.region_database_url) == ("rooms", "t", {})


def test_one_app_has_both() -> None:
    """[AP1] Without GAMESERVER_APP nothing is different: both databases, and one key for all."""
    env = read_env({"SECRET_KEY": KEY, "PARENT_HOST": "example.dev"}, on_fly=True, region="cdg", app="rooms")
    assert all((env.database_url, env.region_database_url))
    assert env.identity_key == env.secret_key


@pytest.mark.parametrize("identity", ["", OTHER, "short"])
def test_two_apps_have_a_key_of_their_own_between_them(identity: str) -> None:
    """[AP11] Two apps need an IDENTITY_KEY that is not the SECRET_KEY; the start says so, and repeats no key."""
    for app in ("rooms", "rooms-game"):
        with pytest.raises(ImproperlyConfigured) as error:
            read_env({**GAMESERVER, "IDENTITY_KEY": identity}, on_fly=True, region="cdg", app=app)
        assert str(error.value).startswith("IDENTITY_KEY: ")
        assert OTHER not in str(error.value)


def test_misplaced_secrets_are_named() -> None:
    """[AP12] Of the lobby's secrets those that a gameserver has are known by name, never by value."""
    assert lobby_secrets(GAMESERVER) == ()
    assert lobby_secrets({**GAMESERVER, **dict.fromkeys(LOBBY_SECRETS, "x")}) == LOBBY_SECRETS


PROGRAM = """
import io, json, sys
for name in sys.argv[1].split():
    sys.modules[name] = None  # Whoever imports it fails.
import config.asgi
from django.conf import settings
from django.core.management import call_command
from django.urls import Resolver404, resolve
from fly.checks import check_apps

def at(path, urls):
    try:
        return resolve(path, f"config.{urls}").view_name
    except Resolver404:
        return None

from config.hosts import host_patterns
call_command("check", stdout=io.StringIO())
if settings.ROLE.gameserver:
    call_command("migrate", database="region", verbosity=0)
pages = {host.name: {path: at(path, host.urlconf.rpartition(".")[2]) for path in ("/", "/admin/", "/join/cdg/", "/beats/", "/r/main/")}
         for host in host_patterns}
print(json.dumps({
    "loaded": sorted(sys.modules), "apps": settings.INSTALLED_APPS, "middleware": settings.MIDDLEWARE, "pages": pages,
    "databases": {alias: bool(database.get("NAME")) for alias, database in settings.DATABASES.items()},
    "heartbeat": settings.GAMESERVER_HEARTBEAT, "warned": [message.msg for message in check_apps(None)],
}))
"""


def start(tmp_path: Path, app: str, forbidden: str, **environ: str) -> dict[str, Any]:
    """What a process of an app has after its start, with some packages not to be had; stderr as `said`."""
    fly = {"FLY_APP_NAME": app, "FLY_MACHINE_ID": "148e21ea7e1e89", "FLY_REGION": "cdg", "PATH": os.environ["PATH"], "DEBUG": "0"}
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", PROGRAM, forbidden]
    more = {"PUBLIC_SCHEME": "http", "PARENT_HOST": "play.localhost", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env={**fly, **environ, **more}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "said": done.stderr}


def test_a_gameserver_starts_without_the_lobbys_code(tmp_path: Path) -> None:
    """[AP13] Without a package `lobby`, and without Django's accounts, a gameserver starts, migrates its region's database and serves its
    region's pages; the lobby's are not there, nor is staff's view. What it has of the lobby's secrets it names, and logs."""
    files = {"REGION_DATABASE_URL": f"sqlite:///{tmp_path}/region.sqlite3", "DATABASE_URL": f"sqlite:///{tmp_path}/lobby.sqlite3"}
    found = start(tmp_path, "rooms-game", "lobby django.contrib.auth django.contrib.admin", **{**GAMESERVER, **files})
    assert found["databases"] == {"default": False, "region": True}
    assert not (tmp_path / "lobby.sqlite3").exists()
    assert (
        found["pages"]["region"]
        == found["pages"]["machine"]
        == {**dict.fromkeys(found["pages"]["region"]), "/": "region", "/r/main/": "room"}
    )
    assert not any(found["pages"]["lobby"].values())
    assert not [name for name in (*found["apps"], *found["middleware"]) if re.search(r"lobby|auth|admin|session|message", name)]
    assert found["heartbeat"] == "gameserver.far_lobby.record"
    assert found["warned"] == ["DATABASE_URL is set in a gameserver's app."]
    assert "DATABASE_URL: this gameserver has it and has no use for it" in found["said"]


def test_a_lobby_starts_without_a_regions_database(tmp_path: Path) -> None:
    """[AP13] A lobby of its own has no region's database, no rooms and no pages of a region; staff's view has the fleet alone."""
    found = start(tmp_path, "rooms", "", **{**LOBBY, "DATABASE_URL": f"sqlite:///{tmp_path}/lobby.sqlite3"})
    assert found["databases"] == {"default": True}
    assert not any(found["pages"]["region"].values())
    assert (found["pages"]["lobby"]["/admin/"], found["pages"]["lobby"]["/r/main/"]) == ("admin:index", None)
    assert found["warned"] == []


def toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text())


def test_the_second_app_fits_the_first() -> None:
    """[AP14] gameserver.toml names the app that GAMESERVER_APP means, has services on both public ports, needs no address, and leaves
    the lobby out of its image; a signal, checks and times are those of fly.toml."""
    one, game = toml("fly.toml"), toml("gameserver.toml")
    assert game["env"]["GAMESERVER_APP"] == game["app"] != one["app"]
    assert "GAMESERVER_APP" not in one["env"]
    ports = {port["port"]: port["handlers"] for service in game["services"] for port in service["ports"]}
    assert ports == {80: ["http"], 443: ["tls", "http"]}
    (service,) = game["services"]
    assert service["internal_port"] == one["http_service"]["internal_port"]
    assert service["concurrency"] == one["http_service"]["concurrency"]
    assert service["auto_start_machines"] is True
    assert [check["path"] for check in service["http_checks"]] == ["/healthz"]
    assert "http_service" not in game
    assert "release_command" not in game.get("deploy", {})
    same = ("kill_signal", "kill_timeout", "mounts", "metrics")
    assert {name: game[name] for name in same} == {name: one[name] for name in same}
    assert game["restart"] == [{"policy": "on-failure", "retries": 10}]
    assert {name: game["env"][name] for name in ("PARENT_HOST", "REGIONS", "DRAIN_BUDGET_S")} == {
        name: one["env"][name] for name in ("PARENT_HOST", "REGIONS", "DRAIN_BUDGET_S")
    }
    assert not set(game["env"]) & {*LOBBY_SECRETS, "SECRET_KEY", "IDENTITY_KEY"}


def test_the_image_of_the_second_app_has_no_lobby() -> None:
    """[AP14] What gameserver.toml has the image leave out is all that is the lobby's, exists, and leaves in the end, not before the files
    for browsers are collected: both apps have the same ones."""
    left_out = toml("gameserver.toml")["build"]["args"]["LEAVE_OUT"].split()
    assert {"lobby", "templates/lobby", "templates/admin", "config/urls_lobby.py"} == set(left_out)
    assert all((ROOT / name).exists() for name in left_out)
    build = (ROOT / "Dockerfile").read_text().split("\nFROM ")[2]
    assert build.index("collectstatic") < build.index("ARG LEAVE_OUT") < build.index("rm -rf ${LEAVE_OUT}")
    importers = [
        str(path.relative_to(ROOT))
        for package in ("config", "gameserver", "fly")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"^(?:from|import) lobby\b", path.read_text(), re.MULTILINE)
    ]
    assert importers == ["config/urls_lobby.py"]
