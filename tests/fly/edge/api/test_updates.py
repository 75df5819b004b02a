"""Updates through the Machines API on real processes: a new version of what runs, sleeps, or has no room."""

from __future__ import annotations

import pytest

from tests.fly.edge.api.run import CONFIG, Run

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_update_is_a_new_version(run: Run) -> None:
    """[EM6] An update needs the version it was made from, restarts what runs with the new config, and neither moves nor renames."""
    made = await run.make("gru")
    id, path = made["id"], f"/machines/{made['id']}"
    await run.reaches(id, "started")
    config = {**CONFIG, "env": {"OWN": "new"}}
    assert "version" in (await run.ask("POST", path, {"config": config, "current_version": "old"}, 409))["error"]
    assert "region" in (await run.ask("POST", path, {"config": config, "region": "ams"}, 422))["error"]
    told = await run.ask("POST", path, {"config": config, "current_version": made["instance_id"]})
    assert told["instance_id"] != made["instance_id"]
    assert told["state"] == "replacing"
    await run.until(lambda: run.by_id(id).view == "up", "it is up")
    assert (await run.get("/environ/OWN", fly_force_instance_id=id))[2] == b"new"
    assert (await run.get("/environ/FLY_MACHINE_VERSION", fly_force_instance_id=id))[2].decode() == told["instance_id"]
    gone = await run.ask("GET", f"{path}/wait?state=stopped&instance_id={made['instance_id']}", status=404)
    assert "replaced" in gone["error"]
    await run.ask("POST", f"{path}/stop")
    await run.reaches(id, "stopped")
    assert (await run.ask("POST", path, {"config": config, "skip_launch": True}))["state"] == "stopped"
    await run.ask("POST", f"{path}/start")
    await run.reaches(id, "started")
    await run.ask("POST", path, {"config": config, "skip_launch": True})
    await run.reaches(id, "stopped")


async def test_a_suspended_machine_is_updated(run: Run) -> None:
    """[EM6] [EM5] What was suspended is thrown away, the new version is another process; without room it is a 409 and sleeps on."""
    id = await run.made("lax")
    machine, pid = run.by_id(id), run.by_id(id).pid
    await run.ask("POST", f"/machines/{id}/suspend")
    await run.reaches(id, "suspended")
    await run.order("capacity", "lax", most=0)
    version = machine.version
    refused = await run.ask("POST", f"/machines/{id}", {"config": {**CONFIG, "env": {"OWN": "new"}}}, 409)
    assert "could not reserve resource for machine" in refused["error"]
    assert (machine.state, machine.version, "env" in machine.record.config) == ("suspended", version, False)
    await run.ask("POST", f"/machines/{id}/signal", {"signal": "SIGCONT"}, 412)
    await run.order("capacity", "lax", over=True)
    await run.ask("POST", f"/machines/{id}", {"config": {**CONFIG, "env": {"OWN": "new"}}})
    await run.until(lambda: machine.view == "up", "the new version is up")
    assert machine.pid not in (None, pid)
    assert (await run.get("/environ/OWN", fly_force_instance_id=id))[2] == b"new"
