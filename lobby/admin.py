"""Staff see the fleet: regions can be hidden from the lobby, gameservers are looked at only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from lobby.heartbeats import alive
from lobby.models import Gameserver, Region


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Which regions the lobby lists, and in what order. Rows come from Fly's list and are not added by hand."""

    list_display = ("code", "name", "country", "enabled", "position", "deprecated", "machines")
    list_editable = ("enabled", "position")
    list_filter = ("enabled", "deprecated")
    search_fields = ("code", "name", "country")
    readonly_fields = ("code", "name", "country", "lat", "lon", "deprecated")
    actions = ("enable", "disable")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Fly makes regions, not staff."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Disable one instead."""
        return False

    @admin.display(description="alive")
    def machines(self, region: Region) -> int:
        """Gameservers heard in the last seconds."""
        return alive().filter(region=region).count()

    @admin.action(description="List the selected regions in the lobby")
    def enable(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        """Enable."""
        self.message_user(request, f"{queryset.update(enabled=True)} regions are listed.")

    @admin.action(description="Hide the selected regions from the lobby")
    def disable(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        """Disable."""
        self.message_user(request, f"{queryset.update(enabled=False)} regions are hidden.")


@admin.register(Gameserver)
class GameserverAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the gameservers told last."""

    list_display = ("region", "machine", "is_alive", "players", "sockets", "draining", "started_at", "last_seen")
    list_filter = ("region", "draining")
    search_fields = ("machine", "region__code", "region__name")
    list_select_related = ("region",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Gameservers announce themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody writes for them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are forgotten by themselves."""
        return False

    @admin.display(boolean=True, description="alive")
    def is_alive(self, gameserver: Gameserver) -> bool:
        """Heard in the last seconds, by the database's clock."""
        return alive().filter(pk=gameserver.pk).exists()
