"""Which host is which: django-hosts' pattern table, made exact, and read by pages and handshakes alike (R7).

django-hosts by itself takes the dots of PARENT_HOST for "any character" and lets a longer name match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django_hosts import host as django_host

LOBBY = "lobby"
REGION = "region"
MACHINE = "machine"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Resolved:
    """One entry of the table: its name, the region's code when the host is a region's, and the Machine's id when it names one."""

    name: str
    region: str | None
    machine: str = ""


class exact_host(django_host):  # type: ignore[misc]
    """A `host` that matches the whole name, with an optional trailing dot and port, capitals or not.

    `regex` is the part before PARENT_HOST; empty: PARENT_HOST itself.
    """

    def __init__(self, regex: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(regex, *args, **kwargs)
        label = rf"(?:{regex})\." if regex else ""
        self.compiled_regex = re.compile(rf"{label}{re.escape(settings.PARENT_HOST)}\.?(?::\d{{1,5}})?\Z", re.IGNORECASE | re.ASCII)


class any_host(django_host):  # type: ignore[misc]
    """The last entry of the table: whatever no other entry matched, under no parent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("", *args, **kwargs)
        self.compiled_regex = re.compile("")


def resolve(host: str) -> Resolved:
    """Look a Host header up in the table of ROOT_HOSTCONF; Resolved("unknown", None) for whatever is not ours. Never raises."""
    for entry in _table(settings.ROOT_HOSTCONF):
        match = entry.compiled_regex.match(host)
        if match:
            found = {name: text.lower() for name, text in match.groupdict().items() if text}
            return Resolved(entry.name, found.get("region"), found.get("machine", ""))
    return Resolved(UNKNOWN, None)


@cache
def _table(hostconf: str) -> tuple[Any, ...]:
    return tuple(import_module(hostconf).host_patterns)
