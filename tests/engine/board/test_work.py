"""What is much work takes more of the rate."""

from __future__ import annotations

import pytest

from gameserver.engine.errors import Rejected
from gameserver.engine.room import Room
from gameserver.engine.worlds.board import World
from gameserver.engine.worlds.board import commands as ask
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.rooms import EPOCH, NOW, enter

IDS = [f"shape{number:0>3}" for number in range(1000)]


def board(count: int) -> tuple[Room, World]:
    """A room whose board has so many rectangles."""
    world = World()
    room = Room(EPOCH, EPOCH, (Chat(), world))
    shapes = [{"id": id, "kind": "rect", "x": 0, "y": 0, "w": 10, "h": 10} for id in IDS[:count]]
    world.apply(
        {"ev": "board.edited", "seq": 1, "at": 0, "player": {"id": "ada"}, "op": "o" * 8, "did": [{"do": "create", "shapes": shapes}]}
    )
    return room, world


def edit(*steps: object) -> ask.Edit:
    return ask.Edit(ref=1, op="op-12345", steps=list(steps))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "cost"),
    [
        (edit(ask.MoveBy(ids=IDS[:1], dx=1, dy=1)), 1),
        (edit(ask.MoveBy(ids=IDS[:250], dx=1, dy=1)), 3),
        (edit(ask.Delete(ids=IDS[:60]), ask.Delete(ids=IDS[60:120])), 2),
        (edit(ask.Clear()), 11),
        (edit(ask.Order(ids=IDS[:1], to="front")), 2),
        (edit(ask.Paste(upload="upload-1")), 51),
        (edit(ask.Revive(of="op-54321"), ask.Revive(of="op-54321"), ask.Revive(of="op-54321")), 120),
        (ask.Grab(ref=1, op="op-12345", ids=IDS[:500], how="move"), 6),
        (ask.Keep(ref=1, op="op-12345", name="now"), 11),
        (ask.Point(x=1, y=1), 1),
        (ask.Move(op="op-nobody", dx=1, dy=1), 1),
    ],
)
def test_what_a_command_takes_of_the_rate(command: object, cost: int) -> None:
    """[BD40] A command takes one of the rate, and one more for each hundred shapes that it touches, never more than there is at once."""
    assert board(1000)[1].cost(command) == cost


def test_a_drag_of_many_is_told_less_often() -> None:
    """[BD40] Moves of a drag with many shapes take as much as these are; what is refused for it changes nothing."""
    room, world = board(1000)
    ada, _ = enter(room)
    room.receive(ada, ask.Grab(ref=1, op="op-12345", ids=IDS, how="move"), NOW)
    taken = (120 - 11) // 11
    for far in range(1, taken + 1):
        room.receive(ada, ask.Move(op="op-12345", dx=far, dy=0), NOW)
    with pytest.raises(Rejected, match="too fast"):
        room.receive(ada, ask.Move(op="op-12345", dx=99, dy=0), NOW)
    room.gather(NOW)
    assert world.scene.shapes[IDS[0]].x == taken
