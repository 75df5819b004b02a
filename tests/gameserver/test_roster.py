"""Who is in a room, against a plain model: whatever comes and goes, everybody's list is the room's."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gameserver import roster as module
from gameserver.engine.worlds import Who
from gameserver.roster import MAX_PRESENT, Roster
from tests.gameserver.rooms import ADA, BOB

FEW = 3
PLAYERS = [f"p{number}" for number in range(6)]
NAMES = st.sampled_from(["Ann", "Ben", "Cleo"])


class Copy:
    """A client's list: what it was welcomed with, and what it was told since."""

    def __init__(self, roster: Roster) -> None:
        self.present = {player["id"]: player for player in roster.present()}
        self.players = roster.players

    def hear(self, news: dict[str, Any]) -> None:
        for player in news["left"]:
            self.present.pop(player, None)
        self.present |= {player["id"]: player for player in news["joined"]}
        self.players = news["players"]


class Rosters(RuleBasedStateMachine):
    """Sessions come, go and are called otherwise; clients begin to listen at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.small = mock.patch.object(module, "MAX_PRESENT", FEW)
        self.small.start()
        self.roster = Roster()
        self.sessions: dict[str, Who] = {}
        self.names: dict[str, str] = {}
        self.copies: list[Copy] = []

    @initialize()
    def somebody_listens(self) -> None:
        self.copies.append(Copy(self.roster))

    @rule(player=st.sampled_from(PLAYERS), tab=st.integers(0, 1), name=NAMES)
    def come(self, player: str, tab: int, name: str) -> None:
        who = Who(player, name, "#000000")
        self.roster.come(f"{player}/{tab}", who)
        self.sessions[f"{player}/{tab}"] = who
        self.names[player] = name

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.sessions)))
        player = self.sessions.pop(key).id
        self.roster.go(key, player)
        if player not in {who.id for who in self.sessions.values()}:
            del self.names[player]

    @precondition(lambda self: self.names)
    @rule(data=st.data(), name=NAMES)
    def call(self, data: st.DataObject, name: str) -> None:
        player = data.draw(st.sampled_from(sorted(self.names)))
        before = self.roster.call(Who(player, name, "#000000"))
        assert before is not None
        assert before.name == self.names[player]
        self.names[player] = name

    @precondition(lambda self: len(self.copies) < 4)
    @rule()
    def listen(self) -> None:
        self.copies.append(Copy(self.roster))

    @precondition(lambda self: self.roster.has_news)
    @rule()
    def tell(self) -> None:
        news = self.roster.news()
        assert not set(news["left"]) & {player["id"] for player in news["joined"]}
        for copy in self.copies:
            copy.hear(news)

    @invariant()
    def counted_and_named(self) -> None:
        present = self.roster.present()
        named = [player["id"] for player in present]
        assert len(named) == len(set(named)) == min(FEW, len(self.names))
        assert {player["id"]: player["name"] for player in present}.items() <= self.names.items()
        assert self.roster.players == len(self.names)
        for player in PLAYERS:
            assert self.roster.sessions(player) == {key for key, who in self.sessions.items() if who.id == player}

    @invariant()
    def copies_are_alike_when_all_is_told(self) -> None:
        if not self.roster.has_news:
            for copy in self.copies:
                assert copy.present == {player["id"]: player for player in self.roster.present()}
                assert copy.players == len(self.names)

    def teardown(self) -> None:
        self.small.stop()
        if self.roster.has_news:
            self.tell()
        self.copies_are_alike_when_all_is_told()


TestRosters = Rosters.TestCase
TestRosters.__doc__ = "[GS11] Whoever hears all news, since whenever, has the room's list; a bounded number is named, all are counted."
TestRosters.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def full() -> Roster:
    """A room in which two hundred are named, and one more is counted only; all of it is told."""
    roster = Roster()
    for number in range(MAX_PRESENT + 1):
        roster.come(f"s{number}", Who(f"p{number}", f"P{number}", "#000000"))
    roster.news()
    return roster


def test_two_hundred_are_named() -> None:
    """[GS11] The two hundred and first is counted and not named; nobody is told of more than the number."""
    assert MAX_PRESENT == 200
    roster = full()
    assert (len(roster.present()), roster.players, roster.has_news) == (200, 201, False)
    roster.come("late", Who("late", "Late", "#000000"))
    assert roster.news() == {"type": "presence", "joined": [], "left": [], "players": 202}


def test_somebody_who_was_only_counted_is_named() -> None:
    """[GS11] When somebody who was named leaves, the one who has waited the longest is named in the place, and all are told so."""
    roster = full()
    roster.come("late", Who("late", "Late", "#000000"))
    roster.go("s7", "p7")
    news = roster.news()
    assert ([player["id"] for player in news["joined"]], news["left"], news["players"]) == (["p200"], ["p7"], 201)
    assert roster.present()[-1]["name"] == "P200"


def test_a_new_name_of_somebody_who_is_not_named_is_no_news() -> None:
    """[GS11] Whoever is only counted may be called otherwise without a word to anybody, and is named by the new name."""
    roster = full()
    roster.call(Who("p200", "New", "#000000"))
    assert not roster.has_news
    roster.go("s0", "p0")
    assert [player["name"] for player in roster.news()["joined"]] == ["New"]


def test_a_change_that_changes_nothing_is_no_news() -> None:
    """[GS11] A second tab, the end of one of two, and somebody not named who comes and goes between two messages, are not told."""
    roster = full()
    roster.come("tab", Who("p0", "P0", "#000000"))
    roster.go("tab", "p0")
    roster.come("late", Who("late", "Late", "#000000"))
    roster.go("late", "late")
    assert not roster.has_news


@pytest.mark.parametrize("told", [True, False])
def test_every_change_has_a_version(told: bool) -> None:
    """[GS104] The version rises with every change of who is in and how they are called, and with nothing else."""
    roster, versions = Roster(), []
    for change in (
        lambda: roster.come("a", ADA),
        lambda: roster.come("b", BOB),
        lambda: roster.call(Who("ada", "Countess", "#ffffff")),
        lambda: roster.go("a", "ada"),
    ):
        change()
        versions.append(roster.version)
        if told:
            roster.news()
    roster.come("b2", BOB)
    assert sorted(set(versions)) == versions
    assert roster.version == versions[-1]
