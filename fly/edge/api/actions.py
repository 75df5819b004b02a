"""The actions of the Machines API on the Machines of a run: each takes what is asked, returns a status and a body, or raises Refusal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from fly.edge.api import bodies, render
from fly.edge.api.routes import Asked
from fly.edge.api.states import WAITABLE, WrongState
from fly.edge.fleet import Fleet
from fly.edge.machine import Machine
from fly.edge.record import LeaseHeld
from fly.edge.troubles import Refusal

OK: dict[str, Any] = {"ok": True}
WAIT_S = 60.0
"""What a wait takes without a timeout, and at most."""
Told = tuple[int, Any]
CHANGES = frozenset({"update", "destroy", "start", "stop", "suspend", "restart", "signal", "cordon", "uncordon"})
"""Who has a Machine's lease is the only one that may."""


class Actions:
    """Answers for one fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    async def answer(self, asked: Asked) -> Told:
        """Do what is asked. Raises Refusal."""
        try:
            if asked.app and asked.app not in self.fleet.apps:
                raise Refusal(404, f"app not found: {asked.app[:40]!r}")
            if not asked.machine:
                return self._PLAIN[asked.action](self, asked)
            machine = self._machine(asked)
            if asked.action in CHANGES:
                machine.record.check_lease(asked.nonce)
            if asked.action == "wait":
                return await self._wait(asked, machine)
            return self._ON[asked.action](self, asked, machine)
        except WrongState as error:
            raise Refusal(412, str(error)) from None
        except LeaseHeld as error:
            raise Refusal(409, str(error)) from None

    def _machine(self, asked: Asked) -> Machine:
        everybody = self.fleet.of(asked.app, deleted=asked.action in ("get", "wait", "destroy"))
        found = next((one for one in everybody if one.id == asked.machine), None)
        if found is None:
            raise Refusal(404, f"machine not found: {asked.machine[:40]!r}")
        return found

    # Of the platform and of an app

    def _regions(self, asked: Asked) -> Told:
        return 200, render.regions(self.fleet)

    def _apps(self, asked: Asked) -> Told:
        org = asked.query.get("org_slug", "")
        if not org:
            raise Refusal(400, "invalid request: org_slug is required")
        apps = [render.app(one, self.fleet) for one in self.fleet.apps.values() if one.org == org]
        return 200, {"total_apps": len(apps), "apps": apps}

    def _create_app(self, asked: Asked) -> Told:
        wanted = bodies.read(asked.body, bodies.CreateApp)
        name = wanted.app_name or wanted.name
        if not bodies.NAME.match(name) or not wanted.org_slug:
            raise Refusal(422, "invalid request: app_name and org_slug are required")
        made = self.fleet.add_app(name, wanted.network, wanted.org_slug)
        return 201, {"id": made.name, "created_at": 0}

    def _app(self, asked: Asked) -> Told:
        return 200, render.app(self.fleet.apps[asked.app], self.fleet)

    def _list(self, asked: Asked) -> Told:
        wanted = {name.removeprefix("metadata."): value for name, value in asked.query.items() if name.startswith("metadata.")}
        region = asked.query.get("region", "")
        found = [
            one
            for one in self.fleet.of(asked.app, deleted=asked.flag("include_deleted"))
            if region in ("", one.plan.region) and wanted.items() <= (one.record.config.get("metadata") or {}).items()
        ]
        return 200, [render.machine(one) for one in found]

    def _create(self, asked: Asked) -> Told:
        wanted = bodies.read(asked.body, bodies.Create)
        bodies.check_config(wanted.config)
        if wanted.name and not bodies.NAME.match(wanted.name):
            raise Refusal(422, "invalid request: a name has letters, digits and dashes, 63 at most")
        ttl = bodies.lease_s(wanted.lease_ttl) if wanted.lease_ttl else 0
        made = self.fleet.create(asked.app, wanted.name, wanted.region, wanted.config, launch=not wanted.skip_launch)
        told = render.machine(made)
        if ttl:
            held = made.record.take_lease(ttl, "", "", "emulator", made.version)
            told["nonce"] = held.nonce
        return 200, told

    # Of one Machine

    def _get(self, asked: Asked, machine: Machine) -> Told:
        return 200, render.machine(machine)

    def _update(self, asked: Asked, machine: Machine) -> Told:
        wanted = bodies.read(asked.body, bodies.Update)
        bodies.check_config(wanted.config)
        if wanted.current_version and wanted.current_version != machine.version:
            raise Refusal(409, "aborted: machine version has changed since it was read")
        if wanted.name not in ("", machine.record.name) or wanted.region not in ("", machine.plan.region):
            raise Refusal(422, "invalid request: name and region of a machine cannot be changed")
        machine.begin_update(wanted.config, launch=not wanted.skip_launch)
        return 200, render.machine(machine)

    def _destroy(self, asked: Asked, machine: Machine) -> Told:
        if machine.state != "destroyed":
            machine.begin_destroy(kill=asked.flag("force") or asked.flag("kill"))
        return 200, OK

    def _start(self, asked: Asked, machine: Machine) -> Told:
        previous = machine.begin_start()
        return 200, {"previous_state": previous, "migrated": False, "new_host": ""}

    def _stop(self, asked: Asked, machine: Machine) -> Told:
        machine.begin_stop(*_how(bodies.read(asked.body, bodies.Stop)))
        return 200, OK

    def _suspend(self, asked: Asked, machine: Machine) -> Told:
        machine.begin_suspend()
        return 200, OK

    def _restart(self, asked: Asked, machine: Machine) -> Told:
        number, within_s = _how(bodies.Stop(asked.query.get("signal", ""), asked.query.get("timeout") or None))
        machine.begin_restart(number, 0.0 if asked.flag("force_stop") else within_s)
        return 200, OK

    def _signal(self, asked: Asked, machine: Machine) -> Told:
        machine.send(bodies.signal_of(bodies.read(asked.body, bodies.Signal).signal))
        return 200, OK

    async def _wait(self, asked: Asked, machine: Machine) -> Told:
        wanted, version = asked.states or ("started",), asked.query.get("instance_id") or asked.query.get("version", "")
        if unknown := sorted(set(wanted) - WAITABLE):
            raise Refusal(400, f"invalid request: {unknown[0][:20]!r} cannot be waited for")
        if "stopped" in wanted and not version:
            raise Refusal(400, "invalid request: instance_id is required to wait for stopped")
        if version and version != machine.version:
            raise Refusal(404, "not_found: this version of the machine was replaced")
        timeout_s = _timeout_s(asked.query)
        try:
            await machine.record.until(frozenset(wanted), timeout_s)
        except TimeoutError:
            text = f"deadline_exceeded: machine failed to reach desired state, {', '.join(wanted)}, currently {machine.state}"
            raise Refusal(408, text) from None
        return 200, OK

    def _cordon(self, asked: Asked, machine: Machine) -> Told:
        machine.cordon(on=asked.action == "cordon")
        return 200, OK

    def _metadata(self, asked: Asked, machine: Machine) -> Told:
        return 200, dict(machine.record.config.get("metadata") or {})

    def _set_metadata(self, asked: Asked, machine: Machine) -> Told:
        value = bodies.read(asked.body, bodies.Value).value
        machine.record.config = {**machine.record.config, "metadata": {**self._metadata(asked, machine)[1], asked.key: value}}
        return 204, None

    def _delete_metadata(self, asked: Asked, machine: Machine) -> Told:
        kept = {key: value for key, value in self._metadata(asked, machine)[1].items() if key != asked.key}
        machine.record.config = {**machine.record.config, "metadata": kept}
        return 204, None

    def _find_lease(self, asked: Asked, machine: Machine) -> Told:
        held = machine.record.lease()
        if held is None:
            raise Refusal(404, "not_found: lease not found")
        return 200, render.lease(held)

    def _take_lease(self, asked: Asked, machine: Machine) -> Told:
        wanted = bodies.read(asked.body, bodies.TakeLease)
        ttl = bodies.lease_s(wanted.ttl, asked.query.get("ttl", ""))
        return 201, render.lease(machine.record.take_lease(ttl, wanted.description, asked.nonce, "emulator", machine.version))

    def _release_lease(self, asked: Asked, machine: Machine) -> Told:
        if not asked.nonce:
            raise Refusal(400, "invalid request: the header fly-machine-lease-nonce is required")
        if not machine.record.give_lease(asked.nonce):
            raise Refusal(404, "not_found: lease not found")
        return 200, {"status": "success", "data": OK}

    _PLAIN: Mapping[str, Callable[[Actions, Asked], Told]] = {
        "regions": _regions,
        "apps": _apps,
        "create_app": _create_app,
        "app": _app,
        "list": _list,
        "create": _create,
    }
    _ON: Mapping[str, Callable[[Actions, Asked, Machine], Told]] = {
        "get": _get,
        "update": _update,
        "destroy": _destroy,
        "start": _start,
        "stop": _stop,
        "suspend": _suspend,
        "restart": _restart,
        "signal": _signal,
        "cordon": _cordon,
        "uncordon": _cordon,
        "metadata": _metadata,
        "set_metadata": _set_metadata,
        "delete_metadata": _delete_metadata,
        "find_lease": _find_lease,
        "take_lease": _take_lease,
        "release_lease": _release_lease,
    }


def _how(stop: bodies.Stop) -> tuple[int | None, float | None]:
    """Signal and seconds of a stop; None for what it does not say."""
    number = bodies.signal_of(stop.signal) if stop.signal else None
    return number, None if stop.timeout is None else bodies.duration_s(stop.timeout, bodies.STOP_S)


def _timeout_s(query: Mapping[str, str]) -> float:
    """Of a wait: 1 to 60 s. Raises Refusal."""
    text = query.get("timeout", "")
    try:
        seconds = float(text.removesuffix("s")) if text else WAIT_S
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or not 0 <= seconds <= WAIT_S:
        raise Refusal(400, f"invalid request: timeout is 1 to {WAIT_S:.0f} seconds")
    return max(1.0, seconds)
