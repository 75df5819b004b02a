"""What an answer tells the edge: `fly-replay` in its header form and its JSON form, read and written. Pure.

An instruction is an order, so reading it is strict: what is wrong is named. What a request carries is in `fly.arrival`.
Source of both forms: Fly docs, networking/dynamic-request-routing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REPLAY = "fly-replay"
JSON_TYPE = "application/vnd.fly.replay+json"
# Headers by which a client aims a request itself; they survive a replay and would send it back where it came from.
CLIENT_AIMS = ("fly-force-instance-id", "fly-prefer-instance-id", "fly-force-region", "fly-prefer-region")

_CODES = re.compile(r"[a-z0-9]{2,10}(?:,[a-z0-9]{2,10})*\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_STATE = re.compile(r"[\x21\x23-\x3a\x3c-\x7e]{1,1024}\Z")  # printable, without space, quote and semicolon: nothing to escape
_DURATION = re.compile(r"([0-9]{1,7})(ms|s|m)\Z")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,4096}\Z")
_PATH = re.compile(r"/[\x21-\x7e]{0,4095}\Z")


class InvalidReplay(ValueError):
    """A replay instruction that cannot be obeyed (Fly's PA03); the message names the field."""


@dataclass(frozen=True, slots=True)
class Transform:
    """Changes to the request on its way to the target; JSON form only."""

    path: str = ""
    delete_headers: tuple[str, ...] = ()
    set_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cache:
    """Ask the edge to keep this replay: `prefix` such as "host/*", `ttl` in seconds, 10 or more."""

    prefix: str = ""
    ttl: int = 0
    invalidate: bool = False
    allow_bypass: bool = False


@dataclass(frozen=True, slots=True)
class ReplayInstruction:
    """What `fly-replay` says, in its header form or its JSON form; empty fields are not written."""

    region: tuple[str, ...] = ()
    instance: str = ""
    prefer_instance: str = ""
    app: str = ""
    state: str = ""
    elsewhere: bool = False
    timeout_ms: int = 0
    fallback: str = ""
    transform: Transform = field(default=Transform())
    cache: Cache | None = None


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.match(value):
            raise ValueError
        return value

    return read


def _region_list(value: Any) -> tuple[str, ...]:
    codes = ",".join(part.strip() for part in value.lower().split(","))
    return tuple(_matching(_CODES)(codes).split(","))


def _truth(value: Any) -> bool:
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise ValueError


def _milliseconds(value: Any) -> int:
    match = _DURATION.match(value)
    if match is None or not int(match[1]):
        raise ValueError
    return int(match[1]) * _UNIT_MS[match[2]]


def _fallback(value: Any) -> str:
    if value not in ("force_self", "prefer_self"):
        raise ValueError
    return str(value)


_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "region": ("region", _region_list),
    "instance": ("instance", _matching(_ID)),
    "prefer_instance": ("prefer_instance", _matching(_ID)),
    "app": ("app", _matching(_ID)),
    "state": ("state", _matching(_STATE)),
    "elsewhere": ("elsewhere", _truth),
    "timeout": ("timeout_ms", _milliseconds),
    "fallback": ("fallback", _fallback),
}


def parse_instruction(text: str) -> ReplayInstruction:
    """Read the header form: fields with semicolons between, lists in double quotes.

    Raises InvalidReplay for an unknown, repeated or malformed field, and for an instruction that names no target.
    """
    values: dict[str, Any] = {}
    for part in _split(text):
        key, equals, value = part.partition("=")
        key, value = key.strip().lower(), value.strip()
        if value[:1] == '"' and value[-1:] == '"' and len(value) > 1:
            value = value[1:-1]
        if not equals or key not in _FIELDS:
            raise InvalidReplay(f"unknown field {key[:40]!r}")
        _put(values, key, value)
    return _complete(values)


def parse_instruction_json(body: bytes) -> ReplayInstruction:
    """Read the JSON form. Raises InvalidReplay like `parse_instruction`."""
    try:
        data = json.loads(body, object_pairs_hook=_once)
    except InvalidReplay:
        raise
    except (ValueError, RecursionError):
        raise InvalidReplay("the body is not JSON") from None
    if not isinstance(data, dict):
        raise InvalidReplay("the body is not a JSON object")
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key == "transform":
            values["transform"] = _transform(value)
        elif key == "cache":
            values["cache"] = _cache(value)
        elif key in _FIELDS:
            _put(values, key, value)
        else:
            raise InvalidReplay(f"unknown field {key[:40]!r}")
    return _complete(values)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, whose keys must differ: of two, another reader may obey the other."""
    data = dict(pairs)
    if len(data) < len(pairs):
        twice = next(key for key in data if [name for name, _ in pairs].count(key) > 1)
        raise InvalidReplay(f"field {twice[:40]!r} appears twice")
    return data


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    name, read = _FIELDS[key]
    if name in values:
        raise InvalidReplay(f"field {key!r} appears twice")
    try:
        values[name] = read(value)
    except (ValueError, TypeError, AttributeError):
        raise InvalidReplay(f"field {key!r} has a malformed value") from None


def _complete(values: dict[str, Any]) -> ReplayInstruction:
    instruction = ReplayInstruction(**values)
    if not (instruction.region or instruction.instance or instruction.prefer_instance or instruction.app or instruction.elsewhere):
        raise InvalidReplay("names no target: region, instance, prefer_instance, app or elsewhere")
    return instruction


def _split(text: str) -> list[str]:
    """The fields of a header value: parts between semicolons that stand outside double quotes."""
    if text.count('"') % 2:
        raise InvalidReplay("a quote is not closed")
    pieces = text.split('"')
    marked = "".join(piece if index % 2 == 0 else f'"{piece.replace(";", chr(0))}"' for index, piece in enumerate(pieces))
    return [part.replace(chr(0), ";") for part in marked.split(";") if part.strip()]


def _only(value: Any, name: str, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidReplay(f"field {name!r} has a malformed value")
    for key in value:
        if key not in known:
            raise InvalidReplay(f"unknown field {f'{name}.{key}'[:60]!r}")
    return value


def _list(value: Any) -> list[Any]:
    """The value itself. Raises ValueError for what is no list: a text would be taken for a list of its letters."""
    if not isinstance(value, list):
        raise ValueError
    return value


def _transform(value: Any) -> Transform:
    data = _only(value, "transform", ("path", "delete_headers", "set_headers"))
    try:
        header, text = _matching(_HEADER_NAME), _matching(_HEADER_VALUE)
        items = [_only(item, "transform.set_headers", ("name", "value")) for item in _list(data.get("set_headers", []))]
        return Transform(
            path=_matching(_PATH)(data["path"]) if "path" in data else "",
            delete_headers=tuple(header(name).lower() for name in _list(data.get("delete_headers", []))),
            set_headers=tuple((header(item["name"]).lower(), text(item["value"])) for item in items),
        )
    except InvalidReplay:
        raise
    except (ValueError, TypeError, KeyError):
        raise InvalidReplay("field 'transform' has a malformed value") from None


def _cache(value: Any) -> Cache:
    data = _only(value, "cache", ("prefix", "ttl", "invalidate", "allow_bypass"))
    try:
        prefix, ttl = data.get("prefix", ""), data.get("ttl", 0)
        if type(prefix) is not str or type(ttl) is not int:
            raise ValueError
        return Cache(prefix, ttl, _truth(data.get("invalidate", False)), _truth(data.get("allow_bypass", False)))
    except ValueError:
        raise InvalidReplay("field 'cache' has a malformed value") from None


def write_instruction(instruction: ReplayInstruction) -> str:
    """The header form. Raises InvalidReplay if a value could break out of its field, or needs the JSON form."""
    if instruction.transform != Transform() or instruction.cache is not None:
        raise InvalidReplay("'transform' and 'cache' need the JSON form")
    truth = {"elsewhere": "true"} if instruction.elsewhere else {}
    parts = [f'{key}="{value}"' if "," in str(value) else f"{key}={value}" for key, value in {**_values(instruction), **truth}.items()]
    text = ";".join(parts)
    if parse_instruction(text) != instruction:
        raise InvalidReplay("a value breaks out of its field")
    return text


def write_instruction_json(instruction: ReplayInstruction) -> bytes:
    """The JSON form. Raises InvalidReplay like `write_instruction`."""
    data = _values(instruction)
    transform = instruction.transform
    changes: dict[str, Any] = {"path": transform.path, "delete_headers": list(transform.delete_headers)}
    changes["set_headers"] = [{"name": name, "value": value} for name, value in transform.set_headers]
    if transform != Transform():
        data["transform"] = {key: value for key, value in changes.items() if value}
    if instruction.cache is not None:
        cache = instruction.cache
        items = {"prefix": cache.prefix, "ttl": cache.ttl, "invalidate": cache.invalidate, "allow_bypass": cache.allow_bypass}
        data["cache"] = {key: value for key, value in items.items() if value}
    body = json.dumps(data).encode()
    if parse_instruction_json(body) != instruction:
        raise InvalidReplay("a value breaks out of its field")
    return body


def _values(instruction: ReplayInstruction) -> dict[str, Any]:
    values: dict[str, Any] = {
        "region": ",".join(instruction.region),
        "instance": instruction.instance,
        "prefer_instance": instruction.prefer_instance,
        "app": instruction.app,
        "state": instruction.state,
        "elsewhere": instruction.elsewhere,
        "timeout": f"{instruction.timeout_ms}ms" if instruction.timeout_ms else "",
        "fallback": instruction.fallback,
    }
    return {key: value for key, value in values.items() if value}
