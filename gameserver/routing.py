"""Sockets of a region's host: of a room by its name, and by a link to watch it."""

from django.urls import re_path

from gameserver.consumers import RoomConsumer
from gameserver.watch import TOKEN

websocket_urlpatterns = [
    re_path(r"^ws/r/(?P<slug>[^/]{1,64})/$", RoomConsumer.as_asgi()),
    re_path(rf"^ws/w/(?P<token>{TOKEN})/$", RoomConsumer.as_asgi()),
]
