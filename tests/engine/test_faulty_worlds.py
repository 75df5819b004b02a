"""Worlds that stop the start besides those of test_registry.py: without a name, with another's, with commands of another shape."""

from __future__ import annotations

import pytest
from msgspec import Struct

from gameserver.engine.registry import Registry
from gameserver.engine.worlds import BaseWorld
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.rooms import Score


class Other(BaseWorld):
    """Without commands, and called like another one."""

    name = "chat"


class Nameless(BaseWorld):
    """It forgot its name."""


class Shout(Struct, tag_field="kind", tag="loud.shout", forbid_unknown_fields=True, frozen=True):
    """A command that is told by another field than all others."""

    ref: int


class Loud(BaseWorld):
    """Its command has another tag field."""

    name = "loud"
    commands = (Shout,)


def test_a_name_stands_for_one_world() -> None:
    """[EN27] A second world of the same name does not quietly take the place of the first."""
    with pytest.raises(ValueError, match=r"World 'chat'.*tests\.engine\.test_faulty_worlds"):
        Registry([Chat, Other])


def test_a_world_may_be_met_twice() -> None:
    """[EN27] The same world in two modules, because one imports it from the other, is no fault."""
    assert set(Registry([Chat, Score, Chat]).worlds) == {"chat", "score"}


def test_a_world_without_a_name_is_named_by_its_module() -> None:
    """[EN27] A world that forgot its name is found by its module."""
    with pytest.raises(ValueError, match=r"tests\.engine\.test_faulty_worlds needs a name"):
        Registry([Chat, Nameless])


def test_commands_are_told_by_cmd() -> None:
    """[EN27] A command that is tagged by another field than `cmd` is named, with its world."""
    with pytest.raises(ValueError, match=r"World 'loud': Shout needs .*`cmd`"):
        Registry([Chat, Loud])
