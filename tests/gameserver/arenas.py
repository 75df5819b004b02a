"""Rooms with an arena, for tests of bots. The one place of these tests that imports the world."""

from __future__ import annotations

from random import Random
from typing import Any

from gameserver.bots.brain import Brain
from gameserver.bots.player import Player
from gameserver.engine.registry import Registry
from gameserver.engine.room import Room
from gameserver.engine.worlds import Who
from gameserver.engine.worlds.arena.world import World
from gameserver.engine.worlds.chat import World as Chat
from gameserver.owner import Owner
from gameserver.process import Process
from tests.gameserver.sockets import Talk

FRAME_TICKS = 2
STEP_MS = 1000 / 60


class Arena(World):
    """The arena, with bots."""

    fillers = 4


ARENAS = Registry([Chat, Arena])


def arena_of(owner: Owner) -> Arena:
    assert owner.room is not None
    world = owner.room.worlds[1]
    assert isinstance(world, Arena)
    return world


class Table:
    """An arena without sockets and without a clock, and bots at it."""

    def __init__(self) -> None:
        self.world = Arena()
        self.room = Room(1, 1, (Chat(), self.world))
        self.now = 1000.0
        self.players: dict[str, Player] = {}
        self.ticks = 0

    def seat(self, name: str, skill: float, seed: int = 1) -> Player:
        """Another bot; it has its ship at once."""
        player = self.players[name] = Player(Brain(skill, Random(seed)))
        slot = len(self.players) - 1
        self.world.apply({"ev": "arena.joined", "slot": slot, "id": name, "name": name, "colour": "#112233", "at": 0})
        return player

    def run(self, ticks: int) -> list[dict[str, Any]]:
        """So many ticks: each bot is shown every second one and answers at once. What happened."""
        happened: list[dict[str, Any]] = []
        for _ in range(ticks):
            self.ticks += 1
            self.now += STEP_MS / 1000
            outcome = self.room.tick(self.world, self.now)
            events = [*(entry.event for entry in outcome.entries), *outcome.ephemeral]
            happened += events
            for event in events:
                if event["ev"] == "arena.began":
                    for player in self.players.values():
                        player.begin(event["seed"])
            if self.ticks % FRAME_TICKS == 0:
                self._show()
        return happened

    def _show(self) -> None:
        for name, player in self.players.items():
            frame = self.world.frame(name)
            if frame is not None:
                player.take(frame)
                inputs = player.inputs(FRAME_TICKS)
                if inputs:
                    self.world.heard(Who(name, name, "#112233"), inputs, int(self.now * 1000))

    def points(self, name: str) -> int:
        return self.world.round.points_of(name)


class Visitor(Talk):
    """Somebody in an arena, who keeps frames apart from what is told in words."""

    def __init__(self, slug: str = "main", **more: Any) -> None:
        self.frames: list[bytes] = []
        super().__init__(slug, query=b"world=arena", **more)

    async def event(self) -> dict[str, Any]:
        """The next one that is no frame."""
        while (event := await super().event()).get("bytes") is not None:
            self.frames.append(event["bytes"])
        return event

    async def asked(self, cmd: str, ref: int, **fields: Any) -> dict[str, Any]:
        """The reply to a command."""
        self.send({"cmd": cmd, "ref": ref, **fields})
        while (message := await self.read())["type"] != "reply" or message["ref"] != ref:
            pass
        return message


def room(process: Process, slug: str = "main") -> Owner:
    owner = process.owner_here("cdg", slug)
    assert owner is not None
    return owner


def ships(owner: Owner) -> list[str]:
    """Names of who flies, in the order of slots."""
    return [ship.who.name for ship in arena_of(owner).game.ships.all]


def bots(owner: Owner) -> int:
    """Bots that fly."""
    return sum(name.startswith("Bot ") for name in ships(owner))


async def visitor(number: int = 0) -> Visitor:
    """Somebody who watches an arena."""
    talk = Visitor()
    await talk.joined(number, name=f"Ada {number}")
    return talk
