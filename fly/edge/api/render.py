"""A Machine, an app, a region as the API shows them. Pure but for the clock of a lease (EM9)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fly.edge.fleet import App, Fleet
from fly.edge.machine import Machine
from fly.edge.record import Event, Lease
from fly.regions import REGIONS, nearest

_STATUS = {True: "passing", False: "critical"}


def machine(one: Machine) -> dict[str, Any]:
    """The Machine object."""
    record = one.record
    repository, _, tag = str(record.config.get("image", "")).rpartition(":")
    registry, _, name = (repository or tag).partition("/")
    return {
        "id": one.id,
        "name": record.name,
        "state": one.state,
        "region": one.plan.region,
        "image_ref": {"registry": registry, "repository": name, "tag": tag if repository else "latest", "digest": "", "labels": {}},
        "instance_id": one.version,
        "version": one.version,
        # Fly's is an address of the private network; every process here is on loopback.
        "private_ip": "::1",
        "created_at": _time(record.created_at),
        "updated_at": _time(record.updated_at),
        # What a host that does not answer had is rebuilt from elsewhere, and said under another name (superfly/fly-go).
        "config" if record.host_status == "ok" else "incomplete_config": {
            **record.config,
            "metadata": dict(record.config.get("metadata") or {}),
        },
        "events": [_event(event, one) for event in record.events],
        "checks": _checks(one),
        "host_status": record.host_status,
        "cordoned": record.cordoned,
    }


def lease(held: Lease) -> dict[str, Any]:
    """A lease, as its holder and everybody else sees it."""
    about = {"nonce": held.nonce, "expires_at": int(held.expires_at), "owner": held.owner, "description": held.description}
    return {"status": "success", "data": {**about, "version": held.version}}


def app(one: App, fleet: Fleet) -> dict[str, Any]:
    """An app."""
    count = len(fleet.of(one.name))
    return {
        "id": one.name,
        "name": one.name,
        "status": "deployed" if count else "pending",
        "organization": {"name": one.org, "slug": one.org},
        "network": one.network,
        "machine_count": count,
        "volume_count": 0,
    }


def regions(fleet: Fleet) -> dict[str, Any]:
    """All regions of Fly's; `capacity` is how many more Machines a region takes, a large number where nothing was ordered."""
    return {"Regions": [_region(code, fleet) for code in REGIONS], "Nearest": nearest(fleet.primary, REGIONS) or fleet.primary}


def _region(code: str, fleet: Fleet) -> dict[str, Any]:
    region, trouble = REGIONS[code], fleet.troubles.of(code)
    left = 1000 if trouble.capacity is None else max(0, trouble.capacity - fleet.running(code))
    return {
        "code": code,
        "name": f"{region.name}, {region.country}",
        "latitude": region.lat,
        "longitude": region.lon,
        "gateway_available": True,
        "requires_paid_plan": False,
        "deprecated": region.deprecated,
        "capacity": 0 if trouble.out else left,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(event: Event, one: Machine) -> dict[str, Any]:
    about: dict[str, Any] = {"id": f"{one.id}{event.timestamp_ms:x}", "type": event.type, "status": event.status, "source": event.source}
    about["timestamp"] = event.timestamp_ms
    return about | ({"request": event.request} if event.request else {})


def _checks(one: Machine) -> list[dict[str, Any]]:
    """The one service check, once it has an opinion."""
    healthy = one.healthy
    if one.state != "started" or healthy is None:
        return []
    status = _STATUS[healthy]
    return [{"name": "servicecheck-00-http-8080", "status": status, "output": "", "updated_at": _time(one.record.updated_at)}]
