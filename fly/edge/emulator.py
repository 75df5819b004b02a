"""The whole of it: vantage points in front, Machines behind, one process that owns them all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fly.edge import latency
from fly.edge.api.server import ApiServer
from fly.edge.autostop import Autostop
from fly.edge.cables import Cables
from fly.edge.cache import ReplayCache
from fly.edge.carry import Carrier
from fly.edge.fleet import Blueprint, Fleet
from fly.edge.machine import APP, Machine, Plan
from fly.edge.networks import Borders, check_replay
from fly.edge.proxy import Desk, Edge, Line
from fly.edge.rules import Switches
from fly.edge.weather import Sky
from fly.server.bind import CannotBind, bind_tcp, listen

BACKLOG = 1024
"""Clients that wait until the edge serves."""


class PortInUse(OSError):
    """A vantage point's port is taken; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an emulator is made of. `ports`: one a region, 0 for any free one. `host`: the parent host name. `plans`: one a Machine.

    `blueprint` makes the plans of Machines that the API creates; without one they are like those of their app. `api_limits`: the API
    answers 429 as Fly does. `autostop_s`: how often the proxy looks for Machines that are not needed. `borders`: who may replay to whom.
    """

    regions: tuple[str, ...]
    ports: tuple[int, ...]
    host: str
    plans: tuple[Plan, ...]
    real_latency: bool = False
    switches: Switches = field(default_factory=Switches)
    bind: str = "127.0.0.1"
    blueprint: Blueprint | None = None
    api_limits: bool = True
    api_port: int = 0
    autostop_s: float = 60.0
    borders: Borders = field(default_factory=Borders)


def bind(address: str, port: int) -> socket.socket:
    """A socket for a vantage point, which nobody can take away any more while Machines boot: it listens. Raises PortInUse."""
    try:
        bound = bind_tcp(address, port)
        listen(bound, BACKLOG)
        return bound
    except CannotBind as error:
        raise PortInUse(f"{error} Choose another port with --port.") from error


class Emulator:
    """Fly on loopback. Whoever starts it stops it; nothing of it outlives that."""

    def __init__(
        self,
        settings: Settings,
        on_line: Callable[[Line], None] = lambda line: None,
        say: Callable[[str], None] = lambda text: None,
        desk: Desk | None = None,
    ) -> None:
        self.settings = settings
        self.desk = desk
        self.cables = Cables()
        self.fleet = Fleet(settings.plans, settings.regions[0], self.cables, say, settings.blueprint)
        self.fleet.borders = settings.borders
        self.api = ApiServer(self.fleet, limits=settings.api_limits)
        self.autostop = Autostop(self.fleet, settings.autostop_s)
        self.edges: dict[str, Edge] = {}
        self._on_line = on_line
        self._say = say
        self._bound = [bind(settings.bind, port) for port in settings.ports]

    @property
    def machines(self) -> dict[str, Machine]:
        """Those that are there, by what people call them."""
        return self.fleet.machines

    async def start(self, booted: Callable[[str], Any] = lambda name: None) -> None:
        """Start the API and, beside each other, all Machines that are not to sleep; then listen. `booted` is told each name.

        Raises DidNotStart and CannotBind, with everything ended.
        """

        async def boot(machine: Machine) -> None:
            if machine.plan.asleep:
                machine.record.note("stopped", "exit", "flyd")
            else:
                await machine.start()
            booted(machine.plan.name)

        await self.api.listen(bind(self.settings.bind, self.settings.api_port))
        # What is on a network of its own finds the lobby as anybody does: through an edge.
        self.fleet.lobby_environ["LOBBY_URL"] = f"http://{self.settings.bind}:{self._bound[0].getsockname()[1]}"
        try:
            async with asyncio.TaskGroup() as group:
                for machine in list(self.machines.values()):
                    group.create_task(boot(machine))
        except BaseExceptionGroup as errors:
            await self.stop()
            raise errors.exceptions[0] from None
        for region, bound in zip(self.settings.regions, self._bound, strict=True):
            self.edges[region] = Edge(self._carrier(region), self._app_of, self._on_line, self._sky(region), self.settings.host, self.desk)
            await self.edges[region].listen(bound)
        self.autostop.begin()

    async def stop(self) -> None:
        """End all: edges first, then the loop, every Machine with its drain, and the API, which a Machine may need to the end."""
        for edge in self.edges.values():
            await edge.close()
        await self.autostop.close()
        await self.fleet.close()
        await self.api.close()
        for bound in self._bound:
            bound.close()

    def kill(self) -> None:
        """End all Machines at once."""
        self.fleet.kill()

    # What the edges ask

    def _app_of(self, host: str) -> str | None:
        parent = self.settings.host
        return APP if host.rstrip(".") == parent or host.rstrip(".").endswith(f".{parent}") else None

    def _permit(self, source: str, target: str) -> None:
        check_replay(self.fleet.apps, source, target, self.fleet.borders)

    def _sky(self, region: str) -> Sky:
        return Sky(tell=lambda weather: self._say(f"weather in {region}: {weather}"))

    def _carrier(self, region: str) -> Carrier:
        delay = latency.one_way_s if self.settings.real_latency else latency.none
        apps = self.fleet.apps.keys
        return Carrier(region, APP, self.fleet, self.settings.switches, ReplayCache(), delay, self.cables, apps, self._permit)
