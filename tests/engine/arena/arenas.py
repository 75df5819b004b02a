"""Arenas for tests: a world with its room's part played by hand, messages of inputs, and frames taken apart again."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from gameserver.engine.worlds import Happening, Who
from gameserver.engine.worlds.arena.commands import Play, Watch
from gameserver.engine.worlds.arena.rules import COS, SIN
from gameserver.engine.worlds.arena.ships import Ship
from gameserver.engine.worlds.arena.world import World

BEGAN_AT = 1_700_000_000_000
"""When the first tick of an arena is, in ms since 1970."""


def player(number: int) -> Who:
    return Who(f"p{number}", f"Player {number}", "#112233")


def message(first: int, inputs: Iterable[tuple[int, int]], seen: int = 0) -> bytes:
    """Inputs (turn, flags) as a client sends them."""
    inputs = list(inputs)
    return struct.pack("<BIIB", 1, first, seen, len(inputs)) + b"".join(struct.pack("<bB", *each) for each in inputs)


class Arena:
    """A world, and what a room does with it. `happened`: all that came out of it; `at`: the time in ms."""

    def __init__(self, players: int = 0) -> None:
        self.world = World()
        self.at = BEGAN_AT
        self.ticks = 0
        self.happened: list[Happening] = []
        self.tick()
        for number in range(players):
            self.play(number)
        if players:
            self.tick()

    @property
    def game(self) -> Any:
        return self.world.game

    def apply(self, events: Iterable[Happening]) -> list[Happening]:
        events = list(events)
        for name, fields in events:
            self.world.apply({"ev": name, "at": self.at, **fields})
        self.happened += events
        return events

    def play(self, number: int) -> int:
        """The slot of a player who is a ship now."""
        decided = self.world.decide(player(number), Play(ref=1), self.at)
        self.apply(decided.events)
        slot: int = decided.reply["slot"]
        return slot

    def watch(self, number: int, slot: int | None = None) -> None:
        self.apply(self.world.decide(player(number), Watch(ref=1, slot=slot), self.at).events)

    def heard(self, number: int, data: bytes) -> None:
        self.world.heard(player(number), data, self.at)

    def tick(self, times: int = 1) -> list[Happening]:
        """What happens in so many ticks, each when it is due."""
        happened: list[Happening] = []
        for _ in range(times):
            happened += self.apply(self.world.tick(self.at))
            self.ticks += 1
            self.at = BEGAN_AT + self.ticks * 1000 // 60
        return happened

    def later(self, ms: int) -> list[Happening]:
        """One call of `tick`, so much later; ticks begin to be counted from there."""
        return self.apply(self.world.tick(self.at + ms))

    def ship(self, number: int) -> Ship:
        ship: Ship = self.game.ships.by_player[player(number).id]
        return ship

    def put(self, number: int, x: float, y: float, heading: int = 0, *, is_safe: bool = False) -> Ship:
        """A ship at rest somewhere, and since when does not matter."""
        ship = self.ship(number)
        ship.come(x, y, heading, 0)
        ship.safe_until = self.game.tick + 120 if is_safe else 0
        return ship

    def clear(self) -> None:
        """No rocks and no crystals."""
        self.game.field.rocks = ()
        self.game.field.near = [()] * len(self.game.field.near)
        self.game.crystals.lie([], ())

    def names(self) -> list[str]:
        return [name for name, _ in self.happened]

    def told(self, name: str) -> list[dict[str, Any]]:
        return [fields for told, fields in self.happened if told == name]


def hunt(arena: Arena, number: int) -> tuple[int, int]:
    """What a player does who turns to the nearest ship, flies there and shoots when it is ahead."""
    ship = arena.ship(number)
    others = [other for other in arena.game.ships.all if other is not ship and other.is_live]
    if not others:
        return 0, 1
    other = min(others, key=lambda other: (other.x - ship.x) ** 2 + (other.y - ship.y) ** 2)
    dx, dy = other.x - ship.x, other.y - ship.y
    ahead = dx * COS[ship.heading] + dy * SIN[ship.heading]
    aside = dy * COS[ship.heading] - dx * SIN[ship.heading]
    turn = max(-14, min(14, int(aside / 8)))
    return turn if ahead > 0 else 14, 3 if ahead > abs(aside) * 8 and ahead < 700 else 1


def hash_of(world: World) -> str:
    """Of everything that moves, to the last bit."""
    shots = world.game.bullets
    moving = [shots.xs, shots.ys, shots.vxs, shots.vys, shots.slots, shots.lags, shots.untils]
    waiting = [sorted(ship.queue.waiting.items()) for ship in world.game.ships.all]
    return hashlib.sha256(msgspec.json.encode([world.snapshot(), moving, waiting])).hexdigest()


def read(data: bytes) -> dict[str, Any]:
    """A frame, by docs/arena.md section 5 and nothing else."""
    assert data[0] == 2
    names = ("tick", "you", "slot", "ack", "x", "y", "vx", "vy", "heading", "cooldown", "hull", "check", "waiting", "count")
    frame: dict[str, Any] = dict(zip(names, struct.unpack_from("<IBHIddddHBBIBB", data, 1), strict=True))
    at, cells = 54, {}
    for _ in range(frame["count"]):
        place, ships, bullets, crystals = data[at : at + 4]
        at, cell = at + 4, []
        for layout, count in (("<HHHbbBB", ships), ("<HHHbb", bullets), ("<HH", crystals)):
            size = struct.calcsize(layout)
            cell.append([struct.unpack_from(layout, data, at + size * index) for index in range(count)])
            at += size * count
        assert place not in cells
        cells[place] = cell
    assert at == len(data)
    return {**frame, "cells": cells}


def shown(frame: dict[str, Any], kind: int) -> list[Sequence[int]]:
    """All ships (0), bullets (1) or crystals (2) of a frame."""
    return [each for cell in frame["cells"].values() for each in cell[kind]]
