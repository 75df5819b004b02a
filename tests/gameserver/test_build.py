"""Releases side by side: which build and which version of the protocol a page and a server have, and what a deploy is told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from gameserver import build as module
from gameserver.build import build_id
from gameserver.engine.errors import Close, Closed
from gameserver.engine.protocol import OLDEST, VERSION, Join
from gameserver.engine.session import check_version
from tests.gameserver.rooms import sid
from tests.gameserver.sockets import Talk, running

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    build_id.cache_clear()
    yield
    build_id.cache_clear()


def test_the_operator_may_name_the_build(settings: Any) -> None:
    """[DP3] BUILD is the build."""
    settings.BUILD = "12.spring"
    assert build_id() == "12.spring"


def test_collected_files_are_known_by_their_hash(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """[DP3] Without BUILD it is when the files were collected and what they are; files that lie about as they are have none."""
    settings.BUILD = ""
    assert build_id() == ""
    build_id.cache_clear()
    (tmp_path / "staticfiles.json").write_text("{}")
    storage = SimpleNamespace(
        manifest_hash="8d9ce5b7c0b1", manifest_name="staticfiles.json", manifest_storage=SimpleNamespace(path=lambda name: tmp_path / name)
    )
    monkeypatch.setattr(module, "staticfiles_storage", storage)
    assert re.fullmatch(r"\d{10}\.8d9ce5b7c0b1", build_id())


@pytest.mark.django_db(databases="__all__")
def test_a_page_knows_its_build(settings: Any) -> None:
    """[DP3] The page of a room carries the build of its files."""
    settings.BUILD = "12.spring"
    page = Client().get("/r/main/", headers={"host": "cdg.play.localhost"}).content.decode()
    assert '"build": "12.spring"' in page
    assert 'id="update"' in page


@pytest.mark.parametrize(
    ("asked", "oldest", "newest", "spoken"),
    [(1, 1, 1, 1), (2, 1, 1, 1), (1, 1, 2, 1), (2, 1, 2, 2), (9, 2, 3, 3), (2, 2, 3, 2), (10**30, 1, 1, 1)],
)
def test_the_newest_version_that_both_speak(asked: int, oldest: int, newest: int, spoken: int) -> None:
    """[DP1] The client says the newest version it speaks, and the server answers in that, or in its own newest if it is older."""
    assert check_version(Join(v=asked, sid=sid()), oldest, newest) == spoken


def test_a_version_of_long_ago() -> None:
    """[DP1] [EN16] A version from before the server's oldest is closed with 4501."""
    assert OLDEST <= VERSION
    with pytest.raises(Closed) as closed:
        check_version(Join(v=1, sid=sid()), 2, 3)
    assert closed.value.code is Close.VERSION


@pytest.mark.parametrize("version", [VERSION, VERSION + 1])
async def test_a_welcome_tells_versions_and_build(settings: Any, version: int) -> None:
    """[DP1] [DP3] The welcome says which version is spoken, the server's newest, and the build that its pages have."""
    settings.BUILD = "12.spring"
    async with running():
        talk = await Talk().accepted()
        talk.send({"cmd": "room.join", "v": version, "sid": sid()})
        welcome = await talk.read()
        assert (welcome["v"], welcome["newest"], welcome["build"]) == (VERSION, VERSION, "12.spring")
        await talk.leave()


@pytest.mark.parametrize("name", ["fly.toml", "gameserver.toml"])
def test_a_deploy_goes_from_machine_to_machine(name: str) -> None:
    """[DP10] [ID10] One Machine at a time, so that the other one of its region has the rooms; one that ended with 0 stays stopped."""
    app = tomllib.loads((ROOT / name).read_text())
    assert (app["deploy"]["strategy"], app["deploy"]["max_unavailable"]) == ("rolling", 1)
    assert app["restart"][0]["policy"] == "on-failure"
