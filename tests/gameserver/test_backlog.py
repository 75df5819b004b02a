"""What waits for one reader: how much, what of it, and for how long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver import backlog as module
from gameserver import hub as hub_module
from gameserver.backlog import OUTBOX_BYTES, PASSING_BYTES, PATIENCE_S, Backlog
from gameserver.counts import COUNTS
from gameserver.engine.entry import Position
from gameserver.engine.room import Session
from gameserver.engine.worlds import Who
from gameserver.hub import Hub, Member
from gameserver.outlet import Prepared
from tests.gameserver.rooms import Sink, until

EPOCH = 7
HERE = (EPOCH, 0)


class Slow(Sink):
    """A way out to a client that reads only when told to."""

    def __init__(self, waiting: int = 0, *, reads: bool = False) -> None:
        super().__init__()
        self.waiting = waiting
        self.is_reading = reads

    def send(self, *messages: Prepared) -> None:
        super().send(*messages)
        if not self.is_reading and not self.closed:
            self.waiting += sum(len(message.text) for message in messages)

    def read(self) -> None:
        """Read all that waits."""
        if self.waiting:
            self.waiting = 0
            if self.watcher is not None:
                self.watcher.caught_up()

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for message in self.of("events") for event in message["events"]]

    @property
    def passed(self) -> list[int]:
        return [event["n"] for message in self.of("ephemeral") for event in message["events"]]


def events(*seqs: int, weight: int = 0) -> dict[str, Any]:
    return {"type": "events", "epoch": EPOCH, "events": [{"seq": seq, "load": "x" * weight} for seq in seqs]}


def passing(number: int, weight: int = 0) -> dict[str, Any]:
    return {"type": "ephemeral", "epoch": EPOCH, "events": [{"n": number, "load": "x" * weight}]}


def reply(ref: int, weight: int = 0) -> dict[str, Any]:
    return {"type": "reply", "ref": ref, "ok": True, "load": "x" * weight}


def prepared(*messages: dict[str, Any]) -> list[Prepared]:
    return [Prepared(message) for message in messages]


def of_size(size: int, seq: int = 1) -> Prepared:
    """A message of events of exactly so many bytes."""
    return Prepared(events(seq, weight=size - len(Prepared(events(seq)).text)))


def test_what_can_go_goes() -> None:
    """[GS9] While nothing waits for a reader it gets everything at once, its own replies behind it in the same write."""
    outlet = Slow(reads=True)
    backlog = Backlog(outlet, 0.0)
    backlog.show(prepared(events(1), passing(1)), prepared(reply(1)), HERE)
    assert ([message["type"] for message in outlet.log], outlet.writes) == (["events", "ephemeral", "reply"], [3])


@pytest.mark.parametrize("welcome", [0, 10_000_000], ids=["an empty line", "a long welcome"])
def test_so_many_bytes_may_wait(welcome: int) -> None:
    """[GS9] To the byte 256 KiB of events wait for a reader, however much waited before; with one more it gets nothing and is held."""
    assert OUTBOX_BYTES == 256 * 1024
    lagged = COUNTS.readers_lagged
    outlet = Slow(welcome)
    backlog = Backlog(outlet, 0.0)
    if not welcome:
        outlet.send(of_size(1000))
    room = OUTBOX_BYTES - (outlet.waiting - welcome)
    backlog.show([of_size(room - 100)], (), (EPOCH, 0))
    backlog.show([of_size(100, 2)], (), (EPOCH, 1))
    assert (outlet.waiting, backlog.position, outlet.is_held) == (welcome + OUTBOX_BYTES, None, False)
    backlog.show([of_size(100, 3)], (), (EPOCH, 2))
    assert (outlet.waiting, backlog.position, outlet.is_held) == (welcome + OUTBOX_BYTES, (EPOCH, 2), True)
    assert COUNTS.readers_lagged == lagged + 1


def test_a_single_long_message_is_no_sign_of_slowness() -> None:
    """[GS9] A message that is longer than all that may wait goes to whoever has read everything."""
    outlet = Slow()
    backlog = Backlog(outlet, 0.0)
    backlog.show([of_size(OUTBOX_BYTES * 2)], (), HERE)
    assert (len(outlet.prepared), backlog.position) == (1, None)


def test_who_lags_gets_nothing_more() -> None:
    """[GS100] Once too much waits the reader is sent neither events nor replies, however short, and it is counted."""
    outlet = Slow(1)
    backlog = Backlog(outlet, 0.0)
    backlog.show([of_size(OUTBOX_BYTES + 1)], (), (EPOCH, 0))
    skipped = COUNTS.frames_skipped
    backlog.show(prepared(events(2), passing(1)), prepared(reply(1)), (EPOCH, 1))
    backlog.reply(prepared(reply(2)), (EPOCH, 2))
    assert (outlet.log, backlog.position, backlog.take_passing()) == ([], (EPOCH, 0), [])
    assert COUNTS.frames_skipped == skipped + 1


@pytest.mark.parametrize("behind", ["events", "alone"])
def test_replies_count(behind: str) -> None:
    """[GS9] Replies of a reader count as events do; the position is that of the last event it was sent."""
    outlet = Slow(1)
    backlog = Backlog(outlet, 0.0)
    for ref in range(1, 100):
        seq = ref if behind == "events" else 0
        if behind == "events":
            backlog.show(prepared(events(seq)), prepared(reply(ref, 8000)), (EPOCH, seq - 1))
        else:
            backlog.reply(prepared(reply(ref, 8000)), (EPOCH, 0))
        if backlog.position is not None:
            break
    assert backlog.position == (EPOCH, len(outlet.seqs))
    assert [message["ref"] for message in outlet.of("reply")] == list(range(1, ref))
    assert outlet.waiting <= OUTBOX_BYTES + 1


def test_the_newest_of_what_passes_is_kept() -> None:
    """[GS101] While something waits, the newest 32 KiB of ephemeral events are kept beside it, the oldest go first and are counted."""
    assert PASSING_BYTES == 32 * 1024
    dropped = COUNTS.ephemeral_dropped
    outlet = Slow(1)
    backlog = Backlog(outlet, 0.0)
    for number in range(100):
        backlog.show(prepared(passing(number, 1000)), (), HERE)
    assert outlet.log == []
    kept = backlog.take_passing()
    numbers = [message.message["events"][0]["n"] for message in kept]
    assert numbers == list(range(numbers[0], 100))
    assert PASSING_BYTES - 1100 < sum(len(message.text) for message in kept) <= PASSING_BYTES
    assert COUNTS.ephemeral_dropped == dropped + numbers[0]
    assert backlog.take_passing() == []


def test_one_that_is_longer_is_kept_alone() -> None:
    """[GS101] Of ephemeral events that are each longer than what is kept the last one is."""
    backlog = Backlog(Slow(1), 0.0)
    for number in range(3):
        backlog.show(prepared(passing(number, PASSING_BYTES * 2)), (), HERE)
    assert [message.message["events"][0]["n"] for message in backlog.take_passing()] == [2]


SHOWN = st.lists(st.tuples(st.sampled_from(["events", "passing", "both", "reply"]), st.integers(0, 60_000)), max_size=60)


@given(first=st.integers(1, 1_000_000), shown=SHOWN)
def test_whatever_is_shown_is_bounded(first: int, shown: list[tuple[str, int]]) -> None:
    """[GS9] Whatever a room shows to one who does not read, no more waits than what waited first and the two bounds, in order."""
    outlet = Slow(first)
    backlog = Backlog(outlet, 0.0)
    seq, ref = 0, 0
    for kind, weight in shown:
        before = (EPOCH, seq)
        if kind == "reply":
            ref += 1
            backlog.reply(prepared(reply(ref, weight)), before)
            continue
        messages = []
        if kind != "passing":
            seq += 1
            messages.append(events(seq, weight=weight))
        if kind != "events":
            messages.append(passing(seq, weight))
        backlog.show(prepared(*messages), (), before)
    sent = outlet.seqs
    assert outlet.waiting <= first + OUTBOX_BYTES
    assert sent == list(range(1, len(sent) + 1))
    assert backlog.position in (None, (EPOCH, len(sent)))
    assert len(sent) == seq or backlog.position is not None
    assert outlet.passed == []
    kept = [len(message.text) for message in backlog.take_passing()]
    assert sum(kept) <= PASSING_BYTES or len(kept) == 1


# In a hub


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
    hub.show(events(50))
    assert (asked, outlet.seqs) == ([(EPOCH, sent[-1])], sent)
    hub.release(member, 49)
    hub.show(events(51))
    assert outlet.seqs == [*sent, 50, 51]


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
