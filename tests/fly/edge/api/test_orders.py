"""Any orders, in any order, at any moment, on a Machine whose processes are values: what its state says is so."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fly.edge import health, life, pulse
from fly.edge.api.states import FINAL, LASTING, WrongState
from fly.edge.cables import Cables
from fly.edge.fleet import Fleet
from fly.edge.machine import DidNotStart, Machine, NotRunning
from fly.edge.plan import Plan
from fly.edge.troubles import Refusal
from tests.fly.edge.api.run import CONFIG
from tests.fly.edge.world import LIMIT_S

PLAN = Plan("cdg", ("nothing",), {}, "/dev/null", stop_s=5)
TURNS = 300
"""Of the event loop: far more than anything here takes that waits for no time."""


class Process:
    """What Child is to a Machine. `made` are all of a test."""

    made: list[Process]

    def __init__(self) -> None:
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.stands = False
        Process.made.append(self)

    @classmethod
    async def spawn(cls, *_: Any) -> Process:
        await asyncio.sleep(0)
        return cls()

    @property
    def pid(self) -> int | None:
        return None if self._ended.done() else 1

    async def wait(self) -> int:
        code = await asyncio.shield(self._ended)
        await asyncio.sleep(0)
        return code

    def send(self, number: int) -> bool:
        if self._ended.done():
            return False
        if number in (signal.SIGSTOP, signal.SIGCONT):
            self.stands = number == signal.SIGSTOP
        elif number == signal.SIGKILL or not self.stands:
            self.die(-number)
        return True

    def die(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    async def end(self, number: int, within_s: float) -> bool:
        self.send(signal.SIGCONT)
        await asyncio.sleep(0)
        self.send(number)
        await asyncio.sleep(0)
        in_time = self._ended.done()
        self.send(signal.SIGKILL)
        return in_time

    async def still(self) -> None:
        await asyncio.sleep(0)

    def last_words(self) -> str:
        return "nothing"


class World:
    """A Machine, and whatever is still being done to it from the console."""

    def __init__(self) -> None:
        self.machine = Machine(PLAN, "ewr", lambda text: None)
        self.console: list[asyncio.Task[None]] = []

    def do(self, order: str) -> None:
        with suppress(WrongState, Refusal, NotRunning):
            ORDERS[order](self)

    def order(self, verb: str) -> None:
        async def wait() -> None:
            async with self.machine.busy:
                await getattr(self.machine, verb)()

        self.console.append(asyncio.ensure_future(wait()))

    def die(self, code: int) -> None:
        for one in Process.made:
            one.die(code)

    async def pass_by(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
            assert sum(one.pid is not None for one in Process.made) <= 1, "two processes of one Machine"

    async def check(self) -> None:
        self.machine.find_host()
        await self.pass_by(TURNS)
        for done in await asyncio.gather(*self.console, return_exceptions=True):
            assert done is None or isinstance(done, WrongState | Refusal | NotRunning | DidNotStart), done
        await self.pass_by(TURNS)
        alive = [one for one in Process.made if one.pid is not None]
        assert self.machine.state in LASTING | FINAL
        assert len(alive) == (self.machine.state in ("started", "suspended"))
        assert self.machine.state != "suspended" or alive[0].stands
        await self.machine.stop(for_good=True)
        assert not [one for one in Process.made if one.pid is not None], "left behind"
        with pytest.raises((WrongState, Refusal)):
            self.machine.begin_start()


ORDERS: dict[str, Callable[[World], object]] = {
    "start": lambda world: world.machine.begin_start(),
    "stop": lambda world: world.machine.begin_stop(),
    "suspend": lambda world: world.machine.begin_suspend(),
    "restart": lambda world: world.machine.begin_restart(),
    "update": lambda world: world.machine.begin_update(CONFIG),
    "update, and leave it": lambda world: world.machine.begin_update(CONFIG, launch=False),
    "destroy": lambda world: world.machine.begin_destroy(),
    "destroy by force": lambda world: world.machine.begin_destroy(kill=True),
    "SIGCONT": lambda world: world.machine.send(signal.SIGCONT),
    "SIGTERM": lambda world: world.machine.send(signal.SIGTERM),
    "flyedge kill": lambda world: world.machine.kill(),
    "flyedge freeze": lambda world: world.machine.freeze(),
    "flyedge thaw": lambda world: world.machine.thaw(),
    "flyedge host": lambda world: world.machine.lose_host(),
    "flyedge host --over": lambda world: world.machine.find_host(),
    "flyedge start": lambda world: world.order("start"),
    "flyedge stop": lambda world: world.order("stop"),
    "flyedge restart": lambda world: world.order("restart"),
    "it ends": lambda world: world.die(0),
    "it crashes": lambda world: world.die(3),
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(ORDERS)), st.integers(0, 8)), max_size=20)


@pytest.fixture(scope="module", autouse=True)
def _values() -> Any:
    async def answers(port: int, limit_s: float) -> bool:
        await asyncio.sleep(0)
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(life, "Child", Process)
        patch.setattr(life, "BACKOFF_S", (0.0,))
        patch.setattr(life, "usable_port", lambda port: port)
        patch.setattr(pulse, "POLL_S", 0.0)
        patch.setattr(health, "answers", answers)
        yield


def played(steps: list[tuple[str, int]]) -> World:
    async def play() -> World:
        Process.made = []
        world = World()
        for order, turns in steps:
            world.do(order)
            await world.pass_by(turns)
        await world.check()
        return world

    return asyncio.run(asyncio.wait_for(play(), LIMIT_S))


@settings(deadline=None)
@given(STEPS)
def test_whatever_is_ordered_the_state_is_so(steps: list[tuple[str, int]]) -> None:
    """[EM47] [EM1] At most one process at any moment; in the end a lasting state, with a process that runs, one that stands, or none."""
    played(steps)


@pytest.mark.parametrize("update", ["update", "update, and leave it"])
def test_an_update_of_one_that_is_suspended(update: str) -> None:
    """[EM6] [EM47] A new version starts anew, or not at all; what slept is thrown away first."""
    world = played([("start", 8), ("suspend", 8), (update, 8)])
    assert len(Process.made) == (2 if update == "update" else 1)
    assert [event.status for event in world.machine.record.events].count("replacing") == (1 if update == "update" else 0)


def test_a_stop_behind_a_start_of_one_that_is_suspended() -> None:
    """[EM47] A stop in the same moment as the resume is a stop, and no crash that starts it again."""
    world = played([("start", 8), ("suspend", 8), ("start", 0), ("stop", 8)])
    assert (world.machine.state, len(Process.made)) == ("stopped", 1)


@pytest.mark.parametrize("order", ["SIGCONT", "flyedge thaw", "flyedge host", "flyedge host --over"])
def test_nothing_but_a_start_wakes_what_is_suspended(order: str) -> None:
    """[EM5] Neither a signal nor thaw, nor a host that comes back, lets a suspended Machine run."""

    async def play() -> None:
        Process.made = []
        world = World()
        for step in ("start", "suspend", order):
            world.do(step)
            await world.pass_by(8)
        assert (world.machine.state, Process.made[0].stands) == ("suspended", True)
        await world.check()

    asyncio.run(play())


async def test_none_is_made_when_all_ends() -> None:
    """[EM47] [ED37] A create that comes while the emulator ends is refused: nobody would end what it makes."""
    Process.made = []
    fleet = Fleet((PLAN,), "ewr", Cables(), lambda text: None)
    await fleet.close()
    with pytest.raises(Refusal) as refused:
        fleet.create("rooms", "late", "cdg", CONFIG, launch=True)
    assert refused.value.status == 503
