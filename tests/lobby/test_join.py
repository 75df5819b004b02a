"""The way into a region: a place and a ticket, or a page to wait on."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.db.models.functions import Now
from pytest_django.fixtures import Settings as SettingsWrapper

from gameserver import ticket
from gameserver.players import read_cookie
from lobby import places
from lobby.models import Boot, Demand, Place
from tests.lobby.visits import ADA, LOBBY, browser, join, state, up

pytestmark = pytest.mark.django_db(databases=["default", "region"])


def test_join_gives_a_ticket_for_the_main_room() -> None:
    """[JN30] The way into a region that is up is a redirect to its main room, scheme and port kept, with the player's ticket."""
    up()
    answer = join()
    url = urlsplit(answer["Location"])
    assert answer.status_code == 302
    assert (url.netloc, url.path) == (f"cdg.{settings.PARENT_HOST}:8001", "/r/main/")
    found = ticket.read(parse_qs(url.query)["ticket"][0])
    assert (found.region, found.room, found.player, found.machine) == ("cdg", "main", ADA.id, "m-cdg")
    assert "no-store" in answer["Cache-Control"]


def test_a_first_visit_is_for_the_player_of_its_new_cookie() -> None:
    """[JN30] Who comes without a cookie gets one, and the ticket is for that player."""
    up()
    client = browser(None)
    found = ticket.read(parse_qs(urlsplit(join(client)["Location"]).query)["ticket"][0])
    player = read_cookie(client.cookies[settings.PLAYER_COOKIE].value)
    assert player is not None
    assert player.id == found.player


def test_a_full_room_leads_to_the_next(settings: SettingsWrapper) -> None:
    """[JN31] When the main room is full the ticket is for the next one; when all are, a page says so and offers a region that is up."""
    settings.ROOM_PLACES = 2
    up(players=2)
    up("nrt")
    assert "/r/main-2/?ticket=" in join()["Location"]
    assert Place.objects.get().player == ADA.id
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "ROOMS", 1)
        answer = join(browser(None))
    assert (answer.status_code, answer["Retry-After"]) == (409, "10")
    text = answer.content.decode()
    assert "Paris is full" in text
    assert 'href="/join/nrt/"' in text


def test_too_many_for_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """[JN31] When one address has many places held for nobody, the next is told to wait, with 429."""

    def refuse(*_: Any) -> None:
        raise places.TooMany

    monkeypatch.setattr(places, "take", refuse)
    up()
    answer = join()
    assert answer.status_code == 429
    assert "Too many at once" in answer.content.decode()


def test_a_look_takes_no_place(settings: SettingsWrapper) -> None:
    """[JN30] HEAD leads to the room, takes no place, gives no ticket, and wakes nobody."""
    settings.ROOM_PLACES = 2
    settings.MACHINES_API_TOKEN = "t"
    answer = browser().head("/join/cdg/", headers=LOBBY)
    assert answer["Location"].endswith("/r/main/")
    assert not Place.objects.exists()
    assert not Demand.objects.exists()


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}, 202),
        ({"Sec-Fetch-Dest": "image"}, 403),
        ({"Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Dest": "empty"}, 403),
        ({"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"}, 403),
    ],
)
def test_only_who_comes_is_let_in(headers: dict[str, str], status: int) -> None:
    """[JN38] Who comes to the address, by whatever link, is let in; what a browser fetches ahead, or for another page, wakes nobody."""
    assert browser().get("/join/cdg/", headers=LOBBY | headers).status_code == status
    assert Demand.objects.exists() is (status == 202)


def test_without_a_token_a_sleeping_region_is_entered(settings: SettingsWrapper) -> None:
    """[JN32] Where nobody may start Machines a region that sleeps is entered as one that is up: Fly's proxy may start it."""
    settings.MACHINES_API_TOKEN = ""
    assert "/r/main/?ticket=" in join()["Location"]
    assert state()["state"] == "up"
    assert not Demand.objects.exists()


@pytest.mark.usefixtures("token")
def test_a_sleeping_region_shows_a_page_to_wait_on() -> None:
    """[JN33] Join on a region that sleeps has it started, and answers 202 with a page: state, seconds so far, seconds it usually takes,
    cancel, and a region where one can play now; it works without JavaScript, too."""
    up("nrt")
    for seconds in (7.0, 8.0, 9.0):
        Boot.objects.create(machine="m", region="cdg", asked_at=Now() - timedelta(hours=1), seconds=seconds)
    answer = join()
    text = answer.content.decode()
    assert answer.status_code == 202
    assert Demand.objects.get().region_id == "cdg"
    for words in (
        "Waking Paris",
        "Paris is asleep. It is being woken.",
        "<progress",
        "usually 8 s",
        'href="/"',
        "Play in Tokyo now",
    ):
        assert words in text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in text
    assert 'aria-live="polite"' in text
    assert "no-store" in answer["Cache-Control"]
    assert not Place.objects.exists()


@pytest.mark.usefixtures("token")
def test_a_draining_region_is_not_entered() -> None:
    """[JN33] A region whose only gameserver drains is one that sleeps."""
    up(draining=True)
    assert join().status_code == 202


@pytest.mark.usefixtures("token")
def test_no_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """[JN37] Neither the API's token nor a ticket is on a page or in the log."""
    caplog.set_level(logging.DEBUG)
    waits = join().content.decode()
    up()
    found = parse_qs(urlsplit(join()["Location"]).query)["ticket"][0]
    assert settings.MACHINES_API_TOKEN not in waits
    assert found not in caplog.text
    assert settings.MACHINES_API_TOKEN not in caplog.text
