"""The answers of the emulated API against the API's own OpenAPI document: facts of it in tables, names, types and statuses only.

Source: superfly/docs at 1e411826, machines-api/openapi.json (OpenAPI 3.0.1), its schemas Machine, MachineEvent, CheckStatus,
ImageRef, Lease, App, CreateAppResponse, ListAppsResponse, main.regionRow, ErrorResponse, fly.MachineConfig, and what they hold.
"""

from __future__ import annotations

from typing import Any

import pytest

from fly.edge.api.routes import _ROUTES
from tests.fly.edge.api.run import CONFIG, Run
from tests.fly.machines.test_document import CODES, LEASE_FIELDS, MACHINE_FIELDS, PATHS

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVENT = {"id": str, "request": dict, "source": str, "status": str, "timestamp": int, "type": str}
CHECK = {"name": str, "output": str, "status": str, "updated_at": str}
IMAGE = {"digest": str, "labels": dict, "registry": str, "repository": str, "tag": str}
APP = {
    "id": str,
    "internal_numeric_id": int,
    "machine_count": int,
    "name": str,
    "network": str,
    "network_cidr": str,
    "organization": dict,
    "status": str,
    "volume_count": int,
}
ORGANIZATION = {"internal_numeric_id": int, "name": str, "slug": str}
REGION = {
    "code": str,
    "deprecated": bool,
    "gateway_available": bool,
    "geo_region": str,
    "latitude": float,
    "longitude": float,
    "mpg_available": bool,
    "name": str,
    "requires_paid_plan": bool,
    # Not in the document; superfly/fly-go reads it.
    "capacity": int,
}
ERROR = {"details": dict, "error": str, "status": str}
CONFIG_FIELDS = {
    "auto_destroy": bool,
    "checks": dict,
    "env": dict,
    "guest": dict,
    "image": str,
    "init": dict,
    "metadata": dict,
    "mounts": list,
    "restart": dict,
    "schedule": str,
    "services": list,
    "size": str,
    "stop_config": dict,
}
SERVICE = {
    "autostart": bool,
    # The document says text, and that answers have booleans for off and stop.
    "autostop": (str, bool),
    "checks": list,
    "concurrency": dict,
    "internal_port": int,
    "min_machines_running": int,
    "ports": list,
    "protocol": str,
}
CONCURRENCY = {"hard_limit": int, "soft_limit": int, "type": str}
PORT = {"end_port": int, "force_https": bool, "handlers": list, "http_options": dict, "port": int, "start_port": int}
STOP = {"signal": str, "timeout": str}
RESTART = {"max_retries": int, "policy": str}
HOST_STATUS = {"ok", "unknown", "unreachable"}


def fits(data: Any, fields: dict[str, Any]) -> Any:
    """An object that has nothing but these fields, each with its type."""
    assert isinstance(data, dict)
    assert set(data) <= set(fields), set(data) - set(fields)
    wrong = {name: value for name, value in data.items() if not isinstance(value, fields[name])}
    assert not wrong
    return data


def fits_machine(machine: Any) -> None:
    fits(machine, MACHINE_FIELDS)
    assert machine["host_status"] in HOST_STATUS
    assert machine["instance_id"] == machine["version"]
    assert (len(machine["id"]), len(machine["instance_id"])) == (14, 26)
    fits(machine["image_ref"], IMAGE)
    for event in machine["events"]:
        fits(event, EVENT)
    for check in machine["checks"]:
        fits(check, CHECK)
    config = fits(machine["config"], CONFIG_FIELDS)
    for service in config.get("services", ()):
        fits(service, SERVICE)
        fits(service.get("concurrency", {}), CONCURRENCY)
        for port in service.get("ports", ()):
            fits(port, PORT)
    fits(config.get("stop_config", {}), STOP)
    fits(config.get("restart", {}), RESTART)


async def test_machines(run: Run) -> None:
    """[EM10] A Machine that runs, one that sleeps, one that is new: every field is one of the document's, with its type."""
    made = await run.make("ams", lease_ttl=30)
    for machine in (*await run.ask("GET", "/machines"), made, await run.ask("GET", f"/machines/{run.machine('ewr').id}")):
        fits_machine(machine)
    assert isinstance(made["nonce"], str)


async def test_leases_apps_and_regions(run: Run) -> None:
    """[EM10] Leases, apps and regions as the document has them; a lease lies under `data`, where Fly's own client reads it."""
    lease = await run.ask("POST", f"/machines/{run.machine('nrt').id}/lease", {"ttl": 1}, 201)
    fits(lease["data"], LEASE_FIELDS)
    apps = (await run.api.get("/apps?org_slug=personal")).json()
    for app in apps["apps"]:
        fits(fits(app, APP)["organization"], ORGANIZATION)
    assert apps["total_apps"] == len(apps["apps"])
    # Fly's own client reads capital letters, the document has small ones.
    regions = {name.lower(): value for name, value in (await run.api.get("/platform/regions")).json().items()}
    assert set(regions) == {"nearest", "regions"}
    for region in regions["regions"]:
        fits(region, REGION)


async def test_errors(run: Run) -> None:
    """[EM10] Every error is the document's: a text, and a code that is one of four."""
    await run.order("capacity", "gru", most=0)
    asked = [("GET", "/machines/none", None), ("POST", "/machines", {}), ("POST", "/machines", {"region": "gru", "config": CONFIG})]
    for method, path, body in asked:
        answer = await run.api.request(method, f"/apps/rooms{path}", json=body)
        assert answer.status_code >= 400
        error = fits(answer.json(), ERROR)
        assert error["error"]
        assert error.get("status", "unknown") in CODES


async def test_paths(run: Run) -> None:
    """[EM10] Every path that the client uses, and that the document has, is one of the emulator's."""
    ours = {
        (method, path.replace("(?P<app>[^/]+)", "").replace("(?P<machine>[^/]+)", "{id}").replace("(?P<key>[^/]+)", "{key}"))
        for method, path, _ in _ROUTES
    }
    assert {(method, f"/v1/apps//machines{tail}") for method, tail, _, _ in PATHS.values()} <= ours
