"""Machines that sleep: woken by requests and replays, put to sleep by the proxy's loop, on real processes."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from fly.edge import carry
from tests.fly.edge.api.run import CONFIG, Run

pytestmark = pytest.mark.asyncio(loop_scope="module")
STOPS = {**CONFIG, "services": [{**CONFIG["services"][0], "autostop": True}]}


async def test_whoever_is_asleep_is_woken_by_the_first_request(run: Run) -> None:
    """[EM20] [EM24] Made asleep, it sleeps until somebody wants it; ten who come at once are one start, and all are answered by it."""
    nrt = run.machine("nrt")
    assert (nrt.state, nrt.pid) == ("stopped", None)
    answers = await asyncio.gather(*(run.get(vantage="nrt", fly_force_region="nrt") for _ in range(10)))
    assert Counter((status, body.decode()) for status, _, body in answers) == {(200, nrt.id): 10}
    starts = [event for event in nrt.record.events if event.type == "start" and event.source == "proxy"]
    assert len(starts) == 1
    assert len([line for line in run.said if line.startswith("nrt ") and "started for a request" in line]) == 1
    await run.order("stop", "nrt")


@pytest.mark.parametrize("how", ["stop", "suspend"])
async def test_a_named_machine_is_woken(run: Run, how: str) -> None:
    """[EM20] instance= wakes a Machine, stopped or suspended, while others run; a socket waits for it as a request does."""
    id = await run.made("lhr")
    await run.ask("POST", f"/machines/{id}/{how}")
    await run.reaches(id, "stopped" if how == "stop" else "suspended")
    found, _, writer = await run.socket(fly_force_instance_id=id)
    assert found == id
    writer.close()


async def test_the_second_machine_is_woken_when_the_first_is_busy(run: Run) -> None:
    """[EM20] [EM22] Two sockets make a Machine busy: the third wakes the other; when both are full the next waits, then is a 503."""
    first, second = await run.made("arn"), await run.made("arn")
    await run.ask("POST", f"/machines/{second}/stop")
    await run.reaches(second, "stopped")
    sockets = [await run.socket(fly_force_region="arn") for _ in range(6)]
    assert [id for id, _, _ in sockets] == [first, first, second, second, *(id for id, _, _ in sockets[4:])]
    assert {id for id, _, _ in sockets[4:]} == {first, second}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carry, "PATIENCE_S", 0.1)
        status, headers, _ = await run.get(fly_force_region="arn")
    assert (status, headers["fly-edge-error"]) == (503, "PR04")
    for _, _, writer in sockets:
        writer.close()


async def test_a_replay_wakes_whom_it_is_for(run: Run) -> None:
    """[EM20] [ED9] A replay wakes the Machine that it names; one that takes longer than the replay's timeout makes it fall back."""
    id = await run.made("iad")
    await run.ask("POST", f"/machines/{id}/stop")
    await run.reaches(id, "stopped")
    ewr = {"fly_prefer_region": "ewr"}
    assert (await run.get(f"/replay/instance={id}", **ewr))[2].decode() == id
    await run.ask("POST", f"/machines/{id}/stop")
    await run.reaches(id, "stopped")
    await run.order("boot", "iad", slow=3600)
    failed = (await run.get(f"/replay/instance={id};timeout=100ms;fallback=force_self", **ewr))[2].decode()
    assert f"replay_source={run.machine('ewr').id}" in failed
    assert "reason=timeout" in failed
    assert run.by_id(id).state == "starting"
    await run.order("boot", "iad", over=True)


async def test_who_cannot_be_woken(run: Run) -> None:
    """[EM21] Without autostart 503 and PR03; without room PM07; what boots too long is PM03, and is up for the next request; what does not
    stay awake is PM08, and is not tried for ever."""
    off = {**CONFIG, "services": [{**CONFIG["services"][0], "autostart": False}]}
    id = (await run.make("bom", config=off, skip_launch=True))["id"]
    run.by_id(id).record.note("stopped", "exit", "flyd")
    assert (await run.get(fly_force_instance_id=id))[1]["fly-edge-error"] == "PR03"
    await run.ask("POST", f"/machines/{id}", {"config": CONFIG, "skip_launch": True})
    await run.order("capacity", "bom", most=0)
    status, headers, body = await run.get(fly_force_instance_id=id)
    assert (status, headers["fly-edge-error"], b"insufficient resources" in body) == (503, "PM07", True)
    await run.order("capacity", "bom", over=True)
    await run.order("boot", "bom", slow=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carry, "WAKE_S", 0.05)
        assert (await run.get(fly_force_instance_id=id))[1]["fly-edge-error"] == "PM03"
    assert (await run.get(fly_force_instance_id=id))[0] == 200
    await run.order("boot", "bom", over=True)
    await run.ask("POST", f"/machines/{id}/stop")
    await run.reaches(id, "stopped")
    run.by_id(id).plan = replace(run.by_id(id).plan, command=("/bin/true",))
    status, headers, body = await run.get(fly_force_instance_id=id)
    assert (status, headers["fly-edge-error"], b"does not run" in body) == (503, "PM08", True)
    assert [event.source for event in run.by_id(id).record.events if event.status == "starting"].count("proxy") == 2


async def test_the_loop_puts_one_machine_to_sleep_in_a_pass(run: Run) -> None:
    """[EM30] [EM31] [EM34] In each region one Machine a pass; whose autostop is off never; the last one only without load."""
    pair = [await run.made("dfw", config=STOPS), await run.made("dfw", config=STOPS)]
    first, _, writer = await run.socket(fly_force_region="dfw")
    other = next(id for id in pair if id != first)
    passes = [[name for name in (await run.order("autostop"))["slept"] if name.startswith("dfw")] for _ in range(2)]
    assert passes == [[run.by_id(other).plan.name], []]
    writer.close()
    await run.until(lambda: not run.emulator.cables.load(first), "nobody is there")
    assert run.by_id(first).plan.name in (await run.order("autostop"))["slept"]
    for id in pair:
        await run.reaches(id, "stopped")
    assert run.machine("ewr").view == "up"


async def test_sockets_are_closed_with_1001_before_it(run: Run) -> None:
    """[EM32] The proxy says 1001 to every WebSocket of the Machine that it suspends, behind what the Machine has sent."""
    pair = [await run.made("syd"), await run.made("syd")]
    sockets = {id: (reader, writer) for id, reader, writer in [await run.socket(fly_force_region="syd") for _ in pair]}
    assert set(sockets) == set(pair)
    slept = (await run.order("autostop"))["slept"]
    id = next(id for id in pair if run.by_id(id).plan.name in slept)
    reader, writer = sockets[id]
    assert await reader.read() == b"\x88\x02\x03\xe9"
    await run.reaches(id, "suspended")
    for _, writer in sockets.values():
        writer.close()


async def test_a_request_that_comes_while_it_goes_to_sleep_wakes_it(run: Run) -> None:
    """[EM33] A request for a Machine that is just stopping waits for its end, wakes it, and is answered."""
    id = await run.made("fra")
    await run.ask("POST", f"/machines/{id}/stop", {"signal": "SIGWINCH", "timeout": "200ms"})
    assert await run.state(id) == "stopping"
    assert (await run.get(fly_force_instance_id=id))[0] == 200
    assert [event.source for event in run.by_id(id).record.events if event.type == "start"][1] == "proxy"
