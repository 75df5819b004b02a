"""What is asked of the API and what it answers, as values: bodies checked by msgspec, configs read, errors worded. Pure (EM9 to EM11).

Sources: Fly docs, machines/api/machines-resource; superfly/fly-go. Fields that nobody here knows are kept in a config, else ignored.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

from fly.edge.api.states import MAX_RETRIES, Policy, Restart
from fly.edge.troubles import Refusal

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z", re.IGNORECASE)
DEFAULT_SOFT = 20
"""soft_limit of a service whose concurrency says none."""
STOP_S = 5.0
MOST_STOP_S = 300.0
LEASE_S = 300
MAX_TTL_S = 86_400
_POLICIES: Mapping[str, Policy] = {"no": "no", "on-failure": "on-failure", "on-fail": "on-failure", "always": "always"}
_NANOSECONDS = 1e9
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


class Service(msgspec.Struct):
    """A service of a config, as far as the proxy reads it. `autostart` must be a boolean: Fly refuses strings."""

    internal_port: int = 0
    protocol: str = "tcp"
    autostart: bool = False
    autostop: bool | Literal["off", "stop", "suspend"] = False
    min_machines_running: int = 0
    concurrency: dict[str, Any] | None = None
    ports: list[dict[str, Any]] = []


class RestartConfig(msgspec.Struct):
    """`restart` of a config."""

    policy: Literal["", "no", "on-failure", "on-fail", "always"] = ""
    max_retries: int = MAX_RETRIES


class StopConfig(msgspec.Struct):
    """`stop_config` of a config."""

    signal: str | int = ""
    timeout: str | int | float | None = None


class Config(msgspec.Struct):
    """The part of a Machine's config that has to be right."""

    image: str
    env: dict[str, str] | None = None
    metadata: dict[str, str] | None = None
    services: list[Service] | None = None
    restart: RestartConfig | None = None
    guest: dict[str, Any] | None = None
    size: str | None = None
    auto_destroy: bool = False
    stop_config: StopConfig | None = None


class Create(msgspec.Struct):
    """POST …/machines."""

    config: dict[str, Any]
    name: str = ""
    region: str = ""
    skip_launch: bool = False
    lease_ttl: int = 0


class Update(msgspec.Struct):
    """POST …/machines/{id}: the whole config."""

    config: dict[str, Any]
    name: str = ""
    region: str = ""
    current_version: str = ""
    skip_launch: bool = False


class Stop(msgspec.Struct):
    """POST …/stop; POST …/restart says the same in its query."""

    signal: str | int = ""
    timeout: str | int | float | None = None


class Signal(msgspec.Struct):
    """POST …/signal."""

    signal: str | int


class TakeLease(msgspec.Struct):
    """POST …/lease."""

    ttl: int = 0
    description: str = ""


class Value(msgspec.Struct):
    """POST …/metadata/{key}."""

    value: str


class CreateApp(msgspec.Struct):
    """POST /apps; the documentation says `app_name`, Fly's own client sends `name`."""

    org_slug: str = ""
    app_name: str = ""
    name: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the proxy reads in a config. Zero: no limit."""

    soft: int
    hard: int
    autostart: bool
    autostop: Literal["off", "stop", "suspend"]
    min_running: int


T = TypeVar("T", bound=msgspec.Struct)


def read(text: bytes, kind: type[T]) -> T:
    """A body. Raises Refusal: 400 for what is no JSON, 422 for JSON that is not what is wanted; the text names the field."""
    try:
        return msgspec.json.decode(text or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(422, f"invalid request: {error}") from None
    except msgspec.DecodeError:
        raise Refusal(400, "invalid request: the body is no JSON") from None


def check_config(config: Mapping[str, Any]) -> None:
    """Raises Refusal (422) for a config that Fly would not take."""
    try:
        known = msgspec.convert(config, Config)
    except msgspec.ValidationError as error:
        raise Refusal(422, f"invalid config: {error}") from None
    if not known.image:
        raise Refusal(422, "invalid config: image is required")
    if known.guest is not None and known.size:
        raise Refusal(422, "invalid config: guest and size cannot both be set")
    _check_env(known.env or {})
    for service in known.services or ():
        limits = service.concurrency or {}
        if any(not isinstance(limits.get(name) or 0, int) for name in ("soft_limit", "hard_limit")):
            raise Refusal(422, "invalid config: soft_limit and hard_limit are whole numbers")
    if known.stop_config:
        stop_of(config)


def _check_env(env: Mapping[str, str]) -> None:
    if any(name.startswith("FLY_") for name in env):
        raise Refusal(422, "invalid config: env names may not start with FLY_")
    # What no process can be given: it would be found out when the Machine starts.
    if any(not name or "=" in name or "\0" in name + value or not _is_text(name + value) for name, value in env.items()):
        raise Refusal(422, "invalid config: env has a name or a value that no process can be given")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def lease_s(wanted: int, text: str = "") -> int:
    """Seconds that a lease runs: of the body, else of the query, else LEASE_S. Raises Refusal (422)."""
    short = text[:10]
    ttl = wanted or (int(short) if short.isascii() and short.isdigit() else 0) or LEASE_S
    if not 0 < ttl <= MAX_TTL_S:
        raise Refusal(422, "invalid request: ttl is a number of seconds")
    return ttl


def limits_of(config: Mapping[str, Any]) -> Limits:
    """What the proxy may do with a Machine, by its first service; without one it gets no traffic and is not woken."""
    services = config.get("services") or ()
    if not services:
        return Limits(0, 0, autostart=False, autostop="off", min_running=0)
    first = services[0]
    autostop, limits = first.get("autostop") or False, first.get("concurrency") or {}
    how: Literal["off", "stop", "suspend"] = "stop" if autostop is True else autostop or "off"
    soft, hard = int(limits.get("soft_limit") or DEFAULT_SOFT), int(limits.get("hard_limit") or 0)
    return Limits(soft, hard, bool(first.get("autostart")), how, int(first.get("min_machines_running") or 0))


def restart_of(config: Mapping[str, Any]) -> Restart:
    """What follows when the process ends by itself."""
    restart = config.get("restart") or {}
    policy = restart.get("policy") or "on-failure"
    return Restart(_POLICIES.get(policy, "on-failure"), int(restart.get("max_retries") or MAX_RETRIES))


def stop_of(config: Mapping[str, Any]) -> tuple[int, float]:
    """With which signal a Machine is stopped, and after how many seconds it is killed. Raises Refusal (422)."""
    stop = config.get("stop_config") or {}
    return signal_of(stop.get("signal") or "SIGINT"), duration_s(stop.get("timeout"), STOP_S)


def signal_of(text: str | int) -> int:
    """A signal by its number, or its name with or without SIG. Raises Refusal (422)."""
    try:
        if isinstance(text, int) or text.isdigit():
            return int(signal.Signals(int(text)))
        return int(signal.Signals[text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"])
    except (ValueError, KeyError):
        raise Refusal(422, f"invalid request: there is no signal {str(text)[:20]!r}") from None


def duration_s(value: str | int | float | None, default_s: float) -> float:
    """A duration in seconds: "15s", "1m", or a number of nanoseconds; 300 s at most. Raises Refusal (422)."""
    if value is None or value == "":
        return default_s
    if isinstance(value, int | float):
        seconds = value / _NANOSECONDS if value >= _NANOSECONDS else float(value)
    else:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", value.strip())
        if not found:
            raise Refusal(422, f"invalid request: {value[:20]!r} is no duration, such as 15s")
        seconds = float(found[1]) * _UNITS[found[2]]
    if not 0 <= seconds <= MOST_STOP_S:
        raise Refusal(422, f"invalid request: a Machine has {MOST_STOP_S:.0f} s at most to stop")
    return seconds


def error_body(refusal: Refusal) -> dict[str, str]:
    """What Fly's errors look like: a text, and a code where programs are to read one."""
    return {"error": refusal.text} | ({"status": refusal.code} if refusal.code else {})
