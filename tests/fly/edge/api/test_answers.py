"""What the Machines API tells and keeps beside the states: lists, metadata, leases, waits, apps, regions, and who may ask."""

from __future__ import annotations

import pytest

from fly.edge.api.server import MAX_BODY
from tests.fly.edge.api.run import CONFIG, Run

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_lists_are_filtered(run: Run) -> None:
    """[EM13] By region and by metadata, all of it; the Machines of `flyedge` have flyctl's metadata."""
    ewr, nrt = run.machine("ewr"), run.machine("nrt")
    assert [one["id"] for one in await run.ask("GET", "/machines?region=nrt")] == [nrt.id]
    named = await run.ask("GET", "/machines?metadata.fly_platform_version=v2&region=ewr")
    assert [(one["id"], one["state"]) for one in named] == [(ewr.id, "started")]
    assert await run.ask("GET", "/machines?metadata.fly_platform_version=v2&metadata.fly_process_group=other") == []


async def test_metadata(run: Run) -> None:
    """[EM16] Set, read, deleted, without a new version; it is in the config, and lists find it."""
    machine = run.machine("ewr")
    path, version = f"/machines/{machine.id}/metadata", machine.version
    await run.ask("POST", f"{path}/role", {"value": "lobby"}, 204)
    assert (await run.ask("GET", path))["role"] == "lobby"
    assert [one["id"] for one in await run.ask("GET", "/machines?metadata.role=lobby")] == [machine.id]
    await run.ask("POST", f"{path}/role", {"value": 7}, 422)
    await run.ask("DELETE", f"{path}/role", status=204)
    assert "role" not in (await run.ask("GET", f"/machines/{machine.id}"))["config"]["metadata"]
    assert machine.version == version


async def test_leases(run: Run) -> None:
    """[EM15] Whoever has the lease is the only one that may change the Machine; the nonce extends it, ends it, and nobody else's does."""
    path = f"/machines/{run.machine('ewr').id}"
    await run.ask("GET", f"{path}/lease", status=404)
    held = await run.ask("POST", f"{path}/lease", {"ttl": 60, "description": "a test"}, 201)
    nonce = held["data"]["nonce"]
    assert (held["status"], held["data"]["description"]) == ("success", "a test")
    for method, tail in (("POST", "/lease"), ("POST", "/cordon"), ("POST", "/stop"), ("DELETE", "")):
        assert "lease currently held" in (await run.ask(method, path + tail, status=409))["error"]
    await run.ask("POST", f"{path}/stop", status=409, fly_machine_lease_nonce="other")
    again = await run.ask("POST", f"{path}/lease?ttl=120", status=201, fly_machine_lease_nonce=nonce)
    assert again["data"]["nonce"] == nonce
    assert again["data"]["expires_at"] > held["data"]["expires_at"]
    await run.ask("POST", f"{path}/cordon", fly_machine_lease_nonce=nonce)
    await run.ask("POST", f"{path}/uncordon", fly_machine_lease_nonce=nonce)
    await run.ask("DELETE", f"{path}/lease", status=400)
    await run.ask("DELETE", f"{path}/lease", status=409, fly_machine_lease_nonce="other")
    assert (await run.ask("DELETE", f"{path}/lease", fly_machine_lease_nonce=nonce))["data"] == {"ok": True}
    await run.ask("GET", f"{path}/lease", status=404)
    assert "nonce" in await run.make("arn", lease_ttl=30, skip_launch=True)


async def test_waits(run: Run) -> None:
    """[EM14] 200 when it is there, 408 with both states when not in time, 400 for what cannot be waited for; stopped wants its version."""
    path = f"/machines/{run.machine('ewr').id}/wait"
    assert await run.ask("GET", f"{path}?timeout=1") == {"ok": True}
    assert await run.ask("GET", f"{path}?state=settled") == {"ok": True}
    assert await run.ask("GET", f"{path}?state=suspended&state=started&timeout=1") == {"ok": True}
    late = await run.ask("GET", f"{path}?state=suspended&timeout=1", status=408)
    assert "desired state, suspended, currently started" in late["error"]
    for query in ("state=happy", "state=stopped", "timeout=61", "timeout=soon", "timeout=nan"):
        await run.ask("GET", f"{path}?{query}", status=400)


async def test_apps_and_regions(run: Run) -> None:
    """[EM18] Apps are listed, made once, and have a network; the platform's regions are there, those that are deprecated too."""
    answer = await run.api.post("/apps", json={"app_name": "gameservers", "org_slug": "personal", "network": "private"})
    assert (answer.status_code, answer.json()["id"]) == (201, "gameservers")
    taken = await run.api.post("/apps", json={"name": "gameservers", "org_slug": "personal"})
    assert (taken.status_code, taken.json()["status"]) == (422, "name_taken")
    assert (await run.api.post("/apps", json={"app_name": "no good", "org_slug": "personal"})).status_code == 422
    told = (await run.api.get("/apps/gameservers")).json()
    assert (told["network"], told["organization"]["slug"], told["machine_count"]) == ("private", "personal", 0)
    made = (await run.api.post("/apps/gameservers/machines", json={"region": "ewr", "config": CONFIG, "skip_launch": True})).json()
    # A Machine of another app in a region that has one hides nobody.
    assert (run.machine("ewr").plan.app, run.by_id(made["id"]).plan.name) == ("rooms", "gameservers/ewr/1")
    assert {app["name"] for app in (await run.api.get("/apps?org_slug=personal")).json()["apps"]} == {"rooms", "gameservers"}
    assert (await run.api.get("/apps")).status_code == 400
    regions = {one["code"]: one for one in (await run.api.get("/platform/regions")).json()["Regions"]}
    assert (regions["ams"]["deprecated"], regions["mad"]["deprecated"]) == (False, True)


async def test_who_may_ask(run: Run) -> None:
    """[EM11] Without a token, or with a wrong one, 401; another app's is 403; what is not there is 404; no answer repeats a token; a body
    has a megabyte at most."""
    path = f"{run.emulator.api.url}/v1/apps/rooms/machines"
    run.emulator.api.tokens["deploy-token-of-others"] = "gameservers"
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer wrong-token"}, 401),
        ({"authorization": f"Basic {run.emulator.api.token}"}, 401),
        ({"authorization": "Bearer deploy-token-of-others"}, 403),
    ):
        answer = await run.stranger.get(path, headers=headers)
        assert (answer.status_code, "token-" in answer.text, run.emulator.api.token in answer.text) == (status, False, False)
        assert answer.headers["fly-request-id"]
    for path in ("/apps/atlantis/machines", "/apps/rooms/machines/148e21d7f74298", "/nothing", "/apps/rooms/machines/1/exec"):
        assert (await run.api.get(path)).status_code == 404
    assert (await run.api.post("/apps/rooms/machines", content=b"{")).status_code == 400
    assert (await run.api.post("/apps/rooms/machines", content=b" " * (MAX_BODY + 1))).status_code == 413
