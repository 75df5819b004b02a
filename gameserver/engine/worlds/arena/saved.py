"""The arena's state as values that JSON can hold, and back.

Bullets, inputs that wait and the past are let go: a second later they are no matter.
"""

from __future__ import annotations

from typing import Any

from gameserver.engine.worlds import Who
from gameserver.engine.worlds.arena.chance import Chance
from gameserver.engine.worlds.arena.field import Field
from gameserver.engine.worlds.arena.game import Game
from gameserver.engine.worlds.arena.inputs import Queue
from gameserver.engine.worlds.arena.rounds import Round, Score
from gameserver.engine.worlds.arena.ships import GONE_TICKS, Ship

_MOVING = ("x", "y", "vx", "vy", "heading", "cooldown")
_LIVING = ("hull", "is_thrusting", "is_live", "back_at", "since", "safe_until", "active_at", "found")
_COUNTING = ("ack", "credit", "starved")


def save(game: Game, round: Round) -> dict[str, Any]:
    """Everything that is needed to go on."""
    return {
        "round": round.number,
        "seed": round.seed,
        "phase": round.phase,
        "ends": round.ends,
        "scores": [[*score.who.as_dict().values(), score.points] for score in round.scores.values()],
        "best": list(round.best),
        "tick": game.tick,
        "chance": game.chance.state,
        "ships": [_ship(ship) for ship in game.ships.all],
        "crystals": [None if place is None else list(place) for place in game.crystals.places],
        "returning": [list(each) for each in game.crystals.returning],
    }


def load(data: Any, game: Game, round: Round) -> None:
    """Be as `save` said. Ships go in a while unless their players are heard of, whose next input number is whatever they send."""
    round.number, round.seed, round.phase, round.ends = data["round"], data["seed"], data["phase"], data["ends"]
    round.scores = {id: Score(Who(id, name, colour), points) for id, name, colour, points in data["scores"]}
    round.best = [dict(entry) for entry in data["best"]]
    game.tick, game.chance, game.field = data["tick"], Chance(data["chance"]), Field(round.seed)
    game.is_playing = round.is_playing
    game.crystals.lie(
        [None if place is None else (place[0], place[1]) for place in data["crystals"]], [(t, i) for t, i in data["returning"]]
    )
    for saved in data["ships"]:
        ship = Ship(**saved["moving"], **saved["living"], slot=saved["slot"], who=Who(*saved["who"]))
        ship.queue = Queue(**saved["queue"], is_open=True)
        ship.goes_at = game.tick + GONE_TICKS
        game.ships.add(ship)


def _ship(ship: Ship) -> dict[str, Any]:
    return {
        "slot": ship.slot,
        "who": list(ship.who.as_dict().values()),
        "moving": {name: getattr(ship, name) for name in _MOVING},
        "living": {name: getattr(ship, name) for name in _LIVING},
        "queue": {name: getattr(ship.queue, name) for name in _COUNTING},
    }
