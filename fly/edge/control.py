"""Steer a running emulator from another terminal: one line of JSON over a Unix socket, one back."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fly.edge import machine
from fly.edge.emulator import Emulator
from fly.edge.machine import MAX_MACHINES, DidNotStart, Machine
from fly.edge.weather import BadWeather, amend

VERBS = ("status", "start", "stop", "restart", "kill", "freeze", "thaw", "cut", "weather")
TIMEOUT_S = 120.0
"""For one Machine; a region's are ordered one after the other."""
SHORTEST_ID = 4


class NotRunning(RuntimeError):
    """No emulator answers at this socket."""


class Unknown(LookupError):
    """A name that fits no Machine, or too many; the message is one line."""


async def serve(emulator: Emulator, path: Path) -> asyncio.Server:
    """Listen for orders."""
    path.unlink(missing_ok=True)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            order = json.loads(await reader.readline())
            answer = await obey(emulator, order["verb"], order.get("target"), order.get("weather"))
        except (ValueError, KeyError, TypeError):
            answer = {"error": "not an order"}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(talk, path=str(path))


def find(target: str, machines: Iterable[Machine]) -> list[Machine]:
    """The Machines that a name, a region, an id or the beginning of one means. Raises Unknown."""
    everybody, wanted = list(machines), target.strip().lower()
    named = [one for one in everybody if wanted in (one.plan.name, one.id)] or [one for one in everybody if one.plan.region == wanted]
    if named:
        return named
    begun = [one for one in everybody if len(wanted) >= SHORTEST_ID and one.id.startswith(wanted)]
    if len(begun) > 1:
        raise Unknown(f"{target!r} is the beginning of several ids: {', '.join(f'{one.id} ({one.plan.name})' for one in begun)}")
    if not begun:
        raise Unknown(f"there is no machine {target[:40]!r}; there are {', '.join(one.plan.name for one in everybody)}")
    return begun


async def obey(emulator: Emulator, verb: str, target: str | None, weather: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Carry out an order, for one Machine after the other; the answer has the state of all of them, or `error`.

    The answer to `cut` also has how many connections were reset, as `cut`. For `weather` the target is the region of a vantage point,
    none for all, and `weather` the values that change.
    """
    if verb not in VERBS:
        return {"error": f"unknown order {verb!r}"}
    if verb == "status":
        return status(emulator)
    try:
        if verb == "weather":
            _change_weather(emulator, target, weather or {})
            return status(emulator)
        found = find(target or "", emulator.machines.values())
        if verb == "cut":
            return {**status(emulator), "cut": sum(emulator.cables.cut(one.id) for one in found)}
        for one in found:
            await _order(one, verb)
    except (Unknown, BadWeather, DidNotStart, machine.NotRunning) as error:
        return {"error": str(error)}
    return status(emulator)


async def _order(one: Machine, verb: str) -> None:
    """Signals are given at once, also to a Machine that is being started; what takes time waits for its turn."""
    at_once = {"kill": one.kill, "freeze": one.freeze, "thaw": one.thaw}
    if verb in at_once:
        at_once[verb]()
        return
    async with one.busy:
        if not (verb == "start" and one.state != "stopped"):
            await {"start": one.start, "stop": one.stop, "restart": one.restart}[verb]()


def _change_weather(emulator: Emulator, region: str | None, values: Mapping[str, object]) -> None:
    """At one vantage point or at all, or nowhere: raises Unknown and BadWeather before anything changes."""
    edges = emulator.edges if region is None else {code: edge for code, edge in emulator.edges.items() if code == region.strip().lower()}
    if not edges:
        raise Unknown(f"there is no vantage point {str(region)[:40]!r}; there are {', '.join(emulator.edges)}")
    for edge, weather in [(edge, amend(edge.sky.weather, values)) for edge in edges.values()]:
        edge.sky.change(weather)


def status(emulator: Emulator) -> dict[str, Any]:
    """Edges with their ports and their weather, and Machines, by name, with their state."""
    return {
        "host": emulator.settings.host,
        "edges": {region: edge.port for region, edge in emulator.edges.items()},
        "weather": {region: edge.sky.weather.values() for region, edge in emulator.edges.items()},
        "machines": {
            name: {"id": one.id, "region": one.plan.region, "state": one.state, "port": one.port, "pid": one.pid}
            for name, one in emulator.machines.items()
        },
    }


def order(path: Path, verb: str, target: str | None = None, weather: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Send an order, as `obey` takes it, and wait for the answer. Raises NotRunning."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S if verb == "status" else TIMEOUT_S * MAX_MACHINES)
            connection.connect(str(path))
            connection.sendall(json.dumps({"verb": verb, "target": target, "weather": weather}).encode() + b"\n")
            with connection.makefile("rb") as answer:
                data: dict[str, Any] = json.loads(answer.readline())
                return data
    except (OSError, ValueError) as error:
        raise NotRunning(f"No emulator answers at {path}. Start one with `make play`.") from error
