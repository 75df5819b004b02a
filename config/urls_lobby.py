"""Pages of the lobby's host."""

from django.contrib import admin
from django.urls import include, path

from gameserver.players import me
from lobby.beats import beats

urlpatterns = [
    path("", include("lobby.urls")),
    path("me/", me, name="me"),
    path("beats/", beats),
    path("admin/", admin.site.urls),
]
