"""`manage.py drain`: who is asked, what is said while it goes, and a real process that goes; `manage.py rooms` beside that one."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from gameserver.engine.lease import Holder
from gameserver.management.commands import drain as command
from tests.gameserver.machine import Machine, close_code, read, send
from tests.gameserver.rooms import sid, until
from tests.gameserver.stores import DATABASES, Place, make
from tests.gameserver.test_rooms_command import ROOT, manage

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest) -> Place:
    return make(request)


def drain(place: Place, *arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("drain", "--database", place.alias, *arguments, stdout=out)
    return out.getvalue()


def fails(place: Place, *arguments: str) -> tuple[str, int]:
    """The command's last words, and its exit code."""
    with pytest.raises(CommandError) as raised:
        drain(place, *arguments)
    return str(raised.value), raised.value.returncode


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterable[Callable[[], object]]], None]:
    """Between two looks of the command one thing each happens."""

    def happen(things: Iterable[Callable[[], object]]) -> None:
        waiting = iter(things)
        monkeypatch.setattr(command.time, "sleep", lambda seconds: next(waiting)())

    monkeypatch.setattr(command, "SAY_S", 0.0)
    return happen


Looks = Callable[[Iterable[Callable[[], object]]], None]


def went(life: Holder, said: str) -> None:
    *lines, last = said.splitlines()
    assert re.fullmatch(rf"{life.machine}: gone after \d+\.\d s", last)
    assert all(line.startswith(f"{life.machine}: ") for line in lines)


def test_the_only_one_is_asked(place: Place, looks: Looks) -> None:
    """[GS60] Without a name the one Machine that lives is asked, and waited for until it holds nothing and is gone; each second says."""
    place.life("dead")
    place.later()
    life = place.life("m1")
    rooms = [place.leases.claim("cdg", slug, life) for slug in ("a", "b")]
    told: list[bool] = []
    looks(
        [
            lambda: told.append(place.leases.renew(life, {}).drain),
            lambda: place.leases.release(life, {rooms[0].key: rooms[0].epoch}),
            lambda: place.leases.release(life, {rooms[1].key: rooms[1].epoch}),
            lambda: place.leases.end(life),
        ]
    )
    said = drain(place)
    assert told == [True]
    assert [line.partition(",")[0] for line in said.splitlines()[:-1]] == [
        f"m1: {left} left" for left in ("2 rooms", "2 rooms", "1 room", "0 rooms")
    ]
    went(life, said)


def test_who_is_named_is_asked(place: Place, looks: Looks) -> None:
    """[GS60] Machines that are named go one after the other; who is not named is not asked."""
    m1, m2, m3 = (place.life(machine) for machine in ("m1", "m2", "m3"))
    asked: list[list[bool]] = []

    def end(life: Holder) -> Callable[[], None]:
        def happen() -> None:
            asked.append([place.leases.renew(one, {}).drain for one in (m1, m2, m3)])
            place.leases.end(life)

        return happen

    looks([end(m3), end(m1)])
    assert [line[:13] for line in drain(place, "m3", "m1").splitlines() if "gone" in line] == ["m3: gone afte", "m1: gone afte"]
    assert asked == [[False, False, True], [True, False, False]]


def test_a_new_life_is_not_waited_for(place: Place, looks: Looks) -> None:
    """[GS60] A Machine whose process was started anew on the way is gone as asked; the new life stays."""
    life = place.life("m1")
    looks([lambda: place.life("m1", "1")])
    went(life, drain(place))
    assert place.leases.ask_drain("m1")


def test_it_is_not_waited_for_ever(place: Place, looks: Looks) -> None:
    """[GS60] A Machine that does not go in time is exit code 1, with what it still holds."""
    place.room(machine="m1")
    assert fails(place, "--timeout", "0") == ("m1 still holds 1 room after 0 s.", 1)


def test_one_that_dies_on_the_way(place: Place, looks: Looks) -> None:
    """[GS60] A Machine that is killed while it drains is exit code 1: it did not say goodbye to anybody."""
    place.life("m1")
    looks([place.later])
    assert fails(place, "m1") == ("m1 died: it said nothing for 6 s. Its rooms are free.", 1)


def test_nobody_to_ask(place: Place) -> None:
    """[GS60] Nobody, an unknown Machine, one that is dead, or several where none is named: exit code 2, and who there is."""
    assert fails(place) == ("No Machine lives here.", 2)
    place.life("dead")
    place.later()
    assert fails(place) == ("No Machine lives here.", 2)
    assert fails(place, "dead") == ("There is no Machine 'dead' that lives. No Machine lives here.", 2)
    place.room(machine="m1")
    place.life("m2")
    assert fails(place) == ("Which one? These live: m1 (1 room), m2 (0 rooms)", 2)
    assert fails(place, "m3") == ("There is no Machine 'm3' that lives. These live: m1 (1 room), m2 (0 rooms)", 2)


# A real process


async def run(machine: Machine, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(manage, machine.region_database, *arguments)


async def test_a_real_process_goes(tmp_path: Path) -> None:
    """[GS60] A running gameserver lets everybody go with 4001 and ends with 0; the command ends when it is gone."""
    async with Machine(tmp_path) as machine:
        sockets = [await machine.connect(slug) for slug in ("main", "main", "other")]
        for number, ws in enumerate(sockets):
            await send(ws, cmd="room.join", v=1, sid=sid(number))
            await read(ws, "welcome")
        await send(sockets[0], cmd="chat.say", ref=1, text="last words")
        await read(sockets[0], "reply")
        done = await run(machine, "drain")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].startswith("local: gone after ")
        assert [await close_code(ws) for ws in sockets] == [4001] * 3
        process = machine.process
        assert process is not None
        await until(lambda: process.poll() is not None, "the process to end")
        assert process.returncode == 0
        again = await run(machine, "drain")
        assert (again.returncode, again.stderr) == (2, "CommandError: No Machine lives here.\n")
        done = await run(machine, "rooms", "show", "cdg/main")
        assert "owner        nobody" in done.stdout
        assert "lag          0" in done.stdout


async def test_rooms_of_a_real_process(tmp_path: Path) -> None:
    """[GS58] Beside a running gameserver its rooms are listed with their sockets, exported and verified, and it goes on."""
    async with Machine(tmp_path) as machine:
        ws = await machine.connect()
        await send(ws, cmd="room.join", v=1, sid=sid(1))
        await read(ws, "welcome")
        await send(ws, cmd="chat.say", ref=1, text="Grüße")
        await read(ws, "reply")
        room: dict[str, object] = {}

        async def counted() -> bool:
            (room_now,) = json.loads((await run(machine, "rooms", "list", "--json")).stdout)
            room.update(room_now)
            return room["sessions"] == 1

        async with asyncio.timeout(30):
            while not await counted():
                pass
        assert (room["room"], room["owner"], room["seq"], room["lag"]) == ("cdg/main", "local", 1, 1)
        assert (await run(machine, "rooms", "verify", "--all")).stdout == "cdg/main: ok, 1 events, 0 snapshots\n"
        (line,) = (await run(machine, "rooms", "export", "cdg/main")).stdout.splitlines()
        assert json.loads(line)["event"]["text"] == "Grüße"
        await send(ws, cmd="chat.say", ref=2, text="still here")
        assert (await read(ws, "reply"))["ok"] is True


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    """[GS56] An export whose reader goes away, as `| head` does, ends without a word."""
    database = tmp_path / "region.sqlite3"
    assert manage(database, "migrate", "--database", "region").returncode == 0
    with sqlite3.connect(database) as connection:
        connection.execute(
            "INSERT INTO gameserver_room (id, region, slug, world, first_epoch, floor, created_at) VALUES (1, 'cdg', 'main', '', 1, 0, 0)"
        )
        columns = "room_id, seq, epoch, ev, at, player_id, player_name, player_colour, text, fields, session, ref, reply"
        rows = [(1, seq, 1, "chat.said", seq, "ada", "Ada", "#112233", "x" * 200, "", "s", seq, "{}") for seq in range(1, 2001)]
        connection.executemany(f"INSERT INTO gameserver_event ({columns}) VALUES ({', '.join('?' * 13)})", rows)
    connection.close()
    assert len(manage(database, "rooms", "export", "cdg/main").stdout.splitlines()) == 2000
    script = f"set -o pipefail; REGION_DATABASE_URL=sqlite:///{database} {sys.executable} manage.py rooms export cdg/main | head -1"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["seq"] == 1
