"""Which worlds are found, which are refused, and what they understand together."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from msgspec.json import encode

from gameserver.engine import worlds
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.protocol import MAX_FRAME, History, Join, Ping
from gameserver.engine.registry import HOME, Registry, discover
from gameserver.engine.room import Room
from gameserver.engine.worlds import BaseWorld
from gameserver.engine.worlds.chat import Rename, Say
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.rooms import EPOCH, NOW, Add, Cheer, Move, Score, enter, sid

numbers = itertools.count()
WORLD = """
from typing import Any
from msgspec import Struct
from gameserver.engine.worlds import BaseWorld

class Go(Struct, tag_field="cmd", tag="toy.go", forbid_unknown_fields=True, frozen=True):
    ref: int

class Open(Struct, tag_field="cmd", tag="toy.open", frozen=True):
    ref: int

class Mute(Struct, tag_field="cmd", tag="toy.mute", forbid_unknown_fields=True, frozen=True):
    to: int

class Foreign(Struct, tag_field="cmd", tag="toys.go", forbid_unknown_fields=True, frozen=True):
    ref: int

class World(BaseWorld):
    name = "toy"
    commands = (Go,)
    journalled = frozenset({"toy.gone"})
    ephemeral = frozenset({"toy.seen"})
"""


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> str:
    """A package with these modules that can be imported; its name is nobody else's."""
    name = f"worlds_of_a_test_{next(numbers)}"
    (folder / name).mkdir()
    for module, text in {"__init__": "", **modules}.items():
        (folder / name / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    return name


def test_the_platform_has_chat() -> None:
    """[EN27] Without further packages the worlds are those of the platform, and chat is one of them."""
    assert discover().worlds["chat"] is Chat


def test_a_world_is_found_in_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN27] Every module of every package is looked at; one without a world in it, or with another thing of that name, is none."""
    name = package(tmp_path, monkeypatch, a=WORLD, b="def help(): ...", c="World = 7", d="class World: name = 'd'")
    found = discover((HOME, name))
    assert {"chat", "toy"} <= set(found.worlds)
    assert set(found.worlds) == {*discover().worlds, "toy"}
    assert found.worlds["toy"].__module__ == f"{name}.a"


def test_a_package_that_is_not_there_stops_the_start() -> None:
    """[EN27] A package that cannot be imported is no empty one."""
    with pytest.raises(ModuleNotFoundError):
        discover((HOME, "worlds_of_nobody"))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("commands = (Foreign,)", "toys.go"),
        ("journalled = frozenset({'chat.said'})", "chat.said"),
        ("ephemeral = frozenset({'toy'})", "'toy'"),
        ("journalled = frozenset({'toy.seen'})", "journalled or ephemeral"),
        ("passing = frozenset({'toy.seen'})", "can be passing"),
        ("passing = frozenset({'toy.other'})", "can be passing"),
        ("commands = (Mute,)", "Mute needs a field `ref`"),
        ("commands = (Go, Open)", "Open needs a field `ref` and forbid_unknown_fields"),
        ("name = 'play'", "'play.'"),
    ],
)
def test_a_faulty_world_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, says: str) -> None:
    """[EN27] A world that breaks a promise of its class stops the start with its name and what is wrong with it."""
    name = package(tmp_path, monkeypatch, toy=f"{WORLD}    {fault}\n")
    with pytest.raises(ValueError, match=r"^World '(toy|play)': ") as wrong:
        discover((HOME, name))
    assert says in str(wrong.value)


def test_passing_events_are_journalled_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN27] A world with passing events that are journalled is without fault, and so is one with no commands."""
    name = package(tmp_path, monkeypatch, toy=f"{WORLD}    passing = journalled\n    commands = ()\n")
    assert discover((name,)).worlds["toy"].passing == {"toy.gone"}
    assert sys.modules[f"{name}.toy"].World is discover((name,)).worlds["toy"]


def test_the_names_of_all_commands_are_known() -> None:
    """[EN28] A registry knows the room's commands and those of all its worlds, by name."""
    known = {"room.join", "room.ping", "chat.history", "chat.say", "chat.rename"}
    assert Registry([Chat]).commands == known
    assert Registry([Chat, Score]).commands == {*known, "score.add", "score.move", "score.cheer"}


@pytest.mark.parametrize(
    "command",
    [Say(1, "a"), Rename(2, "b", "#000000"), Add(3, 4), Move(4, 5), Cheer(5, "!"), Ping(6), History(7, 8), Join(1, sid(), 9, (1, 2))],
    ids=lambda command: type(command).__name__,
)
def test_commands_of_several_worlds_are_decoded(command: object) -> None:
    """[EN28] Each command is read back as what it was written from, whichever world it is of."""
    registry = Registry([Chat, Score])
    assert registry.decode(encode(command)) == command
    assert registry.decode(encode(command).decode()) == command


@pytest.mark.parametrize(
    ("message", "code", "ref"),
    [
        ('{"cmd": "score.add", "ref": 5}', Code.UNKNOWN_COMMAND, 5),
        ('{"cmd": "chat.say", "ref": 5}', Code.BAD_MESSAGE, 5),
        ('{"cmd": "chat.say", "ref": 5, "text": "a", "by": 1}', Code.BAD_MESSAGE, 5),
        ('{"ref": 5}', Code.UNKNOWN_COMMAND, 5),
        (b"\xff", Code.BAD_MESSAGE, None),
        (b"[" * (MAX_FRAME + 1), Code.TOO_LONG, None),
    ],
)
def test_what_no_world_understands_is_refused(message: str | bytes, code: Code, ref: int | None) -> None:
    """[EN14] A command of a world that is not there is unknown, one that does not fit its world's schema is a bad message."""
    with pytest.raises(Rejected) as refused:
        Registry([Chat]).decode(message)
    assert (refused.value.code, refused.value.ref) == (code, ref)


def test_limits_of_a_worlds_fields_are_kept() -> None:
    """[EN14] A field beyond its world's limit is refused, with the ref."""
    with pytest.raises(Rejected) as refused:
        Registry([Chat, Score]).decode('{"cmd": "score.add", "ref": 5, "by": 10}')
    assert (refused.value.code, refused.value.ref) == (Code.BAD_MESSAGE, 5)


@pytest.mark.parametrize(("world", "lanes"), [("", [Chat]), ("chat", [Chat]), ("score", [Chat, Score])])
def test_a_room_has_chat_and_what_it_was_made_with(world: str, lanes: list[type[BaseWorld]]) -> None:
    """[EN13] Chat is a lane of every room, first and once; a world that is named stands beside it."""
    assert [type(lane) for lane in Registry([Chat, Score]).lanes(world)] == lanes


def test_an_unknown_world_has_no_lanes() -> None:
    """[EN13] A room cannot be made with a world that there is not."""
    with pytest.raises(KeyError):
        Registry([Chat]).lanes("score")


def test_lanes_are_each_rooms_own() -> None:
    """[EN13] Two rooms with the same world share nothing of it."""
    registry = Registry([Chat, Score])
    rooms = [Room(EPOCH, EPOCH, registry.lanes("score")) for _ in range(2)]
    rooms[0].receive(enter(rooms[0])[0], Add(1), NOW)
    scores = [lane.snapshot()["points"] for room in rooms for lane in room.worlds if isinstance(lane, Score)]
    assert scores == [5, 0]


def test_home_is_where_the_base_is() -> None:
    """[EN27] The platform's own worlds lie beside the class that they are derived from."""
    assert worlds.__name__ == HOME
