"""A room as Channels' documentation has it: a consumer for each socket, a group for the room, the in-memory layer.

`DJANGO_SETTINGS_MODULE=bench.peers.settings python -m daphne bench.peers.stock:application`
"""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

GROUP = "room"
AIMS: dict[str, Any] = {}
COUNT = {"aimed": 0}


class Chat(AsyncJsonWebsocketConsumer):
    """What somebody says goes to all in the group."""

    async def receive_json(self, content: Any, **more: Any) -> None:
        """A join or a line."""
        if content["cmd"] == "room.join":
            await self.channel_layer.group_add(GROUP, self.channel_name)
            await self.send_json({"type": "welcome"})
        else:
            await self.channel_layer.group_send(GROUP, {"type": "load.said", "text": content["text"]})

    async def load_said(self, event: Any) -> None:
        """A line of the group, to this client."""
        await self.send_json({"type": "events", "events": [{"ev": "load.said", "text": event["text"]}]})

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)


class Count(AsyncJsonWebsocketConsumer):
    """What comes is parsed, kept as the last of its client, and counted."""

    async def receive_json(self, content: Any, **more: Any) -> None:
        """A join, an aim, or the question how many there were."""
        if content["cmd"] == "load.aim":
            AIMS[self.channel_name] = content["x"], content["y"]
            COUNT["aimed"] += 1
        elif content["cmd"] == "load.count":
            await self.send_json({"type": "reply", "ref": content["ref"], "ok": True, "aimed": COUNT["aimed"]})
        else:
            await self.send_json({"type": "welcome"})


application = ProtocolTypeRouter({"websocket": URLRouter([path("chat/", Chat.as_asgi()), path("count/", Count.as_asgi())])})
