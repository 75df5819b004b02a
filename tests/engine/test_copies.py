"""Random clients against one room: whatever they do, and whatever becomes of its owners, every copy equals the owner's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from gameserver.engine import past
from gameserver.engine import room as module
from gameserver.engine.entry import Snapshot
from gameserver.engine.room import Gap
from gameserver.engine.worlds.chat import Rename, Say
from tests.engine.copies import Client, Play
from tests.engine.rooms import EPOCH, START, Add, Cheer, Move, follow

KEEP, MAX_GAP, FIRST_PAGE = 6, 12, 4
WORDS = st.text("aä ", max_size=3)
COUNT = st.integers(0, 6)
COMMANDS = st.one_of(
    WORDS.map(lambda text: lambda ref: Say(ref, text)),
    WORDS.map(lambda name: lambda ref: Rename(ref, name)),
    st.integers(0, 9).map(lambda by: lambda ref: Add(ref, by)),
    st.integers(0, 99).map(lambda to: lambda ref: Move(ref, to)),
    WORDS.map(lambda text: lambda ref: Cheer(ref, text)),
)


@contextmanager
def small() -> Iterator[None]:
    """A memory of a few events, so that a few events do not fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "KEEP", KEEP)
        for name, value in (("MAX_GAP", MAX_GAP), ("FIRST_PAGE", FIRST_PAGE)):
            patch.setattr(module, name, value)
        yield


@pytest.fixture
def play() -> Iterator[Play]:
    with small():
        yield Play()


def check(play: Play) -> None:
    """What holds at any moment."""
    entries, flight = play.journal.entries, [entry for staged in play.flight for entry in staged.outcome.entries]
    assert [entry.event["seq"] for entry in [*entries, *flight]] == list(range(1, play.room.seq + 1)), "the order has a gap"
    assert play.room.durable == len(entries)
    state = reduce(follow, (entry.event for entry in flight), play.journal.states[-1])
    assert play.score.state == state, "the owner's state is not what its events lead to"
    commands = Counter((entry.session, entry.ref) for entry in entries if entry.session and entry.reply is not None)
    assert all(times == 1 for times in commands.values()), "a command happened twice"
    for client in play.clients:
        if client.position is not None:
            assert client.copy == play.journal.states[client.position[1]], "a copy differs"
        play.check_shown(list(client.shown.values()))


def finish(play: Play) -> None:
    """Everybody comes back until nothing waits: then all copies are the owner's state, and every command has its reply."""
    for _ in range(500):
        play.commit()
        for client in play.clients:
            if client.session is None:
                play.connect(client)
            play.give(client)
            play.resend(client)
        if not play.flight and not any(client.pending or client.found for client in play.clients):
            break
    check(play)
    for client in play.clients:
        assert (client.pending, client.found) == ({}, None)
        assert client.position is not None
        assert (client.position[1], client.copy) == (play.room.durable, play.score.state)
        for ref, reply in list(client.replies.items()):
            if reply["ok"]:
                play.now += 1
                play.send(client, client.sent[ref])
    assert not play.flight, "a command that had its reply happened again"
    for snapshot in play.journal.starts():
        room, _ = play.journal.load(play.room.epoch + 1, snapshot)
        assert room.snapshot() == play.room.snapshot()


def moves(play: Play, client: Client, count: int) -> None:
    """So many passing events, journalled."""
    for to in range(count):
        play.now += 1
        play.command(client, lambda ref, to=to: Move(ref, to))
    play.commit()


def test_what_is_shown_while_a_gap_is_read_follows_it(play: Play) -> None:
    """[EN20] Events that come while a gap waits for the journal are taken behind it, those that the gap has are not taken twice."""
    ada, bob = play.newcomer(), play.newcomer()
    bob.lose()
    moves(play, ada, KEEP + 2)
    play.connect(bob, wait=True)
    assert isinstance(bob.found, Gap)
    moves(play, ada, 3)
    assert (bob.position, len(bob.held)) == ((EPOCH, 0), 1)
    play.give(bob)
    assert (bob.position, sorted(bob.shown)) == ((EPOCH, KEEP + 5), list(range(1, KEEP + 6)))
    finish(play)


def test_a_gap_that_the_journal_let_go_meanwhile_is_a_fresh_start(play: Play) -> None:
    """[EN20] While a gap waits its oldest events may be let go: then nobody is welcomed with the rest, and the next join starts afresh."""
    ada, bob = play.newcomer(), play.newcomer()
    bob.lose()
    moves(play, ada, MAX_GAP)
    play.connect(bob, wait=True)
    assert bob.found == Gap(0, MAX_GAP)
    play.snapshot()
    moves(play, ada, 1)
    play.snapshot()
    assert (play.journal.floor, play.journal.gone) == (1, {1})
    play.give(bob)
    assert (bob.session, bob.position) == (None, (EPOCH, 0))
    play.connect(bob)
    assert bob.position == (EPOCH, MAX_GAP + 1)
    finish(play)


def test_a_state_that_is_ahead_is_given_when_the_journal_has_it(play: Play) -> None:
    """[EN23] A newcomer to a world's room waits for what is decided, and then gets each event once, in the state or behind it."""
    ada = play.newcomer()
    play.command(ada, lambda ref: Add(ref, 5))
    bob = play.newcomer()
    play.tick()
    play.give(bob)
    assert (bob.position, bob.copy) == (None, None)
    play.commit(1)
    play.give(bob)
    assert (bob.position, bob.copy) == ((EPOCH, 2), play.journal.states[2])
    play.commit()
    assert (bob.position, bob.copy) == ((EPOCH, 3), play.score.state)
    finish(play)


def test_a_state_that_never_came_about_is_not_given(play: Play) -> None:
    """[EN23] When what a newcomer waits for is lost, the newcomer is welcomed to the room as it was read again."""
    ada = play.newcomer()
    play.command(ada, lambda ref: Add(ref, 5))
    bob = play.newcomer()
    play.fail()
    assert (bob.position, bob.copy) == ((EPOCH + 1, 0), START)
    finish(play)
    assert (bob.copy, len(play.journal.entries)) == (play.score.state, 2)


@pytest.mark.parametrize("written", [0, 1])
@pytest.mark.parametrize("end", [Play.fail, Play.die])
def test_a_command_in_doubt_happens_once(play: Play, end: Callable[[Play, int, Snapshot | None], None], written: int) -> None:
    """[EN3] Whether a commit was lost with its answer or not, a resend has the command happen once, and all are told alike."""
    ada, bob = play.newcomer(), play.newcomer()
    play.command(ada, lambda ref: Add(ref, 5))
    play.commit()
    play.snapshot()
    play.command(ada, lambda ref: Add(ref, 1))
    end(play, written, play.journal.starts()[-1])
    assert len(ada.replies) == 1
    finish(play)
    assert (len(play.journal.entries), play.score.points) == (4, 12)
    assert ada.replies[2] == {"ref": 2, "ok": True, "points": 12, "seq": 4}
    assert bob.copy == ada.copy == play.score.state


def test_a_doubtful_batch_that_memory_cannot_hold_is_not_shown_in_part(play: Play) -> None:
    """[EN20] After a commit in doubt of more than memory holds, everybody comes back and is given it from the journal."""
    ada, bob = play.newcomer(), play.newcomer()
    for _ in range(KEEP + 1):
        play.tick()
    play.fail(KEEP + 1)
    assert (ada.session, bob.session) == (None, None)
    play.connect(bob, wait=True)
    assert bob.found == Gap(0, KEEP + 1)
    finish(play)
    assert sorted(bob.shown) == list(range(1, KEEP + 2))


def test_replies_outlive_owners_and_the_events_they_tell_of(play: Play) -> None:
    """[EN3] A command whose event the journal has let go is answered from the snapshots, owner after owner."""
    ada = play.newcomer()
    moves(play, ada, MAX_GAP + 4)
    play.snapshot()
    moves(play, ada, MAX_GAP)
    play.snapshot()
    assert 1 in play.journal.gone
    for _ in range(3):
        play.die(0, play.journal.starts()[0])
        finish(play)
    assert len(play.journal.entries) == 2 * MAX_GAP + 4


class Copies(RuleBasedStateMachine):
    """The room, its journal, and clients whose connections break at any moment."""

    clients = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self.small = small()
        self.small.__enter__()
        self.play = Play()

    @initialize(target=clients)
    def first(self) -> MultipleResults[Client]:
        return multiple(self.play.newcomer(), self.play.newcomer())

    @precondition(lambda self: len(self.play.clients) < 5)
    @rule(target=clients)
    def newcomer(self) -> Client:
        return self.play.newcomer()

    @rule(client=clients, wait=st.booleans())
    def connect(self, client: Client, wait: bool) -> None:
        self.play.connect(client, wait=wait)

    @rule(client=clients)
    def give(self, client: Client) -> None:
        self.play.give(client)

    @rule(client=clients, commands=st.lists(COMMANDS, min_size=1, max_size=4))
    def send(self, client: Client, commands: list) -> None:
        for make in commands:
            self.play.command(client, make)

    @rule(client=clients, data=st.data())
    def send_again(self, client: Client, data: st.DataObject) -> None:
        """What had no reply yet, and something that had one."""
        self.play.resend(client)
        if good := [ref for ref, reply in client.replies.items() if reply["ok"]]:
            self.play.send(client, client.sent[data.draw(st.sampled_from(good))])

    @rule(client=clients)
    def lose_the_connection(self, client: Client) -> None:
        client.lose()

    @rule(client=clients, back=st.integers(-9, 20), limit=st.integers(1, 5))
    def read_back(self, client: Client, back: int, limit: int) -> None:
        self.play.read(client, max(0, self.play.room.durable - back), limit)

    @rule(times=st.integers(1, 8))
    def tick(self, times: int) -> None:
        for _ in range(times):
            self.play.tick()

    @rule(count=st.one_of(st.none(), COUNT))
    def commit(self, count: int | None) -> None:
        self.play.commit(count)

    @rule(compact=st.booleans())
    def snapshot(self, compact: bool) -> None:
        self.play.snapshot(compact=compact)

    @rule(written=COUNT, data=st.data())
    def commit_fails(self, written: int, data: st.DataObject) -> None:
        self.play.fail(written, data.draw(st.sampled_from(self.play.journal.starts())))

    @rule(written=COUNT, data=st.data())
    def owner_dies(self, written: int, data: st.DataObject) -> None:
        self.play.die(written, data.draw(st.sampled_from(self.play.journal.starts())))

    @invariant()
    def all_is_well(self) -> None:
        check(self.play)

    def teardown(self) -> None:
        try:
            finish(self.play)
        finally:
            self.small.__exit__(None, None, None)


TestCopies = Copies.TestCase
TestCopies.__doc__ = "[EN19] Random commands, resends, broken connections and dead owners: every copy equals the owner's."
TestCopies.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
