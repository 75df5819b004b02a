"""Whether a gameserver that nobody needs may go, and that nobody is lost who comes in that moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fly.here import Here
from gameserver import idle as module
from gameserver.idle import GRACE_S, LOOK_S, Go, Idle, Seen, Stay, decide, stays
from gameserver.process import Process
from gameserver.visits import VISITS, Visits
from tests.gameserver.rooms import PATIENCE_S, Shaky, enter, until
from tests.gameserver.sockets import Talk, running

LIMIT_S = 60.0
EMPTY = Seen(0, 0, is_waking=False, is_draining=False, quiet_s=LIMIT_S, is_new=False)


def test_nobody_for_long_enough() -> None:
    """[ID1] After IDLE_STOP_S without a socket it goes, and no sooner; until then it is told when to look again."""
    assert decide(EMPTY, LIMIT_S) == Go()
    assert decide(Seen(0, 0, is_waking=False, is_draining=False, quiet_s=LIMIT_S - 0.25, is_new=False), LIMIT_S) == Stay(0.25)
    assert decide(Seen(0, 0, is_waking=False, is_draining=False, quiet_s=0.0, is_new=False), LIMIT_S) == Stay(LOOK_S)


@given(st.builds(Seen, st.integers(0, 3), st.integers(0, 3), st.booleans(), st.booleans(), st.floats(0, 1e6), st.booleans()))
def test_whatever_is_seen_nobody_is_left_alone(seen: Seen) -> None:
    """[ID1] Never with people in, a handshake not answered, a room being read, or a drain under way; else always in the end."""
    verdict = decide(seen, LIMIT_S)
    if isinstance(verdict, Go):
        assert (seen.people, seen.arriving, seen.is_waking, seen.is_draining) == (0, 0, False, False)
        assert seen.quiet_s >= LIMIT_S
    else:
        assert 0 < verdict.for_s <= LOOK_S
    if not (seen.people or seen.arriving or seen.is_waking or seen.is_draining) and seen.quiet_s >= max(LIMIT_S, GRACE_S):
        assert verdict == Go()


def test_after_a_start_it_waits_longer() -> None:
    """[ID2] A Machine that was started for somebody waits half a minute for them, however short IDLE_STOP_S is."""
    new = Seen(0, 0, is_waking=False, is_draining=False, quiet_s=GRACE_S - 1, is_new=True)
    assert decide(new, 5.0) == Stay(1.0)
    assert decide(Seen(0, 0, is_waking=False, is_draining=False, quiet_s=GRACE_S, is_new=True), 5.0) == Go()
    assert isinstance(decide(new, LIMIT_S), Stay)


@given(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1), st.integers(0, 8))
def test_so_many_stay(living: list[str], keep: int) -> None:
    """[ID4] Of the Machines that live in a region exactly `keep` stay, as far as there are so many, whichever of them asks."""
    assert sum(stays(machine, living, keep) for machine in living) == min(keep, len(living))
    assert stays("me", [], 1)
    assert not stays("me", [], 0)


# The watch


class Watched:
    """An Idle over a process, with what it did."""

    def __init__(self, process: Process, limit_s: float = 0.0, keep: int = 0) -> None:
        self.keep = keep
        self.asked = 0
        self.went = asyncio.Event()
        self.awake = asyncio.Event()
        self.visits = Visits()
        self.idle = Idle(process, limit_s, self._keep, self._go, self.visits)

    async def _keep(self) -> int:
        self.asked += 1
        if self.keep < 0:
            raise OSError("the database is away")
        return self.keep

    async def _go(self) -> None:
        self.went.set()
        await self.awake.wait()


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRACE_S", "KEEP_S", "LOOK_S"):
        monkeypatch.setattr(module, name, 0.001)


@pytest.fixture
async def process(_quick: None) -> AsyncIterator[Process]:
    async with running(here=Here("rooms", "bbbb", "cdg")) as made:
        yield made


async def test_it_goes_and_takes_nobody_from_then_on(process: Process) -> None:
    """[ID1] [ID5] When nobody is there it goes, and is draining from the moment it has made up its mind."""
    watched = Watched(process)
    watched.idle.start()
    await asyncio.wait_for(watched.went.wait(), PATIENCE_S)
    assert process.is_draining
    talk = Talk()
    assert (await talk.event())["status"] == 503
    watched.idle.stop()


@pytest.mark.parametrize("what", ["a socket", "a handshake", "a relay's socket", "a room that is read", "a drain"])
async def test_somebody_keeps_it_here(process: Process, what: str) -> None:
    """[ID1] People here, at a relay, or on their way keep it; it goes when they are gone."""
    watched = Watched(process)
    never = asyncio.get_running_loop().create_future()
    member = owner = None
    if what == "a socket":
        watched.visits.came()
    elif what == "a handshake":
        watched.visits.arriving += 1
    elif what == "a relay's socket":
        owner = await process.owner("cdg", "main")
        member, sink = await enter(owner)
        sink.is_far = True
    elif what == "a room that is read":
        process._rooms["cdg", "main"] = asyncio.ensure_future(asyncio.shield(never))
    else:
        process.is_draining = True
    for _ in range(5):
        assert isinstance(watched.idle.look(), Stay)
    if what == "a socket":
        watched.visits.left()
    elif what == "a handshake":
        watched.visits.arriving -= 1
    elif owner is not None and member is not None:
        owner.leave(member)
    elif what == "a room that is read":
        process._rooms.clear()
    else:
        process.is_draining = False
    watched.idle.start()
    await asyncio.wait_for(watched.went.wait(), PATIENCE_S)
    watched.idle.stop()
    never.cancel()


async def test_who_has_to_stay_asks_again(process: Process) -> None:
    """[ID4] A Machine that has to run, and one that cannot find out, stays and asks again."""
    watched = Watched(process, keep=1)
    watched.idle.start()
    await until(lambda: watched.asked >= 3, "three questions")
    watched.keep = -1
    await until(lambda: watched.asked >= 6, "three more")
    assert not process.is_draining
    watched.keep = 0
    await asyncio.wait_for(watched.went.wait(), PATIENCE_S)
    watched.idle.stop()


@pytest.mark.usefixtures("_quick")
async def test_the_other_one_stays() -> None:
    """[ID4] Of two Machines that live in a region, and one that has to, the one with the smaller id stays and the other one goes."""
    store = Shaky()
    store.start("aaaa", "0001")
    async with running(store, here=Here("rooms", "bbbb", "cdg")) as process:
        watched = Watched(process, keep=1)
        watched.idle.start()
        await asyncio.wait_for(watched.went.wait(), PATIENCE_S)
        watched.idle.stop()


async def test_after_a_sleep_it_begins_anew(process: Process) -> None:
    """[ID2] [ID7] A process that slept and is awake again has the grace of a start, then looks as before."""
    watched = Watched(process)
    watched.idle.start()
    await asyncio.wait_for(watched.went.wait(), PATIENCE_S)
    watched.went.clear()
    process.is_draining = False
    watched.awake.set()
    await asyncio.wait_for(watched.went.wait(), PATIENCE_S)
    watched.idle.stop()


@pytest.mark.usefixtures("_quick")
async def test_a_handshake_in_that_moment_is_in_or_told_to_come_back() -> None:
    """[ID5] Many handshakes around the moment: each one is welcomed and keeps the process, or is refused with 503 and Retry-After."""
    outcomes = {"in": 0, "refused": 0}
    async with running(here=Here("rooms", "bbbb", "cdg")) as process:
        for turns in range(120):
            process.is_draining = False
            watched = Watched(process)
            watched.idle = Idle(process, 0.0, watched._keep, watched._go, VISITS)
            watched.idle.start()
            moment = time.monotonic() + turns % 12 * 0.0003
            while time.monotonic() < moment:
                await asyncio.sleep(0)
            talk = Talk()
            first = await talk.event()
            if first["type"] == "websocket.accept":
                talk.send({"cmd": "room.join", "v": 1, "sid": "s" * 30})
                assert (await talk.read())["type"] == "welcome"
                assert not process.is_draining
                outcomes["in"] += 1
                await talk.leave()
            else:
                assert (first["status"], dict(first["headers"])[b"retry-after"]) == (503, b"2")
                outcomes["refused"] += 1
            await asyncio.wait_for(watched.went.wait(), PATIENCE_S)
            watched.idle.stop()
            process.forget_rooms()
            assert (VISITS.open, VISITS.arriving) == (0, 0)
    assert min(outcomes.values()) > 0, outcomes
