"""A Machines API in memory, as far as the fleet uses one: it counts its calls and refuses what a test tells it to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fly.machines.errors import MachinesError
from fly.machines.model import Machine

CONFIG = {"image": "registry.fly.io/rooms:1", "env": {"REGIONS": "cdg,ams"}, "metadata": {"fly_process_group": "app"}}
NO_ROOM = MachinesError(503, "insufficient_capacity", "no capacity in this region")


class FakeApi:
    """`refusals`: an error by method, or by "method id-or-name-or-region"; `calls` counts both."""

    def __init__(self, *machines: Machine) -> None:
        self.machines = {machine.id: machine for machine in machines}
        self.refusals: dict[str, Exception] = {}
        self.calls: Counter[str] = Counter()

    async def __aenter__(self) -> FakeApi:
        return self

    async def __aexit__(self, *args: object) -> None:
        return None

    def _called(self, method: str, *about: str) -> None:
        self.calls.update([method, *(f"{method} {one}" for one in about)])
        for key in (method, *(f"{method} {one}" for one in about)):
            if key in self.refusals:
                raise self.refusals[key]

    def _set(self, id: str, **facts: Any) -> None:
        if id not in self.machines:
            raise MachinesError(404, "", "machine not found")
        self.machines[id] = replace(self.machines[id], **facts)

    async def list(self) -> list[Machine]:
        self._called("list")
        return list(self.machines.values())

    async def create(self, name: str, region: str, config: Mapping[str, Any]) -> Machine:
        self._called("create", name, region)
        found = next((one for one in self.machines.values() if one.name == name), None)
        made = found or machine(f"id-{name}", region, "starting", name=name, config=dict(config))
        self.machines[made.id] = made
        return made

    async def start(self, id: str) -> None:
        self._called("start", id)
        self._set(id, state="starting")

    async def stop(self, id: str, *, signal: str = "SIGTERM", timeout_s: float = 0.0) -> None:
        self._called("stop", id, signal)
        self._set(id, state="stopped")

    async def suspend(self, id: str) -> None:
        self._called("suspend", id)
        self._set(id, state="suspended")

    async def cordon(self, id: str) -> None:
        self._called("cordon", id)
        self._set(id, cordoned=True)

    async def uncordon(self, id: str) -> None:
        self._called("uncordon", id)
        self._set(id, cordoned=False)

    async def destroy(self, id: str, *, force: bool = False) -> None:
        self._called("destroy", id)
        self.machines.pop(id, None)


def machine(id: str, region: str = "cdg", state: str = "started", **facts: Any) -> Machine:
    """A Machine as the client reads it."""
    config = facts.pop("config", CONFIG)
    known = {"name": id, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"} | facts
    return Machine(id=id, region=region, state=state, config=config, metadata=dict(config.get("metadata", {})), **known)
