"""Which action of the API a request asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

_APP = r"/v1/apps/(?P<app>[^/]+)"
_MACHINE = rf"{_APP}/machines/(?P<machine>[^/]+)"
_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/v1/platform/regions", "regions"),
    ("GET", r"/v1/apps", "apps"),
    ("POST", r"/v1/apps", "create_app"),
    ("GET", _APP, "app"),
    ("GET", rf"{_APP}/machines", "list"),
    ("POST", rf"{_APP}/machines", "create"),
    ("GET", _MACHINE, "get"),
    ("POST", _MACHINE, "update"),
    ("DELETE", _MACHINE, "destroy"),
    ("POST", rf"{_MACHINE}/start", "start"),
    ("POST", rf"{_MACHINE}/stop", "stop"),
    ("POST", rf"{_MACHINE}/suspend", "suspend"),
    ("POST", rf"{_MACHINE}/restart", "restart"),
    ("POST", rf"{_MACHINE}/signal", "signal"),
    ("GET", rf"{_MACHINE}/wait", "wait"),
    ("POST", rf"{_MACHINE}/cordon", "cordon"),
    ("POST", rf"{_MACHINE}/uncordon", "uncordon"),
    ("GET", rf"{_MACHINE}/metadata", "metadata"),
    ("POST", rf"{_MACHINE}/metadata/(?P<key>[^/]+)", "set_metadata"),
    ("DELETE", rf"{_MACHINE}/metadata/(?P<key>[^/]+)", "delete_metadata"),
    ("GET", rf"{_MACHINE}/lease", "find_lease"),
    ("POST", rf"{_MACHINE}/lease", "take_lease"),
    ("DELETE", rf"{_MACHINE}/lease", "release_lease"),
)
_COMPILED = [(method, re.compile(pattern + r"/?\Z"), action) for method, pattern, action in _ROUTES]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the API. `nonce`: of the lease that the asker says it has. `states`: a wait may name several (superfly/fly-go)."""

    action: str
    app: str = ""
    machine: str = ""
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    nonce: str = ""
    states: tuple[str, ...] = ()

    @property
    def ident(self) -> str:
        """Whose rate it uses."""
        return self.machine or self.app or "platform"

    def flag(self, name: str) -> bool:
        """A switch of the query."""
        return self.query.get(name, "").lower() in ("1", "true", "yes")


def route(method: str, target: str, body: bytes, nonce: str) -> Asked | None:
    """What a request asks for; None if there is nothing like it."""
    path, _, query = target.partition("?")
    for wanted, pattern, action in _COMPILED:
        found = pattern.match(path) if wanted == method else None
        if found is not None:
            parts = {name: unquote(value) for name, value in found.groupdict().items()}
            pairs = parse_qsl(query, keep_blank_values=True)
            states = tuple(value for name, value in pairs if name == "state" and value)
            return Asked(action, **parts, query=dict(pairs), body=body, nonce=nonce, states=states)
    return None
