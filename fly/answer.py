"""A decision as an HTTP answer, the same for pages and handshakes."""

from __future__ import annotations

from django.conf import settings

from fly.context import FlyContext
from fly.headers import JSON_TYPE, REPLAY, ReplayInstruction, Transform, write_instruction, write_instruction_json
from fly.regions import REGIONS, by_distance
from fly.replay import INSTANCE_STEP, REGION_STEP, Replay
from fly.state import sign

STATUS = 307
"""Fly prescribes none; its own examples use 307. Without a Location no client follows it."""

TIMEOUT_MS = 15_000
"""How long the edge tries the target. A stopped Machine has to boot in that time; a person does not wait longer."""

INSTANCE_TIMEOUT_MS = 5000
"""The same for one Machine of a region: another one answers when it does not, so nobody waits longer than for its restart."""

RETRY_AFTER_S = 2


def replay_answer(context: FlyContext, replay: Replay, *, bodiless: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that make Fly's edge carry the request on.

    JSON form when the client aimed the request itself: its aim would survive the replay and send it back here. With
    REPLAY_CACHE_TTL_S the edge may keep the answer, per host name; then Fly allows neither state, nor fallback, nor
    transform. bodiless: an answer to HEAD, which has no room for JSON: the aim wins then, and FR6 ends it.
    """
    headers = {"cache-control": "no-store"}
    hide = () if bodiless else replay.hide
    # One that prefers a Machine is not kept: the next request may be another room's.
    cached = bool(settings.REPLAY_CACHE_TTL_S) and not replay.hide and replay.step == REGION_STEP and not replay.prefer
    instruction = ReplayInstruction(
        region=(replay.region,),
        instance=replay.instance,
        prefer_instance=replay.prefer,
        app=replay.app,
        state="" if cached else sign(replay.step, replay.region, context.here.machine),
        timeout_ms=0 if cached else INSTANCE_TIMEOUT_MS if replay.step == INSTANCE_STEP and not context.host.machine else TIMEOUT_MS,
        fallback="" if cached else "prefer_self",
        transform=Transform(delete_headers=hide),
    )
    if hide:
        return 200, {**headers, "content-type": JSON_TYPE}, write_instruction_json(instruction)
    headers[REPLAY] = write_instruction(instruction)
    if cached:
        headers["fly-replay-cache"] = "/*"
        headers["fly-replay-cache-ttl-secs"] = str(settings.REPLAY_CACHE_TTL_S)
    return STATUS, headers, b""


def nearest_other(context: FlyContext) -> str | None:
    """The enabled region nearest to the visitor, other than the one that was wanted; None if there is no other."""
    stand = context.arrival.edge_region or context.here.region
    return next((code for code in by_distance(stand, settings.REGIONS) if code != context.region), None)


def city(code: str | None) -> str:
    """What people call a region."""
    return REGIONS[code].city if code and code in REGIONS else "This region"
