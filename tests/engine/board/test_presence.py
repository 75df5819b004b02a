"""Who is where: told at a measured pace, and forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver.engine.worlds import Who
from gameserver.engine.worlds.board import presence as module
from gameserver.engine.worlds.board.commands import Point
from tests.engine.board.boards import ADA, BOB, CYD, Owner, packed

A, B = "aaaaaaaa", "bbbbbbbb"


@pytest.fixture
def owner() -> Owner:
    return Owner()


def point(owner: Owner, who: Who, x: float, y: float) -> None:
    owner.send(who, {"cmd": "board.point", "x": x, "y": y})


def show(owner: Owner, who: Who, *ids: str, view: Any = None) -> None:
    owner.send(who, {"cmd": "board.show", "selection": list(ids), "view": view})


def sketch(owner: Owner, who: Who, start: int, *points: float, op: str = "sketched") -> None:
    look = {"stroke": "#FF0000", "width": 3, "opacity": 50}
    owner.send(who, {"cmd": "board.sketch", "op": op, "from": start, "points": list(points), **look})


def told(owner: Owner, wait_ms: int = 100) -> dict[str, Any]:
    """The fields of what is told after a while, if anything."""
    events = owner.gather(wait_ms)
    assert len(events) <= 1
    return {name: value for event in events for name, value in event.items() if name != "ev"}


def test_pointing_leads_to_one_event_for_all(owner: Owner) -> None:
    """[BD28] Where people last were is told in one ephemeral event, which is of nobody and no part of the state."""
    before = packed(owner.world)
    point(owner, ADA, 1, 2)
    point(owner, BOB, 5, 6)
    point(owner, ADA, 3.3, 4)
    (event,) = owner.gather()
    assert (event["ev"], owner.world.ephemeral, "player" in event) == ("board.pointed", {"board.pointed"}, False)
    assert (event["pointers"], packed(owner.world)) == ([0, 3.25, 4, 1, 5, 6], before)
    assert owner.gather() == []
    assert not owner.world.has_notes


def test_nobody_is_told_of_more_than_twenty_times_a_second(owner: Owner) -> None:
    """[BD28] Of a player something is told every 50 ms at most; what comes sooner waits, and the last of it is told."""
    count, last = 0, None
    for number in range(200):
        point(owner, ADA, number, 0)
        event = told(owner, 0)
        count, last = count + bool(event), event.get("pointers", last)
    # Each point is 10 ms after the one before: two seconds in all.
    assert 39 <= count <= 41
    assert owner.world.has_notes
    assert told(owner, 49)["pointers"] == [0, 199, 0]
    assert last != [0, 199, 0]


@pytest.mark.parametrize(("people", "pace_ms"), [(50, 50), (100, 100), (1_000, 500)])
def test_the_more_are_about_the_less_often_each_is_told_of(people: int, pace_ms: int) -> None:
    """[BD28] With more than fifty about, all together are told of a thousand times a second, and each every half second at least."""
    presence, told_of = module.Presence(), 0
    for now in range(1_000, 1_000 + 2 * pace_ms, 10):
        for number in range(people):
            presence.take(Who(f"p{number}", "", ""), Point(now, 0), now)
        told_of += len(presence.gather(now).get("pointers", ())) // 3
    assert told_of == 2 * people


def test_a_player_does_not_wait_for_another(owner: Owner) -> None:
    """[BD28] The pace is each player's own."""
    point(owner, ADA, 1, 1)
    assert told(owner, 0)["pointers"] == [0, 1, 1]
    point(owner, BOB, 2, 2)
    point(owner, ADA, 3, 3)
    assert told(owner, 0)["pointers"] == [1, 2, 2]
    assert told(owner)["pointers"] == [0, 3, 3]


def test_a_clock_that_steps_back_holds_nobody_up(owner: Owner) -> None:
    """[BD28] When the owner's time steps back, people are told of all the same."""
    point(owner, ADA, 1, 1)
    told(owner)
    owner.now -= 10_000
    point(owner, ADA, 2, 2)
    assert told(owner, 0)["pointers"] == [0, 2, 2]


def test_people_are_introduced_again_while_they_are_active(owner: Owner) -> None:
    """[BD29] Who somebody is comes with the first that is told of them, and again every two seconds while they do something."""
    introductions = []
    for number in range(100):
        point(owner, ADA, number, 0)
        introductions += told(owner, 40).get("who", [])
    # Five seconds.
    assert introductions == [{"tag": 0, **ADA.as_dict(), "selection": [], "view": None}] * 3
    assert told(owner, 10_000) == {}


def test_what_is_selected_and_seen_is_told_when_it_changes(owner: Owner) -> None:
    """[BD29] A selection and a view come with the introduction, at once when they are shown."""
    point(owner, ADA, 1, 1)
    told(owner)
    show(owner, ADA, A, B, view=[10.3, 20, 1.5])
    assert told(owner)["who"] == [{"tag": 0, **ADA.as_dict(), "selection": [A, B], "view": [10.25, 20, 1.5]}]
    show(owner, ADA)
    assert told(owner)["who"][0]["selection"] == []


def test_another_name_is_told(owner: Owner) -> None:
    """[BD29] Who is called otherwise is introduced again."""
    point(owner, ADA, 1, 1)
    told(owner)
    point(owner, Who("ada", "Countess", "#000000"), 1, 1)
    assert [(who["tag"], who["name"], who["colour"]) for who in told(owner)["who"]] == [(0, "Countess", "#000000")]


def test_parts_of_a_stroke_are_told_together(owner: Owner) -> None:
    """[BD30] Parts of a stroke that follow each other are told as one; a part that was there before is replaced."""
    sketch(owner, ADA, 0, 1, 1, 2.3, 2)
    sketch(owner, ADA, 2, 3, 3)
    sketch(owner, ADA, 2, 4, 4, 5, 5)
    look = {"tag": 0, "op": "sketched", "stroke": "#ff0000", "width": 3, "opacity": 50}
    assert told(owner)["sketches"] == [look | {"from": 0, "points": [1, 1, 2.25, 2, 4, 4, 5, 5]}]
    sketch(owner, ADA, 4, 6, 6)
    assert told(owner)["sketches"] == [look | {"from": 4, "points": [6, 6]}]


def test_what_does_not_follow_takes_the_place_of_what_waits(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD30] A part that leaves a gap, another stroke, or more than may wait takes the place of the part before."""
    monkeypatch.setattr(module, "MAX_SKETCH_NUMBERS", 4)
    for start, op in ((7, "sketched"), (0, "another1"), (0, "another2")):
        sketch(owner, ADA, 0, 1, 1)
        sketch(owner, ADA, start, 2, 2, 3, 3, op=op)
        assert [(part["op"], part["from"], part["points"]) for part in told(owner)["sketches"]] == [(op, start, [2, 2, 3, 3])]
    sketch(owner, ADA, 0, 1, 1, 2, 2)
    sketch(owner, ADA, 2, 3, 3)
    assert told(owner)["sketches"][0]["points"] == [3, 3]


def test_half_a_point_is_none(owner: Owner) -> None:
    """[BD30] A number too many in a part of a stroke is left out."""
    sketch(owner, ADA, 0, 1, 1, 2)
    assert told(owner)["sketches"][0]["points"] == [1, 1]


def test_who_is_silent_for_a_minute_is_forgotten(owner: Owner) -> None:
    """[BD31] A player who did nothing for a minute is forgotten; the tag may be another one's then."""
    point(owner, ADA, 1, 1)
    told(owner)
    point(owner, BOB, 1, 1)
    told(owner)
    owner.now += module.FORGET_MS
    point(owner, CYD, 2, 2)
    assert sorted(told(owner)["pointers"]) == [2, 2, 2]
    point(owner, ADA, 3, 3)
    introduced = told(owner)["who"]
    assert [(who["tag"], who["id"]) for who in introduced] in ([(0, "ada")], [(1, "ada")])


def test_at_most_so_many_people_are_known(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD31] When too many are there, who was silent longest is forgotten, and no two have the same tag."""
    monkeypatch.setattr(module, "MAX_PEOPLE", 3)
    for number in range(7):
        point(owner, Who(f"player{number}", "P", "#000000"), number, 0)
    introduced = told(owner)["who"]
    assert [who["id"] for who in introduced] == ["player4", "player5", "player6"]
    assert sorted(who["tag"] for who in introduced) == [0, 1, 2]
