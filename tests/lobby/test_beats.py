"""Heartbeats from another app: signed, dated, and each good once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings as live
from django.db.models.functions import Now
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from gameserver import far_lobby
from gameserver.far_lobby import FarLobby, NotHeard
from gameserver.heartbeat import Beat
from gameserver.signed_beats import MAX_AGE_S, MAX_BYTES, PATH, SIGNATURE, BadLetter, Letter, read, write
from lobby.heartbeats import FORGET_S, TTL_S, alive
from lobby.models import Gameserver

pytestmark = pytest.mark.django_db(databases=["default", "region"])
LOBBY = {"host": live.PARENT_HOST}
BEAT = Beat("cdg", "148e21ea7e1e89", "rooms-game", 1_700_000_000.123456, 2, [{"slug": "main", "players": 2}], 3, False)
Post = tuple[bytes, str]


@pytest.fixture(autouse=True)
def two_apps(settings: SettingsWrapper) -> None:
    settings.GAMESERVER_APP = "rooms-game"


class Way:
    """A transport between a gameserver and the lobby's pages that keeps what went over it. `lose`: whether an answer is lost."""

    def __init__(self) -> None:
        self.sent: list[Post] = []
        self.statuses: list[int] = []
        self.lose: Callable[[], bool] = lambda: False
        self.far = FarLobby("https://lobby.example", live.PARENT_HOST, httpx.MockTransport(self.carry))

    def carry(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path, request.headers["host"]) == ("POST", PATH, live.PARENT_HOST)
        self.sent.append((request.content, request.headers[SIGNATURE]))
        answer = post(*self.sent[-1])
        self.statuses.append(answer.status_code)
        if self.lose():
            raise httpx.ReadError("gone")
        return httpx.Response(answer.status_code, content=answer.content)


def post(body: bytes, signature: str, **headers: str) -> Any:
    return Client().post(PATH, body, content_type="application/json", headers={**LOBBY, SIGNATURE: signature, **headers})


def is_up() -> bool:
    return alive().filter(machine=BEAT.machine).exists()


def silence() -> None:
    """Let more time pass than a gameserver lives without a beat."""
    Gameserver.objects.update(last_seen=Now() - timedelta(seconds=TTL_S + 1))


def test_a_beat_from_another_app_is_heard() -> None:
    """[AP20] A signed beat makes the gameserver alive, with what it tells; the next one, in answer to the lobby's word, is one request."""
    way = Way()
    way.far.tell("record", BEAT)
    row = Gameserver.objects.get()
    assert (row.region_id, row.machine, row.app, row.players, row.sockets, row.rooms) == (
        *("cdg", BEAT.machine, "rooms-game", 2, 3),
        [{"slug": "main", "players": 2}],
    )
    way.far.tell("record", replace(BEAT, players=5))
    assert way.statuses == [200, 200]
    assert Gameserver.objects.get().players == 5
    assert is_up()


def test_a_goodbye_is_heard_at_once() -> None:
    """[AP20] A goodbye takes the gameserver from the list at once; its next life is heard."""
    way = Way()
    way.far.tell("record", BEAT)
    way.far.tell("retire", BEAT)
    assert not is_up()
    Way().far.tell("record", replace(BEAT, started_at=BEAT.started_at + 10))
    assert is_up()


@pytest.mark.parametrize("end", ["killed", "retired"])
def test_no_kept_beat_revives_anybody(end: str) -> None:
    """[AP21] Whatever was sent before, sent again, at once or after the gameserver's end, changes nothing and keeps nobody alive."""
    way = Way()
    for players in range(4):
        way.far.tell("record", replace(BEAT, players=players))
    if end == "retired":
        way.far.tell("retire", BEAT)
    else:
        silence()
    assert {post(*letter).status_code for letter in way.sent} == {409}
    assert not is_up()
    assert {post(*letter).status_code for letter in way.sent} == {409}
    assert not is_up()


def test_a_kept_goodbye_ends_nobody() -> None:
    """[AP21] A goodbye of an earlier life, sent again, leaves the next life in the list."""
    way, later = Way(), Way()
    way.far.tell("record", BEAT)
    way.far.tell("retire", BEAT)
    later.far.tell("record", replace(BEAT, started_at=BEAT.started_at + 10))
    assert post(*way.sent[-1]).status_code == 410
    assert is_up()


def test_the_earlier_life_is_not_heard_any_more() -> None:
    """[AP21] Once a later life of a Machine has beaten, an earlier one is told so, and logged by its sender as not heard."""
    way, later = Way(), Way()
    way.far.tell("record", BEAT)
    later.far.tell("record", replace(BEAT, started_at=BEAT.started_at + 10, players=7))
    with pytest.raises(NotHeard, match="410"):
        way.far.tell("record", BEAT)
    assert Gameserver.objects.get().players == 7


def test_a_lost_answer_costs_one_more_request() -> None:
    """[AP22] A sender that did not get the lobby's word is told it, and is heard all the same."""
    way = Way()
    way.far.tell("record", BEAT)
    lost = iter([True])
    way.lose = lambda: next(lost, False)
    way.far.tell("record", replace(BEAT, players=9))
    assert way.statuses == [200, 200, 409, 200]
    assert Gameserver.objects.get().players == 9


def test_a_lobby_that_forgot_hears_again() -> None:
    """[AP22] After the lobby has forgotten a gameserver, its next beat is heard."""
    way = Way()
    way.far.tell("record", BEAT)
    Gameserver.objects.all().delete()
    way.far.tell("record", BEAT)
    assert is_up()


@pytest.mark.parametrize("status", [301, 403, 404, 500, 502])
def test_whoever_is_not_heard_knows_the_status_only(status: int) -> None:
    """[AP22] An answer that is none is an error with its status, and nothing of what was sent or said."""
    transport = httpx.MockTransport(lambda request: httpx.Response(status, text="secret words", headers={"location": "https://x/"}))
    with pytest.raises(NotHeard) as error:
        FarLobby("https://lobby.example", "example.dev", transport).tell("record", BEAT)
    assert str(error.value) == f"the lobby answered {status}"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}"])
def test_somebody_elses_page_is_no_lobby(answer: bytes) -> None:
    """[AP22] A 200 of something else is not taken for the lobby's word."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=answer))
    with pytest.raises(NotHeard, match="LOBBY_URL"):
        FarLobby("https://lobby.example", "example.dev", transport).tell("record", BEAT)


def test_nobody_who_answers_is_an_error_after_three_tries() -> None:
    """[AP22] Where nobody answers it is tried three times, and then the heartbeat's to log."""
    tries: list[int] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        raise httpx.ConnectError("refused")

    with pytest.raises(httpx.ConnectError):
        FarLobby("https://lobby.example", "example.dev", httpx.MockTransport(refuse)).tell("record", BEAT)
    assert len(tries) == far_lobby.TRIES


def letter(**fields: Any) -> Letter:
    return Letter(**{"kind": "record", "beat": BEAT, "answers": "", "sent_at": time.time(), **fields})


@pytest.mark.parametrize("away_s", [-MAX_AGE_S - 5, MAX_AGE_S + 5, -1e12, float("1e300")])
def test_a_beat_of_another_time_is_refused(away_s: float) -> None:
    """[AP21] A letter from more than a minute ago, or ahead, is not believed, whoever signed it."""
    assert post(*write(letter(sent_at=time.time() + away_s))).status_code == 403
    assert not Gameserver.objects.exists()


@pytest.mark.parametrize("away_s", [-MAX_AGE_S + 20, MAX_AGE_S - 20])
def test_clocks_may_differ_a_little(away_s: float) -> None:
    """[AP21] A clock that is some seconds off, as after a resume, does no harm."""
    assert post(*write(letter(sent_at=time.time() + away_s))).status_code == 200


def test_nothing_unsigned_is_believed(settings: SettingsWrapper) -> None:
    """[AP21] Another key, no key, a touched body or signature: 403, nothing happens, and the answer repeats nothing."""
    body, signature = write(letter())
    settings.IDENTITY_KEY, key = "another key" * 5, settings.IDENTITY_KEY
    foreign = write(letter())
    settings.IDENTITY_KEY = key
    tries = [
        foreign,
        (body, ""),
        (body, "ü"),
        (body, signature[:-1] + "x"),
        (body.replace(b'"players":2', b'"players":3'), signature),
        (b"", ""),
    ]
    for content, sign in tries:
        answer = post(content, sign)
        assert answer.status_code == 403
        assert BEAT.machine not in answer.content.decode()
    assert not Gameserver.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"app": "rooms-else"},
        {"machine": "x" * 65},
        {"machine": "a b"},
        {"region": ""},
        {"players": -1},
        {"sockets": -1},
        {"started_at": 1e300},
    ],
)
def test_a_beat_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """[AP21] What no gameserver of GAMESERVER_APP would send is refused, though it is signed."""
    assert post(*write(letter(beat=replace(BEAT, **wrong)))).status_code == 403
    assert not Gameserver.objects.exists()


@pytest.mark.parametrize("body", [b"null", b"[]", b'{"kind":"record"}', b"[" * 5000, b"\xff\xfe", b"x" * (MAX_BYTES + 1)])
def test_whatever_is_signed_raises_nothing_else(body: bytes) -> None:
    """[AP21] Bytes that are no letter are refused by name, also signed ones."""
    from gameserver.signed_beats import _sign

    with pytest.raises(BadLetter):
        read(body, _sign(body), time.time())
    with pytest.raises(BadLetter):
        read(body, "", time.time())


def test_what_a_beat_says_survives_the_way() -> None:
    """[AP20] What is read is what was written, to the last digit."""
    sent = letter(sent_at=1234567890.25)
    body, signature = write(sent)
    assert read(body, signature, 1234567891.0) == sent
    assert set(json.loads(body)["beat"]) == set(Beat.__dataclass_fields__)


def test_one_app_has_no_such_address(settings: SettingsWrapper) -> None:
    """[AP23] Where lobby and gameservers are one app `/beats/` is a 404, also for a signed beat; and it is at no region's host."""
    assert Client().post(PATH, headers={"host": f"cdg.{live.PARENT_HOST}"}).status_code == 404
    settings.GAMESERVER_APP = ""
    assert post(*write(letter())).status_code == 404


def test_a_beat_needs_no_cookie_and_gets_none() -> None:
    """[AP23] Only POST, without CSRF, session or player; what it answers is for no cache and no browser."""
    answer = Client(enforce_csrf_checks=True).post(
        PATH, write(letter())[0], content_type="application/json", headers={**LOBBY, SIGNATURE: "x"}
    )
    assert answer.status_code == 403
    assert json.loads(answer.content) == {"error": "not signed with this IDENTITY_KEY"}
    assert not answer.cookies
    assert Client().get(PATH, headers=LOBBY).status_code == 405


def test_an_unknown_region_is_nobodys() -> None:
    """[AP20] A beat of a region that the lobby does not have makes no row, and the next one is answered as the first."""
    way = Way()
    for _ in range(2):
        way.far.tell("record", replace(BEAT, region="zzz"))
    assert way.statuses == [200, 200]
    assert not Gameserver.objects.exists()


def test_long_gone_rows_are_no_way_back() -> None:
    """[AP21] A row is forgotten long after the last letter for it has become too old."""
    assert FORGET_S > 10 * MAX_AGE_S
