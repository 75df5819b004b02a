"""Steer a running emulator from another terminal: one line of JSON over a Unix socket, one back."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

from fly.edge.emulator import Emulator
from fly.edge.machine import DidNotStart

VERBS = ("status", "start", "stop", "restart", "kill")
TIMEOUT_S = 120.0


class NotRunning(RuntimeError):
    """No emulator answers at this socket."""


async def serve(emulator: Emulator, path: Path) -> asyncio.Server:
    """Listen for orders."""
    path.unlink(missing_ok=True)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            order = json.loads(await reader.readline())
            answer = await obey(emulator, order["verb"], order.get("region"))
        except (ValueError, KeyError, TypeError):
            answer = {"error": "not an order"}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(talk, path=str(path))


async def obey(emulator: Emulator, verb: str, region: str | None) -> dict[str, Any]:
    """Carry out an order; the answer has the state of all Machines, or `error`."""
    if verb not in VERBS:
        return {"error": f"unknown order {verb!r}"}
    if verb != "status":
        machine = emulator.machines.get(region or "")
        if machine is None:
            return {"error": f"there is no machine in {region!r}; there is one in each of {', '.join(emulator.machines)}"}
        try:
            if verb == "kill":
                machine.kill()
            elif not (verb == "start" and machine.state != "stopped"):
                await {"start": machine.start, "stop": machine.stop, "restart": machine.restart}[verb]()
        except DidNotStart as error:
            return {"error": str(error)}
    return status(emulator)


def status(emulator: Emulator) -> dict[str, Any]:
    """Edges with their ports and Machines with their state."""
    machines = emulator.machines.items()
    return {
        "host": emulator.settings.host,
        "edges": {region: edge.port for region, edge in emulator.edges.items()},
        "machines": {region: {"id": one.id, "state": one.state, "port": one.port, "pid": one.pid} for region, one in machines},
    }


def order(path: Path, verb: str, region: str | None = None) -> dict[str, Any]:
    """Send an order and wait for the answer. Raises NotRunning."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(json.dumps({"verb": verb, "region": region}).encode() + b"\n")
            with connection.makefile("rb") as answer:
                data: dict[str, Any] = json.loads(answer.readline())
                return data
    except (OSError, ValueError) as error:
        raise NotRunning(f"No emulator answers at {path}. Start one with `make play`.") from error
