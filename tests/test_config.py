"""The environment is read once, checked, and a wrong value names itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django.fixtures import Settings as SettingsWrapper

from config.env import _laptop_key, read_env

ROOT = Path(__file__).resolve().parent.parent
KEY = "k" * 50
PRODUCTION = {"DEBUG": "0", "SECRET_KEY": KEY, "PARENT_HOST": "example.dev", "PUBLIC_SCHEME": "https"}


def test_a_bare_laptop_needs_no_variable() -> None:
    """An empty environment off Fly gives the laptop's defaults."""
    env = read_env({"SECRET_KEY": KEY})
    assert (env.debug, env.parent_host, env.regions, env.public_scheme) == (True, "play.localhost", ("ewr", "nrt", "cdg"), "http")


def test_fly_has_no_debug_and_https_by_default() -> None:
    """On Fly nothing of the laptop's defaults remains."""
    env = read_env({"SECRET_KEY": KEY, "PARENT_HOST": "example.dev"}, on_fly=True)
    assert (env.debug, env.public_scheme) == (False, "https")


def test_one_variable_names_the_database_of_every_region() -> None:
    """`{region}` in REGION_DATABASE_URL is the code of the region where the process runs, and nothing in DATABASE_URL."""
    url = "postgres://u:p@{region}.db.internal:5432/rooms_{region}"
    database = read_env({"SECRET_KEY": KEY, "REGION_DATABASE_URL": url}, region="cdg").region_database_url
    assert (database["HOST"], database["NAME"]) == ("cdg.db.internal", "rooms_cdg")
    assert read_env({"SECRET_KEY": KEY, "DATABASE_URL": "sqlite:////tmp/{region}"}, region="cdg").database_url["NAME"] == "/tmp/{region}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("PUBLIC_SCHEME", "ftp"),
        ("SECRET_KEY", "short"),
        ("PARENT_HOST", "localhost"),
        ("PARENT_HOST", "exa mple.dev"),
        ("PARENT_HOST", "example.dev/x"),
        ("REGIONS", "ewr,atlantis"),
        ("REGIONS", "ewr,ewr"),
        ("REGIONS", ","),
        ("DATABASE_URL", "mysql://u:p@h/n"),
        ("DATABASE_URL", "postgres://u:hunter2@h:nan/n"),
        ("REGION_DATABASE_URL", "nonsense"),
        ("REDIS_URL", "http://h"),
        ("DRAIN_BUDGET_S", "soon"),
        ("DRAIN_BUDGET_S", "0"),
        ("DRAIN_BUDGET_S", "nan"),
        ("REPLAY_CACHE_TTL_S", "5"),
        ("LOG_LEVEL", "LOUD"),
        ("IDENTITY_KEY", "short"),
        ("GAMESERVER_APP", "My App"),
        ("MACHINES_API_URL", "api.machines.dev"),
        ("IDLE_STOP_S", "-1"),
        ("IDLE_STOP", "sleep"),
        ("IDLE_KEEP", "-1"),
        ("BUILD", "spring"),
        ("ROOM_PLACES", "many"),
    ],
)
def test_a_malformed_value_names_its_variable(name: str, value: str) -> None:
    """A malformed value stops the start, names the variable and does not repeat the value."""
    with pytest.raises(ImproperlyConfigured) as error:
        read_env({**PRODUCTION, name: value})
    assert str(error.value).startswith(f"{name}: ")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("name", ["SECRET_KEY", "PARENT_HOST"])
def test_production_does_not_invent_what_it_needs(name: str) -> None:
    """On Fly a missing secret key or parent host stops the start and names itself."""
    with pytest.raises(ImproperlyConfigured, match=f"^{name}: "):
        read_env({key: value for key, value in PRODUCTION.items() if key != name}, on_fly=True)


def test_debug_is_refused_on_fly() -> None:
    """DEBUG on Fly stops the start."""
    with pytest.raises(ImproperlyConfigured, match=r"^DEBUG: "):
        read_env({**PRODUCTION, "DEBUG": "1"}, on_fly=True)


@pytest.mark.parametrize("text", ["play.localhost:8000", "PLAY.localhost", " play.localhost "])
def test_the_parent_host_is_kept_without_port(text: str) -> None:
    """A port, capitals and spaces in PARENT_HOST are forgiven."""
    assert read_env({"SECRET_KEY": KEY, "PARENT_HOST": text}).parent_host == "play.localhost"


def test_a_clone_keeps_its_own_key(tmp_path: Path) -> None:
    """The laptop's key is made once, is not readable by others, and stays the same."""
    first = _laptop_key(tmp_path / "var" / "key")
    assert len(first) >= 50
    assert _laptop_key(tmp_path / "var" / "key") == first
    assert (tmp_path / "var" / "key").stat().st_mode & 0o077 == 0
    assert _laptop_key(tmp_path / "other") != first


def manage(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py in a process of its own, with nothing of this one's environment but PATH."""
    clean = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environ}
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


def test_check_deploy_is_clean_with_production_settings(tmp_path: Path) -> None:
    """`manage.py check --deploy` finds nothing to warn of."""
    key = "".join(chr(33 + (i * 7) % 90) for i in range(60)).replace("$", "s")
    files = {name: f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("DATABASE_URL", "REGION_DATABASE_URL")}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **{**PRODUCTION, **files, "SECRET_KEY": key})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


def test_a_wrong_variable_stops_manage_py_in_one_line() -> None:
    """A wrong value reaches the operator as its name, not as a page of trace alone."""
    done = manage("check", **{**PRODUCTION, "REGIONS": "atlantis"})
    assert done.returncode != 0
    assert "REGIONS: wanted region codes" in done.stderr.strip().splitlines()[-1]


def test_production_hashes_modules_and_what_they_import(tmp_path: Path, settings: SettingsWrapper) -> None:
    """In production every static file has a hashed name, and modules import each other by these: two releases never mix."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.static.ModuleManifestStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    (chat,) = (path for path in (tmp_path / "gameserver").glob("chat.*.mjs") if path.name != "chat.mjs")
    imports = re.findall(r'^import .* from "\./([^"]+)";$', chat.read_text(), re.MULTILINE)
    assert len(imports) > 5
    for name in imports:
        assert re.fullmatch(r"\w+\.[0-9a-f]{12}\.mjs", name)
        assert (chat.parent / name).exists()
