"""Pages of a region's host."""

from django.urls import path, re_path

from gameserver import views
from gameserver.connection import SLUG
from gameserver.watch import TOKEN

urlpatterns = [
    path("", views.region, name="region"),
    re_path(rf"^r/(?P<slug>{SLUG})/$", views.room, name="room"),
    path("r/", views.open_room, name="open_room"),
    re_path(rf"^w/(?P<token>{TOKEN})/$", views.watch, name="watch"),
    path("ping", views.ping, name="ping"),
]
