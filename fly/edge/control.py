"""Steer a running emulator from another terminal: one line of JSON over a Unix socket, one back."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from fly.edge import breakage, machine
from fly.edge.api.states import WrongState
from fly.edge.breakage import BadOrder
from fly.edge.emulator import Emulator
from fly.edge.machine import MAX_MACHINES, DidNotStart, Machine
from fly.edge.troubles import Refusal
from fly.edge.weather import BadWeather, amend

KINDS: Mapping[str, str] = {
    **dict.fromkeys(("status", "autostop"), "nothing"),
    **dict.fromkeys(
        ("start", "stop", "restart", "kill", "freeze", "thaw", "cut", "suspend", "cordon", "uncordon", "host", "destroy"), "machine"
    ),
    "weather": "edge",
    **{verb: one.kind for verb, one in breakage.VERBS.items()},
}
"""What each verb is for: Machines, a vantage point, a region, the API, or nothing in particular."""
VERBS = tuple(KINDS)
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
            answer = await obey(emulator, order["verb"], order.get("target"), order.get("values"))
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


async def obey(emulator: Emulator, verb: str, target: str | None, values: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Carry out an order, for one Machine after the other; the answer has the state of all of them, or `error`.

    `values`: what the verb takes besides its target; for `weather` what changes, and its target is the region of a vantage point, none for
    all. The answer to `cut` also has how many connections were reset, as `cut`; that to `autostop` whom the pass put to sleep, as `slept`.
    """
    if verb not in VERBS:
        return {"error": f"unknown order {verb!r}"}
    more: dict[str, Any] = {}
    try:
        if verb == "weather":
            _change_weather(emulator, target, values or {})
        elif verb == "autostop":
            more["slept"] = await emulator.autostop.look()
        elif verb in breakage.VERBS:
            more["now"] = breakage.obey(emulator.fleet, verb, target or "", values or {})
        elif KINDS[verb] == "machine":
            found = find(target or "", emulator.machines.values())
            if verb == "cut":
                more["cut"] = sum(emulator.cables.cut(one.id) for one in found)
            for one in found:
                await _order(one, verb, over=bool((values or {}).get("over")))
    except (Unknown, BadWeather, BadOrder, DidNotStart, WrongState, Refusal, machine.NotRunning) as error:
        return {"error": str(error)}
    return {**status(emulator), **more}


async def _order(one: Machine, verb: str, *, over: bool) -> None:
    """What is an instant happens at once, also to a Machine that is being started; what takes time waits for its turn."""
    at_once: dict[str, Callable[[], object]] = {
        "kill": one.kill,
        "freeze": one.freeze,
        "thaw": one.thaw,
        "cut": lambda: None,
        "cordon": lambda: one.cordon(on=True),
        "uncordon": lambda: one.cordon(on=False),
        "host": one.find_host if over else one.lose_host,
        "destroy": lambda: one.begin_destroy(kill=True),
    }
    if verb in at_once:
        at_once[verb]()
        if verb == "freeze":
            await one.until_still()
        return
    async with one.busy:
        if not (verb == "start" and one.view in ("up", "failing")):
            await {"start": one.start, "stop": one.stop, "restart": one.restart, "suspend": one.suspend}[verb]()


def _change_weather(emulator: Emulator, region: str | None, values: Mapping[str, object]) -> None:
    """At one vantage point or at all, or nowhere: raises Unknown and BadWeather before anything changes."""
    edges = emulator.edges if region is None else {code: edge for code, edge in emulator.edges.items() if code == region.strip().lower()}
    if not edges:
        raise Unknown(f"there is no vantage point {str(region)[:40]!r}; there are {', '.join(emulator.edges)}")
    for edge, weather in [(edge, amend(edge.sky.weather, values)) for edge in edges.values()]:
        edge.sky.change(weather)


def status(emulator: Emulator) -> dict[str, Any]:
    """Edges with their ports and their weather, the API's address, what is broken, and Machines, by name, with their state."""
    return {
        "host": emulator.settings.host,
        "edges": {region: edge.port for region, edge in emulator.edges.items()},
        "weather": {region: edge.sky.weather.values() for region, edge in emulator.edges.items()},
        "api": emulator.api.url,
        "troubles": emulator.fleet.troubles.values(),
        "machines": {name: _about(one) for name, one in emulator.machines.items()},
    }


def _about(one: Machine) -> dict[str, Any]:
    """A Machine for whoever asks: `state` is what the proxy sees, `fly` is Fly's word."""
    known = {"id": one.id, "region": one.plan.region, "state": one.view, "port": one.port, "pid": one.pid}
    return {**known, "app": one.plan.app, "fly": one.state, "host": one.record.host_status, "cordoned": one.record.cordoned}


def order(path: Path, verb: str, target: str | None = None, values: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Send an order, as `obey` takes it, and wait for the answer. Raises NotRunning."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S if verb == "status" else TIMEOUT_S * MAX_MACHINES)
            connection.connect(str(path))
            connection.sendall(json.dumps({"verb": verb, "target": target, "values": values}).encode() + b"\n")
            with connection.makefile("rb") as answer:
                data: dict[str, Any] = json.loads(answer.readline())
                return data
    except (OSError, ValueError) as error:
        raise NotRunning(f"No emulator answers at {path}. Start one with `make play`.") from error
