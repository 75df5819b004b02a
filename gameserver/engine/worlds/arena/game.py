"""A tick of the arena, in the order of docs/arena.md section 4. What counts for longer than a moment is told, not done: points."""

from __future__ import annotations

from gameserver.engine.worlds import Happening
from gameserver.engine.worlds.arena.bullets import Bullets
from gameserver.engine.worlds.arena.chance import Chance
from gameserver.engine.worlds.arena.crystals import Crystals
from gameserver.engine.worlds.arena.field import Field
from gameserver.engine.worlds.arena.grid import CELLS, cell_of
from gameserver.engine.worlds.arena.past import Past
from gameserver.engine.worlds.arena.rounds import KILL_POINTS
from gameserver.engine.worlds.arena.rules import HEADINGS, HULL, RADIUS, step
from gameserver.engine.worlds.arena.ships import BACK_TICKS, Ships

_TRIES = 8
"""Places that are looked at for one with nobody near."""


class Game:
    """Everything that moves. `tick` is the number of the last one done; it goes on over rounds."""

    def __init__(self) -> None:
        self.tick = 0
        self.chance = Chance(1)
        self.field = Field(0)
        self.ships = Ships()
        self.bullets = Bullets()
        self.past = Past()
        self.crystals = Crystals()
        self.is_playing = False
        """Whether shots leave ships and crystals are taken: not while a ranking is shown."""

    def begin(self, seed: int) -> None:
        """A new field; all ships come back with the next tick."""
        self.field, self.chance, self.is_playing = Field(seed), Chance.of_seed(seed), True
        self.crystals.scatter(self.field, self.chance)
        self.bullets.clear()
        for ship in self.ships.all:
            ship.found = 0
            ship.leave_field(self.tick + 1)

    def end(self) -> None:
        """Nobody is shot any more."""
        self.is_playing = False
        self.bullets.clear()

    def step(self) -> list[Happening]:
        """Do a tick; what came of it, besides crystals, which ships have in `found`."""
        self.tick += 1
        self._move_ships()
        self.past.remember(self.tick, self.ships.all)
        happened = self._move_bullets()
        if self.is_playing:
            self._take_crystals()
        self.crystals.come_back(self.tick, self.field, self.chance)
        for ship in self.ships.all:
            if not ship.is_live and ship.back_at <= self.tick:
                ship.come(*self._place(), self.chance.below(HEADINGS), self.tick)
        return happened

    def _move_ships(self) -> None:
        near, tick = self.field.near, self.tick
        for ship in self.ships.all:
            for turn, flags, seen in ship.queue.due():
                if turn or flags:
                    ship.active_at = tick
                if not ship.is_live:
                    continue
                ship.is_thrusting = flags & 1 == 1
                rocks = near[(int(ship.y) >> 7) * CELLS + (int(ship.x) >> 7)]
                if step(ship, turn, flags & 1, flags & 2, rocks) and self.is_playing:
                    ship.safe_until = 0
                    self.bullets.shoot(ship, tick, seen)

    def _move_bullets(self) -> list[Happening]:
        happened: list[Happening] = []
        for ship, by in self.bullets.fly(self.tick, self.field, self.past):
            if ship.hull > 0:
                happened.append(("arena.hit", {"slot": ship.slot, "by": by}))
                continue
            ship.leave_field(self.tick + BACK_TICKS)
            happened.append(("arena.destroyed", {"slot": ship.slot, "by": by}))
            happened.append(("arena.scored", {"slot": by, "points": KILL_POINTS, "of": ship.slot}))
        return happened

    def _take_crystals(self) -> None:
        near = self.crystals.near
        for ship in self.ships.all:
            if ship.is_live and near.get((int(ship.y) >> 7) * CELLS + (int(ship.x) >> 7)):
                taken = self.crystals.take(ship.x, ship.y, self.tick)
                ship.found += taken
                ship.hull = min(ship.hull + taken, HULL)

    def _place(self) -> tuple[float, float]:
        """Where nothing is in the way and, if that is found soon, nobody near."""
        around = self.past.moments[0].grid
        for _ in range(_TRIES):
            x, y = self.field.place(self.chance, int(RADIUS))
            if cell_of(x, y) not in around:
                break
        return x, y
