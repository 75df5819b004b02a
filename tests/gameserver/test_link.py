"""Processes of a region talk to each other over a real Redis, or inside one process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from channels_redis.core import RedisChannelLayer

from gameserver import link as link_module
from gameserver import parcels as parcels_module
from gameserver.link import Link, reaches_others
from tests.gameserver.links import PATIENCE_S, Station, redis_layer, stations, until
from tests.support.redis import Server, running

Place = Server | InMemoryChannelLayer


@pytest.fixture
def redis() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(params=["redis", "memory"])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue("redis") if request.param == "redis" else InMemoryChannelLayer()


async def test_what_is_sent_and_published_arrives_in_one_order(place: Place) -> None:
    """[GS122] Messages to a channel and to a group arrive in the order they were handed in; a mere member gets the group's only."""
    async with stations(place, 3) as (owner, relay, other):
        for station in (relay, other):
            station.link.join("room")
            await station.settled()
        for n in range(1000):
            owner.link.publish("room", {"kind": "frame", "n": n}) if n % 3 else owner.link.send(
                relay.link.channel, {"kind": "reply", "n": n}
            )
            if n % 100 == 0:
                await asyncio.sleep(0.01)
        await until(lambda: len(relay.got) == 1000 and other.ns()[-1:] == [998])
        assert relay.ns() == list(range(1000))
        assert other.ns() == [n for n in range(1000) if n % 3]
        assert (owner.got, owner.link.dropped) == ([], 0)


async def test_everything_arrives_as_it_was_handed_in(place: Place) -> None:
    """[GS122] All kinds of values arrive as they were, unchanged by what the sender does afterwards, and one may write to oneself."""
    sent: dict[str, Any] = {
        "text": "é\n",
        "n": -(2**63),
        "most": 2**64 - 1,
        "no": None,
        "yes": True,
        "frame": b"\x00\xff" * 70_000,
        "of": [{}, [1]],
    }
    async with stations(place, 1) as (station,):
        station.link.join("room")
        station.link.send(station.link.channel, sent)
        station.link.publish("room", sent)
        as_sent = sent | {"of": [{}, [1]]}
        sent["of"].append("later")
        await until(lambda: len(station.got) == 2)
        assert station.got == [as_sent, as_sent]


async def test_what_is_sent_after_a_join_is_answered_into_the_group(place: Place) -> None:
    """[GS122] Who joins and then asks gets everything that is published from the answer on."""
    async with stations(place) as (owner, relay):
        owner.answer = lambda message: owner.link.publish(f"room.{message['n']}", message)
        for n in range(30):
            relay.link.join(f"room.{n}")
            relay.link.send(owner.link.channel, {"kind": "ask", "n": n})
        await until(lambda: len(relay.got) == 30)
        assert relay.ns() == list(range(30))


async def test_who_left_a_group_is_not_its_member(place: Place) -> None:
    """[GS122] After leaving nothing of the group comes any more; the last word on a group counts."""
    async with stations(place) as (owner, relay):
        for group in ("left", "kept"):
            relay.link.join(group)
        relay.link.leave("left")
        relay.link.leave("kept")
        relay.link.join("kept")
        relay.link.leave("never joined")
        await relay.settled()
        for n, group in enumerate(("left", "kept")):
            owner.link.publish(group, {"kind": group, "n": n})
        await until(lambda: relay.got)
        assert relay.ns() == [1]


async def test_nothing_that_is_handed_in_raises_or_ends_the_link(redis: Server, caplog: pytest.LogCaptureFixture) -> None:
    """[GS122] Names and messages that cannot be are logged and dropped, and what comes after them goes on."""
    async with stations(redis, 1) as (station,):
        link = station.link
        for name in ("", "räume", "a b", "x" * 100, None):
            link.join(name)  # type: ignore[arg-type]
            link.publish(name, {"n": 0})  # type: ignore[arg-type]
            link.send(name, {"n": 0})  # type: ignore[arg-type]
        for value in (object(), 2**64, {1: asyncio}):
            link.send(link.channel, {"n": value})
        link.send(link.channel, {"n": b"x" * (parcels_module.MAX_BYTES + 1)})
        link.send(link.channel, {"kind": "good", "n": 1})
        await until(lambda: station.got)
        assert (station.ns(), link.dropped, station.turns) == ([1], 19, [True])
    assert len([record for record in caplog.records if record.message.startswith("This cannot go over the link")]) == 18


async def test_who_is_called_may_fail(redis: Server, caplog: pytest.LogCaptureFixture) -> None:
    """[GS122] An exception of the callbacks, or a message of another release, is logged; the messages after it are handed over."""

    class Clumsy(Station):
        def receive(self, message: dict[str, Any]) -> None:
            super().receive(message)
            raise RuntimeError("clumsy")

        def changed(self, up: bool) -> None:
            super().changed(up)
            raise RuntimeError("clumsy, too")

    station = Clumsy(redis_layer(redis))
    station.link.start()
    await station.up()
    await station.link._layer.send(station.link.channel, {"type": "of another release"})
    for n in range(3):
        station.link.send(station.link.channel, {"kind": "reply", "n": n})
    await until(lambda: station.ns() == [0, 1, 2])
    await station.link.stop()
    assert (caplog.text.count("was not handled"), station.turns) == (5, [True])


async def test_more_than_the_layer_holds_is_lost_but_not_the_order(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS122] A burst at a receiver that does not keep up loses messages; the rest is in order, and the link lives."""
    monkeypatch.setattr(parcels_module, "ROUND_BYTES", 1)
    async with stations(redis, 1, capacity=5) as (owner,):
        relay = Station(redis_layer(redis, capacity=5))
        await relay.link._layer.group_add("room", relay.link.channel)
        for n in range(50):
            owner.link.publish("room", {"kind": "frame", "n": n}) if n % 2 else owner.link.send(
                relay.link.channel, {"kind": "reply", "n": n}
            )
        await owner.settled()
        relay.link.start()
        await relay.up()
        owner.link.publish("room", {"kind": "frame", "n": 50})
        owner.link.send(relay.link.channel, {"kind": "reply", "n": 51})
        await until(lambda: relay.ns()[-1:] == [51])
        assert relay.ns() == sorted(set(relay.ns()))
        assert len(relay.ns()) < 52
        assert owner.link.dropped > 0
        assert owner.turns == [True]
        await relay.link.stop()


@pytest.mark.parametrize("state", ["up", "busy", "frozen", "killed", "young", "unborn"])
async def test_a_link_that_stopped_leaves_nothing_behind(redis: Server, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS124] In whatever state it is, a link stops in time; then no task, no connection and no group of it is left."""
    monkeypatch.setattr(link_module, "STOP_S", 0.2 if state == "frozen" else PATIENCE_S)
    tasks = asyncio.all_tasks()
    station = Station(redis_layer(redis))
    if state != "unborn":
        station.link.start()
    if state not in ("unborn", "young"):
        await station.up()
        station.link.join("room")
        await station.settled()
    if state == "frozen":
        redis.freeze()
    if state == "killed":
        redis.kill()
        await station.down()
    if state in ("busy", "frozen"):
        for n in range(100):
            station.link.publish("room", {"n": n, "frame": b"x" * 50_000})
    await station.link.stop()
    station.link.publish("room", {"n": "too late"})
    assert (asyncio.all_tasks(), station.link.is_up) == (tasks, False)
    if state == "frozen":
        redis.thaw()
    if state != "killed":
        await until(lambda: redis.ask("CLIENT", "LIST").count("id=") == 1)
    if state in ("up", "busy"):
        assert redis.ask("EXISTS", "asgi:group:room") == ":0"
        assert station.turns == [True]


async def test_a_link_that_stops_sends_what_waits(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS124] The last words of a process that ends arrive."""
    monkeypatch.setattr(link_module, "STOP_S", PATIENCE_S)
    async with stations(redis) as (owner, relay):
        for n in range(100):
            owner.link.send(relay.link.channel, {"kind": "moved", "n": n})
        await owner.link.stop()
        await until(lambda: relay.ns() == list(range(100)))


async def test_every_life_has_a_channel_of_its_own() -> None:
    """[GS122] A channel's name is one for Channels, whatever the Machine is called, and no two are alike."""
    layer = InMemoryChannelLayer()
    channels = {Link(layer, f"cdg/ä b.{boot}" + "x" * 200, print, print).channel for boot in range(10)}
    assert len(channels) == 10
    assert all(layer.require_valid_channel_name(channel) and layer.require_valid_group_name(channel) for channel in channels)


def test_only_a_layer_that_leaves_the_process_reaches_others() -> None:
    """[GS122] Without a layer, or with one in memory, there is nobody to link to."""
    assert not reaches_others(None)
    assert not reaches_others(InMemoryChannelLayer())
    assert reaches_others(RedisChannelLayer())
