"""Rounds: when they begin and end, who has how many points, and the best of all time. All of it follows from journalled events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gameserver.engine.worlds import BOT, Happening, Who
from gameserver.engine.worlds.arena.chance import advance

ROUND_MS = 180_000
RANKING_MS = 10_000
KILL_POINTS = 5
RANKED = 20
"""Of a round, at most. Everybody's own points are in `scored`."""
BEST = 10
PLAYING, RANKING = "playing", "ranking"


@dataclass(slots=True)
class Score:
    """What somebody has in a round; who leaves and comes back goes on with it."""

    who: Who
    points: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For messages."""
        return {**self.who.as_dict(), "points": self.points}


@dataclass(slots=True)
class Round:
    """The round now. number: from 1, 0 before the first; ends: when the phase does, in ms since 1970."""

    number: int = 0
    seed: int = 0
    phase: str = RANKING
    ends: int = 0
    scores: dict[str, Score] = field(default_factory=dict)
    best: list[dict[str, Any]] = field(default_factory=list)
    """The best of all rounds, one entry for each player, the highest first."""

    @property
    def is_playing(self) -> bool:
        """Whether shots and crystals count."""
        return self.phase == PLAYING

    def turn(self, at: int, chance: int, untold: Mapping[str, int]) -> Happening:
        """`arena.began` or `arena.ended`. chance: what the next seed is drawn from; untold: points that are not in `scores` yet."""
        if self.is_playing:
            return "arena.ended", {"round": self.number, "ranking": self.ranking(untold)}
        seed = advance((chance ^ at) & 0xFFFF_FFFF or 1)
        return "arena.began", {"round": self.number + 1, "seed": seed, "ends": at + ROUND_MS}

    def ranking(self, untold: Mapping[str, int]) -> list[dict[str, Any]]:
        """Those with points, the most first; of two with as many, who scored first."""
        scores = [{**score.as_dict(), "points": score.points + untold.get(id, 0)} for id, score in self.scores.items()]
        scored = [score for score in scores if score["points"] > 0]
        return sorted(scored, key=lambda score: -score["points"])[:RANKED]

    def points_of(self, id: str) -> int:
        """Of a player in this round."""
        return self.scores[id].points if id in self.scores else 0

    def meet(self, who: Who) -> None:
        """Somebody plays: their score has the name they have now."""
        if who.id in self.scores:
            self.scores[who.id].who = who
        else:
            self.scores[who.id] = Score(who)

    def part(self, who: Who) -> None:
        """Somebody does not play any more: points stay, and nothing else does."""
        if self.points_of(who.id) == 0:
            self.scores.pop(who.id, None)

    def begin(self, event: Mapping[str, Any]) -> None:
        """Apply `arena.began`."""
        self.number, self.seed, self.ends, self.phase = event["round"], event["seed"], event["ends"], PLAYING
        self.scores = {}

    def end(self, event: Mapping[str, Any]) -> None:
        """Apply `arena.ended`."""
        self.phase, self.ends = RANKING, event["at"] + RANKING_MS
        entries = self.best + [{**entry, "round": event["round"]} for entry in event["ranking"] if not entry["id"].startswith(BOT)]
        mine: dict[str, dict[str, Any]] = {}
        for entry in sorted(entries, key=lambda entry: -entry["points"]):
            mine.setdefault(entry["id"], entry)
        self.best = list(mine.values())[:BEST]
