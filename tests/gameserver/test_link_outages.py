"""What a link does when Redis dies, freezes, forgets, or was never there; and what keeps it up when nothing is wrong."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator

import pytest
from channels.layers import InMemoryChannelLayer

from gameserver import link as link_module
from gameserver import parcels as parcels_module
from tests.gameserver.links import PATIENCE_S, Station, redis_layer, stations, until
from tests.support.redis import Server, running


@pytest.fixture
def redis() -> Iterator[Server]:
    with running() as server:
        yield server


async def test_a_redis_that_dies_and_comes_back_is_found_out(redis: Server, caplog: pytest.LogCaptureFixture) -> None:
    """[GS123] When Redis is killed the link goes down; when it is back, with an empty memory, links and groups work again by themselves."""
    caplog.set_level(logging.INFO, "gameserver.link")
    async with stations(redis) as (owner, relay):
        relay.link.join("room")
        await relay.settled()
        redis.kill()
        for station in (owner, relay):
            await station.down()
            station.link.publish("room", {"kind": "lost?", "n": -1})
        redis.start()
        for station in (owner, relay):
            await station.up()
        owner.link.publish("room", {"kind": "frame", "n": 1})
        await until(lambda: relay.ns("frame") == [1])
        assert (owner.turns, relay.turns) == ([True, False, True], [True, False, True])
    said = [record.message for record in caplog.records if record.levelno >= logging.INFO]
    assert len([line for line in said if " is down: " in line]) == 2
    assert len([line for line in said if " is up." in line]) == 4
    assert redis.password not in caplog.text


async def test_a_frozen_redis_is_found_out_by_who_says_nothing(redis: Server) -> None:
    """[GS123] A Redis that answers nothing is noticed though nothing is sent, and when it thaws everything goes on."""
    async with stations(redis) as (owner, relay):
        relay.link.join("room")
        await relay.settled()
        redis.freeze()
        await owner.down()
        await relay.down()
        redis.thaw()
        await owner.up()
        await relay.up()
        owner.link.publish("room", {"kind": "frame", "n": 1})
        await until(lambda: relay.ns("frame") == [1])


async def test_a_redis_that_lost_its_memory_is_found_out(redis: Server) -> None:
    """[GS123] When Redis forgets all groups, all connections intact, links say that something may be missing, and join again."""
    async with stations(redis) as (owner, relay):
        relay.link.join("room")
        await relay.settled()
        redis.ask("FLUSHALL")
        await until(lambda: relay.turns == [True, False, True])
        await owner.up()
        owner.link.publish("room", {"kind": "frame", "n": 1})
        await until(lambda: relay.ns() == [1])


async def test_an_idle_link_stays_up(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS123] With nothing to receive for longer than redis-py's own read timeout of 5 s, the receiver lives and hears on."""
    monkeypatch.setattr(link_module, "PROBE_S", 3600.0)
    async with stations(redis) as (owner, relay):
        later = asyncio.get_running_loop().time() + 5.5
        await until(lambda: asyncio.get_running_loop().time() > later)
        owner.link.send(relay.link.channel, {"kind": "late", "n": 1})
        await until(lambda: relay.ns() == [1])
        assert (owner.turns, relay.turns) == ([True], [True])


async def test_a_process_that_stood_still_says_so(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS123] After a suspension the link goes down and up once, because the layer has kept nothing for it meanwhile."""
    async with stations(redis, 1) as (station,):
        now = link_module.steady
        monkeypatch.setattr(link_module, "steady", lambda: now() + 60.0)
        await until(lambda: station.turns == [True, False, True])


async def test_a_process_starts_without_redis(redis: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS123] A link that finds no Redis says so once, however often it tries, and comes up when there is one."""
    monkeypatch.setattr(link_module, "BACKOFF_S", (0.01, 0.01))
    caplog.set_level(logging.DEBUG, "gameserver.link")
    redis.kill()
    station = Station(redis_layer(redis))
    station.link.join("room")
    station.link.start()
    await until(lambda: caplog.text.count("is down") >= 3)
    station.link.publish("room", {"kind": "early", "n": 0})
    redis.start()
    await station.up()
    station.link.publish("room", {"kind": "now", "n": 1})
    await until(lambda: station.ns("now") == [1])
    await station.link.stop()
    assert [record.levelname for record in caplog.records if "is down" in record.message][:3] == ["WARNING", "DEBUG", "DEBUG"]
    assert station.turns == [True]


async def test_what_waits_while_redis_is_away_is_bounded(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS122] While the link is down the newest messages wait, the oldest are dropped and counted; afterwards the rest arrives in order."""
    monkeypatch.setattr(parcels_module, "STALE_S", 3600.0)
    monkeypatch.setattr(parcels_module, "MAX_MESSAGES", 500)
    async with stations(redis) as (owner, relay):
        redis.kill()
        await owner.down()
        for n in range(2000):
            owner.link.send(relay.link.channel, {"kind": "reply", "n": n})
        assert (len(owner.link._parcels), owner.link.dropped) == (500, 1500)
        redis.start()
        await until(lambda: relay.ns()[-1:] == [1999])
        assert relay.ns() == list(range(1500, 2000))


@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_a_stream_through_an_outage_keeps_its_order(redis: Server, how: str) -> None:
    """[GS122] What is sent while Redis dies or freezes arrives in order and at most once, whatever is lost of it."""
    async with stations(redis) as (owner, relay):
        relay.link.join("room")
        await relay.settled()
        numbers = itertools.count()

        async def stream(ends: Callable[[], bool]) -> None:
            async with asyncio.timeout(PATIENCE_S):
                while not ends():
                    for n in itertools.islice(numbers, 10):
                        owner.link.publish("room", {"kind": "frame", "n": n})
                    owner.link.send(relay.link.channel, {"kind": "reply", "n": next(numbers)})
                    await asyncio.sleep(0.01)

        await stream(lambda: len(relay.got) > 50)
        (redis.kill if how == "kill" else redis.freeze)()
        await stream(lambda: not owner.link.is_up and not relay.link.is_up)
        (redis.start if how == "kill" else redis.thaw)()
        await stream(lambda: owner.link.is_up and relay.link.is_up)
        last = next(numbers)
        await stream(lambda: relay.got[-1]["n"] > last)
        assert relay.ns() == sorted(set(relay.ns()))


async def test_memberships_are_renewed(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS124] A member that lives stays one for longer than the layer remembers members; one that does not renew is forgotten."""
    monkeypatch.setattr(link_module, "RENEW_S", 0.1)
    async with stations(redis, 2, group_expiry=2) as (owner, relay):
        relay.link.join("room")
        await relay.link._layer.group_add("room", "dead")
        await until(lambda: redis.ask("ZCARD", "asgi:group:room") == ":2")
        owner.link.publish("room", {"kind": "frame", "n": 0})
        await until(lambda: redis.ask("ZCARD", "asgi:group:room") == ":1" or owner.link.publish("room", {"kind": "frame", "n": 0}))
        owner.link.publish("room", {"kind": "frame", "n": 1})
        await until(lambda: relay.ns()[-1:] == [1])
        assert relay.turns == [True]


async def test_a_renewal_does_not_undo_a_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS124] Who leaves a group while its membership is on its way to be renewed is no member afterwards."""
    monkeypatch.setattr(link_module, "RENEW_S", 0.01)
    monkeypatch.setattr(link_module, "ANSWER_S", 3600.0)
    gate = asyncio.Event()
    gate.set()

    class Slow(InMemoryChannelLayer):
        waiting = 0

        async def group_add(self, group: str, channel: str) -> None:
            if group == "room":
                self.waiting += 1
                await gate.wait()
                self.waiting -= 1
            await super().group_add(group, channel)

    layer = Slow()
    async with stations(layer, 1) as (station,):
        station.link.join("room")
        await station.settled()
        gate.clear()
        await until(lambda: layer.waiting)
        station.link.leave("room")
        await station.settled()
        gate.set()
        await until(lambda: not layer.waiting)
        await until(lambda: "room" not in layer.groups)
        assert station.turns == [True]
