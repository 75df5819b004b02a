"""The command: what it shows, and how it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.doctor import AREAS, Finding, Level, examine, rounds
from fly.doctor.data import judge_database
from fly.doctor.finding import error, ok
from fly.doctor.registry import check
from fly.machines import Machine, MachinesError
from lobby.doctor import regions
from lobby.models import Region


def doctor(*options: str) -> tuple[str, int]:
    """What it prints, and its exit code."""
    out = io.StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    return out.getvalue(), 0


@pytest.fixture
def area() -> Iterator[str]:
    """An area for checks of a test."""
    yield "test"
    AREAS.pop("test", None)


@pytest.mark.django_db(databases="__all__")
def test_this_project_is_in_order(settings: SettingsWrapper) -> None:
    """[DR7] On a laptop that was set up no check finds an error or warns; every area has checks."""
    # Django's tests let their own host in.
    settings.ALLOWED_HOSTS = [host for host in settings.ALLOWED_HOSTS if host != "testserver"]
    text, code = doctor("--json")
    found = json.loads(text)
    # The packages of a machine that develops may be newer than the lock file.
    assert [one for one in found["findings"] if one["level"] in ("warning", "error") and one["name"] != "requirements"] == []
    assert code == 0
    assert set(found["counts"]) == set(Level)
    assert {one["area"] for one in found["findings"]} == set(AREAS)
    assert {"packages", "fly.toml", "names", "keys", "settings", "databases", "redis", "api", "static", "gameserver", "regions"} <= set(
        AREAS
    )


def test_an_error_is_the_exit_code(area: str) -> None:
    """[DR7] With an error the command ends with 1, after it has shown it and how to mend it; what is in order is shown by --all."""

    @check(area)
    def broken() -> list[Finding]:
        return [error("the thing", "It is broken.", "Mend it."), ok("another", "fine")]

    text, code = doctor("--only", area)
    assert code == 1
    assert "It is broken." in text
    assert "→ Mend it." in text
    assert "1 ok, 0 warning, 1 error, 0 skipped." in text
    data, code = doctor("--only", area, "--json")
    assert code == 1
    assert json.loads(data)["findings"][0] == {
        "area": area,
        "name": "the thing",
        "level": "error",
        "says": "It is broken.",
        "fix": "Mend it.",
    }


def test_an_area_that_there_is_not() -> None:
    """[DR7] An unknown area is an error that names those there are."""
    with pytest.raises(CommandError, match=r"no area 'nothing'; there are .*databases"):
        call_command("doctor", "--only", "nothing")


def test_a_check_that_breaks(area: str) -> None:
    """[DR8] A check that breaks is an error of its own that names the kind and repeats no text; the others run."""

    @check(area)
    def _asks_much() -> Iterator[Finding]:
        yield ok("first", "fine")
        raise RuntimeError("postgres://user:password@host")

    @check(area)
    def other() -> list[Finding]:
        return [ok("other", "fine")]

    found = [finding for _, finding in examine([area])]
    assert [finding.name for finding in found] == ["asks much", "other"]
    assert "RuntimeError" in found[0].says
    assert "password" not in str(found)


def test_files_that_cannot_be_read(tmp_path: Path, settings: SettingsWrapper) -> None:
    """[DR8] A fly.toml that is no TOML is found; where there is none the area is skipped; every fly.*.toml is looked at."""
    settings.BASE_DIR = tmp_path
    assert [finding.level for finding in rounds.files()] == [Level.SKIPPED]
    (tmp_path / "fly.toml").write_text("app = ")
    assert [finding.level for finding in rounds.files()] == [Level.ERROR]
    (tmp_path / "fly.toml").write_text('app = "a"')
    (tmp_path / "fly.game.toml").write_text('app = "b"')
    (tmp_path / "other.toml").write_text("app = ")
    assert {finding.name.split(":")[0] for finding in rounds.files()} == {"fly.toml", "fly.game.toml"}


async def test_the_api_is_asked(monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper) -> None:
    """[DR5] With a token the app's Machines are listed; a refusal is a finding."""
    answers: list[Any] = [[Machine(id="a", region="ewr", state="started")], MachinesError(401, "", "no")]

    async def look(url: str, token: str, app: str) -> list[Machine]:
        assert (url, token, app) == ("https://api.machines.dev", "token", "rooms-game")
        if isinstance(answer := answers.pop(0), MachinesError):
            raise answer
        return answer

    monkeypatch.setattr(rounds, "look", look)
    settings.MACHINES_API_TOKEN, settings.GAMESERVER_APP, settings.MACHINES_API_URL = "token", "rooms-game", "https://api.machines.dev"
    import asyncio

    findings = await asyncio.to_thread(lambda: list(rounds.api()))
    assert {finding.level for finding in findings} == {Level.OK}
    findings = await asyncio.to_thread(lambda: list(rounds.api()))
    assert [finding.level for finding in findings] == [Level.OK, Level.ERROR]


async def test_looking_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """[DR5] Looking is one request, a list; nothing is changed by it."""
    from fly.machines.client import Machines

    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(200, json=[])

    made = Machines.__init__
    monkeypatch.setattr(Machines, "__init__", lambda self, *rest: made(self, *rest, transport=httpx.MockTransport(answer)))
    assert await rounds.look("https://api.machines.dev", "token", "rooms") == []
    assert seen == ["GET"]


@pytest.mark.django_db(databases="__all__")
def test_a_database_is_probed(settings: SettingsWrapper, tmp_path: Path) -> None:
    """[DR9] A database is asked for its mode, its migrations and its clock; one that cannot be asked is a finding without its address."""
    facts = rounds.probe("region")
    assert (facts.trouble, facts.journal_mode, facts.synchronous, facts.unapplied, facts.skew_s) == ("", "wal", 2, (), None)


def test_looking_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[DR9] A SQLite file that is not there is a finding, and is not made by looking for it; what is in it is skipped."""
    path = tmp_path / "lobby.sqlite3"
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", path)
    assert "migrate" in next(iter(judge_database(rounds.probe("default"), is_fly=False))).fix
    assert [finding.level for finding in regions()] == [Level.SKIPPED]
    assert not path.exists()


@pytest.mark.django_db(databases="__all__")
def test_a_table_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """[DR9] A table of regions that cannot be read is left to the database's own checks."""

    def broken(**wanted: Any) -> Any:
        raise OperationalError

    monkeypatch.setattr(Region.objects, "filter", broken)
    assert [finding.level for finding in regions()] == [Level.SKIPPED]


@pytest.mark.parametrize("none", [{}, {"ENGINE": "django.db.backends.dummy"}], ids=["empty", "dummy"])
def test_an_app_without_a_database(none: dict[str, str], monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper) -> None:
    """[DR9] The gameservers' app has no global database, and is not blamed for it."""
    monkeypatch.setitem(settings.DATABASES, "default", none)
    monkeypatch.delitem(settings.DATABASES, "region")
    assert [(finding.name, finding.level) for finding in rounds.databases()] == [("default", Level.SKIPPED)]


def test_a_postgresql_is_probed(region_postgres: str) -> None:
    """[DR9] PostgreSQL is asked for its clock, too."""
    facts = rounds.probe(region_postgres)
    assert facts.trouble == ""
    assert facts.unapplied == ()
    assert abs(facts.skew_s or 0.0) < 5


def test_redis_that_is_not_there(unused_tcp_port: int) -> None:
    """[DR9] Redis that does not answer, and an address that is none, are the name of an error."""
    assert rounds.ping({"address": f"redis://127.0.0.1:{unused_tcp_port}/0"}) == "ConnectionError"
    assert rounds.ping("nonsense") == "ValueError"


def test_collected_files_are_looked_at(tmp_path: Path, settings: SettingsWrapper) -> None:
    """[DR9] Where files are served under hashed names, the manifest is compared with what would be collected."""
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.static.ModuleManifestStorage"}}
    settings.STATIC_ROOT = tmp_path
    assert [finding.level for finding in rounds.static()] == [Level.ERROR]
    (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": {}}))
    [finding] = rounds.static()
    assert "newer than what was collected" in finding.says


def test_system_checks_are_among_them(settings: SettingsWrapper) -> None:
    """[DR9] What Django's system checks find, ours among them, is shown with its hint."""
    assert [finding.level for finding in rounds.system()] == [Level.OK]
    settings.CSRF_COOKIE_DOMAIN = None
    found = {finding.name: finding for finding in rounds.system()}
    assert found["fly.E008"].level is Level.ERROR
    assert found["fly.E008"].fix


def test_names_without_an_address() -> None:
    """[DR9] A name that has no address, or can have none, is no failure of the check."""
    assert not rounds.resolves("x" * 70 + ".invalid")
    assert rounds.resolves("localhost")
