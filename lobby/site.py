"""The staff's admin: the fleet and the accounts at the lobby's host, rooms and messages at each region's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest

from gameserver.page_data import lobby_url, region_dict, region_url

REGION_APPS = frozenset({"gameserver"})


class StaffAdminConfig(AdminConfig):
    """Takes the place of django.contrib.admin in INSTALLED_APPS."""

    default_site = "lobby.site.StaffSite"


class StaffSite(AdminSite):
    """One admin on every host; each shows what lives there, and the way to the others."""

    site_title = "Rooms staff"
    index_template = "admin/staff_index.html"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Show a model, if its database is here: a lobby of its own has no region's."""
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        here = [model for model in models if settings.ROLE.gameserver or model._meta.app_label not in REGION_APPS]
        if here:
            super().register(here, admin_class, **options)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The header says where one is; the index links to the other hosts' admins, on the same port."""
        code = request.fly.region  # type: ignore[attr-defined]
        here = region_dict(code) if code else None
        links = [{**region_dict(other), "url": f"{region_url(request, other)}admin/"} for other in self._regions() if other != code]
        return {
            **super().each_context(request),
            "site_header": f"{here['flag']} {here['name']} — rooms" if here else "Lobby — fleet",
            "site_url": region_url(request, code) if code else lobby_url(request),
            "region_admins": links,
            "lobby_admin": f"{lobby_url(request)}admin/" if code else None,
        }

    def _regions(self) -> tuple[str, ...]:
        """Those that have a staff's view: none where gameservers are an app that knows no staff."""
        return settings.REGIONS if settings.ROLE.gameserver else ()

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """A region's host has the region's database; the lobby's has the global one."""
        at_region = request.fly.region is not None  # type: ignore[attr-defined]
        return [app for app in super().get_app_list(request, app_label) if (app["app_label"] in REGION_APPS) == at_region]
