"""The routing decision, for pages and handshakes alike (R7): serve here, replay there, or refuse. Pure.

Rules: docs/spec.md, FR1 to FR9 and AP2 to AP9. A replay narrows: anywhere, then the region, then the Machine (R8).
"""

from __future__ import annotations

from dataclasses import dataclass

from fly.arrival import Arrival
from fly.here import Here
from fly.regions import REGIONS
from fly.role import BOTH, Role

MAX_REPLAY_BODY = 1_000_000
"""Bytes of body Fly replays (docs, dynamic request routing: 1 MB; another page says 10: we stay under both)."""

REGION_STEP = "region"
INSTANCE_STEP = "instance"
NO_CANDIDATE = "no_candidate"
"""Fly's reason for a replay that failed because there is no Machine to take it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request wants to go: a region, and in it a Machine if the room has an owner there.

    `prefer`: the Machine that a room nobody owns yet shall have; any other of the region will do. `only`: the host itself names `machine`,
    and nobody answers for it. `app`: the app of the gameservers, where it is another than the lobby's.
    """

    region: str
    machine: str = ""
    prefer: str = ""
    only: bool = False
    app: str = ""


@dataclass(frozen=True, slots=True)
class Serve:
    """This process answers."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replay:
    """The edge shall take the request there. `step` is "region" or "instance"; `hide` are headers the target must not see.

    `instance`: that Machine or nobody; `prefer`: that one if it can; `app`: empty for the app of this process.
    """

    step: str
    region: str
    instance: str
    hide: tuple[str, ...]
    reason: str
    prefer: str = ""
    app: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody answers: `status` is the HTTP status, `code` one of not_found, no_machine, not_answering, too_large."""

    status: int
    code: str
    reason: str


Decision = Serve | Replay | Refuse


def decide(here: Here, target: Target | None, arrival: Arrival, role: Role = BOTH) -> Decision:
    """Say whether this process serves a request, has it replayed, or refuses it [FR1 to FR9, AP2 to AP9]. Never raises.

    target: None for hosts that any Machine of the lobby serves.
    """
    if target is None:
        if not role.lobby:
            return Refuse(404, "not_found", "AP3 the lobby is another app, and a gameserver sends nobody there")
        return Serve("FR1 any Machine serves this host")
    if not here.is_fly:
        return Serve("FR2 off Fly one process serves every region")
    if target.region not in REGIONS:
        return Refuse(404, "not_found", "FR3 no such region")
    if role.gameserver and here.region == target.region:
        return _in_the_region(here, target, arrival)
    return _elsewhere(target, arrival, role)


def _in_the_region(here: Here, target: Target, arrival: Arrival) -> Decision:
    wanted = target.machine or target.prefer
    if wanted in ("", here.machine):
        return Serve("FR4 this is the right region" if not wanted else "FR4 this is the right Machine")
    taken = _instance_taken(target, arrival)
    if target.only and (arrival.failed or taken):
        return _nobody_else(target, arrival)
    if arrival.failed or taken:
        return Serve("FR9 the Machine that was wanted is not to be reached, or not the right one: this one answers")
    if not target.machine and arrival.preferred_unavailable == target.prefer:
        return Serve("AP8 the Machine that was preferred takes nobody: this one answers")
    if not target.machine:
        why = "AP8 another Machine of the region shall have the room"
        return _within(arrival, Replay(INSTANCE_STEP, target.region, "", arrival.aims, why, target.prefer, target.app))
    why = "AP6 the host names another Machine" if target.only else "FR9 another Machine of the region owns the room"
    return _within(arrival, Replay(INSTANCE_STEP, target.region, target.machine, arrival.aims, why, app=target.app))


def _elsewhere(target: Target, arrival: Arrival, role: Role) -> Decision:
    """The first step: to the region, or to the Machine at once where the app is another and the host names it."""
    at_once = target.only and not role.gameserver
    if at_once and arrival.failed:
        return _nobody_else(target, arrival)
    if arrival.failed:
        return Refuse(503, "not_answering", f"FR5 the replay to {target.region} failed")
    if arrival.replayed or _by_cache(arrival):
        return Refuse(503, "not_answering", "FR6 the region step was taken already and did not arrive")
    if at_once:
        why = f"AP6 {target.app} has the Machine that the host names"
        return _within(arrival, Replay(INSTANCE_STEP, target.region, target.machine, arrival.aims, why, app=target.app))
    why = f"FR8 {target.region} serves this host" if role.gameserver else f"AP2 {target.app} serves {target.region}"
    return _within(arrival, Replay(REGION_STEP, target.region, "", arrival.aims, why, target.machine or target.prefer, target.app))


def _within(arrival: Arrival, replay: Replay) -> Decision:
    """The replay, if Fly carries a body as large as this one."""
    if arrival.body_bytes is None:
        return Refuse(413, "too_large", "FR7 a body of unknown length cannot be replayed")
    if arrival.body_bytes > MAX_REPLAY_BODY:
        return Refuse(413, "too_large", f"FR7 a body over {MAX_REPLAY_BODY} bytes cannot be replayed")
    return replay


def _nobody_else(target: Target, arrival: Arrival) -> Refuse:
    """A host that names a Machine is answered by that one alone."""
    if arrival.failure is not None and arrival.failure.reason == NO_CANDIDATE:
        return Refuse(404, "no_machine", f"AP7 there is no such Machine in {target.region} just now")
    return Refuse(503, "not_answering", f"AP7 the Machine that the host names, in {target.region}, is not to be reached")


def _by_cache(arrival: Arrival) -> bool:
    return arrival.cache_status not in ("", "bypass")


def _instance_taken(target: Target, arrival: Arrival) -> bool:
    """Whether this step was taken before. That it was an earlier, wider step is said by our own signature or by the cache."""
    if not arrival.replayed:
        return False
    if arrival.proof is not None:
        return not (arrival.proof.step == REGION_STEP and arrival.proof.region == target.region)
    # The edge's cache takes the region step only, and never with state; each of our instance steps has one.
    return not (_by_cache(arrival) and arrival.source is not None and not arrival.source.state)
