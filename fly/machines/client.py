"""The Machines of one Fly app: listed, started, stopped, created, through Fly's Machines API or the emulator's.

Sources: Fly docs, Machines API; the API's OpenAPI document; superfly/fly-go. What is asked again and why: `fly.machines.retries`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import quote

import httpx

from fly.machines.errors import NO_ANSWER, MachinesError
from fly.machines.limits import Limits
from fly.machines.model import Lease, Machine, malformed, read_lease, read_machine, read_machines, read_metadata
from fly.machines.retries import GONE, MOST_TRIES, REFUSED, SETTLED, TOTAL_S, maybe_done, pause_s
from fly.machines.wire import Answer, Order, Wire

MARK = "rooms_create"
"""Metadata key that says which request made a Machine: the same name from another request is another Machine."""
LONGEST_WAIT_S = 60
"""Of one `wait` request; Fly's client clamps to 1..60 s, and longer waits are repetitions."""
CREATE_READ_S = 30.0
"""A create answers when the Machine has a host; the image may have to be pulled first."""
CREATE_TOTAL_S = 90.0
TAKEN_PAUSE_S = 1.0
NONE: Mapping[str, str] = MappingProxyType({})
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\Z")
_All = list[Machine]


class Machines:
    """A client of the Machines API for one app; an async context manager.

    Every method raises MachinesError and nothing else, waits its turn (`fly.machines.limits`), and ends within 30 s, a create within
    90 s, `wait` at its own deadline. base_url: https://api.machines.dev, http://_api.internal:4280, or the emulator's; without /v1.
    token: "" for the socket inside a Machine, which wants none.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        app: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._wire = Wire(base_url, token, transport)
        self._app = _checked(_ID, app, "app")
        self._path = f"/apps/{app}/machines"
        self._limits = Limits()
        self._clock = clock
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"<Machines of {self._app}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._wire.close()

    async def list(self, *, region: str = "", metadata: Mapping[str, str] = NONE) -> _All:
        """The app's Machines that are not destroyed; only those of a region, only those with all of this metadata."""
        params = {f"metadata.{_checked(_KEY, key, 'metadata key')}": value for key, value in metadata.items()}
        params |= {"region": region} if region else {}
        answer = await self._call(Order("list", self._app, "GET", self._path, params=params or None))
        return read_machines(answer.data, answer.request_id)

    async def get(self, id: str) -> Machine:
        """One Machine; status 404 if there is none."""
        answer = await self._call(self._order("get", id, "GET"))
        return read_machine(answer.data, answer.request_id)

    async def create(
        self, name: str, region: str, config: Mapping[str, Any], *, metadata: Mapping[str, str] | None = None, skip_launch: bool = False
    ) -> Machine:
        """Make a Machine and start it, or find the one that the same call made before: two calls are one Machine, and so is a lost answer.

        Status 409, code `name_taken`: the name is that of a Machine made otherwise. `no_room` of the error: ask another region.
        """
        mark, body = _marked(name, region, config, metadata or {}, skip_launch)
        until = self._clock() + CREATE_TOTAL_S
        if found := await self._made(name, mark):
            return found
        order = Order("create", self._app, "POST", self._path, body=body, read_s=CREATE_READ_S)
        tries, lost = 0, False
        while True:
            tries += 1
            made, retry_after_s = await self._create_once(order, until)
            if isinstance(made, Machine):
                return made
            lost, taken = lost or maybe_done(made), _is_taken(made)
            if (maybe_done(made) or taken) and (found := await self._recovered(name, mark, made)):
                return found
            if taken and not lost:
                raise MachinesError(409, "name_taken", made.text, made.request_id)
            # A name that is taken after an answer was lost is our own Machine, which the list does not show yet.
            pause = TAKEN_PAUSE_S if taken and tries < MOST_TRIES else pause_s("create", made, tries, retry_after_s=retry_after_s)
            if pause is None or self._clock() + pause > until:
                raise made
            await self._sleep(pause)

    async def start(self, id: str) -> None:
        """Order a Machine to start. One that runs or starts is no error; whether it runs is for `wait` to say."""
        await self._drive("start", id)

    async def stop(self, id: str, *, signal: str = "SIGTERM", timeout_s: float = 0.0) -> None:
        """Order a Machine to stop: the signal, and SIGKILL `timeout_s` later (0: what its config says). One that stands is no error."""
        body = {"signal": signal} | ({"timeout": f"{math.ceil(timeout_s)}s"} if timeout_s > 0 else {})
        await self._drive("stop", id, body)

    async def suspend(self, id: str) -> None:
        """Order a Machine to be suspended; one that is already is no error. A stopped one cannot be."""
        await self._drive("suspend", id)

    async def cordon(self, id: str) -> None:
        """Let the proxy send nothing new to a Machine."""
        await self._drive("cordon", id)

    async def uncordon(self, id: str) -> None:
        """Take a cordon back."""
        await self._drive("uncordon", id)

    async def destroy(self, id: str, *, force: bool = False) -> None:
        """Destroy a Machine; `force` also one that runs. One that is gone is no error."""
        await self._drive("destroy", id, force=force)

    async def wait(self, id: str, state: str, *, instance_id: str = "", timeout_s: float) -> None:
        """Return when a Machine is in a state; status 408 if it is not after `timeout_s`, which may be more than the API's 60 s.

        instance_id: the version that is meant; the API wants it for `stopped`, and it is looked up if it is not given.
        """
        until = self._clock() + timeout_s
        if state == "stopped" and not instance_id:
            instance_id = (await self.get(id)).instance_id
        while True:
            for_s = int(min(LONGEST_WAIT_S, max(1.0, until - self._clock())))
            params = {"state": state, "timeout": str(for_s)} | ({"instance_id": instance_id} if instance_id else {})
            order = self._order("wait", id, "GET", "/wait", params=params, read_s=for_s + 5.0)
            try:
                await self._call(order, max(until, self._clock() + for_s))
            except MachinesError as error:
                if error.status == 404 and state == "destroyed":
                    return
                if error.status != 408 or self._clock() >= until:
                    raise
            else:
                return

    async def metadata(self, id: str) -> dict[str, str]:
        """A Machine's metadata."""
        answer = await self._call(self._order("metadata", id, "GET", "/metadata"))
        return read_metadata(answer.data if answer.data is not None else {}, answer.request_id)

    async def set_metadata(self, id: str, key: str, value: str) -> None:
        """Set one key; no new version of the Machine, and no restart."""
        path = f"/metadata/{quote(_checked(_KEY, key, 'metadata key'), safe='')}"
        await self._call(self._order("set_metadata", id, "POST", path, body={"value": value}))

    async def delete_metadata(self, id: str, key: str) -> None:
        """Take one key away."""
        path = f"/metadata/{quote(_checked(_KEY, key, 'metadata key'), safe='')}"
        await self._call(self._order("delete_metadata", id, "DELETE", path))

    async def lease(self, id: str, ttl_s: int, description: str = "") -> Lease:
        """The right to change a Machine for `ttl_s` seconds; status 409 if somebody else has it. A lost answer is not asked for again."""
        body = {"ttl": ttl_s} | ({"description": description} if description else {})
        answer = await self._call(self._order("lease", id, "POST", "/lease", body=body))
        return read_lease(answer.data, answer.request_id)

    async def release(self, id: str, nonce: str) -> None:
        """Give a lease back; one that has run out is no error."""
        try:
            await self._call(self._order("release", id, "DELETE", "/lease", nonce=_checked(_ID, nonce, "nonce")))
        except MachinesError as error:
            if error.status != 404:
                raise

    def _order(self, action: str, id: str, method: str, tail: str = "", **more: Any) -> Order:
        return Order(action, _checked(_ID, id, "Machine id"), method, f"{self._path}/{id}{tail}", **more)

    async def _drive(self, action: str, id: str, body: Mapping[str, Any] | None = None, *, force: bool = False) -> None:
        """Give an order; what the Machine's state says is done already is done."""
        method, tail = ("DELETE", "") if action == "destroy" else ("POST", f"/{action}")
        order = self._order(action, id, method, tail, body=body, params={"force": "true"} if force else None)
        try:
            await self._call(order)
        except MachinesError as error:
            if not (action == "destroy" and error.status == 404):
                raise

    async def _call(self, order: Order, until: float | None = None) -> Answer:
        """Send an order, again where the table says so, and return its 2xx answer."""
        until = self._clock() + TOTAL_S if until is None else until
        tries = 0
        while True:
            tries += 1
            await self._turn(order, until)
            outcome = await self._wire.send(order)
            if isinstance(outcome, Answer):
                return _undenied(outcome)
            failed, state = outcome.error, ""
            if order.action in SETTLED and failed.status in REFUSED and not failed.no_room:
                state = await self._state(order.ident)
                if state in SETTLED[order.action]:
                    return Answer(None)
            pause = pause_s(order.action, failed, tries, state, outcome.retry_after_s)
            if pause is None or self._clock() + pause > until:
                raise failed
            await self._sleep(pause)

    async def _turn(self, order: Order, until: float) -> None:
        """Wait until the rate allows a request; an error instead if that would be too late."""
        patience_s = max(0.0, until - self._clock())
        wait_s = self._limits.take(order.action, order.ident, self._clock(), patience_s)
        if wait_s > patience_s:
            raise MachinesError(429, "own_rate", f"{order.action} was asked for too often; the next turn is in {wait_s:.0f} s.")
        if wait_s > 0:
            await self._sleep(wait_s)

    async def _state(self, id: str) -> str:
        """A Machine's state, "" if nobody can say."""
        try:
            return (await self.get(id)).state
        except MachinesError:
            return ""

    async def _create_once(self, order: Order, until: float) -> tuple[Machine | MachinesError, float | None]:
        await self._turn(order, until)
        outcome = await self._wire.send(order)
        if not isinstance(outcome, Answer):
            return outcome.error, outcome.retry_after_s
        try:
            return read_machine(outcome.data, outcome.request_id), None
        except MachinesError as error:
            return error, None

    async def _recovered(self, name: str, mark: str, failed: MachinesError) -> Machine | None:
        """As `_made`, after a failure; that is what is raised where nobody can look, for it says more."""
        try:
            return await self._made(name, mark)
        except MachinesError:
            pass
        raise failed

    async def _made(self, name: str, mark: str) -> Machine | None:
        """The Machine that an earlier try of the same create made."""
        found = [one for one in await self.list(metadata={MARK: mark}) if one.name == name and one.metadata.get(MARK) == mark]
        return next((one for one in found if one.state not in GONE), None)


def _marked(
    name: str, region: str, config: Mapping[str, Any], metadata: Mapping[str, str], skip_launch: bool
) -> tuple[str, dict[str, Any]]:
    """The mark of a create, which is the same for the same request, and its body."""
    merged = {**config, "metadata": {**(config.get("metadata") or {}), **metadata}}
    text = json.dumps([name, region, merged, skip_launch], sort_keys=True, separators=(",", ":"))
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    merged["metadata"][MARK] = mark
    return mark, {"name": name, "region": region, "config": merged} | ({"skip_launch": True} if skip_launch else {})


def _is_taken(error: MachinesError) -> bool:
    # Fly's words as seen in public code: "already_exists: unique machine name violation, machine ID … already exists with name …", 409.
    return error.status in (409, 422) and (error.code == "name_taken" or "unique machine name" in error.text)


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    """A text that may stand in a path. Raises MachinesError without repeating it: it may come from anywhere."""
    if not pattern.match(text):
        raise MachinesError(NO_ANSWER, "not_asked", f"This is no {what}.")
    return text


def _undenied(answer: Answer) -> Answer:
    """An answer whose body does not say the opposite of its status."""
    if isinstance(answer.data, dict) and answer.data.get("ok") is False:
        raise malformed("it says that it is not ok", answer.request_id)
    return answer
