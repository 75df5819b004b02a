"""The routing decision, for pages and handshakes alike (R7): serve here, replay there, or refuse. Pure.

Rules: docs/spec.md, FR1 to FR9. A replay narrows: anywhere, then the region, then the Machine (R8).
"""

from __future__ import annotations

from dataclasses import dataclass

from fly.arrival import Arrival
from fly.here import Here
from fly.regions import REGIONS

MAX_REPLAY_BODY = 1_000_000
"""Bytes of body Fly replays (docs, dynamic request routing: 1 MB; another page says 10: we stay under both)."""

REGION_STEP = "region"
INSTANCE_STEP = "instance"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request wants to go: a region, and in it a Machine if the room has an owner there."""

    region: str
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Serve:
    """This process answers."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replay:
    """The edge shall take the request there. `step` is "region" or "instance"; `hide` are headers the target must not see."""

    step: str
    region: str
    instance: str
    hide: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody answers: `status` is the HTTP status, `code` one of not_found, not_answering, too_large."""

    status: int
    code: str
    reason: str


Decision = Serve | Replay | Refuse


def decide(here: Here, target: Target | None, arrival: Arrival) -> Decision:
    """Say whether this process serves a request, has it replayed, or refuses it [FR1 to FR9]. Never raises.

    target: None for hosts that any Machine serves (the lobby, static files).
    """
    if target is None:
        return Serve("FR1 any Machine serves this host")
    if not here.is_fly:
        return Serve("FR2 off Fly one process serves every region")
    if target.region not in REGIONS:
        return Refuse(404, "not_found", "FR3 no such region")
    if here.region == target.region and target.machine in ("", here.machine):
        return Serve("FR4 this is the right region" if not target.machine else "FR4 this is the right Machine")
    step = REGION_STEP if here.region != target.region else INSTANCE_STEP
    taken = _taken(step, target, arrival)
    if step == INSTANCE_STEP and (arrival.failed or taken):
        return Serve("FR9 the Machine that was wanted is not to be reached, or not the right one: this one answers")
    if arrival.failed:
        return Refuse(503, "not_answering", f"FR5 the replay to {target.region} failed")
    if taken:
        return Refuse(503, "not_answering", f"FR6 the {step} step was taken already and did not arrive")
    if arrival.body_bytes is None:
        return Refuse(413, "too_large", "FR7 a body of unknown length cannot be replayed")
    if arrival.body_bytes > MAX_REPLAY_BODY:
        return Refuse(413, "too_large", f"FR7 a body over {MAX_REPLAY_BODY} bytes cannot be replayed")
    if step == REGION_STEP:
        return Replay(step, target.region, "", arrival.aims, f"FR8 {target.region} serves this host")
    return Replay(step, target.region, target.machine, arrival.aims, "FR9 another Machine of the region owns the room")


def _taken(step: str, target: Target, arrival: Arrival) -> bool:
    """Whether this step was taken before. That it was an earlier, wider step is said by our own signature or by the cache."""
    by_cache = arrival.cache_status not in ("", "bypass")
    if step == REGION_STEP:
        return arrival.replayed or by_cache
    if not arrival.replayed:
        return False
    if arrival.proof is not None:
        return not (arrival.proof.step == REGION_STEP and arrival.proof.region == target.region)
    # The edge's cache takes the region step only, and never with state; each of our instance steps has one.
    return not (by_cache and arrival.source is not None and not arrival.source.state)
