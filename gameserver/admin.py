"""Staff look at rooms and messages; they change neither, because a journal that can be edited is none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from gameserver.models import Event, Record, Room


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Everything may be seen, nothing added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


@admin.register(Record)
class RecordAdmin(ReadOnly):
    """The best of each player in each world."""

    list_display = ("player_name", "points", "world", "region", "player_id")
    list_filter = ("region", "world")
    search_fields = ("player_name", "player_id")


@admin.register(Room)
class RoomAdmin(ReadOnly):
    """The region's rooms, with how much was said in them and when last."""

    list_display = ("slug", "region", "events", "last_event", "owner", "epoch", "created_at")
    list_filter = ("region",)
    search_fields = ("slug",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        """Rooms with their last event and their lease, in one query."""
        return Room.with_last_event().select_related("lease").order_by(*self.get_ordering(request))

    @admin.display(ordering="lease__machine", empty_value="nobody")
    def owner(self, room: Room) -> str | None:
        """The Machine that holds the room's lease, or held it last."""
        return room.lease.machine or None if hasattr(room, "lease") else None

    @admin.display(ordering="lease__epoch")
    def epoch(self, room: Room) -> int | None:
        """One higher with every owner."""
        return room.lease.epoch if hasattr(room, "lease") else None

    @admin.display(ordering="last_seq")
    def events(self, room: Any) -> int:
        """Events in the journal: they are numbered without a gap."""
        return int(room.last_seq)

    @admin.display(ordering="last_at")
    def last_event(self, room: Any) -> datetime | None:
        """The time of the newest event."""
        return None if room.last_at is None else datetime.fromtimestamp(room.last_at / 1000, UTC)


@admin.register(Event)
class EventAdmin(ReadOnly):
    """What was said, newest first; searched by words and by player."""

    list_display = ("when", "room", "player_name", "ev", "text", "seq")
    list_filter = ("room__region", "ev")
    list_select_related = ("room",)
    search_fields = ("text", "player_name", "player_id", "room__slug")
    ordering = ("-id",)
    show_full_result_count = False
    exclude = ("session", "ref")

    @admin.display(ordering="at")
    def when(self, event: Event) -> datetime:
        """The owner's time."""
        return datetime.fromtimestamp(event.at / 1000, UTC)
