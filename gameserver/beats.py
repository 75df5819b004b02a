"""What the lobby is told of a process."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from gameserver.heartbeat import Beat
from gameserver.owner import Owner
from gameserver.process import Process


def beats(process: Process) -> list[Beat]:
    """One beat a region that the process serves."""
    rooms = process.rooms()
    return [_beat(process, region, [owner for owner in rooms if owner.region == region]) for region in process.regions]


def _room(owner: Owner) -> dict[str, Any]:
    """A room for the lobby. Where rooms have so many places: how many are `taken`, and whose tickets have `arrived`, as of one moment."""
    room: dict[str, Any] = {"slug": owner.slug, "players": owner.hub.players}
    return {**room, "taken": owner.seats.taken, "arrived": owner.seats.arrivals()} if settings.ROOM_PLACES else room


def _beat(process: Process, region: str, rooms: list[Owner]) -> Beat:
    crowded = [_room(owner) for owner in rooms if owner.hub.players or owner.seats.taken]
    return Beat(
        region=region,
        machine=process.here.machine,
        app=process.here.app,
        started_at=process.started_at,
        players=sum(room["players"] for room in crowded),
        rooms=sorted(crowded, key=lambda room: (-room["players"], room["slug"])),
        sockets=len(process.outlets),
        draining=process.is_draining,
    )
