"""How a pretend Machine is made: its region, number, command, environment, and what the proxy may do with it. Pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fly.edge.api.states import Policy

APP = "rooms"
ORG = "personal"
NETWORK = "default"
MAX_MACHINES = 9
"""In one region at the start: more than a laptop should do, and one digit in a name."""

Autostop = Literal["off", "stop", "suspend"]


@dataclass(frozen=True, slots=True)
class Concurrency:
    """What the proxy may do with a Machine: fly.toml's http_service in a few values. `hard_limit` 0: no limit."""

    soft_limit: int = 8000
    hard_limit: int = 10_000
    autostart: bool = True
    autostop: Autostop = "off"
    min_running: int = 0
    """In the primary region only, and only with autostop."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a Machine is started. `environ`: what it gets besides Fly's variables. `log`: where its output goes.

    `number`: which Machine of its region, from 1. `alone`: it is the only one there, and the region is its name.
    `network`: the private network of its app. `has_api`: it is given the address and a token of the Machines API.
    `asleep`: it is made, and stays stopped until somebody wants it.
    """

    region: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    log: str
    app: str = APP
    stop_s: float = 25.0
    number: int = 1
    alone: bool = True
    network: str = NETWORK
    has_api: bool = True
    asleep: bool = False
    restart: Policy = "on-failure"
    concurrency: Concurrency = Concurrency()
    label: str = ""
    """What people call it; empty: by its region and number. Two apps in one region need it."""

    @property
    def name(self) -> str:
        """What people call it: `cdg`, or `cdg/2` where there are several."""
        return self.label or (self.region if self.alone else f"{self.region}/{self.number}")

    def config(self) -> dict[str, Any]:
        """The config that `fly deploy` would have given it."""
        limits = {"type": "connections", "soft_limit": self.concurrency.soft_limit, "hard_limit": self.concurrency.hard_limit}
        public: list[dict[str, Any]] = [{"port": 80, "handlers": ["http"]}, {"port": 443, "handlers": ["tls", "http"]}]
        autostop = self.concurrency.autostop
        return {
            "image": f"registry.fly.io/{self.app}:emulated",
            "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512},
            "metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
            "restart": {"policy": self.restart},
            "stop_config": {"signal": "SIGTERM", "timeout": f"{self.stop_s:g}s"},
            "services": [
                {
                    "protocol": "tcp",
                    "internal_port": 8080,
                    "ports": public,
                    "concurrency": {name: value for name, value in limits.items() if value},
                    "autostart": self.concurrency.autostart,
                    # The API gives back a boolean where it can.
                    "autostop": {"off": False, "stop": True, "suspend": "suspend"}[autostop],
                    "min_machines_running": self.concurrency.min_running,
                }
            ],
        }


def machine_id(app: str, region: str, number: int = 1) -> str:
    """Fourteen hexadecimal digits, the same at every start; the first Machine of a region has the id of a lone one."""
    text = f"{app} {region}" if number == 1 else f"{app} {region} {number}"
    return hashlib.blake2b(text.encode(), digest_size=7).hexdigest()


def version_id(machine: str, number: int) -> str:
    """The instance_id of a Machine's version, counted from 1: 26 digits, the same at every start."""
    text = machine if number == 1 else f"{machine} {number}"
    return hashlib.blake2b(text.encode(), digest_size=13).hexdigest().upper()


def fly_environ(app: str, region: str, primary: str, number: int = 1, machine: str = "", version: str = "") -> dict[str, str]:
    """What Fly sets in a Machine. Source: Fly docs, machines/runtime-environment."""
    machine = machine or machine_id(app, region, number)
    return {
        "FLY_APP_NAME": app,
        "FLY_MACHINE_ID": machine,
        "FLY_ALLOC_ID": machine,
        "FLY_REGION": region,
        "FLY_PRIVATE_IP": "::1",
        "FLY_PUBLIC_IP": "::1",
        "FLY_IMAGE_REF": f"registry.fly.io/{app}:emulated",
        "FLY_MACHINE_VERSION": version or version_id(machine, 1),
        "FLY_PROCESS_GROUP": "app",
        "FLY_VM_MEMORY_MB": "512",
        "PRIMARY_REGION": primary,
    }


def base_environ() -> dict[str, str]:
    """What every process needs of this one's environment, and nothing that is ours alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FLY_")}
