"""Waiting for a region that is woken: what the page is told when it asks, and who is counted."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.db.models.functions import Now

from gameserver.players import Player
from lobby.fleet.model import Outlook, Outlooks, Why
from lobby.models import Boot, Demand, Refusal, Region
from lobby.waiting import AGAIN_MOST_MS, AGAIN_MS, FRESH_S, HERE_S, WORDS, Waiting, told
from tests.lobby.visits import browser, join, question, state, up


def answers(test: Any) -> Any:
    """A test that asks as a page does, in a lobby that is looked after."""
    return pytest.mark.django_db(databases=["default", "region"])(pytest.mark.usefixtures("token")(test))


@answers
def test_the_state_goes_from_asleep_to_up() -> None:
    """[JN34] The page's questions are answered with the state, how long it takes, and when to ask again; "up" means that Join leads in."""
    assert (asleep := state())["state"] == "asleep"
    assert (asleep["usually_s"], asleep["nearest"], asleep["is_refused"]) == (0, None, False)
    assert asleep["again_ms"] == pytest.approx(AGAIN_MS, abs=10)
    Boot.objects.create(machine="m", region="cdg", asked_at=Now() - timedelta(seconds=2), seconds=None)
    starting = state()
    assert starting["state"] == "starting"
    assert starting["seconds"] >= 2
    up()
    assert state()["state"] == "up"
    assert join().status_code == 302


@answers
@pytest.mark.parametrize(
    ("why", "words"), [(Why.NO_CAPACITY, "no free Machine in Paris"), (Why.SPEND_CAP, "may cost no more"), (Why.CLOSED, "closed")]
)
def test_a_refusal_is_told(why: Why, words: str) -> None:
    """[JN35] No capacity, a spend cap and a closed region are told in words, with the nearest region where one can play."""
    up("ewr")
    Refusal.objects.create(region_id="cdg", why=why, nearest="ewr", at=Now())
    found = state()
    assert words in found["text"]
    assert found["is_refused"]
    assert found["nearest"] == {"code": "ewr", "name": "New York"}


@answers
def test_a_region_that_is_closed_meanwhile_is_told() -> None:
    """[JN35] A region that staff hide while somebody waits: the page is told that it is gone, with 404; others it never was."""
    assert state()["state"] == "asleep"
    Region.objects.filter(pk="cdg").update(enabled=False)
    status, gone = question()
    assert (status, gone["state"], gone["nearest"]) == (404, "gone", None)
    assert question("/join/zzz/state")[0] == 404


@answers
def test_only_the_lobbys_host_is_asked() -> None:
    """[JN34] The question is answered on the lobby's host, to GET and HEAD; all else is passed on. A database that fails is a 503."""
    assert question(method="HEAD") == (200, None)
    for other in ({"host": f"cdg.{settings.PARENT_HOST}"}, {"method": "POST"}, {"path": "/join/cdg/"}, {"path": "/join/cdg/state/"}):
        assert question(**other)[0] == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Waiting, "wait", lambda *_: (_ for _ in ()).throw(OperationalError("away")))
        assert question("/join/nrt/state")[0] == 503


@answers
def test_all_who_wait_are_one_demand() -> None:
    """[JN36] Whoever waits is counted once, however often the page asks; all who come without a cookie are one."""
    for _ in range(3):
        for number in range(5):
            state(Player(f"player{number:02}", "P", "#112233"))
        join(browser(None))
    assert Demand.objects.get().players == 6


@answers
def test_a_question_costs_no_query(django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """[JN36] A question costs no query of its own: the database is looked at for all who ask in the same quarter of a second."""
    monkeypatch.setattr("lobby.waiting.FRESH_S", 60.0)
    state()
    with django_assert_num_queries(0):
        state(Player("another00", "P", "#112233"))


# Who waits, without a database


class Fleet:
    """A planner that says what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[tuple[str, int]] = []
        self.looks = 0
        self.outlook = Outlook(Outlooks.ASLEEP)
        self.waiting = Waiting(self.look, lambda *asked: self.asked.append(asked), lambda: self.now)

    def look(self, region: str) -> Outlook:
        self.looks += 1
        return self.outlook


def test_one_look_answers_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """[JN36] Five hundred who ask at once cost one look; they ask again later, so that a process answers 250 a second at most."""
    monkeypatch.setattr("lobby.waiting.FRESH_S", FRESH_S)
    fleet = Fleet()
    answers = [fleet.waiting.wait("cdg", f"p{number}") for number in range(500)]
    assert fleet.looks == 1
    assert fleet.waiting.known("cdg", "p7") == answers[-1]
    assert fleet.waiting.known("nrt", "p7") is None
    assert [answers[0].again_ms, answers[-1].again_ms] == [AGAIN_MS + 4, AGAIN_MS + 2000]
    fleet.now += 1
    assert fleet.waiting.wait("cdg", "p0").again_ms == AGAIN_MS + 2000
    assert fleet.asked == [("cdg", 1), ("cdg", 500)]
    assert fleet.waiting.wait("nrt", "p0").again_ms == AGAIN_MS + 4


def test_a_look_that_counted_nobody_asks_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """[JN36] Whoever comes when a look is fresh that was for somebody else's sake is counted, and the region is started all the same."""
    monkeypatch.setattr("lobby.waiting.FRESH_S", FRESH_S)
    fleet = Fleet()
    assert fleet.waiting.seen("cdg") is fleet.outlook
    assert fleet.waiting.known("cdg", "p1") is None
    fleet.waiting.wait("cdg", "p1")
    assert fleet.waiting.known("cdg", "p2") is not None
    assert (fleet.looks, fleet.asked) == (1, [("cdg", 1)])


def test_names_that_somebody_makes_up_leave_nothing_behind() -> None:
    """[JN35] Whoever asks for regions that there are not is told so, and this process does not grow."""
    fleet = Fleet()
    for number in range(50):
        assert fleet.waiting.known(f"x{number}", "p") is None
        assert fleet.waiting.wait(f"x{number}", "p").state == "gone"
        assert fleet.waiting.seen(f"x{number}") is None
    assert (fleet.looks, fleet.waiting._here, fleet.waiting._looks) == (0, {}, {})


def test_who_has_gone_waits_no_more() -> None:
    """[JN36] Who has not asked for ten seconds is not counted."""
    fleet = Fleet()
    for number in range(10):
        fleet.waiting.wait("cdg", f"p{number}")
    fleet.now += HERE_S / 2
    fleet.waiting.wait("cdg", "p0")
    fleet.now += HERE_S / 2
    fleet.waiting.wait("cdg", "p1")
    assert fleet.asked[-1] == ("cdg", 2)


def test_a_region_that_is_up_is_not_asked_for() -> None:
    """[JN36] Nobody asks for a region that is up."""
    fleet = Fleet()
    fleet.outlook = Outlook(Outlooks.UP)
    assert fleet.waiting.wait("cdg", "p").state == "up"
    assert fleet.asked == []


def test_every_state_has_words() -> None:
    """[JN34] Whatever the planner says is told in a sentence with the region's name; what takes longer than usual is said to."""
    for one in Outlooks:
        for why in ("", *Why):
            wait = told("cdg", Outlook(one, refusal=why))
            assert re.search(r"\w.*\.$", wait.text)
            assert wait.again_ms <= AGAIN_MOST_MS
    assert set(WORDS) == set(Outlooks)
    assert told("cdg", Outlook(Outlooks.STARTING, 9.0, 8.0)).text == "Paris takes longer than usual."
    assert told("cdg", Outlook(Outlooks.STARTING, 7.0, 8.0)).text == "Paris is starting."
