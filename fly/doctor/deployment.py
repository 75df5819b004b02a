"""A fly.toml as values. Pure. Source: Fly docs, reference/configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULTS = {"DRAIN_BUDGET_S": "20", "MAX_SOCKETS": "10000", "IDLE_STOP_S": "0", "IDLE_STOP": "stop", "REGIONS": "ewr,nrt,cdg", "DEBUG": "0"}
"""What a variable is on Fly that [env] does not set."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Service:
    """Whatever takes connections: [http_service], or one of [[services]]."""

    ports: frozenset[int]
    internal_port: int
    https_only: bool
    stops: str
    """off, stop or suspend: what the proxy does with a Machine without load."""
    starts: bool
    concurrency: Mapping[str, Any]
    checks: tuple[Mapping[str, Any], ...]
    processes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One fly.toml. `file`: its name, for messages. `dockerfile`: the text of what it builds, "" where there is none."""

    file: str
    toml: Mapping[str, Any]
    dockerfile: str = ""
    services: tuple[Service, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        found = [_service(self.toml["http_service"], frozenset((80, 443)))] if isinstance(self.toml.get("http_service"), Mapping) else []
        found += [_service(one, None) for one in _tables(self.toml.get("services"))]
        object.__setattr__(self, "services", tuple(found))

    @property
    def app(self) -> str:
        """The Fly app."""
        return str(self.toml.get("app", ""))

    @property
    def environ(self) -> Mapping[str, str]:
        """[env] as a process gets it."""
        env = self.toml.get("env")
        return {str(key): str(value) for key, value in env.items()} if isinstance(env, Mapping) else {}

    def said(self, name: str) -> str:
        """What a variable is: as [env] says, or the default."""
        return self.environ.get(name, DEFAULTS.get(name, ""))

    def number(self, name: str) -> float:
        """The same as a number; 0 for what is none, which the settings refuse at the start."""
        try:
            return float(self.said(name))
        except ValueError:
            return 0.0

    @property
    def is_gameserver(self) -> bool:
        """Whether this is the gameservers' own app."""
        return bool(self.app) and self.said("GAMESERVER_APP") == self.app

    @property
    def gameserver_app(self) -> str:
        """The app of the gameservers where it is another one."""
        return "" if self.is_gameserver else self.said("GAMESERVER_APP")

    @property
    def mounts(self) -> tuple[str, ...]:
        """Where volumes are mounted."""
        return tuple(str(one.get("destination", "")).rstrip("/") for one in _tables(self.toml.get("mounts")))

    def table(self, name: str) -> Mapping[str, Any]:
        """A table of the file, empty where there is none."""
        found = self.toml.get(name)
        return found if isinstance(found, Mapping) else {}

    def tables(self, name: str) -> list[Mapping[str, Any]]:
        """An array of tables, or a single one."""
        return _tables(self.toml.get(name))


def seconds(value: object) -> float | None:
    """A duration as fly.toml writes it: a number of seconds, or text such as `1m30s`; None for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    if value.isdecimal():
        return float(value)
    parts = _DURATION.findall(value)
    return sum(float(count) * _UNITS[unit] for count, unit in parts) if parts and not _DURATION.sub("", value) else None


def megabytes(value: object) -> float | None:
    """Memory as fly.toml writes it: a number of MB, or text such as `2gb`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = re.fullmatch(r"(\d+)\s*(mb|gb)?", str(value).strip().lower())
    return float(found[1]) * (1024 if found[2] == "gb" else 1) if found else None


def _tables(value: object) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, Mapping)]


def _service(table: Mapping[str, Any], ports: frozenset[int] | None) -> Service:
    listed = _tables(table.get("ports"))
    stops = table.get("auto_stop_machines", "off")
    concurrency = table.get("concurrency")
    return Service(
        ports=frozenset(one["port"] for one in listed if isinstance(one.get("port"), int)) if ports is None else ports,
        internal_port=int(table.get("internal_port", 8080)),
        https_only=bool(table.get("force_https")) or any(one.get("force_https") for one in listed),
        stops={True: "stop", False: "off"}.get(stops, str(stops)) if isinstance(stops, bool) else str(stops),
        starts=table.get("auto_start_machines", True) is True,
        concurrency=concurrency if isinstance(concurrency, Mapping) else {},
        checks=tuple(one for name in ("checks", "http_checks", "tcp_checks") for one in _tables(table.get(name))),
        processes=tuple(table.get("processes", ())),
    )
