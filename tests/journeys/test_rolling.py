"""A deploy under people who talk: two Machines of one region, one after the other, and nobody misses a word."""

from __future__ import annotations

import asyncio

from tests.support.deploy import NEW, OLD, Deploy, Talker
from tests.support.emulator import Running
from tests.support.returning import until

ROOMS = ("rolling", "tea")


async def test_a_rolling_deploy_loses_nothing(pair: Running) -> None:
    """[DP8] [DP1] Every line has its reply, all see the same in the same order, and both releases are met side by side."""
    talkers = [Talker(pair.port("ewr"), "cdg", room, 0.25) for room in ROOMS for _ in range(2)]
    tasks = [asyncio.ensure_future(talker.run()) for talker in talkers]
    await until(lambda: all(len(talker.replies) >= 3 for talker in talkers), "everybody to talk")
    async with Deploy(pair) as deploy:
        await deploy.update("cdg/1", BUILD=NEW)
        replied = [len(talker.replies) for talker in talkers]
        await until(lambda: all(len(one.replies) > count + 2 for one, count in zip(talkers, replied, strict=True)), "half of a deploy")
        await deploy.update("cdg/2", BUILD=NEW)
    await until(lambda: all(talker.builds[-1] == NEW for talker in talkers), "everybody to be with the new release")
    for talker in talkers:
        talker.is_talking = False
    await until(lambda: all(talker.is_answered for talker in talkers), "the last replies")
    assert not [task for task in tasks if task.done()], "somebody was promised too much"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(talker.gaps for talker in talkers)
    assert {build for talker in talkers for build in talker.builds} == {OLD, NEW}
    for room in ROOMS:
        one, other = [talker for talker in talkers if talker.room == room]
        assert {seq: text for seq, text in one.seen.items() if seq in other.seen} == {
            seq: text for seq, text in other.seen.items() if seq in one.seen
        }
        lines = [text for _, text in sorted({**one.seen, **other.seen}.items())]
        for talker in (one, other):
            mine = [text for text in lines if text.startswith(talker.sid[:6])]
            assert mine == [f"{talker.sid[:6]} {ref}" for ref in range(1, talker.said + 1)]
