"""Who plays: a signed cookie, made at first visit, and what is done with a false one."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from gameserver.engine.text import clean_name
from gameserver.players import ADJECTIVES, ANIMALS, COLOURS, Player, guest, new_player, player_of, read_cookie, write_cookie

pytestmark = pytest.mark.django_db(databases=["default", "region"])
HOST = {"host": f"cdg.{settings.PARENT_HOST}:8001"}
ADA = Player("abcdef0123456789", "Ada", "#1d4ed8")


def signed_in(player: Player = ADA, **options: Any) -> Client:
    client = Client(**options)
    client.cookies[settings.PLAYER_COOKIE] = write_cookie(player)
    return client


def test_a_first_visit_makes_a_player() -> None:
    """[LB13] A first page gives a name, a colour and a cookie for every host of the platform, out of reach of scripts."""
    answer = Client().get("/", headers=HOST)
    cookie = answer.cookies[settings.PLAYER_COOKIE]
    player = read_cookie(cookie.value)
    assert player is not None
    assert player.name.split()[0] in ADJECTIVES
    assert player.name.split()[1] in ANIMALS
    assert cookie["domain"] == settings.PARENT_HOST
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_known_player_keeps_the_cookie() -> None:
    """[LB13] Somebody with a cookie is who the cookie says, and gets no other."""
    answer = signed_in().get("/", headers=HOST)
    assert settings.PLAYER_COOKIE not in answer.cookies
    assert "Ada" in answer.content.decode()


@pytest.mark.parametrize("path", ["/static/none.css", "/ping"])
def test_files_and_pings_carry_no_cookie(path: str) -> None:
    """[LB13] Files and measurements make no player."""
    assert settings.PLAYER_COOKIE not in Client().get(path, headers=HOST).cookies


@given(st.text(max_size=200))
def test_a_false_cookie_is_no_cookie(value: str) -> None:
    """[LB14] Whatever a cookie holds, reading it raises nothing and makes nobody."""
    assert read_cookie(value) is None


@given(st.binary(max_size=200))
def test_a_handshake_with_any_cookie_raises_nothing(value: bytes) -> None:
    """[LB14] Whatever a handshake's cookie header holds, it makes nobody."""
    assert player_of({"headers": [(b"cookie", value)]}) is None


def test_a_tampered_cookie_makes_somebody_new() -> None:
    """[LB14] A cookie with a changed name is thrown away, and the visitor is somebody new."""
    client = Client()
    client.cookies[settings.PLAYER_COOKIE] = write_cookie(ADA)[:-2] + "xx"
    player = read_cookie(client.get("/", headers=HOST).cookies[settings.PLAYER_COOKIE].value)
    assert player is not None
    assert player.id != ADA.id


def test_a_handshake_is_its_browsers_player() -> None:
    """[LB13] A handshake carries the same player, read without a database."""
    cookie = f"other=1; {settings.PLAYER_COOKIE}={write_cookie(ADA)}".encode()
    assert player_of({"headers": [(b"cookie", cookie)]}) == ADA
    assert player_of({"headers": []}) is None


@pytest.mark.parametrize("others", [b'odd={"a": 1}', b"a b=1", b"no value", b'open="', b"\xff=\xfe"])
def test_a_handshake_has_the_player_of_the_page(others: bytes) -> None:
    """[LB13] Odd cookies of other sites under the parent domain do not make a page's player a guest in its socket."""
    cookie = others + f"; {settings.PLAYER_COOKIE}={write_cookie(ADA)}".encode()
    assert player_of({"headers": [(b"cookie", cookie)]}) == ADA
    client = Client(headers={"cookie": cookie.decode("latin-1")})
    assert settings.PLAYER_COOKIE not in client.get("/", headers=HOST).cookies


def test_a_name_is_changed_by_fetch() -> None:
    """[LB15] POST /me/ with JSON changes name and colour, keeps the id, and sets the cookie anew."""
    body = '{"name": "  Grace \\u202e Hopper ", "colour": "#15803D"}'
    answer = signed_in().post("/me/", body, content_type="application/json", headers={**HOST, "accept": "application/json"})
    assert answer.json() == {"id": ADA.id, "name": "Grace Hopper", "colour": "#15803d"}
    assert read_cookie(answer.cookies[settings.PLAYER_COOKIE].value) == Player(ADA.id, "Grace Hopper", "#15803d")


BAD_BODIES = {
    "empty": '{"name": ""}',
    "long": '{"name": "' + "x" * 40 + '"}',
    "colour": '{"colour": "red"}',
    "list": "[]",
    "broken": "{",
    "unseen": '{"name": "\\u200d"}',
    "null": '{"name": null}',
    "number": '{"colour": 111111}',
    "nested": '{"name": {"name": "Ada"}}',
    "deep": "[" * 200_000,
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_name_is_refused_by_name(body: str) -> None:
    """[LB15] A name or colour that cannot be is a 400 with a code and a sentence."""
    answer = signed_in().post("/me/", body, content_type="application/json", headers={**HOST, "accept": "application/json"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "text"}


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/r/main/", "/r/main/"),
        ("http://nrt.play.localhost:8001/r/x/", "http://nrt.play.localhost:8001/r/x/"),
        ("http://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://[", "/"),
        ("http://evil.example\\@play.localhost/", "/"),
        ("http://play.localhost.evil.example/", "/"),
        ("http://play.localhost@evil.example/", "/"),
        ("/\\evil.example/", "/"),
    ],
)
def test_a_form_leads_back_to_our_hosts_only(wanted: str, leads_to: str) -> None:
    """[LB15] A form is answered with a redirect, and never to a foreign site."""
    answer = signed_in().post("/me/", {"name": "Grace", "next": wanted}, headers=HOST)
    assert (answer.status_code, answer["Location"]) == (302, leads_to)


def test_a_form_with_a_bad_name_is_told_in_words() -> None:
    """[LB15] Somebody without JavaScript reads a sentence, and keeps the name."""
    answer = signed_in().post("/me/", {"name": " "}, headers=HOST)
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert "visible character" in answer.content.decode()
    assert settings.PLAYER_COOKIE not in answer.cookies


def test_a_foreign_form_is_refused() -> None:
    """[LB15] Without the CSRF token nobody's name is changed."""
    assert signed_in(enforce_csrf_checks=True).post("/me/", {"name": "Mallory"}, headers=HOST).status_code == 403


def test_a_guest_is_the_same_for_the_same_session() -> None:
    """[LB16] A client without a cookie is a guest whose id follows from its sid and does not give it away."""
    assert guest("s" * 22) == guest("s" * 22)
    assert guest("s" * 22).id != guest("t" * 22).id
    assert "s" * 8 not in guest("s" * 22).id


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_can_be_read(colour: str) -> None:
    """[LB17] Every colour has a contrast of 4.5 or more on white, where names are written in it."""
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_names_are_valid_names() -> None:
    """[LB17] Names that are given are names that could be chosen."""
    for _ in range(50):
        player = new_player()
        assert clean_name(player.name) == player.name
        assert player.colour in COLOURS
