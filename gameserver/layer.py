"""channels-redis' layer with the same data in Redis, for links between gameservers: fewer round trips, and one clock, Redis's own.

channels-redis takes four round trips for a message on its way in and four on its way out, because it keeps a copy of it until it was
handled, one message at a time. Two processes that send a hundred times a second each leave a receiver seconds behind. Here it is one
on the way out (two for a group) and one for all that lies there on the way in; what is under way when a connection breaks is lost.

It sorts messages, and forgets messages and members, by the clock of whoever sends. A Machine that was suspended is behind for a while.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer

MOST = 20
"""Messages that one round trip may bring: with parcels of 256 KiB, 5 MiB."""
NOW = """
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
"""
JOIN = f"""{NOW}
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
MEMBERS = f"""{NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time[1] - ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""
SEND = f"""{NOW}
local full = 0
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', time[1] - ARGV[2])
    if redis.call('ZCARD', key) < tonumber(ARGV[2 + i]) then
        redis.call('ZADD', key, now, ARGV[1])
        redis.call('EXPIRE', key, ARGV[2])
    else
        full = full + 1
    end
end
return full
"""
"""ARGV: the message, how long it may lie there in s, and how many messages may lie in each channel. Returns how many had no room."""


class RedisLayer(RedisChannelLayer):  # type: ignore[misc]
    """For one Redis, and for channels with one receiver each. A consumer's channels (with a `!`) go channels-redis' own way."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._taken: dict[str, deque[bytes]] = {}

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send to one channel. Raises ChannelFull."""
        if "!" in channel:
            await super().send(channel, message)
        elif await self._send([channel], message):
            raise ChannelFull

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel a member of a group, or renew that it is one."""
        await self.connection(0).eval(JOIN, 1, self._group_key(group), channel, self.group_expiry)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to all members of a group. Those whose channel is full go without."""
        names = await self.connection(0).eval(MEMBERS, 1, self._group_key(group), self.group_expiry)
        channels = [name.decode() for name in names]
        if any("!" in channel for channel in channels):
            await super().group_send(group, message)
        elif channels:
            await self._send(channels, message)

    async def _send(self, channels: list[str], message: dict[str, Any]) -> int:
        keys = [self.prefix + channel for channel in channels]
        room = [self.get_capacity(channel) for channel in channels]
        full: int = await self.connection(0).eval(SEND, len(keys), *keys, self.serialize(message), int(self.expiry), *room)
        return full

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message of a channel."""
        if "!" in channel:
            return await super().receive(channel)  # type: ignore[no-any-return]
        connection, key = self.connection(0), self.prefix + channel
        taken = self._taken.setdefault(channel, deque())
        while not taken:
            # First what lies there: a message that comes alone then has cost no second round trip before it is handled.
            taken.extend(message for message, _ in await connection.zpopmin(key, MOST))
            if not taken and (came := await connection.bzpopmin(key, timeout=self.brpop_timeout)):
                taken.append(came[1])
        message: dict[str, Any] = self.deserialize(taken.popleft())
        message.pop("__asgi_channel__", None)
        return message
