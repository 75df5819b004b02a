"""Long stories by dice: whoever follows the events, from whatever moment, has the owner's state."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.errors import Rejected
from gameserver.engine.worlds.board import checkpoints, packing, scene
from gameserver.engine.worlds.board.reduce import apply
from gameserver.engine.worlds.board.world import World
from tests.engine.board.boards import PEOPLE, Event, Owner, canonical, followed, packed, through_json
from tests.engine.board.random_commands import Dice

SEEDS = st.integers(0, 2**32)
SMALL = (
    (scene, "MAX_BIN", 6),
    (scene, "MAX_DRAGS", 4),
    (scene, "MAX_CHECKPOINTS", 3),
    (packing, "MAX_SINCE", 9),
    (checkpoints, "MAX_WEIGHT", 30),
)


def act(owner: Owner, dice: Dice, stale: scene.Scene | None = None) -> None:
    """Somebody asks something, as that player may know the board; perhaps what was noted is told."""
    player, command = dice.command(stale or owner.world.scene)
    try:
        owner.send(PEOPLE[player], command)
    except Rejected:
        assert owner.world.scene.count == len(owner.world.scene.shapes)
    if dice.is_lucky(0.3):
        owner.gather(20)


def check_counts(board: scene.Scene) -> None:
    """What is counted along the way is what is there."""
    shapes, binned = board.shapes.values(), [one.shape for one in board.bin.values()]
    assert board.points == sum(len(shape.points) // 2 for shape in shapes)
    assert board.characters == sum(len(shape.text) for shape in shapes)
    assert (board._bin_points, board._bin_characters) == (sum(len(s.points) // 2 for s in binned), sum(len(s.text) for s in binned))
    assert board._dragged == sum(len(drag.ids) for drag in board.drags.values())
    assert board.by_op == {drag.op: number for number, drag in board.drags.items()}
    assert board.in_order() == sorted((shape.z, shape.id) for shape in shapes)
    assert not set(board.bin) & set(board.shapes)
    assert all(board.bottom <= shape.z <= board.top for shape in shapes)


@pytest.fixture(params=["real", "small"])
def bounds(request: Any) -> Any:
    """The bounds of what is remembered: as they are, or so small that they are passed."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in SMALL if request.param == "small" else ():
            patch.setattr(module, name, value)
        yield


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("seed", range(12))
def test_every_copy_has_the_owner_s_state(seed: int) -> None:
    """[BD35] After hundreds of commands of three people all copies are equal: of who follows from the start, of who came
    with a view, and of who was restored from what was stored, to the last byte."""
    dice, owner = Dice(seed), Owner()
    copies: list[tuple[scene.Scene, int]] = [(scene.Scene(), 0)]
    stored: list[tuple[World, int]] = []
    for step in range(300):
        act(owner, dice)
        check_counts(owner.world.scene)
        if step % 60 == 30:
            view = through_json(owner.world.view())
            start = json.loads(zlib.decompress(b64decode(view["packed"])))
            copies.append((followed(start, view["since"]), len(owner.events)))
            world = World()
            world.restore(through_json(owner.world.snapshot()))
            stored.append((world, len(owner.events)))
    for copy, seen in copies:
        for event in owner.events[seen:]:
            apply(copy, through_json(event))
        assert canonical(copy) == owner.state
    for world, seen in stored:
        for event in owner.events[seen:]:
            world.apply(event)
        assert packed(world) == packed(owner.world)
    assert len(owner.events) > 100


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 40))
def test_a_journal_replayed_is_the_same_board(seed: int, late: int) -> None:
    """[BD35] A new owner that replays the journal has the same board to the last byte, though its people knew only an old one."""
    dice, owner, stale = Dice(seed), Owner(), scene.Scene()
    known = 0
    for _ in range(80):
        act(owner, dice, stale)
        while known < len(owner.events) - late:
            apply(stale, owner.events[known])
            known += 1
    world = World()
    for event in owner.events:
        world.apply(through_json(event))
    assert packed(world) == packed(owner.world)


@settings(max_examples=60, deadline=None)
@given(SEEDS, SEEDS)
def test_no_event_of_another_board_raises(one: int, other: int) -> None:
    """[BD36] Events that were decided on quite another board change this one or not, and never raise."""
    owners = [Owner(), Owner()]
    for owner, seed in zip(owners, (one, other), strict=True):
        dice = Dice(seed)
        for _ in range(40):
            act(owner, dice)
    board = owners[0].world.scene
    for event in owners[1].events:
        apply(board, event)
    check_counts(board)


@pytest.mark.parametrize("event", [{"ev": "board.sung"}, {"ev": "chat.said", "text": "hello"}, {"ev": "board.pointed", "at": [1]}])
def test_other_events_change_nothing(event: Event) -> None:
    """[BD36] An event that a board does not know changes nothing."""
    owner = Owner()
    before = packed(owner.world)
    owner.world.apply(event)
    apply(owner.world.scene, event)
    assert packed(owner.world) == before
