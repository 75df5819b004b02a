"""`manage.py rooms` on rooms that are well, on rooms that are not, and beside whoever writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gameserver import inspection
from gameserver.engine.entry import Entry
from gameserver.engine.registry import Registry
from gameserver.engine.room import Room
from gameserver.engine.worlds import BaseWorld
from gameserver.engine.worlds.chat import World as Chat
from gameserver.management.commands import rooms as command
from gameserver.models import Lease
from gameserver.models import Room as RoomRow
from gameserver.store import Claimed
from tests.gameserver.stores import ADA, AT, DATABASES, PATIENCE_S, Place, entries, make
from tests.gameserver.test_snapshots import hurt

pytestmark = pytest.mark.django_db(databases="__all__")


class Score(BaseWorld):
    """Points that are added up; moves are passing, and the last one is the state as well."""

    name = "score"
    journalled = frozenset({"score.scored", "score.moved"})
    passing = frozenset({"score.moved"})
    has_state = True

    def __init__(self) -> None:
        self.points, self.at = 0, 0

    def apply(self, event: Mapping[str, Any]) -> None:
        self.points += event.get("by", 0)
        self.at = event.get("to", self.at)

    def snapshot(self) -> Any:
        return {"points": self.points, "at": self.at, "name": "Zoë"}

    def restore(self, data: Any) -> None:
        self.points, self.at = data["points"], data["at"]


class Drift(Score):
    """Not exact: its state is not what its events lead to."""

    name = "drift"
    journalled = frozenset({"drift.scored"})
    passing = frozenset()
    is_exact = False

    def snapshot(self) -> Any:
        return {"points": self.points * 7 + id(self), "at": 0}


ROOT = Path(__file__).resolve().parents[2]
REGISTRY = Registry([Chat, Score, Drift])


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(command, "discover", lambda packages: REGISTRY)
    return make(request)


def manage(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` as an operator does, on a SQLite file."""
    environ = {**os.environ, "REGION_DATABASE_URL": f"sqlite:///{database}", "NO_COLOR": "1"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def rooms(place: Place, *arguments: str, stderr: Any = None) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("rooms", "--database", place.alias, *arguments, stdout=out, stderr=stderr or StringIO())
    return out.getvalue()


def fails(place: Place, *arguments: str) -> tuple[str, str, int]:
    """What the command prints, its last words, and its exit code."""
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("rooms", "--database", place.alias, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue(), str(raised.value), raised.value.returncode


def happened(seq: int) -> Entry:
    """Moves at odd numbers, points that Ada scored at even ones."""
    if seq % 2:
        return Entry({"seq": seq, "ev": "score.moved", "at": AT + seq, "to": seq})
    return Entry({"seq": seq, "ev": "score.scored", "at": AT + seq, "player": ADA, "by": seq}, "s" * 32, seq, {"n": seq})


def grow(place: Place, upto: int, *snapshots: int, slug: str = "field", floor: int = 0, world: str = "score") -> Claimed:
    """A room with events, and honest snapshots at some of them."""
    claimed = place.leases.claim("cdg", slug, place.life(), world)
    room = Room(claimed.epoch, claimed.first_epoch, REGISTRY.lanes(world))
    for seq in range(1, upto + 1):
        place.write(claimed, happened(seq))
        room.load(None, [happened(seq)])
        if seq in snapshots:
            assert place.store.snapshot(claimed.key, claimed.epoch, room.snapshot(), Score.passing, floor)
    return claimed


# list, show


def test_a_table_of_rooms(place: Place) -> None:
    """[GS54] Each room is a line: world, position, owner, lease, sessions, lag, last event; nobody's room says so."""
    field = grow(place, 7, 4)
    place.leases.renew(place.life(), {})
    life = place.life("m2")
    main = place.leases.claim("nrt", "main", life)
    place.leases.renew(life, {main.key: 12})
    place.leases.release(place.life("m1", "1"), {})
    place.later(3.0)
    place.leases.renew(life, {})
    place.later(3.0)
    heading, first, second = rooms(place, "list").splitlines()
    assert heading.split() == ["room", "world", "epoch", "seq", "owner", "lease", "sessions", "lag", "last", "event"]
    epoch = Lease.objects.using(place.alias).get(room=field.key).epoch
    assert first.split() == ["cdg/field", "score", str(epoch), "7", "nobody", "-", "0", "3", "2023-11-14T22:13:20.007Z"]
    name, world, at, seq, owner, lease, unit, sessions, lag, last = second.split()
    assert (name, world, at, seq, owner, unit) == ("nrt/main", "chat", str(main.epoch), "0", "m2", "ms")
    assert 0 < int(lease) <= 3000
    assert (sessions, lag, last) == ("12", "0", "never")


def test_a_table_for_programs(place: Place) -> None:
    """[GS54] --json has the same for programs, and --region one region's rooms only."""
    claimed = grow(place, 3, 2)
    place.leases.claim("nrt", "main", place.life("m2"))
    assert [room["room"] for room in json.loads(rooms(place, "list", "--json"))] == ["cdg/field", "nrt/main"]
    (room,) = json.loads(rooms(place, "list", "--json", "--region", "cdg"))
    assert 0 < room.pop("lease_ms") <= 6000
    assert room == {
        "room": "cdg/field",
        "region": "cdg",
        "slug": "field",
        "world": "score",
        "owner": "m1",
        "sessions": 0,
        "epoch": claimed.epoch,
        "first_epoch": claimed.first_epoch,
        "seq": 3,
        "floor": 0,
        "lag": 1,
        "last_event": "2023-11-14T22:13:20.003Z",
    }


def test_a_room_without_a_lease_is_listed(place: Place) -> None:
    """[GS54] A room that is half made, or half restored, is shown rather than a fault of the command."""
    RoomRow.objects.using(place.alias).create(region="cdg", slug="bare", first_epoch=1)
    assert rooms(place, "list").splitlines()[1].split()[:5] == ["cdg/bare", "chat", "0", "0", "nobody"]


def test_one_room(place: Place) -> None:
    """[GS55] A room is shown with its floor, its snapshots, and the state that its next owner would find."""
    claimed = grow(place, 9, 4, 6)
    hurt(place, claimed, 6, "digest")
    said = rooms(place, "show", "cdg/field")
    assert f"first_epoch  {claimed.first_epoch}\n" in said
    assert "floor        0\n" in said
    snapshots = [line.split() for line in said.splitlines() if line.startswith("snapshot")]
    assert [(line[2], line[-1]) for line in snapshots] == [("6,", "damaged"), ("4,", "good")]
    assert "replies      4\n" in said
    assert json.loads(said[said.index("{") :]) == {"score": {"points": 20, "at": 9, "name": "Zoë"}}


def test_a_long_state_is_cut(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS55] A long state is cut and says by how much; --full shows all of it."""
    grow(place, 3)
    monkeypatch.setattr(command, "MAX_STATE", 20)
    assert rooms(place, "show", "cdg/field").endswith("more characters: --full\n")
    assert '"name": "Zoë"' in rooms(place, "show", "cdg/field", "--full")


def test_a_room_that_cannot_be_read_is_shown(place: Place) -> None:
    """[GS55] A room that is damaged, or whose world is not here, shows all but its state, and why."""
    claimed = grow(place, 8, 4, 8, floor=4)
    for seq in (4, 8):
        hurt(place, claimed, seq, "truncated")
    assert "cannot be read: no good snapshot from after 4" in rooms(place, "show", "cdg/field")
    place.leases.claim("cdg", "strange", place.life(), "gone")
    assert "cannot be read: 'gone'" in rooms(place, "show", "cdg/strange")


# export


def test_a_history(place: Place, tmp_path: Path) -> None:
    """[GS56] An export has one JSON object a line for each event, in order, with what makes its command unrepeatable."""
    claimed = grow(place, 5, slug="field")
    lines = [json.loads(line) for line in rooms(place, "export", "cdg/field").splitlines()]
    assert lines[0] == {
        "seq": 1,
        "epoch": claimed.epoch,
        "at": AT + 1,
        "ev": "score.moved",
        "player": None,
        "session": "",
        "ref": 0,
        "reply": {},
        "event": happened(1).event,
    }
    assert (lines[1]["player"], lines[1]["session"], lines[1]["ref"], lines[1]["reply"]) == (ADA, "s" * 32, 2, {"n": 2})
    assert [line["event"] for line in lines] == [happened(seq).event for seq in range(1, 6)]
    assert rooms(place, "export", "cdg/field", "--after", "3", "--output", str(tmp_path / "file")) == ""
    assert [json.loads(line)["seq"] for line in (tmp_path / "file").read_text().splitlines()] == [4, 5]


def test_a_history_is_streamed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS56] Of a long history a part is in memory at once: the first lines are out before the last ones are read."""
    monkeypatch.setattr(inspection, "CHUNK", 3)
    claimed = place.room()
    place.write(claimed, *entries(*range(1, 11)))
    made: list[int] = []
    real = inspection.entry_of
    monkeypatch.setattr(inspection, "entry_of", lambda row: made.append(row.seq) or real(row))
    with inspection.reading(place.alias):
        lines = inspection.history(claimed.key, 0, place.alias)
        assert next(iter(lines))[1] == entries(1)[0]
        assert made == [1]
        assert len(list(lines)) == 9


def test_a_file_that_cannot_be_written(place: Place, tmp_path: Path) -> None:
    """[GS59] A file that cannot be written is one line and exit code 2; for a room there is not, no file is made."""
    grow(place, 1)
    _, said, code = fails(place, "export", "cdg/field", "--output", str(tmp_path))
    assert (code, said) == (2, f"{tmp_path}: Is a directory")
    fails(place, "export", "cdg/none", "--output", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


# Names


def test_a_room_that_is_not_there(place: Place) -> None:
    """[GS59] An unknown room is one line that names those that could be meant, and exit code 2; nothing else is done."""
    grow(place, 1)
    place.leases.claim("nrt", "main", place.life("m2"))
    for action in ("show", "export", "verify"):
        assert fails(place, action, "cdg/feild") == ("", "There is no room 'cdg/feild'. Did you mean cdg/field?", 2)
    assert fails(place, "show", "main")[1] == "There is no room 'main'. Did you mean nrt/main?"
    assert fails(place, "show", "ewr/xyz")[1] == "There is no room 'ewr/xyz'. `manage.py rooms list` names all."
    assert fails(place, "verify", "cdg/field", "cdg/feild")[0] == ""
    assert fails(place, "verify") == fails(place, "verify", "--all", "cdg/field") == ("", "Name rooms, or say --all.", 2)


@pytest.mark.parametrize("command", [["rooms", "list"], ["rooms", "verify", "--all"], ["drain"]])
def test_a_database_without_tables(tmp_path: Path, command: list[str]) -> None:
    """[GS59] A database that cannot be read is one line and exit code 2."""
    done = manage(tmp_path / "region.sqlite3", *command)
    assert done.returncode == 2
    assert done.stderr.startswith("CommandError: The database 'region' cannot be read: no such table: gameserver_")
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
