"""The signed, dated `state` of our replays: a proof of who replayed, never a permission.

Every Machine of either app has the same IDENTITY_KEY. The text is URL-safe base64 without padding, because Fly does not say what else
survives in `state`.
"""

from __future__ import annotations

import base64

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from fly.arrival import Proof
from fly.replay import INSTANCE_STEP, REGION_STEP

MAX_AGE_S = 60
_STEPS = (REGION_STEP, INSTANCE_STEP)


def _signer() -> TimestampSigner:
    return TimestampSigner(key=settings.IDENTITY_KEY, salt="fly.replay.state")


def sign(step: str, region: str, machine: str) -> str:
    """The `state` that says: `machine` of this project took `step` towards `region`, now."""
    return base64.urlsafe_b64encode(_signer().sign(f"{step} {region} {machine}").encode()).rstrip(b"=").decode()


def check(state: str) -> Proof | None:
    """What a `state` proves; None if it is not ours, older than a minute, or not to be read. Never raises."""
    try:
        text = base64.b64decode(state.encode() + b"=" * (-len(state) % 4), altchars=b"-_", validate=True).decode()
        step, region, machine = _signer().unsign(text, max_age=MAX_AGE_S).split(" ")
    except (BadSignature, ValueError):
        return None
    return Proof(step, region, machine) if step in _STEPS else None
