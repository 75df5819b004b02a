"""Slow readers in a hub: they are written to alone, caught up, taken back, or given up."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver import backlog as module
from gameserver import hub as hub_module
from gameserver.backlog import PATIENCE_S, THIN
from gameserver.counts import COUNTS
from gameserver.engine.entry import Position
from gameserver.engine.session import Session
from gameserver.engine.worlds import Who
from gameserver.hub import Hub, Member
from gameserver.outlet import Prepared
from tests.gameserver.rooms import Sink, until
from tests.gameserver.slow import EPOCH, Slow, events, passing


def join(hub: Hub, number: int, outlet: Sink, asked: list[Position] | None = None) -> Member:
    """Somebody in the room, who asks for a second welcome by writing the position down."""
    who = Who(f"p{number}", f"P{number}", "#000000")
    member = Member(Session(f"key-{number}", who), outlet)
    if asked is not None:
        member.catch_up = asked.append
    hub.add(member)
    return member


async def test_who_has_read_everything_gets_what_passed_last() -> None:
    """[GS101] Ephemeral events that were kept come when everything else was read, the newest of them, in order, behind the events."""
    hub, outlet = Hub(), Slow()
    join(hub, 1, outlet)
    for seq in range(1, 11):
        hub.show(events(seq), passing(seq, 5000))
    assert (outlet.seqs, outlet.passed) == (list(range(1, 11)), [1])
    outlet.is_reading = True
    outlet.read()
    hub.show(events(11), passing(11))
    assert (outlet.seqs, outlet.passed) == (list(range(1, 12)), [1, 5, 6, 7, 8, 9, 10, 11])
    await asyncio.sleep(0)


async def test_who_has_read_everything_is_asked_for_again() -> None:
    """[GS100] A reader that lagged is caught up once nothing waits, from the last event it was sent; what is shown meanwhile waits."""
    hub, outlet, asked = Hub(), Slow(), list[Position]()
    member = join(hub, 1, outlet, asked)
    for seq in range(1, 50):
        hub.show(events(seq, weight=10_000))
    sent = outlet.seqs
    assert (asked, sent[-1] < 30) == ([], True)
    outlet.is_reading = True
    outlet.read()
    hub.show(events(50, 51))
    hub.show(events(52))
    assert (asked, outlet.seqs) == ([(EPOCH, sent[-1])], sent)
    # Its welcome had the events up to 50.
    hub.release(member, 50)
    hub.show(events(53))
    assert outlet.seqs == [*sent, 51, 52, 53]


@pytest.mark.parametrize("kind", ["lags", "waits"])
async def test_patience_ends(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS102] A reader that has not read everything for 30 s on end, lagging or not, is closed with 4002, without a `bye`; others stay."""
    assert PATIENCE_S == 30
    monkeypatch.setattr(hub_module, "LOOK_S", 0.001)
    monkeypatch.setattr(hub_module, "PATIENCE_S", 0.02)
    closed = COUNTS.readers_closed
    hub, slow, quick = Hub(), Slow(), Slow(reads=True)
    join(hub, 1, slow, [])
    join(hub, 2, quick, [])
    for seq in range(1, 50 if kind == "lags" else 3):
        hub.show(events(seq, weight=10_000))
    await until(lambda: slow.closed, "the slow reader to be closed")
    assert (slow.closed, slow.of("bye"), quick.closed) == ([(4002, "too slow")], [], [])
    assert COUNTS.readers_closed == closed + 1
    hub.show(events(99))
    assert (quick.seqs[-1], len(hub)) == (99, 2)


async def test_patience_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS102] Whoever has read everything in between may be behind as long again."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    clock = [now]
    monkeypatch.setattr(hub_module, "LOOK_S", 0.001)
    hub, slow = Hub(), Slow()
    member = join(hub, 1, slow, [])
    monkeypatch.setattr(loop, "time", lambda: clock[0])
    for _ in range(4):
        hub.show(events(1))
        clock[0] += PATIENCE_S * 0.9
        hub._look_at_late()
        assert slow.closed == []
        slow.read()
    hub.show(events(2))
    clock[0] += PATIENCE_S * 1.1
    hub._look_at_late()
    assert slow.closed == [(4002, "too slow")]
    hub.remove(member)


async def test_a_long_welcome_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS102] Whoever has a long welcome to read before anything else has a second more for each 8 KiB of it."""
    loop = asyncio.get_running_loop()
    clock = [loop.time()]
    monkeypatch.setattr(loop, "time", lambda: clock[0])
    hub, slow = Hub(), Slow(waiting=THIN * 60)
    member = join(hub, 1, slow, [])
    clock[0] += PATIENCE_S + 59
    hub._look_at_late()
    assert slow.closed == []
    clock[0] += 2
    hub._look_at_late()
    assert slow.closed == [(4002, "too slow")]
    hub.remove(member)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("show"), st.integers(0, 20_000)),
        st.tuples(st.just("pass"), st.integers(0, 20_000)),
        st.tuples(st.sampled_from(["read", "welcome"]), st.integers(0, 2)),
    ),
    max_size=80,
)


async def play(steps: list[tuple[str, int]]) -> None:
    """A room in which three read now and then; whoever lagged gets, when it pleases, a welcome from its position."""
    hub = Hub()
    outlets = [Slow() for _ in range(3)]
    asked: list[list[Position]] = [[], [], []]
    members = [join(hub, number, outlet, asked[number]) for number, outlet in enumerate(outlets)]
    seq = 0

    def welcome(who: int) -> None:
        if asked[who]:
            ((_, last),) = asked[who]
            asked[who].clear()
            assert last == (outlets[who].seqs or [0])[-1]
            if last < seq:
                outlets[who].send(Prepared(events(*range(last + 1, seq + 1))))
            hub.release(members[who], seq)

    for what, number in steps:
        if what == "show":
            seq += 1
            hub.show(events(seq, weight=number))
        elif what == "pass":
            hub.show(passing(seq, number))
        elif what == "read":
            outlets[number].read()
        else:
            welcome(number)
    for who, outlet in enumerate(outlets):
        while outlet.waiting or asked[who]:
            outlet.read()
            welcome(who)
        assert outlet.seqs == list(range(1, seq + 1))
        assert outlet.passed == sorted(outlet.passed)
    for member in members:
        hub.remove(member)


@settings(deadline=None)
@given(steps=STEPS)
def test_nobody_misses_anything(steps: list[tuple[str, int]]) -> None:
    """[GS100] However several people read, each gets every journalled event once and in order, and what passes in order."""
    # As if less could wait, so that it happens often.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "OUTBOX_BYTES", 30_000)
        asyncio.run(play(steps))
