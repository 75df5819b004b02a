"""Each documented failure once, on real processes: hosts, regions, capacity, boots that take long, the API's bad days."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from fly.edge import breakage, control
from tests.fly.edge.api.run import CONFIG, Run, stands_still

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_host_fails(run: Run) -> None:
    """[EM40] Connections break, the API says `unreachable` and refuses orders with 503, the proxy passes it over; force destroys it."""
    id = await run.made("ord")
    _, reader, _ = await run.socket(fly_force_instance_id=id)
    await run.order("host", id)
    with pytest.raises(ConnectionError):
        await reader.read()
    told = await run.ask("GET", f"/machines/{id}")
    assert (told["host_status"], "config" in told, told["incomplete_config"]["image"]) == ("unreachable", False, CONFIG["image"])
    for action in ("start", "stop", "suspend", "restart"):
        answer = await run.api.post(f"/apps/rooms/machines/{id}/{action}")
        assert answer.status_code in (412, 503)
    assert "unreachable" in (await run.ask("POST", f"/machines/{id}/stop", status=503))["error"]
    await run.until(lambda: run.by_id(id).view == "failing", "the proxy has noticed")
    assert (await run.get(fly_force_instance_id=id))[1]["fly-edge-error"] == "PR03"
    await run.ask("POST", f"/machines/{id}/cordon")
    await run.ask("DELETE", f"/machines/{id}?force=true")
    await run.reaches(id, "destroyed")


async def test_a_host_that_comes_back(run: Run) -> None:
    """[EM40] With its host a Machine is back as it was, with the same process; one that was suspended sleeps on."""
    id, sleeper = await run.made("iad"), await run.made("iad")
    await run.ask("POST", f"/machines/{sleeper}/suspend")
    await run.reaches(sleeper, "suspended")
    pid = run.by_id(id).pid
    for one in (id, sleeper):
        await run.order("host", one)
    assert (await run.get(fly_force_instance_id=sleeper))[1]["fly-edge-error"] == "PR03"
    for one in (id, sleeper):
        await run.order("host", one, over=True)
    await run.until(lambda: run.by_id(id).view == "up", "it is up again")
    assert (run.by_id(id).pid, await run.state(sleeper)) == (pid, "suspended")
    assert stands_still(run.by_id(sleeper).pid)


async def test_a_region_is_out(run: Run) -> None:
    """[EM41] All its Machines are unreachable, creates and starts fail, other regions serve; then everything is back."""
    id = await run.made("cdg")
    asleep = (await run.make("cdg", skip_launch=True))["id"]
    told = await run.order("outage", "cdg")
    assert (told["now"], told["troubles"]["cdg"]) == ("cdg: outage", ["outage"])
    assert {one["host_status"] for one in await run.ask("GET", "/machines?region=cdg")} == {"unreachable"}
    assert "no host in cdg" in (await run.make("cdg", 503))["error"]
    await run.ask("POST", f"/machines/{asleep}/start", status=503)
    await run.until(lambda: run.by_id(id).view == "failing", "the proxy has noticed")
    assert (await run.get(fly_prefer_region="cdg"))[0] == 200
    await run.order("outage", "cdg", over=True)
    assert (await run.order("status"))["troubles"] == {}
    await run.until(lambda: run.by_id(id).view == "up", "it is up again")
    await run.ask("POST", f"/machines/{asleep}/start")


async def test_a_region_is_full(run: Run) -> None:
    """[EM42] A create is a 503 with `insufficient_capacity`, a start a 412; a Machine that stops makes room, one that crashes does not."""
    id = await run.made("lax")
    asleep = (await run.make("lax", skip_launch=True))["id"]
    assert (await run.order("capacity", "lax"))["now"] == "lax: capacity 1"
    full = await run.make("lax", 503)
    assert (full["status"], "insufficient" in full["error"]) == ("insufficient_capacity", True)
    assert "insufficient resources" in (await run.ask("POST", f"/machines/{asleep}/start", status=412))["error"]
    assert await run.state(asleep) == "created"
    await run.ask("POST", f"/machines/{id}/stop")
    await run.reaches(id, "stopped")
    await run.ask("POST", f"/machines/{asleep}/start")
    assert "insufficient resources" in (await run.ask("POST", f"/machines/{id}/start", status=412))["error"]
    await run.order("capacity", "lax", over=True)


async def test_two_creates_for_one_place(run: Run) -> None:
    """[EM42] Several that come at once for the last place: one gets it, also while it is still `created`."""
    await run.order("capacity", "yyz", most=1)
    await run.order("stuck", "yyz", **{"for": 0.5})
    body = {"region": "yyz", "config": CONFIG}
    answers = await asyncio.gather(*(run.api.post("/apps/rooms/machines", json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 503, 503]
    for verb in ("capacity", "stuck"):
        await run.order(verb, "yyz", over=True)


async def test_a_machine_is_stuck_in_created(run: Run) -> None:
    """[EM43] A new Machine stays `created`, a start is refused in Fly's words; after that time it starts by itself."""
    await run.order("stuck", "sjc", **{"for": 0.5})
    id = (await run.make("sjc"))["id"]
    assert await run.state(id) == "created"
    assert "current state: 'created'" in (await run.ask("POST", f"/machines/{id}/start", status=412))["error"]
    await run.reaches(id, "started")
    await run.order("stuck", "sjc", over=True)


async def test_boots_take_long(run: Run) -> None:
    """[EM44] With slow boots a Machine is `starting` for so much longer; a stop in that time ends it at once."""
    await run.order("boot", "sjc", slow=3600)
    id = (await run.make("sjc"))["id"]
    await run.reaches(id, "starting")
    assert run.by_id(id).pid is None
    await run.ask("POST", f"/machines/{id}/stop")
    await run.reaches(id, "stopped")
    await run.order("boot", "sjc", over=True)


async def test_the_api_has_a_bad_day(run: Run) -> None:
    """[EM45] down: it hangs up without an answer; limited: 429 to everything; failing: 503; slow: done, and answered so much later."""
    path = f"/machines/{run.machine('ewr').id}"
    await run.order("api", "down")
    with pytest.raises(httpx.TransportError):
        await run.ask("GET", path)
    await run.order("api", "limited")
    assert "rate limit" in (await run.ask("GET", path, status=429))["error"]
    await run.order("api", "failing")
    assert "unavailable" in (await run.ask("POST", f"{path}/cordon", status=503))["error"]
    assert not run.machine("ewr").record.cordoned
    await run.order("api", "slow", slow=3600.0)
    asked = asyncio.ensure_future(run.ask("POST", f"{path}/metadata/slow", {"value": "done"}, 204))
    await run.until(lambda: "slow" in run.machine("ewr").record.config["metadata"], "it is done")
    assert not asked.done()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await run.order("api", "up")
    assert (await run.ask("GET", path))["state"] == "started"


async def test_the_rate_is_kept(run: Run) -> None:
    """[EM12] One a second and three at once for each action on each Machine; who asks more often gets 429, and nothing is done."""
    run.emulator.api.limits = True
    path = f"/apps/rooms/machines/{run.machine('ewr').id}"
    try:
        statuses = [(await run.api.post(f"{path}/cordon")).status_code for _ in range(5)]
        assert (await run.api.post(f"{path}/uncordon")).status_code == 200
        gets = [(await run.api.get(path)).status_code for _ in range(3)]
    finally:
        run.emulator.api.limits = False
    assert statuses[:3] == [200, 200, 200]
    assert 429 in statuses[3:]
    assert gets == [200, 200, 200]


@pytest.mark.parametrize(
    ("verb", "target", "values", "says"),
    [
        ("outage", "atlantis", {}, "atlantis"),
        ("capacity", "ewr", {"most": -1}, "--most"),
        ("boot", "ewr", {"slow": "long"}, "--slow"),
        ("stuck", "ewr", {"for": 1e9}, "--for"),
        ("api", "sideways", {}, "sideways"),
        ("api", "slow", {"slow": True}, "--slow"),
        ("host", "cdg/9", {}, "cdg/9"),
        ("explode", "ewr", {}, "explode"),
        ("suspend", "nrt", {}, "stopped"),
    ],
)
async def test_an_order_that_cannot_be(run: Run, verb: str, target: str, values: dict[str, object], says: str) -> None:
    """[EM46] What cannot be ordered is one line that says why, and changes nothing."""
    before = run.emulator.fleet.troubles.values()
    answer = await control.obey(run.emulator, verb, target, values)
    assert says in answer["error"]
    assert "\n" not in answer["error"]
    assert run.emulator.fleet.troubles.values() == before


async def test_every_verb_says_what_it_is_for() -> None:
    """[EM46] Each order is for Machines, a region, a vantage point, the API, or nothing in particular."""
    assert set(control.KINDS.values()) >= {"machine", "region", "edge", "api", "nothing"}
    assert set(breakage.VERBS) < set(control.VERBS)


async def test_a_program_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """[EM1] [EM3] A Machine whose process cannot even begin is `failed`; one that ends at once is tried as often as its config says."""
    machine = run.by_id((await run.make("sin", skip_launch=True, config={**CONFIG, "restart": {"max_retries": 1}}))["id"])
    good = machine.plan
    machine.plan = replace(good, command=(str(tmp_path / "nothing"),))
    await run.ask("POST", f"/machines/{machine.id}/start")
    await run.reaches(machine.id, "failed")
    machine.plan = replace(good, command=("/bin/false",))
    await run.ask("POST", f"/machines/{machine.id}/start")
    await run.reaches(machine.id, "stopped")
    assert [event.type for event in machine.record.events if event.status == "started"].count("start") == 2
