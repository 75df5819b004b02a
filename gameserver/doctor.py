"""What `manage.py doctor` looks at that only the gameserver knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from fly.doctor import Finding, check
from fly.doctor.finding import error, ok, skipped
from gameserver.engine.registry import discover

LAYER = "gameserver.layer.RedisLayer"


def judge_frames(command: str, largest: int) -> Finding:
    """Whether the server's limit of a message is what the largest message of any world needs. command: the image's, "" if unknown."""
    found = re.search(r"--max-frame\W+(\d+)", command)
    if not command:
        return skipped("--max-frame", "There is no Dockerfile here.")
    if found is None or int(found[1]) != largest:
        fix = (
            f"Start fly.server with --max-frame {largest}: a larger message closes the socket, and a larger limit is memory for strangers."
        )
        return error("--max-frame", f"It is {found[1] if found else 'not set'}, the largest message of a world {largest}.", fix)
    return ok("--max-frame", f"{largest} bytes, the largest message of a world.")


def judge_backend(layer: Mapping[str, Any], has_redis: bool) -> Finding:
    """Whether gameservers of a region reach each other by the layer that was made for it."""
    backend = layer.get("BACKEND", "")
    if has_redis and backend != LAYER:
        fix = f"Set BACKEND to {LAYER}: channels-redis takes eight round trips for a message, and its pubsub layer loses order."
        return error("channel layer", f"It is {backend}.", fix)
    return ok("channel layer", f"{backend}.")


@check("gameserver")
def gameserver() -> Iterator[Finding]:
    """The server's limits and the layer between gameservers."""
    dockerfile = settings.BASE_DIR / "Dockerfile"
    command = dockerfile.read_text() if dockerfile.is_file() else ""
    yield judge_frames(command, max(world.max_frame for world in discover().worlds.values()))
    yield judge_backend(settings.CHANNEL_LAYERS.get("default", {}), bool(settings.ENV.redis_url))
