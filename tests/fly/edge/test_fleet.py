"""Several Machines in one region: how they are called, steered, asked after their health, and how they share the load."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fly.edge import control, health
from fly.edge.machine import Machine, machine_id
from tests.fly.edge.fleet import Fleet, until


@pytest.fixture
async def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fleet]:
    monkeypatch.setattr(health, "EVERY_S", 0.2)
    monkeypatch.setattr(health, "LIMIT_S", 0.5)
    made, answers = Fleet(tmp_path), health.answers

    async def counted(port: int, limit_s: float) -> bool:
        healthy = await answers(port, limit_s)
        made.checked[port] += 1
        return healthy

    monkeypatch.setattr(health, "answers", counted)
    await made.emulator.start()
    yield made
    await made.emulator.stop()


async def test_the_machines_of_a_region_share_what_is_open(fleet: Fleet) -> None:
    """[ED48] Sockets go to the Machine of the region that has fewer open; one that frees gets the next; another region gets none."""
    sockets = [await fleet.socket() for _ in range(6)]
    assert Counter(name for name, _, _ in sockets) == {"ewr/1": 3, "ewr/2": 3}
    for name, _, writer in sockets:
        if name == "ewr/2":
            writer.close()
    await until(lambda: fleet.load("ewr/2") == 0, "the closed sockets are not counted any more")
    again = [await fleet.socket() for _ in range(3)]
    assert [name for name, _, _ in again] == ["ewr/2"] * 3
    for _, _, writer in sockets + again:
        writer.close()


async def test_requests_one_after_the_other_take_turns(fleet: Fleet) -> None:
    """[ED48] With nothing open the Machines of a region take turns."""
    assert Counter([await fleet.who() for _ in range(6)]) == {"ewr/1": 3, "ewr/2": 3}


async def test_sockets_that_come_at_once_are_spread_too(fleet: Fleet) -> None:
    """[ED48] Twenty sockets in the same moment do not all take the Machine that was free at their beginning."""
    sockets = await asyncio.gather(*(fleet.socket() for _ in range(20)))
    assert Counter(name for name, _, _ in sockets) == {"ewr/1": 10, "ewr/2": 10}
    for _, _, writer in sockets:
        writer.close()


async def test_a_frozen_machine_gets_no_traffic_until_it_is_thawed(fleet: Fleet) -> None:
    """[ED45] [ED47] freeze: no answer, so it fails and is passed over, also by name; thaw: it goes on. Each change is said once."""
    pid = fleet.machine("ewr/1").pid
    await fleet.order("freeze", "ewr/1")
    await until(lambda: fleet.states()["ewr/1"] == "failing", "the frozen Machine fails its check")
    await fleet.checked_again("ewr/1")
    assert Counter([await fleet.who() for _ in range(4)]) == {"ewr/2": 4}
    assert await fleet.who(f"fly-force-instance-id: {fleet.machine('ewr/1').id}\r\n") == "PR03"
    await fleet.order("thaw", "ewr/1")
    await until(lambda: fleet.states()["ewr/1"] == "up", "the thawed Machine is well again")
    assert Counter([await fleet.who() for _ in range(4)]) == {"ewr/1": 2, "ewr/2": 2}
    assert fleet.machine("ewr/1").pid == pid
    await fleet.checked_again("ewr/1")
    assert [line.split(" machine ")[0] for line in fleet.said] == ["ewr/1", "ewr/1"]
    assert "failing" in fleet.said[0]
    assert "again" in fleet.said[1]


async def test_what_was_sent_to_a_frozen_machine_arrives_when_it_thaws(fleet: Fleet) -> None:
    """[ED45] A socket to a frozen Machine stays open and silent; what went in comes out after the thaw."""
    name, reader, writer = await fleet.socket()
    await fleet.order("freeze", name)
    writer.write(b"hello")
    await until(lambda: fleet.states()[name] == "failing", "the frozen Machine fails its check")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    await fleet.order("thaw", name)
    assert await asyncio.wait_for(reader.readexactly(5), 30) == b"hello"
    writer.close()


@pytest.mark.parametrize("verb", ["stop", "restart", "kill"])
@pytest.mark.parametrize("how", ["by order", "from outside"])
async def test_a_frozen_machine_ends_all_the_same(fleet: Fleet, verb: str, how: str) -> None:
    """[ED45] A frozen Machine that is stopped, restarted or killed is not waited for, however it was frozen."""
    before = fleet.machine("ewr/1").pid
    assert before is not None
    if how == "by order":
        await fleet.order("freeze", "ewr/1")
    else:
        os.kill(before, signal.SIGSTOP)
    await asyncio.wait_for(fleet.order(verb, "ewr/1"), 10)
    wanted = "stopped" if verb == "stop" else "up"
    await until(lambda: fleet.machine("ewr/1").pid != before and fleet.states()["ewr/1"] == wanted, f"it is {wanted}")
    assert not any("did not stop" in line for line in fleet.said)


async def test_a_machine_without_a_process_cannot_be_frozen(fleet: Fleet) -> None:
    """[ED45] freeze and thaw of a stopped Machine are refused in one line."""
    await fleet.order("stop", "cdg")
    for verb in ("freeze", "thaw"):
        answer = await control.obey(fleet.emulator, verb, "cdg")
        assert "cdg/1" in answer["error"]
        assert "stopped" in answer["error"]


async def test_a_machine_that_answers_503_gets_no_traffic(fleet: Fleet) -> None:
    """[ED47] What drains answers 503 to its check and is passed over, for another region when it has to be; then it is back."""
    sick = [fleet.folder / "sick-ewr-1", fleet.folder / "sick-ewr-2"]
    for file in sick:
        file.touch()
    await until(lambda: fleet.states() == {"ewr/1": "failing", "ewr/2": "failing", "cdg/1": "up"}, "both fail")
    assert await fleet.who() == "cdg/1"
    assert await fleet.who("fly-force-region: ewr\r\n") == "PR03"
    sick[1].unlink()
    await until(lambda: fleet.states()["ewr/2"] == "up", "one is well again")
    assert [await fleet.who() for _ in range(2)] == ["ewr/2", "ewr/2"]


async def test_a_machine_that_refuses_is_not_insisted_on(fleet: Fleet) -> None:
    """[ED48] Before its check fails, or its end is noticed: who refuses the connection is passed over for the other, though it is free."""
    name, _, writer = await fleet.socket()
    free = fleet.machine("ewr/2" if name == "ewr/1" else "ewr/1")
    free.port, port = 1, free.port
    assert await fleet.who() == name
    free.port = port
    writer.close()


async def test_a_region_is_restarted_one_machine_after_the_other(fleet: Fleet) -> None:
    """[ED44] restart of a region: never is more than one of its Machines away, and all are new at the end."""
    before = {name: one.pid for name, one in fleet.emulator.machines.items()}
    rolling = asyncio.ensure_future(fleet.order("restart", "ewr"))
    seen = set()
    while not rolling.done():
        seen.add((fleet.states()["ewr/1"], fleet.states()["ewr/2"]))
        await asyncio.sleep(0.001)
    await rolling
    assert all("up" in pair for pair in seen)
    assert {pair.index("up") for pair in seen if pair != ("up", "up")} == {0, 1}
    after = {name: one.pid for name, one in fleet.emulator.machines.items()}
    assert [name for name in after if after[name] == before[name]] == ["cdg/1"]


async def test_two_restarts_at_once_are_one_after_the_other(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """[ED41] Orders to one Machine that take time wait for each other, or they would leave two processes."""
    restart, under_way = Machine.restart, []

    async def watched(machine: Machine) -> None:
        assert not under_way
        under_way.append(machine)
        await restart(machine)
        under_way.remove(machine)

    monkeypatch.setattr(Machine, "restart", watched)
    await asyncio.gather(fleet.order("restart", "cdg"), fleet.order("restart", "cdg"))
    assert fleet.states()["cdg/1"] == "up"


async def test_a_machine_is_named_in_many_ways(fleet: Fleet) -> None:
    """[ED44] By name, by region, by id or the beginning of one; what fits nobody or several is one line that says who there is."""
    machines = list(fleet.emulator.machines.values())

    def found(target: str) -> list[str]:
        return [one.plan.name for one in control.find(target, machines)]

    one = machines[1]
    assert found("ewr/2") == found(one.id) == found(one.id[:4]) == found("EWR/2") == ["ewr/2"]
    assert found("ewr") == ["ewr/1", "ewr/2"]
    for unknown in ("atlantis", "ewr/3", one.id[:3], "", one.id + "0"):
        with pytest.raises(control.Unknown, match="ewr/1, ewr/2, cdg/1") as error:
            found(unknown)
        assert "\n" not in str(error.value)
    machines[0].id, machines[2].id = "abcd1", "abcd2"
    with pytest.raises(control.Unknown, match=r"abcd1 \(ewr/1\), abcd2 \(cdg/1\)"):
        found("abcd")


def test_ids_are_stable() -> None:
    """[ED43] The id comes from app, region and number; the first Machine of a region has the id of a lone one."""
    assert machine_id("rooms", "cdg") == machine_id("rooms", "cdg", 1) == "359558ca930f59"
    assert len({machine_id("rooms", region, number) for region in ("cdg", "ewr") for number in range(1, 10)}) == 18


async def test_the_status_has_what_there_is_to_know(fleet: Fleet) -> None:
    """[ED41] [ED43] Every Machine by its name, with id, region, state, port and process of its own."""
    machines = control.status(fleet.emulator)["machines"]
    assert list(machines) == ["ewr/1", "ewr/2", "cdg/1"]
    assert [one["region"] for one in machines.values()] == ["ewr", "ewr", "cdg"]
    assert {one["state"] for one in machines.values()} == {"up"}
    for word in ("id", "port", "pid"):
        assert len({one[word] for one in machines.values()}) == 3
