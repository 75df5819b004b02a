"""The layer between gameservers, on a real Redis; it lives beside channels-redis' own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer
from channels_redis.core import RedisChannelLayer
from django.utils.module_loading import import_string

from config.settings import _channel_layer
from gameserver import link as link_module
from gameserver import parcels as parcels_module
from gameserver.layer import MOST, RedisLayer
from tests.gameserver.links import PATIENCE_S, redis_layer, until
from tests.support.redis import Server, running


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
async def layer(redis: Server) -> AsyncIterator[RedisLayer]:
    made = redis_layer(redis)
    await made.flush()
    yield made
    await made.close_pools()


@pytest.fixture
async def core(redis: Server) -> AsyncIterator[RedisChannelLayer]:
    made = RedisChannelLayer(**_channel_layer(redis.url)["CONFIG"])
    yield made
    await made.close_pools()


async def received(layer: Any, channel: str, count: int) -> list[Any]:
    messages = [await layer.receive(channel) for _ in range(count)]
    assert all(set(message) == {"n"} for message in messages)
    return [message["n"] for message in messages]


def test_the_settings_make_a_layer_that_links_can_use() -> None:
    """[GS124] With a Redis the settings name a layer that forgets dead members soon, no living one, and no message that is still sent."""
    made = _channel_layer("redis://:secret@h:6379/0")
    layer = import_string(made["BACKEND"])(**made["CONFIG"])
    assert isinstance(layer, RedisLayer)
    assert 3 * link_module.RENEW_S <= layer.group_expiry <= 120
    assert parcels_module.STALE_S <= layer.expiry <= 30
    assert layer.hosts[0]["socket_timeout"] is None


def test_without_redis_the_layer_is_in_memory() -> None:
    """[GS122] No REDIS_URL, no layer that leaves the process."""
    assert isinstance(import_string(_channel_layer("")["BACKEND"])(), InMemoryChannelLayer)


async def test_messages_lie_in_order(layer: RedisLayer) -> None:
    """[GS122] What several round trips bring is in the order in which it was sent, to the channel or to a group of it."""
    await layer.group_add("room", "a")
    count = MOST * 2 + 5
    for n in range(count):
        await (layer.group_send("room", {"n": n}) if n % 2 else layer.send("a", {"n": n}))
    assert await received(layer, "a", count) == list(range(count))


async def test_two_channels_of_one_layer_are_two(layer: RedisLayer) -> None:
    """[GS124] What came together for one channel is not given to who receives another."""
    for n in range(4):
        await layer.send("ab"[n % 2], {"n": n})
    assert [await received(layer, "a", 1), await received(layer, "b", 2), await received(layer, "a", 1)] == [[0], [1, 3], [2]]


async def test_a_full_channel_takes_no_more(layer: RedisLayer) -> None:
    """[GS124] A sender is told that a channel is full; of a group the others get the message."""
    layer.capacity = 2
    await layer.group_add("room", "a")
    await layer.group_add("room", "b")
    for n in range(2):
        await layer.send("a", {"n": n})
    with pytest.raises(ChannelFull):
        await layer.send("a", {"n": 2})
    await layer.group_send("room", {"n": 3})
    assert [await received(layer, "a", 2), await received(layer, "b", 1)] == [[0, 1], [3]]


async def test_old_messages_and_members_are_forgotten(layer: RedisLayer, redis: Server) -> None:
    """[GS124] A message that nobody fetched, and a member that was not renewed, are gone after their time, and so are the keys they had."""
    layer.expiry = layer.group_expiry = 1
    await layer.group_add("room", "a")
    await layer.send("a", {"n": 0})
    await until(lambda: redis.ask("DBSIZE") == ":0")
    await layer.group_send("room", {"n": 1})
    await layer.send("a", {"n": 2})
    assert await received(layer, "a", 1) == [2]


async def test_a_channel_in_use_forgets_what_is_old(layer: RedisLayer, redis: Server) -> None:
    """[GS124] What nobody fetched in time is gone, though newer messages keep coming; these are in order across seconds."""
    layer.expiry, layer.capacity, sent = 1, 1_000_000, 0
    async with asyncio.timeout(PATIENCE_S):
        while (lying := int(redis.ask("ZCARD", "asgia")[1:])) == sent:
            await layer.send("a", {"n": sent})
            sent += 1
    assert await received(layer, "a", lying) == list(range(sent - lying, sent))


async def test_there_is_one_clock(layer: RedisLayer, redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS124] A process whose clock is an hour behind is a member like any other, and what it sends is neither old nor early."""
    behind, clock = redis_layer(redis), time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: clock() - 3600)
        await behind.group_add("room", "late")
        await layer.send("a", {"n": 0})
        await behind.send("a", {"n": 1})
    await layer.send("a", {"n": 2})
    await layer.group_send("room", {"n": 3})
    assert [await received(layer, "a", 3), await received(behind, "late", 1)] == [[0, 1, 2], [3]]
    await behind.close_pools()


async def test_it_is_understood_by_channels_redis(layer: RedisLayer, core: RedisChannelLayer) -> None:
    """[GS124] Messages and memberships are the same for a process with channels-redis' own layer, both ways."""
    await layer.group_add("room", "ours")
    await core.group_add("room", "theirs")
    await core.group_send("room", {"n": 0})
    await layer.group_send("room", {"n": 1})
    await core.send("ours", {"n": 2})
    await layer.send("theirs", {"n": 3})
    assert [await received(layer, "ours", 3), await received(core, "theirs", 3)] == [[0, 1, 2], [0, 1, 3]]


async def test_a_consumers_channels_work(layer: RedisLayer) -> None:
    """[GS124] Channels with a local part, as every consumer has one, are served as by channels-redis."""
    first, second = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("all", first)
    await layer.group_add("all", second)
    await layer.send(second, {"n": 0})
    await layer.group_send("all", {"n": 1})
    assert [await received(layer, first, 1), await received(layer, second, 2)] == [[1], [0, 1]]
    await layer.group_discard("all", first)
    await layer.group_discard("all", second)
    await layer.group_send("all", {"n": 2})
