"""Bots that fill empty places: their life and end, what breaks, and who counts as one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gameserver import fillers as module
from gameserver import lifespan
from gameserver.bots import socket as sockets
from gameserver.engine.worlds import BOT, Who
from gameserver.fillers import Fillers, bot_of
from gameserver.outlet import FILLER, FillerOutlet, QueueOutlet, outlet_of
from gameserver.players import guest, new_player
from gameserver.process import Process, current
from tests.gameserver.arenas import ARENAS, Arena, Visitor, bots, room, visitor
from tests.gameserver.rooms import until
from tests.gameserver.sockets import running
from tests.gameserver.test_lifespan import Life


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at the rooms follow each other quickly."""
    monkeypatch.setattr(module, "LOOK_S", 0.02)


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with running(registry=ARENAS) as begun:
        yield begun


@pytest.fixture
async def fillers(process: Process) -> AsyncIterator[Fillers]:
    """The bots of that process."""
    begun = Fillers(process)
    begun.start()
    yield begun
    await begun.stop()


async def test_the_end(process: Process) -> None:
    """[AR114] When bots are stopped all of them leave the room, and none comes any more."""
    fillers = Fillers(process)
    fillers.start()
    talk = await visitor()
    owner = room(process)
    await until(lambda: bots(owner) >= 2, "some bots")
    await fillers.stop()
    assert (owner.hub.fillers, len(owner.hub), fillers.crews) == (0, 1, {})
    await talk.leave()


@pytest.mark.django_db(transaction=True, databases="__all__")
async def test_the_life_of_a_process(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """[AR114] Bots are looked after from a process's start-up, and are gone before it is."""
    settings.GAMESERVER_HEARTBEAT = settings.GAMESERVER_RETIRE = f"{__name__}.listen"
    story: list[Any] = []

    class Told(Fillers):
        def start(self) -> None:
            story.append(("start", current() is self._process))
            super().start()

        async def stop(self) -> None:
            await super().stop()
            story.append(("stop", current() is self._process))

    monkeypatch.setattr(lifespan, "Fillers", Told)
    life = Life()
    assert (await life.say("startup"))["type"] == "lifespan.startup.complete"
    assert story == [("start", True)]
    assert (await life.say("shutdown"))["type"] == "lifespan.shutdown.complete"
    assert story == [("start", True), ("stop", True)]
    await life.task


def listen(beats: object) -> None:
    """A listener of the heartbeat that does nothing."""


async def test_a_bot_that_breaks(process: Process, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[AR115] A bot that fails is logged and goes; others play on, and another one comes only after a rest."""
    fillers = Fillers(process)
    talk = await visitor()
    owner = room(process)
    fillers.look()
    await until(lambda: bots(owner) == 1, "a bot")
    (crew,) = fillers.crews.values()
    with caplog.at_level(logging.CRITICAL, sockets.__name__):
        broken = crew.sockets[0]
        monkeypatch.setattr(broken, "_frame", None)
        await until(broken.task.done, "it to go")
    fillers.look()
    fillers.look()
    assert crew.sockets == {}
    crew.rests_until = 0.0
    fillers.look()
    assert set(crew.sockets) == {0}
    await fillers.stop()
    await talk.leave()


async def test_rooms_that_cannot_be_looked_after(process: Process, fillers: Fillers, monkeypatch: pytest.MonkeyPatch) -> None:
    """[AR115] An error of ours in a look is logged, and the next look comes all the same."""
    talk = await visitor()

    def fail(crew: object) -> None:
        monkeypatch.undo()
        monkeypatch.setattr(module, "LOOK_S", 0.02)
        raise RuntimeError("no")

    monkeypatch.setattr(fillers, "_fit", fail)
    await until(lambda: bots(room(process)) == Arena.fillers, "the bots")
    await talk.leave()


def test_ids_of_bots_are_theirs_alone() -> None:
    """[AR116] Bots are known by their ids, for points and records: no player of a cookie and no guest ever has such a one."""
    ids = {bot_of("cdg/main", number).id for number in range(30)}
    assert len(ids) == 30
    assert all(Who(id, "", "").is_bot for id in ids)
    assert not any(Who(player.id, "", "").is_bot for number in range(300) for player in (new_player(), guest(f"{number:0>22}")))
    # Both kinds are hexadecimal, behind a letter at most.
    assert not set(BOT[1:]) <= set("0123456789abcdef")


async def test_a_person_with_a_name_of_a_bot(process: Process) -> None:
    """[AR116] Somebody who calls herself as a bot is a person all the same; a bot's way out is known by the scope alone."""
    talk = Visitor()
    await talk.joined(name="Bot Lynx")
    assert (room(process).hub.people, room(process).hub.fillers, len(process.outlets)) == (1, 0, 1)
    await talk.leave()

    async def send(event: Any) -> None: ...

    for scope, kind in (({"extensions": {FILLER: {}}}, FillerOutlet), ({"extensions": {}}, QueueOutlet), ({}, QueueOutlet)):
        outlet = outlet_of(scope, send)
        assert type(outlet) is kind
        outlet.stop()
