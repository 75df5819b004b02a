"""Sockets of a region's host."""

from django.urls import re_path

from gameserver.consumers import RoomConsumer

websocket_urlpatterns = [re_path(r"^ws/r/(?P<slug>[^/]{1,64})/$", RoomConsumer.as_asgi())]
