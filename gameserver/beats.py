"""What the lobby is told of a process."""

from __future__ import annotations

from gameserver.heartbeat import Beat
from gameserver.owner import Owner
from gameserver.process import Process


def beats(process: Process) -> list[Beat]:
    """One beat a region that the process serves."""
    rooms = process.rooms()
    return [_beat(process, region, [owner for owner in rooms if owner.region == region]) for region in process.regions]


def _beat(process: Process, region: str, rooms: list[Owner]) -> Beat:
    crowded = [{"slug": owner.slug, "players": owner.hub.players} for owner in rooms if owner.hub.players]
    return Beat(
        region=region,
        machine=process.here.machine,
        app=process.here.app,
        started_at=process.started_at,
        players=sum(room["players"] for room in crowded),  # type: ignore[misc]
        rooms=sorted(crowded, key=lambda room: (-int(room["players"]), str(room["slug"]))),
        sockets=len(process.outlets),
        draining=process.is_draining,
    )
