"""What a bot wants: it gathers crystals, hunts whoever comes near, aims where they will be, and keeps off rocks and walls. Pure.

It is there to be beaten: `skill` says how soon it notices, how well it aims, and how much it dares.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nsmallest
from math import atan2, hypot, pi
from random import Random
from typing import NamedTuple

from gameserver.bots.arena import BULLET_SPEED, HEADINGS, MAX_SPEED, RADIUS, SIZE, Rock
from gameserver.bots.sight import Other, Seen

REACTION_TICKS = (8, 30)
"""Between two looks around, of the best and of the worst."""
HUNT_PX = (450.0, 900.0)
"""How far away somebody is hunted, by the worst and by the best."""
KEEP_PX = 220.0
"""Nearer than that it does not press on."""
ERROR = 60
"""Directions by which the worst misses its aim."""
NEAR_MISS = 40.0
"""A bullet that would pass so close, in px, is worth a dodge."""
DODGE_TICKS, ALARM_TICKS = 14, 35
AHEAD_TICKS = 45.0
"""How far ahead it looks for rocks and walls."""
MARGIN_PX = 24.0
CHOICE = 3
"""It goes for one of so many crystals: not all for the same one."""
FACING = HEADINGS // 7
"""It thrusts when it faces where it wants to go, nearly."""
HURT = 1
"""Of hull: then it looks for crystals only."""


class State(NamedTuple):
    """A ship as its bot believes it to be. px, px/tick; `heading` of 1024."""

    x: float
    y: float
    vx: float
    vy: float
    heading: int
    hull: int
    slot: int


class Wish(NamedTuple):
    """What is to be done. turn: directions to where it wants to point, by the short way."""

    turn: int
    thrusts: bool
    fires: bool


class Brain:
    """One bot's. skill: 0 to 1. The same chance and the same sights lead to the same wishes."""

    def __init__(self, skill: float, chance: Random) -> None:
        self.skill = min(1.0, max(0.0, skill))
        self._chance = chance
        best, worst = REACTION_TICKS
        self.reaction_ticks = round(worst - (worst - best) * self.skill)
        """How often `look` is to be called."""
        self._looked = 0
        self._prey: Other | None = None
        self._place = SIZE / 2, SIZE / 2
        self._rocks: list[Rock] = []
        self._error = 0
        self._is_firing = False
        self._dodge = 0.0, 0.0
        self._dodges_until = 0

    # What it notices

    def look(self, tick: int, me: State, seen: Seen, rocks: Sequence[Rock]) -> None:
        """Notice what is around, and choose what to do about it."""
        self._looked = tick
        reach = MAX_SPEED * AHEAD_TICKS + RADIUS + MARGIN_PX
        self._rocks = [rock for rock in rocks if hypot(rock[0] - me.x, rock[1] - me.y) < rock[2] + reach]
        self._error = round(self._chance.gauss(0, ERROR / 2) * (1 - self.skill))
        self._is_firing = self._chance.random() < 0.35 + 0.6 * self.skill
        self._prey = self._nearest_prey(me, seen.ships, rocks)
        near = [] if self._prey is not None else self._near_crystals(me, seen.crystals, rocks)
        if near:
            # What it was after goes on, if it is still there: else it would waver between two.
            self._place = self._place if self._place in near else self._chance.choice(near)
        elif self._prey is None and hypot(self._place[0] - me.x, self._place[1] - me.y) < 100:
            self._place = self._chance.uniform(200, SIZE - 200), self._chance.uniform(200, SIZE - 200)
        if self._chance.random() < self.skill:
            self._look_at_bullets(tick, me, seen.bullets)

    def _nearest_prey(self, me: State, ships: Sequence[Other], rocks: Sequence[Rock]) -> Other | None:
        if me.hull <= HURT:
            return None
        worst, best = HUNT_PX
        reach = worst + (best - worst) * self.skill
        distances = [(hypot(ship.x - me.x, ship.y - me.y), ship.slot, ship) for ship in ships if ship.slot != me.slot and not ship.is_safe]
        distance, _, ship = min(distances, default=(reach, 0, None))
        return ship if ship is not None and distance < reach and is_clear(me.x, me.y, ship.x, ship.y, rocks) else None

    def _near_crystals(self, me: State, crystals: Sequence[tuple[float, float]], rocks: Sequence[Rock]) -> list[tuple[float, float]]:
        near = nsmallest(2 * CHOICE, crystals, key=lambda crystal: hypot(crystal[0] - me.x, crystal[1] - me.y))
        return [crystal for crystal in near if is_clear(me.x, me.y, *crystal, rocks)][:CHOICE] or near[:CHOICE]

    def _look_at_bullets(self, tick: int, me: State, bullets: Sequence[Other]) -> None:
        """Get out of the way of one that comes too close."""
        for bullet in bullets:
            vx, vy = bullet.vx - me.vx, bullet.vy - me.vy
            dx, dy = me.x - bullet.x, me.y - bullet.y
            speed = hypot(vx, vy)
            if bullet.slot == me.slot or not speed:
                continue
            ticks, miss = (dx * vx + dy * vy) / (speed * speed), (vx * dy - vy * dx) / speed
            if 0 < ticks < ALARM_TICKS and abs(miss) < NEAR_MISS:
                side = 1 if miss >= 0 else -1
                self._dodge = -vy * side, vx * side
                self._dodges_until = tick + DODGE_TICKS
                return

    # What it does

    def steer(self, tick: int, me: State) -> Wish:
        """What it wants at this moment."""
        push = self._away(me)
        if push is None and tick < self._dodges_until:
            push = self._dodge
        if push is not None:
            turn = turn_to(me.heading, *push)
            return Wish(turn, abs(turn) < FACING, fires=False)
        return self._hunt(tick, me, self._prey) if self._prey is not None else self._go(me)

    def _hunt(self, tick: int, me: State, prey: Other) -> Wish:
        ago = tick - self._looked
        dx, dy = prey.x + prey.vx * ago - me.x, prey.y + prey.vy * ago - me.y
        distance = hypot(dx, dy)
        flight = distance / BULLET_SPEED * (0.5 + self.skill / 2)
        turn = turn_to(me.heading, dx + (prey.vx - me.vx) * flight, dy + (prey.vy - me.vy) * flight) + self._error
        turn = (turn + HEADINGS // 2) % HEADINGS - HEADINGS // 2
        is_on = abs(turn) < 12 + 2000 / max(distance, 1.0)
        is_slow = hypot(me.vx, me.vy) < MAX_SPEED * (0.4 + 0.4 * self.skill)
        return Wish(turn, distance > KEEP_PX and abs(turn) < FACING and is_slow, self._is_firing and is_on)

    def _go(self, me: State) -> Wish:
        dx, dy = self._place[0] - me.x, self._place[1] - me.y
        distance = hypot(dx, dy) or 1.0
        # As fast as it can still turn: what is missing to that velocity is where to push.
        speed = min(MAX_SPEED * (0.5 + 0.4 * self.skill), 1.5 + distance / 40)
        px, py = dx / distance * speed - me.vx, dy / distance * speed - me.vy
        turn = turn_to(me.heading, px, py)
        return Wish(turn, hypot(px, py) > 0.5 and abs(turn) < FACING, fires=False)

    def _away(self, me: State) -> tuple[float, float] | None:
        """Where to push to miss the nearest wall or rock; None if nothing is in the way."""
        low, high = RADIUS + MARGIN_PX, SIZE - RADIUS - MARGIN_PX
        x, y = me.x + me.vx * AHEAD_TICKS, me.y + me.vy * AHEAD_TICKS
        px, py = float(x < low) - float(x > high), float(y < low) - float(y > high)
        if px or py:
            return px, py
        speed = hypot(me.vx, me.vy)
        if speed < 1.0:
            return None
        nearest, push = speed * AHEAD_TICKS, None
        for rx, ry, radius in self._rocks:
            dx, dy = rx - me.x, ry - me.y
            along, aside = (dx * me.vx + dy * me.vy) / speed, (me.vx * dy - me.vy * dx) / speed
            room = radius + RADIUS + MARGIN_PX
            if 0 < along < nearest + radius and abs(aside) < room:
                side = -1 if aside >= 0 else 1
                nearest, push = along - radius, (-me.vy * side - me.vx / 2, me.vx * side - me.vy / 2)
        return push


def is_clear(x: float, y: float, there_x: float, there_y: float, rocks: Sequence[Rock]) -> bool:
    """Whether a ship could fly straight from one place to another without touching a rock."""
    dx, dy = there_x - x, there_y - y
    length = hypot(dx, dy) or 1.0
    for rx, ry, radius in rocks:
        along = ((rx - x) * dx + (ry - y) * dy) / length
        if -radius < along < length + radius and abs((rx - x) * dy - (ry - y) * dx) < (radius + RADIUS) * length:
            return False
    return True


def turn_to(heading: int, x: float, y: float) -> int:
    """How many directions to turn to point along (x, y), by the short way: -512 to 511."""
    target = round(atan2(y, x) / (2 * pi) * HEADINGS)
    return (target - heading + HEADINGS // 2) % HEADINGS - HEADINGS // 2
