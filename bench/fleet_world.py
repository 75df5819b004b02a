"""A world for the planner, in memory: Machines that boot and fail, players who come, wait, play and leave. See bench/fleet_sim.py."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from random import Random

from bench.fleet_box import Box, Group, Tally, calls_of
from lobby.fleet.model import (
    HOUR_S,
    Action,
    Admit,
    Backoff,
    Cordon,
    Create,
    Destroy,
    Drain,
    Mark,
    Refusal,
    Refuse,
    Seen,
    Serve,
    Start,
    Stop,
    Wanted,
    Why,
)
from lobby.fleet.situation import backoff_s, costs

SESSION_S = 1800.0
BOOT_MEDIAN_S, BOOT_SIGMA = 3.0, 0.6
FAILS, SILENT = 0.01, 0.005
DECIDE_S = 10.0
RATE_S, BURST = 1.0, 3
MANY = 50.0
"""From so many on a Poisson number is as good as a normal one."""


class World:
    """Advances by `step`; the planner acts by `apply` and sees by `seen`."""

    def __init__(self, wanted: Wanted, places: int, dice: Random, start: float) -> None:
        self.wanted, self.places, self.dice, self.now = wanted, places, dice, start
        self.boxes: dict[str, Box] = {}
        self.there: dict[str, list[Box]] = {region: [] for region in wanted.regions}
        self.queues: dict[str, deque[Group]] = {region: deque() for region in wanted.regions}
        self.on_the_way: list[tuple[float, str, Group]] = []
        self.backoffs: dict[str, Backoff] = {}
        self.refusals: dict[str, Refusal] = {}
        self.out: set[str] = set()
        self.spent_s = 0.0
        self.tally = Tally()
        self._creates: deque[float] = deque(maxlen=BURST)

    # Players

    def playing(self, region: str = "") -> int:
        """Players who are in."""
        return sum(box.players for box in (self.there[region] if region else self.boxes.values()))

    def waiting(self, region: str) -> int:
        """Players who wait."""
        return sum(group.number for group in self.queues[region])

    def pending(self) -> int:
        """Players who are neither in nor gone."""
        return sum(map(self.waiting, self.queues)) + sum(group.number for _, _, group in self.on_the_way)

    def come(self, region: str, expected: float) -> None:
        """Players of a region press Join, each for themselves: so many in the mean."""
        number = self._poisson(expected)
        if number:
            self.tally.came += number
            self.queues[region].append(Group(self.now, number))

    def settle(self, region: str, players: int, fill: float) -> None:
        """So many play already, on as many Machines as they fill."""
        for number in range(1, math.ceil(players / (fill * self.places)) + 1):
            self._add(Box(f"{region}-{number}", region, "started", self.now, heard_at=self.now, empty_since=self.now))
        self.tally.came += players
        self.queues[region].append(Group(self.now, players))
        self.seat(region, self.now)

    def leave(self, seconds: float) -> None:
        """Sessions end."""
        part = 1 - math.exp(-seconds / SESSION_S)
        for box in self.boxes.values():
            if box.players:
                box.players -= min(box.players, self._whole(box.players * part))
                if not box.players:
                    box.empty_since = self.now

    def seat(self, region: str, at: float, boxes: list[Box] | None = None) -> None:
        """Those who wait get places, first come first, each on the least loaded Machine."""
        queue = self.queues[region]
        if not queue:
            return
        fit = [box for box in boxes or self.there[region] if box.is_open and box.players < self.places]
        while queue and fit:
            taken = self._pour(queue[0].number, fit)
            self.tally.waits[math.ceil(max(0.0, at - queue[0].came_at) * 10) / 10] += taken
            queue[0].number -= taken
            if queue[0].number:
                return
            queue.popleft()

    def _pour(self, number: int, boxes: list[Box]) -> int:
        """Spread players so that the least loaded are filled first; returns how many found a place."""
        left = number
        while left > 0:
            boxes.sort(key=lambda box: box.players)
            low = boxes[0].players
            level = [box for box in boxes if box.players == low]
            if low >= self.places:
                break
            higher = boxes[len(level)].players if len(level) < len(boxes) else self.places
            each = min(higher - low, max(1, left // len(level)))
            for box in level:
                take = min(each, left)
                box.players += take
                box.empty_since = 0.0 if box.players else box.empty_since
                left -= take
        return number - left

    def _whole(self, number: float) -> int:
        return int(number) + (self.dice.random() < number % 1)

    def _poisson(self, expected: float) -> int:
        if expected > MANY:
            return max(0, round(self.dice.gauss(expected, math.sqrt(expected))))
        number, left = 0, self.dice.random()
        part = math.exp(-expected)
        while left > part and number < 10 * MANY:
            left -= part
            number += 1
            part *= expected / number
        return number

    def offer(self) -> None:
        """Who is refused goes to the nearest region, once, and waits there; or gives up where there is none. Who is on the way arrives."""
        for region, refusal in self.refusals.items():
            stay = deque(group for group in self.queues[region] if group.moved)
            for group in self.queues[region]:
                if group.moved:
                    continue
                if refusal.nearest:
                    self.on_the_way.append((self.now + DECIDE_S, refusal.nearest, Group(group.came_at, group.number, moved=True)))
                    self.tally.moved += group.number
                else:
                    self.tally.refused += group.number
            self.queues[region] = stay
        for due, region, group in self.on_the_way:
            if due <= self.now:
                self.queues[region].append(group)
        self.on_the_way = [trip for trip in self.on_the_way if trip[0] > self.now]

    # Machines

    def seen(self) -> Seen:
        """What a look finds."""
        demand = {region: number for region in self.queues if (number := self.waiting(region))}
        machines = tuple(box.shown() for box in self.boxes.values())
        return Seen(machines, demand, self.backoffs, self.refusals, self.spent_s, self.now - HOUR_S)

    def apply(self, actions: Iterable[Action]) -> None:
        """Do what is planned, within the API's rates."""
        calls: Counter[str] = Counter()
        for action in actions:
            if isinstance(action, Refuse):
                self.refusals[action.region] = Refusal(action.why, action.nearest)
            elif isinstance(action, Admit):
                self.refusals.pop(action.region, None)
            elif isinstance(action, Create):
                self._create(action, calls)
            else:
                self._order(action, calls)
        self.tally.calls += calls
        self.tally.busiest = max(self.tally.busiest, calls["create"])

    def _create(self, action: Create, calls: Counter[str]) -> None:
        # The client looks before it creates: one list, one create.
        calls.update(["list", "create"])
        turn = max(self.now, self._creates[0] + BURST * RATE_S if len(self._creates) == BURST else 0.0)
        self._creates.append(turn)
        self.tally.turn_s = max(self.tally.turn_s, turn - self.now)
        if action.region in self.out:
            self._failed(action.region, Why.NO_CAPACITY)
        elif action.name not in self.boxes:
            box = Box(action.name, action.region, "creating", self.now)
            self._add(box)
            self._boot(box, turn)

    def _add(self, box: Box) -> None:
        self.boxes[box.id] = box
        self.there[box.region].append(box)

    def _boot(self, box: Box, turn: float) -> None:
        throw = self.dice.random()
        box.fate = "fails" if throw < FAILS else "silent" if throw < FAILS + SILENT else "well"
        box.turn_at, box.ready_at = turn, turn + self.dice.lognormvariate(math.log(BOOT_MEDIAN_S), BOOT_SIGMA)
        box.state, box.since, box.heard_at = ("creating" if turn > self.now else "starting"), self.now, 0.0
        box.cordoned, box.mark, box.marked_at = False, Mark.NONE, 0.0

    def _failed(self, region: str, why: Why) -> None:
        failures = self.backoffs[region].failures + 1 if region in self.backoffs else 1
        self.backoffs[region] = Backoff(self.now + backoff_s(why, failures), failures, why)

    def _order(self, action: Start | Stop | Drain | Cordon | Serve | Destroy, calls: Counter[str]) -> None:
        box = self.boxes[action.machine]
        calls.update(calls_of(action, box))
        if isinstance(action, Destroy):
            del self.boxes[box.id]
            self.there[box.region].remove(box)
            if not box.heard_at:
                self._failed(box.region, Why.UNWELL)
        elif isinstance(action, Start):
            if box.region in self.out:
                self._failed(box.region, Why.NO_CAPACITY)
            else:
                self._boot(box, self.now)
        elif isinstance(action, Stop):
            if not box.players or action.force:
                box.state, box.since, box.players, box.empty_since = "stopped", self.now, 0, 0.0
                self.tally.stops += 1
        elif isinstance(action, Serve):
            box.cordoned, box.mark, box.marked_at = False, Mark.NONE, 0.0
        else:
            box.mark, box.marked_at = (action.mark if isinstance(action, Drain) else Mark.GHOST), self.now
            box.cordoned = box.cordoned or isinstance(action, Cordon)

    def step(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        for box in self.boxes.values():
            if box.state == "creating" and box.turn_at <= until:
                box.state, box.since = "starting", box.turn_at
        booting = [box for box in self.boxes.values() if box.state == "starting" and box.ready_at <= until]
        for box in sorted(booting, key=lambda box: box.ready_at):
            box.state, box.since = ("failed" if box.fate == "fails" else "started"), box.ready_at
            if box.fate == "well":
                box.heard_at, box.empty_since = box.ready_at, box.ready_at
                self.backoffs.pop(box.region, None)
                self.seat(box.region, box.ready_at, [box])
        running = sum(costs(box, self.wanted.limits, self.now) for box in self.boxes.values())  # type: ignore[arg-type]
        self.tally.machine_s += running * seconds
        self.tally.emptying_s += seconds * sum(
            box.state == "started" and box.mark in (Mark.SURPLUS, Mark.EMPTY) for box in self.boxes.values()
        )
        self.spent_s = (0.0 if until // HOUR_S != self.now // HOUR_S else self.spent_s) + running * seconds
        self.now = until
        self.leave(seconds)
        for box in self.boxes.values():
            if box.state == "started" and box.fate == "well" and not box.unreachable:
                box.heard_at = until

    def outage(self, region: str, *, over: bool = False) -> None:
        """A region goes: its hosts, its capacity, and the connections of all who were in. Or it is back, with Machines that stand."""
        if over:
            self.out.discard(region)
            for box in self.boxes.values():
                box.unreachable = box.unreachable and box.region != region
            return
        self.out.add(region)
        for box in self.boxes.values():
            if box.region == region:
                box.unreachable = True
                if box.players:
                    self.queues[region].append(Group(self.now, box.players))
                    self.tally.dropped += box.players
                box.players = 0

    def running(self) -> int:
        """Machines that cost something."""
        return sum(box.state in ("creating", "starting", "started") for box in self.boxes.values())

    def ideal(self, seconds: float, places: float) -> int:
        """Machines that somebody would need who knows everything, moves players and boots in no time."""
        number = sum(math.ceil(self.playing(region) / places) for region in self.queues)
        self.tally.ideal_s += number * seconds
        return number
