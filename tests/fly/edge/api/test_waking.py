"""Whom the proxy chooses, wakes and stops, as values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fly.edge.autostop import Autostop, excess
from fly.edge.frames import GOING_AWAY, Seam
from fly.edge.machine import Machine
from fly.edge.plan import Concurrency, Plan
from fly.edge.rules import Candidate, Chosen, NoCandidate, Wake, Want, choose
from fly.edge.troubles import Troubles


def one(name: str, state: Any = "up", load: int = 0, **more: Any) -> Candidate:
    """A Machine `cdg/1` of the region cdg, that takes two connections before it is busy and three at most."""
    about: dict[str, Any] = {"soft": 2, "hard": 3, "autostart": state in ("stopped", "suspended", "stopping"), **more}
    return Candidate(name, name.partition("/")[0], "rooms", state, load, **about)


ANYWHERE = Want("rooms")


def chosen(candidates: list[Candidate], want: Want | None = None, edge: str = "ewr") -> str:
    choice = choose(want or ANYWHERE, candidates, edge)
    if isinstance(choice, NoCandidate):
        return f"{choice.code}{' wait' if choice.wait else ''}{' long' if choice.patient else ''}"
    return f"wake {choice.candidate.machine}" if isinstance(choice, Wake) else choice.candidate.machine


CDG = Want("rooms", ("cdg",), forced=True)


@pytest.mark.parametrize("state", ["stopped", "suspended"])
def test_whoever_sleeps_is_woken_when_nobody_runs(state: str) -> None:
    """[EM20] Nobody runs where the request may go: the nearest that sleeps is woken; somebody runs elsewhere: it is not."""
    asleep = [one("cdg/1", state), one("ewr/1")]
    assert chosen(asleep, CDG) == "wake cdg/1"
    assert chosen(asleep) == "ewr/1"
    assert chosen(asleep, edge="cdg") == "ewr/1"
    assert chosen([one("cdg/1", state), one("nrt/1", state)]) == "wake cdg/1"
    assert chosen([one("cdg/1", state), one("nrt/1", state)], edge="nrt") == "wake nrt/1"


def test_another_one_is_woken_when_all_are_busy() -> None:
    """[EM20] All that run in the region are at their soft limit: one of that region is woken; none sleeps there: they get more."""
    busy = [one("ewr/1", load=2), one("ewr/2", "stopped"), one("cdg/1", "stopped")]
    assert chosen(busy) == "wake ewr/2"
    assert chosen([one("ewr/1", load=1), one("ewr/2", "stopped")]) == "ewr/1"
    assert chosen([one("ewr/1", load=2), one("cdg/1", "stopped")]) == "ewr/1"
    assert chosen([one("ewr/1", load=2), one("ewr/2", load=1)]) == "ewr/2"


def test_one_start_at_a_time() -> None:
    """[EM20] While one of the region boots nobody else is woken: who finds none running waits long, who finds busy ones gets one."""
    boots = [one("cdg/1", "starting", booting=True, autostart=False), one("cdg/2", "stopped")]
    assert chosen(boots, CDG) == "PR03 wait long"
    assert chosen([*boots, one("cdg/3", load=2)], CDG) == "cdg/3"


def test_who_crashed_is_waited_for_briefly() -> None:
    """[EM20] [ED19] A Machine that is being started again after a crash is waited for no longer than the edge's usual patience."""
    assert chosen([one("cdg/1", "starting")], CDG) == "PR03 wait"


def test_a_named_machine_is_woken() -> None:
    """[EM20] instance= of a Machine that sleeps wakes it; one that is just going to sleep is waited for, to be woken then."""
    want = Want("rooms", instance="cdg/1")
    assert chosen([one("cdg/1", "suspended"), one("ewr/1")], want) == "wake cdg/1"
    assert chosen([one("cdg/1", "stopping")], want) == "PR03 wait long"
    assert chosen([one("cdg/1", "stopping")], CDG) == "PR03 wait long"


def test_nobody_is_woken_who_may_not_be() -> None:
    """[EM21] Without autostart, cordoned, on a host that is gone, or after it could not be woken for this request: nobody."""
    for asleep in (one("cdg/1", "stopped", autostart=False), one("cdg/1", "stopped", cordoned=True)):
        assert chosen([asleep], CDG) == "PR03"
        assert chosen([asleep], Want("rooms", instance="cdg/1")) == "PR03"
    assert chosen([one("cdg/1", "stopped")], Want("rooms", ("cdg",), True, deep=frozenset({"cdg/1"}))) == "PR03"
    assert chosen([one("cdg/1", "stopped"), one("cdg/2", "stopped")], Want("rooms", deep=frozenset({"cdg/1"}))) == "wake cdg/2"


def test_nothing_new_at_the_hard_limit() -> None:
    """[EM22] At the hard limit a Machine gets nothing; other regions only if every local one is there; all full: wait, then 503."""
    assert chosen([one("ewr/1", load=3), one("ewr/2", load=2), one("cdg/1")]) == "ewr/2"
    assert chosen([one("ewr/1", load=3), one("cdg/1", load=2)]) == "cdg/1"
    assert chosen([one("ewr/1", load=3)]) == "PR03 wait"
    assert chosen([one("ewr/1", load=3)], Want("rooms", instance="ewr/1")) == "PR03 wait"
    assert chosen([one("ewr/1", load=10_000, soft=0, hard=0)]) == "ewr/1"


def test_a_preferred_machine_that_is_full_is_missed() -> None:
    """[EM22] [ED5] A preferred Machine at its hard limit is missed, and told."""
    choice = choose(Want("rooms", prefer_instance="cdg/1"), [one("cdg/1", load=3), one("ewr/1")], "ewr")
    assert isinstance(choice, Chosen)
    assert (choice.candidate.machine, choice.missed) == ("ewr/1", "cdg/1")


def test_nothing_new_for_a_cordoned_machine() -> None:
    """[EM23] A cordoned Machine is passed over, also by name and by preference; alone it is not waited for."""
    pair = [one("ewr/1", cordoned=True), one("cdg/1")]
    assert chosen(pair) == "cdg/1"
    assert chosen(pair, Want("rooms", instance="ewr/1")) == "PR03"
    assert chosen(pair, Want("rooms", prefer_instance="ewr/1")) == "cdg/1"
    assert chosen(pair, Want("rooms", ("ewr",), True)) == "PR03"


@pytest.mark.parametrize(
    ("loads", "at_least", "stopped"),
    [
        ((0,), 0, "ewr/1"),
        ((1,), 0, ""),
        ((0,), 1, ""),
        ((0, 0), 0, "ewr/1"),
        ((0, 0), 1, "ewr/1"),
        ((0, 0), 2, ""),
        ((1, 1), 0, "ewr/1"),
        ((2, 0), 0, ""),
        ((2, 1), 0, ""),
        ((2, 2, 1, 0), 0, "ewr/4"),
        ((2, 2, 2, 0), 0, ""),
        ((), 0, ""),
    ],
)
def test_who_is_not_needed(loads: tuple[int, ...], at_least: int, stopped: str) -> None:
    """[EM30] [EM31] machines - (over the soft limit + 1), one of them a pass, the least loaded; a lone one only when nobody is there."""
    running = [one(f"ewr/{number}", load=load) for number, load in enumerate(loads, 1)]
    found = excess(running, at_least)
    assert (found.machine if found else "") == stopped


class Shallow:
    """A fleet of two regions with a Machine each; while one is told goodbye somebody comes to the other."""

    def __init__(self) -> None:
        self.primary, self.troubles, self.said = "ewr", Troubles(), [""]
        plan = Plan("cdg", ("x",), {}, "", concurrency=Concurrency(2, 3, autostop="stop"))
        self.machines = {name: Machine(replace(plan, region=name), "ewr", self.said.append) for name in ("cdg", "nrt")}
        self.cables = self
        self.load = 0
        for one in self.machines.values():
            one.record.note("started", "start", "flyd")

    def candidates(self) -> list[Candidate]:
        return [replace(one.candidate(self.load if one.plan.region == "nrt" else 0, 0), state="up") for one in self.machines.values()]

    def say(self, text: str) -> None:
        self.said.append(text)

    async def farewell(self, machine: str) -> int:
        self.load = 1
        return 0


async def test_whoever_comes_meanwhile_keeps_a_machine() -> None:
    """[EM31] A Machine to which somebody came while another region's was put to sleep is not stopped under them."""
    fleet = Shallow()
    assert await Autostop(fleet, 60.0).look() == ["cdg"]  # type: ignore[arg-type]
    assert {name: one.state for name, one in fleet.machines.items()} == {"cdg": "stopped", "nrt": "started"}


def frame(size: int, masked: bool = False) -> bytes:
    if size < 126:
        head = bytes([0x82, size | 0x80 * masked])
    else:
        head = bytes([0x82, 126]) + size.to_bytes(2, "big") if size <= 0xFFFF else bytes([0x82, 127]) + size.to_bytes(8, "big")
    return head + b"mask" * masked + b"\x00" * size


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 70_000])
@pytest.mark.parametrize("step", [1, 2, 7, 100_000])
def test_the_seam_between_frames(size: int, step: int) -> None:
    """[EM32] Wherever the bytes are cut, the end of each frame is found, and nothing else is."""
    if step == 1 and size > 1000:
        size = 300
    data, seam = frame(size) + frame(3, masked=True), Seam()
    ends = {len(frame(size)), len(data)}
    assert seam.is_open
    for at in range(0, len(data), step):
        seam.feed(data[at : at + step])
        assert seam.is_open == (min(at + step, len(data)) in ends)
    assert b"\x88\x02" + (1001).to_bytes(2, "big") == GOING_AWAY
