"""The whole of it: vantage points in front, Machines behind, one process that owns them all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fly.edge import latency
from fly.edge.cables import Cables
from fly.edge.cache import ReplayCache
from fly.edge.carry import Carrier
from fly.edge.machine import APP, Machine, Plan
from fly.edge.proxy import Edge, Line
from fly.edge.rules import Candidate, Switches
from fly.edge.weather import Sky
from fly.server.bind import CannotBind, bind_tcp


class PortInUse(OSError):
    """A vantage point's port is taken; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an emulator is made of. `ports`: one a region, 0 for any free one. `host`: the parent host name. `plans`: one a Machine."""

    regions: tuple[str, ...]
    ports: tuple[int, ...]
    host: str
    plans: tuple[Plan, ...]
    real_latency: bool = False
    switches: Switches = field(default_factory=Switches)
    bind: str = "127.0.0.1"


def bind(address: str, port: int) -> socket.socket:
    """A bound socket for a vantage point. Raises PortInUse."""
    try:
        return bind_tcp(address, port)
    except CannotBind as error:
        raise PortInUse(f"{error} Choose another port with --port.") from error


class Emulator:
    """Fly on loopback. Whoever starts it stops it; nothing of it outlives that."""

    def __init__(
        self, settings: Settings, on_line: Callable[[Line], None] = lambda line: None, say: Callable[[str], None] = lambda text: None
    ) -> None:
        self.settings = settings
        self.machines = {plan.name: Machine(plan, settings.regions[0], say) for plan in settings.plans}
        self.cables = Cables()
        self.edges: dict[str, Edge] = {}
        self._on_line = on_line
        self._say = say
        self._bound = [bind(settings.bind, port) for port in settings.ports]

    async def start(self, booted: Callable[[str], Any] = lambda name: None) -> None:
        """Start all Machines beside each other, then listen; `booted` is told each name. Raises DidNotStart, with everything ended."""

        async def boot(machine: Machine) -> None:
            await machine.start()
            booted(machine.plan.name)

        try:
            async with asyncio.TaskGroup() as group:
                for machine in self.machines.values():
                    group.create_task(boot(machine))
        except BaseExceptionGroup as errors:
            await self.stop()
            raise errors.exceptions[0] from None
        for region, bound in zip(self.settings.regions, self._bound, strict=True):
            self.edges[region] = Edge(self._carrier(region), self._app_of, self._on_line, self._sky(region), self.settings.host)
            await self.edges[region].listen(bound)

    async def stop(self) -> None:
        """End all: edges first, then every Machine, each with its drain."""
        for edge in self.edges.values():
            await edge.close()
        await asyncio.gather(*(machine.stop(for_good=True) for machine in self.machines.values()), return_exceptions=True)
        for bound in self._bound:
            bound.close()

    def kill(self) -> None:
        """End all Machines at once."""
        for machine in self.machines.values():
            machine.kill(for_good=True)

    # What the edges ask

    def candidates(self) -> Sequence[Candidate]:
        """All Machines as they are now."""
        return [one.candidate(self.cables.load(one.id), self.cables.turn(one.id)) for one in self.machines.values()]

    def port(self, machine: str) -> int:
        """Where a Machine listens."""
        return next(each.port for each in self.machines.values() if each.id == machine)

    def _app_of(self, host: str) -> str | None:
        parent = self.settings.host
        return APP if host.rstrip(".") == parent or host.rstrip(".").endswith(f".{parent}") else None

    def _sky(self, region: str) -> Sky:
        return Sky(tell=lambda weather: self._say(f"weather in {region}: {weather}"))

    def _carrier(self, region: str) -> Carrier:
        delay = latency.one_way_s if self.settings.real_latency else latency.none
        return Carrier(region, APP, self, self.settings.switches, ReplayCache(), delay, self.cables)
