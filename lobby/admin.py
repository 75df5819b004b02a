"""Staff see the fleet: what regions and the whole of it may have is theirs to say, gameservers and hours are looked at only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from lobby.heartbeats import alive
from lobby.models import FleetLimits, Gameserver, Region, Spent


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Which regions the lobby lists, and in what order. Rows come from Fly's list and are not added by hand."""

    list_display = (
        "code", "name", "country", "enabled", "has_host", "position", "min_machines", "max_machines", "warm", "deprecated", "machines",
    )  # fmt: skip
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Region]:
        """Regions with the number of gameservers alive in them, in one query."""
        regions: QuerySet[Region] = super().get_queryset(request)
        return regions.annotate(alive=Count("gameservers", filter=Q(gameservers__in=alive())))

    @admin.display(description="alive", ordering="alive")
    def machines(self, region: Any) -> int:
        """Gameservers heard in the last seconds."""
        return int(region.alive)

    @admin.display(boolean=True, description="has a host")
    def has_host(self, region: Region) -> bool:
        """Whether REGIONS names it: without a host it is not listed as open, whatever its row says."""
        return region.code in settings.REGIONS

    @admin.action(description="List the selected regions in the lobby")
    def enable(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        """Enable."""
        self.message_user(request, f"{queryset.update(enabled=True)} regions are listed.")

    @admin.action(description="Hide the selected regions from the lobby")
    def disable(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        """Disable."""
        self.message_user(request, f"{queryset.update(enabled=False)} regions are hidden.")


@admin.register(FleetLimits)
class FleetLimitsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the whole fleet may cost: one row, or none, which is the same as its defaults."""

    list_display = ("__str__", "cap", "price")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one fleet."""
        return not FleetLimits.objects.exists()


class LookedAt(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the fleet tells: nobody writes for it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come by themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are true already."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are forgotten by themselves."""
        return False


@admin.register(Spent)
class SpentAdmin(LookedAt):
    """What each of the last hours came to, up to 31 days back."""

    list_display = ("hour", "machine_hours", "counted_at")
    ordering = ("-hour",)

    @admin.display(description="Machine hours")
    def machine_hours(self, spent: Spent) -> str:
        """Machines times hours, counted by whoever planned."""
        return f"{spent.machine_s / 3600:.2f}"


@admin.register(Gameserver)
class GameserverAdmin(LookedAt):
    """What the gameservers told last."""

    list_display = ("region", "machine", "is_alive", "players", "sockets", "draining", "started_at", "last_seen")
    list_filter = ("region", "draining")
    search_fields = ("machine", "region__code", "region__name")
    list_select_related = ("region",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gameserver]:
        """Gameservers and whether they live, in one query."""
        gameservers: QuerySet[Gameserver] = super().get_queryset(request)
        return gameservers.annotate(alive=Exists(alive().filter(pk=OuterRef("pk"))))

    @admin.display(boolean=True, description="alive", ordering="alive")
    def is_alive(self, gameserver: Any) -> bool:
        """Heard in the last seconds, by the database's clock."""
        return bool(gameserver.alive)
