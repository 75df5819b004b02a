"""Places in rooms: never more players than places, whoever asks at once."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings as SettingsWrapper

from gameserver.heartbeat import Beat
from lobby import places
from lobby.heartbeats import TTL_S, record
from lobby.models import Gameserver, Place
from lobby.places import GONE_S, HELD_S, Asked, Desk, Given, TooMany, take
from lobby.seeds import seed

ROOT = Path(__file__).resolve().parents[2]
db = pytest.mark.django_db(databases=["default", "region"])


@pytest.fixture
def two(settings: SettingsWrapper) -> None:
    settings.ROOM_PLACES = 2


def beat(*rooms: tuple[str, int], machine: str = "m1", arrived: tuple[str, ...] = (), draining: bool = False) -> None:
    """A gameserver of Paris has so many players in its rooms; whose tickets were used is told with the first."""
    told: list[dict[str, Any]] = [{"slug": slug, "players": count, "taken": count, "arrived": []} for slug, count in rooms]
    if arrived:
        told[0]["arrived"] = list(arrived)
    record([Beat("cdg", machine, "rooms", 1_700_000_000.0, sum(count for _, count in rooms), told, 0, draining)])


def later(seconds: float) -> None:
    """Let time pass for places that are held, and for gameservers."""
    Place.objects.update(expires_at=F("expires_at") - timedelta(seconds=seconds))
    Gameserver.objects.update(last_seen=F("last_seen") - timedelta(seconds=seconds))


def rooms(*players: str) -> list[str | None]:
    return [given.room if (given := take("cdg", player)) else None for player in players]


@db
def test_nothing_is_counted_without_a_number(django_assert_num_queries: Any) -> None:
    """[JN20] With ROOM_PLACES 0 everybody is led to the main room, nobody is counted, and nothing is written."""
    beat(("main", 900))
    with django_assert_num_queries(1):
        assert take("cdg", "ada") == Given("main", "m1")
    assert not Place.objects.exists()


@db
@pytest.mark.usefixtures("two")
def test_a_full_room_leads_to_the_next_one() -> None:
    """[JN21] Places are given in the main room first; when it is full, in main-2, then main-3."""
    assert rooms("a", "b", "c", "d", "e") == ["main", "main", "main-2", "main-2", "main-3"]


@db
@pytest.mark.usefixtures("two")
def test_players_who_are_in_are_counted() -> None:
    """[JN21] Players that gameservers tell of, on all Machines of the region together, have places already."""
    beat(("main", 1), ("main-2", 1))
    beat(("main", 1), machine="m2")
    assert rooms("a", "b") == ["main-2", "main-3"]
    beat(("main", 0))
    assert rooms("c") == ["main"]


@db
@pytest.mark.usefixtures("two")
def test_a_region_can_be_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """[JN21] When all rooms that people are led to are full there is no place, and none is held."""
    monkeypatch.setattr(places, "ROOMS", 2)
    assert rooms("a", "b", "c", "d", "e") == ["main", "main", "main-2", "main-2", None]
    assert Place.objects.count() == 4


@db
@pytest.mark.usefixtures("two")
def test_who_asks_twice_has_one_place() -> None:
    """[JN22] A player who presses Join again while a place is held gets the same place, for another while, and takes no second one."""
    assert rooms("a", "a", "b", "a") == ["main", "main", "main", "main"]
    assert Place.objects.count() == 2
    later(HELD_S - 1)
    assert rooms("a") == ["main"]
    later(2)
    assert rooms("c", "d") == ["main", "main-2"]


@db
@pytest.mark.usefixtures("two")
def test_a_place_is_given_back_by_its_age() -> None:
    """[JN23] A place whose ticket was not used is free again a little after the ticket's end, by the database's clock."""
    assert rooms("a", "b") == ["main", "main"]
    later(HELD_S - 1)
    assert rooms("c") == ["main-2"]
    later(2)
    assert rooms("d", "e", "f") == ["main", "main", "main-2"]


@db
@pytest.mark.usefixtures("two")
def test_whoever_came_in_is_counted_once() -> None:
    """[JN24] A player whose ticket was used is counted by the gameserver's beat, and by the lobby's own places no more."""
    assert rooms("a") == ["main"]
    beat(("main", 1), arrived=("a",))
    assert not Place.objects.exists()
    assert "arrived" not in Gameserver.objects.get().rooms[0]
    assert rooms("b", "c") == ["main", "main-2"]


@db
@pytest.mark.usefixtures("two")
def test_another_place_that_was_given_since_is_held_on() -> None:
    """[JN24] A beat that tells once more that somebody came into a room takes no place away that was given in another room since."""
    assert rooms("a", "b") == ["main", "main"]
    beat(("main", 2), arrived=("a", "b"))
    assert rooms("a") == ["main-2"]
    beat(("main", 2), arrived=("a", "b"))
    assert Place.objects.get().room == "main-2"


@db
@pytest.mark.usefixtures("two")
def test_nobody_is_forgotten_in_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """[JN20] Whoever asks behind more than one transaction takes has an answer all the same, and so has everybody before."""
    monkeypatch.setattr(places, "MOST", 2)
    desk = Desk()
    others = [Asked("cdg", f"p{number}", "") for number in range(5)]
    desk._waiting.extend(others)
    assert desk.take("cdg", "last") == Given("main-3")
    assert [one.given and one.given.room for one in others] == ["main", "main", "main-2", "main-2", "main-3"]


@db
@pytest.mark.usefixtures("two")
def test_players_of_a_silent_gameserver_are_expected_back() -> None:
    """[JN25] Players of a gameserver that fell silent are counted for half a minute more, and once where another one has them by then."""
    beat(("main", 2))
    later(TTL_S + 1)
    assert rooms("a") == ["main-2"]
    beat(("main", 1), machine="m2")
    assert rooms("b") == ["main-2"]
    later(GONE_S)
    beat(("main", 1), machine="m2")
    assert rooms("c") == ["main"]


@db
@pytest.mark.usefixtures("two")
def test_a_ticket_names_the_machine_of_its_room() -> None:
    """[JN26] The Machine that has a room is named; for a room that nobody has, the one with the fewest players that takes any."""
    assert take("cdg", "x") == Given("main", "")
    beat(("main", 1), ("other", 30), machine="m1")
    beat(("main-3", 1), machine="m2")
    beat(machine="m3", draining=True)
    assert [take("cdg", player) for player in ("x", "y", "z")] == [Given("main", "m1"), Given("main-2", "m2"), Given("main-2", "m2")]


@db
@pytest.mark.usefixtures("two")
def test_one_address_does_not_have_all_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """[JN27] One address has at most so many places held that nobody came for yet; the database does not learn the address."""
    monkeypatch.setattr(places, "AN_ADDRESS", 3)
    for player in ("a", "b", "c", "c"):
        assert take("cdg", player, "192.0.2.1")
    with pytest.raises(TooMany):
        take("cdg", "d", "192.0.2.1")
    assert take("cdg", "d", "192.0.2.2")
    assert not Place.objects.filter(asker__contains=".").exists()
    beat(("main", 1), arrived=("a",))
    assert take("cdg", "e", "192.0.2.1")


@db
@pytest.mark.usefixtures("two")
def test_old_places_are_thrown_away() -> None:
    """[JN23] Places that were given back leave the table with the next one that is given."""
    assert rooms("a", "b")
    Place.objects.update(expires_at=Now() - timedelta(seconds=1))
    assert rooms("c") == ["main"]
    assert Place.objects.count() == 1


# Races


@pytest.fixture(params=["sqlite", "postgres"])
def global_url(request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: DjangoDbBlocker, django_db_setup: None) -> str:
    """The URL of a migrated global database that processes share, without anybody in it."""
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres").database("places"))
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--no-input"]
        subprocess.run(migrate, cwd=ROOT, env=environment(url, tmp_path), check=True)
        return url
    with django_db_blocker.unblock(), closing(sqlite3.connect(tmp_path / "lobby.sqlite3")) as copy:
        # Tests with transactions of their own leave the table of regions empty.
        seed(settings.REGIONS)
        connection.connection.backup(copy)
    return f"sqlite:///{tmp_path}/lobby.sqlite3"


def environment(url: str, folder: Path) -> dict[str, str]:
    """Of a process with this global database."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FLY_")} | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "REGION_DATABASE_URL": f"sqlite:///{folder}/region.sqlite3",
        "ROOM_PLACES": "10",
    }


class Racers:
    """Processes of tests.lobby.racers on one database."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.stack = stack
        self.environ = environment(url, folder)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A racer at its start line."""
        command = [sys.executable, "-m", "tests.lobby.racers", *arguments]
        racer = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stack.enter_context(racer)
        self.stack.callback(racer.kill)
        return racer


@pytest.fixture
def racers(global_url: str, tmp_path: Path) -> Iterator[Racers]:
    """They are gone at the end, whatever became of them."""
    with ExitStack() as stack:
        yield Racers(global_url, tmp_path, stack)


def test_processes_that_race_never_give_a_place_twice(racers: Racers) -> None:
    """[JN20] Two lobby processes give places in four threads while a gameserver takes the players in: every room gets as many players as
    it has places, not one more, and nobody is left without."""
    takers = [racers.start("take", str(first), "50") for first in (0, 100)]
    gameserver = racers.start("beat")
    for racer in (*takers, gameserver):
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in takers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    results = [room for racer in takers for room in json.loads(racer.communicate(timeout=90)[0])]
    inside = json.loads(gameserver.communicate(timeout=90)[0])
    assert Counter(results) == dict.fromkeys(list(places._rooms())[:10], 10)
    assert set(inside.values()) == {10}
