"""The client against the API's own OpenAPI document: facts of it in tables, names and types only.

Source: superfly/docs at 1e411826, machines-api/openapi.json (OpenAPI 3.0.1), its paths under /v1/apps/{app_name}/machines.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fly.machines import Lease, Machine
from fly.machines.model import read_lease, read_machine
from fly.machines.retries import ACTIONS
from tests.fly.machines.far import APP, ID, MACHINE, Far, reply
from tests.fly.machines.test_answers import CALLS

PATHS = {
    "list": ("GET", "", 200, {"include_deleted", "include_leases", "region", "state", "summary", "cursor", "limit", "metadata.{key}"}),
    "create": ("POST", "", 200, set()),
    "get": ("GET", "/{id}", 200, {"version", "include_leases"}),
    "destroy": ("DELETE", "/{id}", 200, {"force"}),
    "cordon": ("POST", "/{id}/cordon", 200, set()),
    "uncordon": ("POST", "/{id}/uncordon", 200, set()),
    "start": ("POST", "/{id}/start", 200, set()),
    "stop": ("POST", "/{id}/stop", 200, set()),
    "suspend": ("POST", "/{id}/suspend", 200, set()),
    "wait": ("GET", "/{id}/wait", 200, {"version", "instance_id", "from_event_id", "timeout", "state"}),
    "metadata": ("GET", "/{id}/metadata", 200, set()),
    "set_metadata": ("POST", "/{id}/metadata/{key}", 204, set()),
    "delete_metadata": ("DELETE", "/{id}/metadata/{key}", 204, set()),
    "lease": ("POST", "/{id}/lease", 201, set()),
    "release": ("DELETE", "/{id}/lease", 200, set()),
}
"""Method, path, status of success, and query parameters of each action."""

BODIES: dict[str, dict[str, type]] = {
    "create": {
        "config": dict,
        "lease_ttl": int,
        "min_secrets_version": int,
        "name": str,
        "region": str,
        "skip_launch": bool,
        "skip_secrets": bool,
        "skip_service_registration": bool,
    },
    "stop": {"signal": str, "timeout": str},
    "lease": {"description": str, "ttl": int},
    "set_metadata": {"updated_at": str, "value": str},
}
SIGNALS = {"SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM"}
STATES = {"started", "stopped", "suspended", "destroyed", "failed", "settled"}
"""What can be waited for."""
CODES = {"unknown", "insufficient_capacity", "volume_placement_capacity", "name_taken"}

MACHINE_FIELDS: dict[str, type] = {
    "checks": list,
    "config": dict,
    "cordoned": bool,
    "created_at": str,
    "events": list,
    "host_features": list,
    "host_status": str,
    "id": str,
    "image_ref": dict,
    "incomplete_config": dict,
    "instance_id": str,
    "lease": dict,
    "name": str,
    "nonce": str,
    "private_ip": str,
    "region": str,
    "state": str,
    "updated_at": str,
    "version": str,
}
LEASE_FIELDS: dict[str, type] = {"description": str, "expires_at": int, "nonce": str, "owner": str, "version": str}
SAMPLES: dict[type, Any] = {str: "text", int: 7, bool: True, dict: {"metadata": {"a": "b"}}, list: []}
FULL = {
    "list": lambda fly: fly.list(region="ewr", metadata={"role": "lobby"}),
    "create": lambda fly: fly.create("ewr-1", "ewr", {"image": "a"}, metadata={"a": "b"}, skip_launch=True),
    "stop": lambda fly: fly.stop(ID, timeout_s=29.5),
    "lease": lambda fly: fly.lease(ID, 30, "a deploy"),
    "destroy": lambda fly: fly.destroy(ID, force=True),
    "wait": lambda fly: fly.wait(ID, "stopped", instance_id="01J", timeout_s=5),
}
"""Calls with everything they can say."""


def test_every_action_is_in_the_document() -> None:
    """[MC21] The client has no action that the API's document does not know, and the document's table here has no other."""
    assert set(PATHS) == set(ACTIONS) == set(CALLS)


@pytest.mark.parametrize("action", PATHS)
async def test_requests(action: str) -> None:
    """[MC21] Every request has the method, path, query and body of the API's document, and its status of success is one."""
    method, path, status, query = PATHS[action]
    body = {**MACHINE, "nonce": "n", "expires_at": 1} if status != 204 else None
    far = Far(reply(status, body), list=[reply(200, [])], metadata=[reply(200, {})])
    async with far.client() as fly:
        await FULL.get(action, CALLS[action])(fly)
    request = far.requests[-1]
    pattern = re.escape(path).replace(re.escape("{id}"), ID).replace(re.escape("{key}"), "[a-z]+")
    assert request.method == method
    assert re.fullmatch(f"/v1/apps/{APP}/machines{pattern}", request.url.path)
    assert {re.sub(r"^metadata\..+", "metadata.{key}", name) for name in request.url.params} <= query
    if action == "list":
        assert dict(request.url.params) == {"metadata.role": "lobby", "region": "ewr"}
    sent = json.loads(request.content) if request.content else {}
    assert {name: type(value) for name, value in sent.items()}.items() <= BODIES.get(action, {}).items()
    assert sent.get("signal", "SIGTERM") in SIGNALS
    assert sent.get("timeout", "30s") == "30s"
    assert request.url.params.get("state", "started") in STATES
    assert ("fly-machine-lease-nonce" in request.headers) == (action == "release")


def test_answers() -> None:
    """[MC21] Every field that is read of a Machine and of a lease is in the document with that type, and what has these types is read."""
    machine = read_machine({name: SAMPLES[kind] for name, kind in MACHINE_FIELDS.items()})
    read = set(Machine.__slots__) - {"metadata"}
    assert read <= set(MACHINE_FIELDS)
    assert all(isinstance(getattr(machine, name), MACHINE_FIELDS[name]) for name in read)
    for answer in (
        {name: SAMPLES[kind] for name, kind in LEASE_FIELDS.items()},
        {"status": "success", "data": {"nonce": "text", "expires_at": 7}},
    ):
        lease = read_lease(answer)
        assert (lease.nonce, lease.expires_at) == ("text", 7)
        assert "text" not in repr(Lease("text", 7))
    assert set(Lease.__slots__) <= set(LEASE_FIELDS)


def test_codes() -> None:
    """[MC14] Of the codes that the document has, two mean that there is no room."""
    from fly.machines import MachinesError

    assert {code for code in CODES if MachinesError(503, code).no_room} == {"insufficient_capacity", "volume_placement_capacity"}
