"""Rounds, points and the best of all time: by journalled events alone."""

from __future__ import annotations

from gameserver.engine.worlds.arena.rounds import BEST, RANKED, RANKING_MS, ROUND_MS
from gameserver.engine.worlds.arena.rules import COOLDOWN
from tests.engine.arena.arenas import BEGAN_AT, Arena, message, player, read, shown

FIRE = 2


def score(arena: Arena, number: int, points: int) -> None:
    arena.apply([("arena.scored", {"slot": arena.ship(number).slot, "points": points})])


def pass_time(arena: Arena, until: int) -> None:
    """To the first tick at `until` or later, as if nothing had been to do before it."""
    arena.at = until
    arena.apply(arena.world.tick(until))


def end_round(arena: Arena) -> None:
    pass_time(arena, arena.world.round.ends)


def test_the_first_tick_begins_a_round() -> None:
    """[AR31] The first round begins with the first tick and takes 3 minutes; another room has another field."""
    arena = Arena()
    began = arena.told("arena.began")
    assert began == [{"round": 1, "seed": arena.world.round.seed, "ends": BEGAN_AT + ROUND_MS}]
    view = arena.world.view()
    assert {name: view[name] for name in ("round", "phase", "ends", "ships", "best")} == {
        "round": 1, "phase": "playing", "ends": BEGAN_AT + ROUND_MS, "ships": [], "best": [],
    }  # fmt: skip
    assert arena.world.tick(arena.at) == ()


def test_rounds_follow_each_other() -> None:
    """[AR31] After 3 minutes there is a ranking for 10 s, and then another field, on which everybody comes anew with no points."""
    arena = Arena(2)
    score(arena, 1, 7)
    before = arena.game.field.rocks
    end_round(arena)
    ended = arena.told("arena.ended")
    assert ended == [{"round": 1, "ranking": [{"id": "p1", "name": "Player 1", "colour": "#112233", "points": 7}]}]
    assert (arena.world.view()["phase"], arena.world.view()["ends"]) == ("ranking", BEGAN_AT + ROUND_MS + RANKING_MS)
    pass_time(arena, BEGAN_AT + ROUND_MS + RANKING_MS - 1)
    assert len(arena.told("arena.began")) == 1
    tick = arena.game.tick
    pass_time(arena, BEGAN_AT + ROUND_MS + RANKING_MS)
    first, second = arena.told("arena.began")
    assert (second["round"], second["ends"]) == (2, BEGAN_AT + 2 * ROUND_MS + RANKING_MS)
    assert second["seed"] != first["seed"]
    assert arena.game.field.rocks != before
    assert [ship["points"] for ship in arena.world.view()["ships"]] == [0, 0]
    assert not arena.ship(0).is_live
    pass_time(arena, arena.at + 17)
    assert arena.ship(0).is_live
    assert arena.game.tick > tick


def test_nobody_is_shot_during_a_ranking() -> None:
    """[AR32] While a ranking is shown ships fly and their guns cool down, but no shot leaves them and nothing is taken."""
    arena = Arena(1)
    arena.put(0, *arena.game.crystals.places[0])
    end_round(arena)
    found = arena.ship(0).found
    arena.put(0, *(arena.game.crystals.places[0] or arena.game.crystals.places[1]))
    arena.heard(0, message(arena.ship(0).queue.ack + 1, [(3, 1 | FIRE)]))
    pass_time(arena, arena.at + 17)
    ship = arena.ship(0)
    assert (ship.cooldown, arena.game.bullets.xs, ship.found) == (COOLDOWN, [], found)
    assert ship.vx != 0 or ship.vy != 0


def test_a_ranking_has_every_point() -> None:
    """[AR33] Crystals that were not told yet and kills of the last tick count; of two with as many, who scored first is first."""
    arena = Arena(3)
    for number in (2, 1):
        score(arena, number, 4)
    arena.ship(0).found = 3
    arena.clear()
    arena.put(0, 1000.0, 1000.0)
    arena.put(1, 1060.0, 1000.0).hull = 1
    arena.game.bullets.shoot(arena.ship(0), arena.game.tick, arena.game.tick)
    arena.tick()
    arena.game.bullets.xs[0] = 1060.0
    end_round(arena)
    assert [(entry["id"], entry["points"]) for entry in arena.told("arena.ended")[0]["ranking"]] == [("p0", 8), ("p1", 4), ("p2", 4)]
    assert arena.names()[-1] == "arena.ended"
    assert [ship["points"] for ship in arena.world.view()["ships"]] == [8, 4, 4]


def test_who_comes_back_goes_on() -> None:
    """[AR34] Who leaves a round and comes back has the points that were there; who has none leaves nothing behind."""
    arena = Arena(3)
    score(arena, 0, 4)
    arena.ship(0).found = 2
    arena.watch(0)
    assert arena.told("arena.scored")[-1] == {"slot": 0, "points": 2}
    arena.watch(1)
    arena.play(0)
    assert arena.world.round.points_of(player(0).id) == 6
    assert set(arena.world.round.scores) == {"p0", "p2"}
    arena.watch(0)
    end_round(arena)
    assert [entry["id"] for entry in arena.told("arena.ended")[0]["ranking"]] == ["p0"]


def test_a_ranking_is_bounded() -> None:
    """[AR33] A ranking names the first 20."""
    arena = Arena(RANKED + 5)
    for number in range(RANKED + 5):
        score(arena, number, number + 1)
    end_round(arena)
    ranking = arena.told("arena.ended")[0]["ranking"]
    assert [entry["points"] for entry in ranking] == list(range(RANKED + 5, 5, -1))


def test_the_best_are_kept() -> None:
    """[AR35] A room keeps the ten best of all its rounds, each player's best once, and in which round it was."""
    arena = Arena(12)
    for number in range(12):
        score(arena, number, 100 + number)
    end_round(arena)
    pass_time(arena, arena.world.round.ends)
    score(arena, 0, 500)
    score(arena, 11, 5)
    end_round(arena)
    best = arena.world.view()["best"]
    assert len(best) == BEST
    assert [(entry["id"], entry["points"], entry["round"]) for entry in best[:3]] == [("p0", 500, 2), ("p11", 111, 1), ("p10", 110, 1)]


def test_bots_are_never_among_the_best() -> None:
    """[AR35] Bots have their place in a ranking, and none among the best of the room or in the records of its region."""
    arena = Arena(2)
    arena.apply([("arena.joined", {"slot": 2, "id": "bot0123", "name": "Bot Lynx", "colour": "#112233", "points": 0})])
    for slot in range(3):
        arena.apply([("arena.scored", {"slot": slot, "points": 10 + slot})])
    end_round(arena)
    ended = arena.told("arena.ended")[0]
    assert [entry["id"] for entry in ended["ranking"]] == ["bot0123", "p1", "p0"]
    assert [entry["id"] for entry in arena.world.view()["best"]] == ["p1", "p0"]
    records = arena.world.records({"ev": "arena.ended", "at": 7, **ended})
    assert [(record.world, record.player, record.points, record.at) for record in records] == [
        ("arena", "p1", 11, 7),
        ("arena", "p0", 10, 7),
    ]


def test_all_come_in_a_new_field() -> None:
    """[AR31] The first frame of a round has all ships, and 160 crystals."""
    arena = Arena(5)
    end_round(arena)
    pass_time(arena, arena.world.round.ends)
    pass_time(arena, arena.at + 17)
    frames = [read(arena.world.frame(f"p{number}") or b"") for number in range(5)]
    assert [frame["you"] for frame in frames] == [1] * 5
    assert all(frame["slot"] in [ship[0] for ship in shown(frame, 0)] for frame in frames)
    assert arena.game.crystals.places.count(None) == 0
