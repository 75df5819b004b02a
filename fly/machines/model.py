"""What the Machines API answers, as values. Fields and states that nobody knows yet are let through; what has the wrong shape is an error.

Source: the API's OpenAPI document (superfly/docs, machines-api/openapi.json), and Fly's own client (superfly/fly-go, machine_types.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fly.machines.errors import MachinesError

MALFORMED = "malformed_answer"
"""`code` of an error for an answer that cannot be read."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One Machine as the API shows it. `state` is Fly's word, also one that is not known here."""

    id: str
    name: str = ""
    state: str = ""
    region: str = ""
    instance_id: str = ""
    """Of this version of the Machine; a new one with each update."""
    created_at: str = ""
    updated_at: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    """A copy of what config says, so that readers need not look whether it says anything."""
    cordoned: bool = False
    host_status: str = ""
    """ok, unknown or unreachable; "" where the API does not say."""
    private_ip: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to change one Machine. `expires_at` in seconds since 1970."""

    nonce: str = field(repr=False)
    expires_at: int
    owner: str = ""
    description: str = ""


def read_machine(data: object, request_id: str = "") -> Machine:
    """A Machine out of parsed JSON. Raises MachinesError (status 200, code `malformed_answer`) that names what is wrong."""
    answer = _Fields(data, "a Machine", request_id)
    # A host that does not answer leaves `config` out and says what it remembers.
    config = answer.mapping("config") or answer.mapping("incomplete_config")
    return Machine(
        id=answer.text("id", wanted=True),
        name=answer.text("name"),
        state=answer.text("state"),
        region=answer.text("region"),
        # The API's own document calls instance_id deprecated in favour of version; both have the same value.
        instance_id=answer.text("instance_id") or answer.text("version"),
        created_at=answer.text("created_at"),
        updated_at=answer.text("updated_at"),
        config=config,
        metadata=read_metadata(config.get("metadata") or {}, request_id),
        cordoned=answer.flag("cordoned"),
        host_status=answer.text("host_status"),
        private_ip=answer.text("private_ip"),
    )


def read_machines(data: object, request_id: str = "") -> list[Machine]:
    """Machines out of a parsed array; `null` is none, as Go writes an empty one. Raises MachinesError."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise malformed(f"a list of Machines is {_kind(data)}", request_id)
    return [read_machine(one, request_id) for one in data]


def read_metadata(data: object, request_id: str = "") -> dict[str, str]:
    """Metadata out of a parsed object. Raises MachinesError for what is not text."""
    if not isinstance(data, dict) or not all(isinstance(key, str) and isinstance(value, str) for key, value in data.items()):
        raise malformed("metadata is not an object of texts", request_id)
    return dict(data)


def read_lease(data: object, request_id: str = "") -> Lease:
    """A lease, bare as the API's document has it, or under `data` as Fly's own client reads it. Raises MachinesError."""
    answer = _Fields(data, "a lease", request_id)
    inner = answer.mapping("data")
    lease = _Fields(inner, "a lease", request_id) if inner else answer
    return Lease(
        nonce=lease.text("nonce", wanted=True),
        expires_at=lease.number("expires_at"),
        owner=lease.text("owner"),
        description=lease.text("description"),
    )


def read_error(status: int, data: object, request_id: str = "") -> MachinesError:
    """An error out of either body: `{"error": text, "status"?: code}`, or `{"status": "error", "message": text, "code"?: code}`.

    A body that is neither is an error without a text. Never raises.
    """
    body: Mapping[str, Any] = data if isinstance(data, dict) else {}
    said, text = body.get("error"), body.get("message")
    code = body.get("code") if body.get("status") in (None, "error") else body.get("status")
    text = text if isinstance(text, str) and text else said
    return MachinesError(status, code if isinstance(code, str) else "", text if isinstance(text, str) else "", request_id)


def malformed(what: str, request_id: str = "", status: int = 200) -> MachinesError:
    """The error for an answer that cannot be read."""
    return MachinesError(status, MALFORMED, f"The answer cannot be read: {what}.", request_id)


class _Fields:
    """An object of an answer, read field by field; absent and null are the same, as Go leaves empty values out."""

    def __init__(self, data: object, name: str, request_id: str) -> None:
        if not isinstance(data, dict):
            raise malformed(f"{name} is {_kind(data)}", request_id)
        self._data, self._name, self._request_id = data, name, request_id

    def text(self, key: str, *, wanted: bool = False) -> str:
        value = self._data.get(key)
        if value is None and not wanted:
            return ""
        if not isinstance(value, str) or (wanted and not value):
            raise malformed(f"{key} of {self._name} is {_kind(value)}", self._request_id)
        return value

    def number(self, key: str) -> int:
        value = self._data.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise malformed(f"{key} of {self._name} is {_kind(value)}", self._request_id)
        return value

    def flag(self, key: str) -> bool:
        value = self._data.get(key)
        if not isinstance(value, bool | None):
            raise malformed(f"{key} of {self._name} is {_kind(value)}", self._request_id)
        return bool(value)

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._data.get(key)
        if not isinstance(value, dict | None):
            raise malformed(f"{key} of {self._name} is {_kind(value)}", self._request_id)
        return dict(value or {})


def _kind(value: object) -> str:
    """What something is, never what it says."""
    return {type(None): "missing", str: "text", bool: "a flag", list: "a list", dict: "an object"}.get(type(value), "a number")
