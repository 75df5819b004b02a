"""A room as it is known where it is not decided: by what its owner showed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gameserver.engine.entry import Entry, Event
from gameserver.engine.room import Room


def follow(room: Room, events: Iterable[Event]) -> None:
    """Take journalled events, the ones that come next."""
    for event in events:
        room.past.remember(event)
        room.replay(Entry(event, reply=None))
    room.settle(room.seq)


def pass_by(room: Room, events: Iterable[Event]) -> None:
    """Take ephemeral events: a state that does not follow from the journal alone may follow from them."""
    for event in events:
        for world in room.worlds:
            if event["ev"] in world.ephemeral and not world.is_exact:
                world.apply(event)


def passing_states(room: Room) -> dict[str, Any]:
    """What cannot be had from the journal: by world."""
    return {world.name: world.snapshot() for world in room.worlds if not world.is_exact}


def restore(room: Room, states: Mapping[str, Any]) -> None:
    """Be in the states that `passing_states` gave."""
    for world in room.worlds:
        if world.name in states:
            world.restore(states[world.name])
