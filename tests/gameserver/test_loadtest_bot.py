"""One bot of the load test over real sockets, in a room that is played by hand."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from gameserver.loadtest import bot as bot_module
from gameserver.loadtest.bot import Bot
from gameserver.loadtest.ledger import Ledger
from gameserver.loadtest.scenarios.chat import Scenario
from gameserver.loadtest.session import Session
from gameserver.loadtest.tally import Tally
from gameserver.loadtest.target import target_of
from gameserver.loadtest.wire import Reader
from tests.gameserver import faulty
from tests.gameserver.faulty import EPOCH, FaultyRoom
from tests.gameserver.rooms import sid, until


@asynccontextmanager
async def bot_in(room: FaultyRoom) -> AsyncIterator[tuple[Bot, Tally]]:
    """A bot that enters, and what it counts."""
    tally, scenario = Tally(), Scenario("run")
    session = Session(0, sid(), scenario, Ledger(range(1)), tally)
    bot = Bot(session, target_of(room.url), Reader(scenario), tally, random.Random(1))
    bot.enter()
    try:
        yield bot, tally
    finally:
        bot.leave()


async def fine(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
    return False


async def test_a_bot_comes_talks_and_goes() -> None:
    """A bot joins, says its line, hears it, and closes its socket when it leaves."""
    async with faulty.room(fine) as room:
        async with bot_in(room) as (bot, tally):
            await until(lambda: bot.session.is_in, "the welcome")
            bot.say(bot_module.now_us())
            await until(lambda: tally.counts["ok"], "the reply")
            assert (tally.delivery.count, bot.session.seq, bot.session.unanswered) == (1, 1, 0)
        await until(lambda: not room.inside, "the bot to go")
        assert tally.counts == {"entered": 1, "sent": 1, "ok": 1, "misplaced": 0}


async def test_a_bot_comes_back_when_the_bye_says() -> None:
    """[LT4] A bot that is told `bye` comes back with its position, and what had no reply is said again."""

    async def says_bye(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
        if len(room.log) or len(room.joins) > 1:
            return False
        room.keep({"text": "something"})
        await ws.send(json.dumps({"type": "bye", "code": 4001, "text": "moved", "retry_ms": 20}))
        await ws.close(4001)
        return True

    async with faulty.room(says_bye) as room, bot_in(room) as (bot, tally):
        await until(lambda: bot.session.is_in, "the welcome")
        bot.say(bot_module.now_us())
        await until(lambda: tally.counts["ok"], "the reply")
        assert room.joins == [None, [EPOCH, 0]]
        assert (tally.counts["reconnects"], tally.counts["resent"], tally.under("closed")) == (1, 1, {"4001": 1})
        assert bot.session.seq == 2


async def test_a_silent_room_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """[LT4] A room that has been silent is asked whether it answers; one that does not is left, and entered again."""
    monkeypatch.setattr(bot_module, "QUIET_US", 0)
    pings: list[int] = []

    async def answers_the_first(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
        pings.append(command["ref"])
        if len(pings) == 1:
            await ws.send(json.dumps({"type": "reply", "ref": command["ref"], "ok": True}))
        return True

    async with faulty.room(answers_the_first) as room, bot_in(room) as (bot, tally):
        await until(lambda: bot.session.is_in, "the welcome")
        heard = tally.messages
        bot.look()
        await until(lambda: tally.messages > heard, "the answer")
        assert (len(pings), bot.session.is_in) == (1, True)
        monkeypatch.setattr(bot_module, "ANSWER_US", -1)
        bot.look()
        await until(lambda: tally.counts["reconnects"] or bot.look(), "the bot to come back")
        assert tally.under("closed") == {"1006": 1}
        assert tally.counts["unasked"] == 0


async def test_a_welcome_is_not_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """[LT4] A room that does not welcome is left, and entered again; the next welcome is waited for longer."""
    monkeypatch.setattr(bot_module, "WELCOME_S", 0.01)
    async with faulty.room(fine) as room:
        welcome = room.welcome

        async def late(ws: ServerConnection, position: list[int] | None) -> None:
            if len(room.joins) > 3:
                await welcome(ws, position)

        room.welcome = late  # type: ignore[method-assign]
        async with bot_in(room) as (bot, tally):
            await until(lambda: bot.session.is_in, "the welcome")
            assert tally.counts["closed.1006"] >= 3
            assert (tally.counts["entered"], tally.counts["reconnects"]) == (1, 0)


async def test_where_messages_are_cut_makes_no_difference() -> None:
    """[LT4] A message in fragments, and several in one segment, are what they are; a binary one is nothing."""

    async def in_parts(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
        whole = json.dumps({"type": "events", "epoch": EPOCH, "events": [room.keep(command)]})
        await ws.send(b"binary")
        await ws.send([whole[:5], whole[5:20], whole[20:]])
        await room.reply(ws, command, len(room.log))
        return True

    async with faulty.room(in_parts) as room, bot_in(room) as (bot, tally):
        await until(lambda: bot.session.is_in, "the welcome")
        for _ in range(5):
            bot.say(bot_module.now_us())
        await until(lambda: tally.counts["ok"] == 5, "the replies")
        assert (tally.delivery.count, bot.session.seq, tally.counts["malformed"]) == (5, 5, 0)


async def test_a_room_that_says_it_is_not_available() -> None:
    """[LT4] What is due while the room can keep nothing waits for the `status` that says otherwise."""

    async def refuses_once(room: FaultyRoom, ws: ServerConnection, command: dict[str, Any]) -> bool:
        if refused:
            return False
        refused.append(command["ref"])
        await ws.send(json.dumps({"type": "status", "available": False, "text": "away"}))
        await ws.send(json.dumps({"type": "reply", "ref": command["ref"], "ok": False, "code": "unavailable", "text": "away"}))
        await ws.send(json.dumps({"type": "status", "available": True, "text": ""}))
        return True

    refused: list[int] = []
    async with faulty.room(refuses_once) as room, bot_in(room) as (bot, tally):
        await until(lambda: bot.session.is_in, "the welcome")
        bot.say(bot_module.now_us())
        await until(lambda: tally.counts["ok"], "the reply")
        assert (tally.counts["refused.unavailable"], tally.counts["resent"], bot.session.unanswered) == (1, 1, 0)


async def test_nobody_listens() -> None:
    """[LT4] A bot whose server is not there tries again until it is."""
    async with faulty.room(fine) as room:
        real, room.port = room.port, 1
        async with bot_in(room) as (bot, tally):
            await until(lambda: tally.counts["handshake.nobody"] >= 2, "two attempts")
            bot._target = target_of(f"ws://127.0.0.1:{real}/ws/r/load/")
            await until(lambda: bot.session.is_in, "the welcome")
            assert (tally.counts["entered"], tally.counts["reconnects"]) == (1, 0)
