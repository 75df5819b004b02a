"""The lane `arena`: who plays, rounds and points by events; what moves by ticks, inputs in bytes, and frames."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from gameserver.engine.entry import Record
from gameserver.engine.errors import Rejected
from gameserver.engine.worlds import BOT, BaseWorld, Decided, Happening, Who
from gameserver.engine.worlds.arena import saved, wire
from gameserver.engine.worlds.arena.commands import Play, Watch
from gameserver.engine.worlds.arena.frames import Frames
from gameserver.engine.worlds.arena.game import Game
from gameserver.engine.worlds.arena.pace import Pace
from gameserver.engine.worlds.arena.rounds import Round
from gameserver.engine.worlds.arena.rules import SIZE, TICKS_PER_S
from gameserver.engine.worlds.arena.ships import BACK_TICKS, GONE_TICKS, IDLE_TICKS, MAX_SHIPS, NEVER, Ship

MIDDLE = SIZE / 2
MAX_FOLLOWERS = 10_000
"""Of whom it is kept in mind whom they chose to follow."""


class Refusal(StrEnum):
    """Codes of its own, besides those of every room."""

    FULL = "full"


class World(BaseWorld):
    """The arena of docs/arena.md.

    What is journalled, who plays and who has how many points, changes in `apply` alone. What moves changes in `tick` and `heard`:
    it is up to five seconds old after a crash.
    """

    name = "arena"
    commands = (Play, Watch)
    journalled = frozenset({"arena.joined", "arena.left", "arena.scored", "arena.began", "arena.ended"})
    ephemeral = frozenset({"arena.hit", "arena.destroyed"})
    passing = journalled
    has_state = True
    is_exact = False
    hears = draws = True
    recorded = frozenset({"arena.ended"})
    fillers = 6
    rate, burst = 60.0, 120.0
    snapshot_s = 5.0
    tick_s = 1 / TICKS_PER_S
    frames = 30.0

    def __init__(self) -> None:
        self.game = Game()
        self.round = Round()
        self._pace = Pace()
        self._follows: dict[str, int] = {}
        self._frames: Frames | None = None
        self._frames_made = 0
        self._leader: Ship | None = None
        self._left_at: dict[str, int] = {}
        """When players gave their ships up, of late: it costs as long as being destroyed."""

    @property
    def slowed_ticks(self) -> int:
        """Ticks that were left out because the owner came too late for them; never falls."""
        return self._pace.slowed_ticks

    def decide(self, who: Who, command: Play | Watch, at: int) -> Decided:
        """`arena.joined` or `arena.left`; the reply has the `slot`. Raises Rejected: full."""
        ship = self.game.ships.by_player.get(who.id)
        if isinstance(command, Watch):
            self._follow(who.id, command.slot)
            return Decided(_leaving(ship) if ship else (), {} if command.slot is None else {"slot": command.slot})
        if ship is not None:
            ship.goes_at = NEVER
            return Decided(reply={"slot": ship.slot})
        slot = self.game.ships.free_slot()
        if slot is None:
            raise Rejected(Refusal.FULL, f"{MAX_SHIPS} fly here already. Watch them, or go to another region.")
        joined = {"slot": slot, **who.as_dict(), "points": self.round.points_of(who.id)}
        return Decided((("arena.joined", joined),), {"slot": slot})

    def heard(self, who: Who, data: bytes, at: int) -> None:
        """Take a message of inputs, for the player's own ship, if there is one. Raises Rejected: bad_message."""
        first, inputs = wire.inputs(data)
        ship = self.game.ships.by_player.get(who.id)
        if ship is not None:
            ship.goes_at = NEVER
            ship.queue.take(first, inputs)

    def gone(self, player_id: str) -> None:
        """A player has no socket any more: the ship goes in 10 s, unless something is heard of the player."""
        self._follows.pop(player_id, None)
        ship = self.game.ships.by_player.get(player_id)
        if ship is not None:
            ship.goes_at = self.game.tick + GONE_TICKS

    def tick(self, at: int) -> tuple[Happening, ...]:
        """Do the ticks that are due, 5 at most; the round, points for crystals and those who go are told once in it."""
        steps, slowed = self._pace.due(at)
        if slowed:
            for ship in self.game.ships.all:
                ship.queue.forgive(slowed)
        happened: list[Happening] = []
        before = self.game.tick
        for _ in range(steps):
            happened += self.game.step()
        if steps:
            self._frames = None
        is_over = self.round.ends <= at
        if is_over or before // TICKS_PER_S != self.game.tick // TICKS_PER_S:
            happened += self._each_second()
        if is_over:
            happened.append(self.round.turn(at, self.game.chance.state, self._untold(happened)))
        return tuple(happened)

    def frame(self, player_id: str) -> bytes | None:
        """What a player, or somebody who only watches, is shown after the last tick; None before the first."""
        if not self.game.tick:
            return None
        if self._frames is None:
            self._frames = Frames(self.game, self._frames_made)
            self._frames_made += 1
        ships = self.game.ships
        ship = ships.by_player.get(player_id)
        if ship is not None:
            return self._frames.own(ship)
        return self._frames.watched(ships.by_slot.get(self._follows.get(player_id, wire.NOBODY), self._leader))

    def apply(self, event: Mapping[str, Any]) -> None:
        """The only place where it changes who plays, the round and points."""
        ships = self.game.ships
        match event["ev"]:
            case "arena.joined":
                self._join(Who(event["id"], event["name"], event["colour"]), event["slot"])
            case "arena.left":
                self._leave(event["slot"])
            case "arena.scored" if event["slot"] in ships.by_slot:
                ship = ships.by_slot[event["slot"]]
                self.round.scores[ship.who.id].points += event["points"]
                # A crash may have taken the finding back that is told here.
                ship.found = ship.found if "of" in event else max(ship.found - event["points"], 0)
            case "arena.began":
                self.round.begin(event)
                self.game.begin(event["seed"])
                for ship in ships.all:
                    self.round.meet(ship.who)
            case "arena.ended":
                self.round.end(event)
                self.game.end()

    def records(self, event: Mapping[str, Any]) -> tuple[Record, ...]:
        """The points of a round, for the region's all-time list."""
        people = [one for one in event["ranking"] if not one["id"].startswith(BOT)]
        return tuple(Record(self.name, one["id"], one["name"], one["colour"], one["points"], event["at"]) for one in people)

    def snapshot(self) -> Any:
        """Everything that is needed to go on."""
        return saved.save(self.game, self.round)

    def view(self) -> Any:
        """What a page shows beside frames."""
        round = self.round
        ships = [{"slot": ship.slot, **ship.who.as_dict(), "points": round.points_of(ship.who.id)} for ship in self.game.ships.all]
        told = {"round": round.number, "seed": round.seed, "phase": round.phase, "tick": self.game.tick, "ends": round.ends}
        ranking = {} if round.is_playing or not round.number else {"ranking": round.ranking({})}
        return {**told, "ships": ships, "best": list(round.best), **ranking}

    def restore(self, data: Any) -> None:
        """From what `snapshot` gave."""
        self.game, self.round = Game(), Round()
        self._pace, self._frames, self._leader = Pace(), None, None
        saved.load(data, self.game, self.round)

    def _each_second(self) -> list[Happening]:
        """Crystals that were taken, and who leaves: without a socket, or idle."""
        game = self.game
        self._leader = max(game.ships.all, key=lambda ship: self.round.points_of(ship.who.id), default=None)
        self._left_at = {id: tick for id, tick in self._left_at.items() if tick + BACK_TICKS > game.tick}
        told = [_found(ship) for ship in game.ships.all if ship.found]
        leaving = [ship for ship in game.ships.all if ship.goes_at <= game.tick or game.tick - ship.active_at > IDLE_TICKS]
        return told + [("arena.left", {"slot": ship.slot}) for ship in leaving]

    def _untold(self, happened: list[Happening]) -> dict[str, int]:
        """Points by player that are in events which are not applied yet."""
        points: dict[str, int] = {}
        for name, fields in happened:
            if name == "arena.scored":
                id = self.game.ships.by_slot[fields["slot"]].who.id
                points[id] = points.get(id, 0) + fields["points"]
        return points

    def _follow(self, player_id: str, slot: int | None) -> None:
        self._follows.pop(player_id, None)
        if slot is not None and len(self._follows) < MAX_FOLLOWERS:
            self._follows[player_id] = slot

    def _join(self, who: Who, slot: int) -> None:
        tick = self.game.tick
        back_at = max(tick + 1, self._left_at.pop(who.id, -BACK_TICKS) + BACK_TICKS)
        ship = Ship(x=MIDDLE, y=MIDDLE, slot=slot, who=who, back_at=back_at, active_at=tick)
        self.game.ships.add(ship)
        self.round.meet(who)

    def _leave(self, slot: int) -> None:
        ship = self.game.ships.by_slot.get(slot)
        if ship is None:
            return
        self.game.ships.remove(slot)
        self.game.bullets.forget(slot)
        self.round.part(ship.who)
        self._left_at[ship.who.id] = self.game.tick
        if self._leader is ship:
            self._leader = None


def _found(ship: Ship) -> Happening:
    return "arena.scored", {"slot": ship.slot, "points": ship.found}


def _leaving(ship: Ship) -> tuple[Happening, ...]:
    left: Happening = ("arena.left", {"slot": ship.slot})
    return (_found(ship), left) if ship.found else (left,)
