"""The Machines API on real processes: every order, every state, what it answers and refuses (contract tests)."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.fly.edge.api.run import CONFIG, Run, stands_still

pytestmark = pytest.mark.asyncio(loop_scope="module")


def events(machine: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event["type"], event["status"]) for event in machine["events"]]


async def test_the_life_of_a_machine(run: Run) -> None:
    """[EM1] [EM2] [EM8] [EM9] Created, started, stopped, started again, destroyed: states, events newest first, one process at a time."""
    made = await run.make("ams", name="life", metadata={}, config={**CONFIG, "metadata": {"role": "test"}})
    assert (made["state"], made["region"], made["name"], made["config"]["metadata"]) == ("created", "ams", "life", {"role": "test"})
    path = f"/machines/{made['id']}"
    await run.ask("GET", f"{path}/wait?state=started")
    assert run.by_id(made["id"]).pid
    stopped = await run.ask("POST", f"{path}/stop")
    assert stopped == {"ok": True}
    await run.ask("GET", f"{path}/wait?state=stopped&instance_id={made['instance_id']}")
    assert run.by_id(made["id"]).pid is None
    assert await run.ask("POST", f"{path}/stop") == {"ok": True}
    started = await run.ask("POST", f"{path}/start")
    assert started == {"previous_state": "stopped", "migrated": False, "new_host": ""}
    await run.reaches(made["id"], "started")
    assert "failed_precondition" in (await run.ask("POST", f"{path}/start", status=412))["error"]
    assert "not currently stopped" in (await run.ask("DELETE", path, status=412))["error"]
    assert await run.ask("DELETE", f"{path}?force=true") == {"ok": True}
    await run.ask("GET", f"{path}/wait?state=destroyed")
    told = await run.ask("GET", path)
    newest_first = [("exit", "destroyed"), ("destroy", "destroying"), ("start", "started"), ("start", "starting"), ("exit", "stopped")]
    assert (told["state"], events(told)[:5]) == ("destroyed", newest_first)
    assert events(told)[-1] == ("launch", "created")
    assert [event["timestamp"] for event in told["events"]] == sorted((event["timestamp"] for event in told["events"]), reverse=True)


async def test_a_destroyed_machine_is_listed_only_when_asked_for(run: Run) -> None:
    """[EM7] [EM13] A destroyed Machine is in no list, but with include_deleted; destroying it again is no error; nothing else finds it."""
    id = await run.made("ams")
    await run.ask("POST", f"/machines/{id}/suspend")
    await run.reaches(id, "suspended")
    assert await run.ask("DELETE", f"/machines/{id}") == {"ok": True}
    await run.reaches(id, "destroyed")
    assert id not in [one["id"] for one in await run.ask("GET", "/machines")]
    assert id in [one["id"] for one in await run.ask("GET", "/machines?include_deleted=true")]
    await run.ask("DELETE", f"/machines/{id}")
    assert "not found" in (await run.ask("POST", f"/machines/{id}/start", status=404))["error"]


async def test_a_machine_that_is_not_launched(run: Run) -> None:
    """[EM9] skip_launch: it stays `created` and is woken by nobody, until it is started."""
    made = await run.make("arn", skip_launch=True)
    status, headers, _ = await run.get(fly_force_region="arn")
    assert (status, headers["fly-edge-error"], await run.state(made["id"])) == (503, "PR03", "created")
    await run.ask("POST", f"/machines/{made['id']}/start")
    await run.reaches(made["id"], "started")


async def test_what_cannot_be_created(run: Run) -> None:
    """[EM9] [EM11] Unknown and deprecated regions, a name that is taken, a config without an image: refused, and nothing is made."""
    before = len(run.emulator.machines)
    for region in ("atlantis", "mad"):
        assert region in (await run.make(region, 422))["error"]
    assert "image" in (await run.make("ams", 422, {"env": {}}))["error"]
    taken = run.machine("ewr").record.name
    assert "unique machine name violation" in (await run.make("ams", 409, name=taken))["error"]
    assert "name" in (await run.make("ams", 422, name="no good name"))["error"]
    assert len(run.emulator.machines) == before


async def test_a_created_machine_is_like_those_of_its_region(run: Run) -> None:
    """[EM9] [EM19] A created Machine has the environment of its region, what its config adds, and log and number of its own."""
    id = await run.made("lhr", config={**CONFIG, "env": {"OWN": "yes"}})
    second = await run.made("lhr")
    said = {
        name: (await run.get(f"/environ/{name}", fly_force_instance_id=id))[2].decode() for name in ("FLY_REGION", "FLY_MACHINE_ID", "OWN")
    }
    assert said == {"FLY_REGION": "lhr", "FLY_MACHINE_ID": id, "OWN": "yes"}
    assert (run.by_id(id).plan.name, run.by_id(second).plan.name) == ("lhr", "lhr/2")
    assert {run.by_id(one).plan.log for one in (id, second)} == {str(run.folder / "lhr-1.log"), str(run.folder / "lhr-2.log")}


async def test_machines_know_where_the_api_is(run: Run) -> None:
    """[EM19] Every Machine is given the API's address and the token of this run; one that may not use it is given neither."""
    api = run.emulator.api
    assert (await run.get("/environ/MACHINES_API_URL"))[2].decode() == api.url
    assert (await run.get("/environ/MACHINES_API_TOKEN"))[2].decode() == api.token
    machine = run.machine("nrt")
    machine.environ, kept = {}, machine.environ
    try:
        await run.order("restart", "nrt")
        told = [(await run.get(f"/environ/MACHINES_API_{name}", fly_force_region="nrt"))[2] for name in ("URL", "TOKEN")]
        assert told == [b"", b""]
    finally:
        machine.environ = kept
        await run.order("stop", "nrt")


async def test_exit_codes_and_restart_policies(run: Run) -> None:
    """[EM3] [EM8] Exit 0 stays stopped and says so in an event; another code, or a kill, is started again; `always` is for both."""
    id = await run.made("fra")
    await run.exit(id, 0)
    await run.reaches(id, "stopped")
    event = (await run.ask("GET", f"/machines/{id}"))["events"][0]
    assert (event["request"]["exit_event"]["exit_code"], event["request"]["exit_event"]["requested_stop"]) == (0, False)
    await run.ask("POST", f"/machines/{id}/start")
    await run.until(lambda: run.by_id(id).view == "up", "it is up")
    pid = run.by_id(id).pid
    await run.ask("POST", f"/machines/{id}/signal", {"signal": 9})
    await run.until(lambda: run.by_id(id).view == "up" and run.by_id(id).pid != pid, "it is up again")
    killed = next(one for one in run.by_id(id).record.events if one.request)
    assert killed.request is not None
    assert (killed.status, killed.request["exit_event"]["signal"]) == ("starting", 9)


async def test_a_machine_that_always_runs(run: Run) -> None:
    """[EM3] restart policy `always`: also after exit code 0; policy `no`: not even after a crash."""
    always = await run.made("sin", config={**CONFIG, "restart": {"policy": "always"}})
    never = await run.made("sin", config={**CONFIG, "restart": {"policy": "no"}})
    pid = run.by_id(always).pid
    for id, code in ((always, 0), (never, 3)):
        await run.exit(id, code)
    await run.until(lambda: run.by_id(always).view == "up" and run.by_id(always).pid != pid, "it is up again")
    await run.reaches(never, "stopped")


async def test_a_machine_that_destroys_itself(run: Run) -> None:
    """[EM7] auto_destroy: when its process ends it is destroyed."""
    id = await run.made("sin", config={**CONFIG, "auto_destroy": True})
    await run.exit(id, 0)
    await run.reaches(id, "destroyed")


async def test_a_machine_that_does_not_stop(run: Run) -> None:
    """[EM4] [ED45] stop with a signal that is not heard: killed after the time that the order gives; a frozen one is thawed for it."""
    id = await run.made("sin")
    await run.ask("POST", f"/machines/{id}/stop", {"signal": "SIGWINCH", "timeout": "100ms"})
    await run.reaches(id, "stopped")
    assert any("did not stop" in line for line in run.said)
    assert "signal" in (await run.ask("POST", f"/machines/{id}/stop", {"signal": "SIGNOTHING"}, 422))["error"]


async def test_suspend_and_resume(run: Run) -> None:
    """[EM5] A suspended Machine keeps its process and breaks its connections; a start resumes it; a stop throws it away."""
    id = await run.made("gru")
    pid = run.by_id(id).pid
    assert pid is not None
    name, reader, writer = await run.socket(fly_force_instance_id=id)
    assert name == id
    assert await run.ask("POST", f"/machines/{id}/suspend") == {"ok": True}
    await run.reaches(id, "suspended")
    with pytest.raises(ConnectionError):
        await reader.read()
    writer.close()
    assert stands_still(pid)
    assert await run.ask("POST", f"/machines/{id}/suspend") == {"ok": True}
    assert (await run.ask("POST", f"/machines/{id}/start"))["previous_state"] == "suspended"
    await run.until(lambda: run.by_id(id).view == "up", "it is up")
    assert run.by_id(id).pid == pid
    await run.ask("POST", f"/machines/{id}/suspend")
    await run.reaches(id, "suspended")
    await run.ask("POST", f"/machines/{id}/stop")
    await run.reaches(id, "stopped")
    exited = run.by_id(id).record.events[0].request
    assert exited is not None
    assert exited["exit_event"]["signal"] == signal.SIGKILL
    assert "current state: 'stopped'" in (await run.ask("POST", f"/machines/{id}/suspend", status=412))["error"]


async def test_restart_and_signals(run: Run) -> None:
    """[EM1] restart is another process of the same version; a signal reaches the process; neither is for a Machine that does not run."""
    id = await run.made("gru")
    pid = run.by_id(id).pid
    await run.ask("POST", f"/machines/{id}/restart?force_stop=true")
    await run.until(lambda: run.by_id(id).view == "up" and run.by_id(id).pid != pid, "it is another process")
    await run.ask("POST", f"/machines/{id}/signal", {"signal": "SIGSTOP"})
    await run.until(lambda: run.by_id(id).view == "failing", "it stands still")
    os.kill(run.by_id(id).pid or 0, signal.SIGCONT)
    await run.ask("POST", f"/machines/{id}/stop")
    await run.reaches(id, "stopped")
    for action in ("restart", "signal"):
        await run.ask("POST", f"/machines/{id}/{action}", {"signal": 9}, 412)


async def test_a_cordoned_machine_gets_nothing_new(run: Run) -> None:
    """[EM17] [EM23] cordon: what is open stays, nothing new comes, also not by id; uncordon: it does again."""
    id = await run.made("yyz")
    _, reader, writer = await run.socket(fly_force_instance_id=id)
    await run.ask("POST", f"/machines/{id}/cordon")
    assert (await run.ask("GET", f"/machines/{id}"))["cordoned"] is True
    assert (await run.get(fly_force_instance_id=id))[1]["fly-edge-error"] == "PR03"
    writer.write(b"echo")
    assert await reader.readexactly(4) == b"echo"
    await run.ask("POST", f"/machines/{id}/uncordon")
    assert (await run.get(fly_force_instance_id=id))[0] == 200
    writer.close()
