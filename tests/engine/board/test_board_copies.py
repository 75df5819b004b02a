"""Random clients against one room with a board: whatever they do, and whatever becomes of its owners, every copy is the owner's board."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gameserver.engine import past
from gameserver.engine import room as module
from gameserver.engine.worlds.chat import Say
from tests.engine.board.asking import A
from tests.engine.board.boards import create, rect
from tests.engine.board.copies import Client, Play
from tests.engine.board.random_commands import Dice

KEEP, MAX_GAP, FIRST_PAGE = 12, 30, 4
STEPS = 300


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    """A memory of a few events, so that a few events do not fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "KEEP", KEEP)
        for name, value in (("MAX_GAP", MAX_GAP), ("FIRST_PAGE", FIRST_PAGE)):
            patch.setattr(module, name, value)
        yield


def act(play: Play, dice: Dice, client: Client) -> None:
    """A client says or draws something, or something becomes of its connection."""
    what = dice.count(19)
    if client.session is None and dice.is_lucky(0.4):
        play.connect(client, wait=dice.is_lucky(0.3))
    elif what == 0:
        client.lose()
    elif what == 1:
        play.connect(client, wait=dice.is_lucky(0.5))
    elif what == 2:
        play.resend(client)
    elif what == 3:
        play.give(client)
    elif what == 4:
        play.command(client, lambda ref: Say(ref, "hello"))
    else:
        play.ask(client, dice.command(client.scene or play.world.scene, client.who.id)[1])


def happen(play: Play, dice: Dice) -> None:
    """Something becomes of the owner, or of what it has decided."""
    what = dice.count(39)
    if what < 12:
        play.gather()
    elif what < 24:
        play.commit(dice.one_of(None, 1, 2, 3))
    elif what < 27:
        play.snapshot(compact=dice.is_lucky(0.7))
    elif what < 29:
        play.fail(dice.count(4), dice.one_of(*play.journal.starts()))
    elif what < 31:
        play.die(dice.count(4), dice.one_of(*play.journal.starts()))
    elif what == 31 and len(play.clients) < 6:
        play.newcomer()


@pytest.mark.parametrize("seed", range(12))
def test_every_copy_is_the_owner_s_board(seed: int) -> None:
    """[BD39] Drawing, resends, broken connections, late welcomes and dead owners, with part of what was under way written:
    every copy is the owner's board at its position, and every command happened at most once."""
    play, dice = Play(), Dice(seed)
    for _ in range(3):
        play.newcomer()
    for step in range(STEPS):
        act(play, dice, dice.one_of(*play.clients))
        happen(play, dice)
        if step % 4 == 0:
            play.check()
    play.finish()
    assert len(play.journal.entries) > 30


def test_a_note_goes_with_its_owner_and_a_drag_does_not() -> None:
    """[BD39] When the owner dies in the middle of a drag, what was only noted is gone; the next total, or the drop, has all of it."""
    play = Play()
    ada, bob = play.newcomer(), play.newcomer()
    play.ask(ada, {"cmd": "board.edit", "op": "started1", "steps": [create(rect(A))]})
    play.ask(ada, {"cmd": "board.grab", "op": "dragged1", "ids": [A], "how": "move"})
    play.ask(ada, {"cmd": "board.move", "op": "dragged1", "dx": 3, "dy": 0})
    play.gather()
    play.commit()
    play.ask(ada, {"cmd": "board.move", "op": "dragged1", "dx": 5, "dy": 0})
    play.die()
    assert (play.world.scene.shapes[A].x, play.world.has_notes) == (3, False)
    for client in (ada, bob):
        play.connect(client)
    play.ask(ada, {"cmd": "board.drop", "op": "dragged1", "dx": 7, "dy": 1})
    play.commit()
    assert bob.scene is not None
    assert (bob.scene.shapes[A].x, bob.scene.drags) == (7, {})
    play.finish()


def test_a_reply_of_the_board_comes_again_after_its_owner_died() -> None:
    """[BD39] A command that was written before its owner died gets the first reply, with its outcome, from the next owner."""
    play = Play()
    ada = play.newcomer()
    play.ask(ada, {"cmd": "board.edit", "op": "started1", "steps": [create(rect(A))]})
    play.die(written=1)
    play.connect(ada)
    assert ada.replies[1] | {"seq": 0} == {"ref": 1, "ok": True, "outcome": "commit", "seq": 0}
    play.finish()
    assert len(play.journal.entries) == 1
