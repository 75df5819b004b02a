"""Which worlds there are, and the commands that they and the room itself understand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.protocol import MAX_FRAME, ROOM_COMMANDS, Command, explain, is_too_big
from gameserver.engine.worlds import BaseWorld

CHAT = "chat"
"""The lane of every room."""
HOME = "gameserver.engine.worlds"


class Registry:
    """The worlds of some packages, by name. Made once at start-up: a faulty world stops the start and names itself."""

    def __init__(self, worlds: Iterable[type[BaseWorld]]) -> None:
        found: dict[str, type[BaseWorld]] = {}
        for world in worlds:
            _check(world)
            if found.setdefault(world.name, world) is not world:
                raise ValueError(f"World {world.name!r}: {world.__module__} has another one of this name.")
        self.worlds: Mapping[str, type[BaseWorld]] = found
        types = [*ROOM_COMMANDS, *(command for world in self.worlds.values() for command in world.commands)]
        self.commands = frozenset(str(command.__struct_config__.tag) for command in types)
        """The names of all commands."""
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, types))

    def decode(self, data: str | bytes, limit: int = MAX_FRAME) -> Command:
        """The command in a client's message of at most `limit` bytes.

        Raises Rejected: too_long, unknown_command, bad_message, with its ref if readable.
        """
        if len(data) * 4 > limit and is_too_big(data, limit):
            raise Rejected(Code.TOO_LONG, f"A message has at most {limit} bytes.")
        try:
            command: Command = self._decoder.decode(data)
            return command
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise explain(data, error, self.commands) from None

    def lanes(self, world: str = "") -> tuple[BaseWorld, ...]:
        """The worlds of one room, new: chat, and `world` if it is another one. Raises KeyError for a world there is not."""
        return tuple(self.worlds[name]() for name in dict.fromkeys((CHAT, world or CHAT)))


def discover(packages: Iterable[str] = (HOME,)) -> Registry:
    """The worlds in all modules of some packages. Raises ValueError for a world that breaks the promises of BaseWorld."""
    found = []
    for package in packages:
        module = importlib.import_module(package)
        for info in sorted(pkgutil.iter_modules(module.__path__), key=lambda info: info.name):
            world = getattr(importlib.import_module(f"{package}.{info.name}"), "World", None)
            if isinstance(world, type) and issubclass(world, BaseWorld):
                found.append(world)
    return Registry(found)


def _check(world: type[BaseWorld]) -> None:
    if not getattr(world, "name", ""):
        raise ValueError(f"World in {world.__module__} needs a name.")
    prefix = f"{world.name}."
    commands = {str(command.__struct_config__.tag) for command in world.commands}
    if world.noted - world.unanswered:
        raise ValueError(f"World {world.name!r}: {min(world.noted - world.unanswered)!r} leaves a note, so it must go unanswered.")
    if world.unanswered - commands:
        raise ValueError(f"World {world.name!r}: {min(world.unanswered - commands)!r} is no command of it that could go unanswered.")
    names = [*sorted(commands), *world.journalled, *world.ephemeral]
    foreign = [name for name in names if not name.startswith(prefix)]
    if foreign:
        raise ValueError(f"World {world.name!r}: {foreign[0]!r} must begin with {prefix!r}.")
    if world.journalled & world.ephemeral or world.passing - world.journalled:
        raise ValueError(f"World {world.name!r}: an event is journalled or ephemeral, and only journalled ones can be passing.")
    if world.heavy - world.passing:
        raise ValueError(f"World {world.name!r}: {min(world.heavy - world.passing)!r} is heavy, so it must be passing.")
    for command in world.commands:
        config = command.__struct_config__
        if "ref" not in command.__struct_fields__ or config.tag_field != "cmd" or not config.forbid_unknown_fields:
            raise ValueError(
                f"World {world.name!r}: {command.__name__} needs a field `ref` and forbid_unknown_fields, and a tag field `cmd`."
            )
