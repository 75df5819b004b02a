"""Pages of a region's host."""

from django.conf import settings
from django.urls import include, path

from gameserver.players import me

urlpatterns = [
    path("", include("gameserver.urls")),
    path("me/", me, name="me"),
]
if settings.ROLE.lobby:
    # Staff are in the global database. A gameserver of an app of its own has none: there `manage.py rooms` shows what staff would see.
    from django.contrib import admin

    urlpatterns.append(path("admin/", admin.site.urls))
