"""Pages of a region, and what staff see of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from gameserver import views
from gameserver.database import DatabaseStore
from gameserver.engine.entry import Entry
from gameserver.leases import DatabaseLeases
from gameserver.models import Event, Lease, Record, Room
from gameserver.store import Batch
from gameserver.views import LISTED, rooms_of

pytestmark = pytest.mark.django_db(databases="__all__")
HOST = {"host": "cdg.play.localhost:8002"}


@pytest.fixture
def client() -> Client:
    return Client(headers=HOST)


@pytest.fixture
def staff() -> Client:
    user = get_user_model().objects.create_superuser("staff", "staff@example.dev", "a long password")
    client = Client(headers=HOST)
    client.force_login(user)
    return client


def line(slug: str, at: int, text: str = "hello", player: str = "ada", region: str = "cdg") -> None:
    """Somebody says something, in a room that is made if there is none."""
    store, leases = DatabaseStore(), DatabaseLeases()
    opened = leases.claim(region, slug, leases.start("m1", "nonce").holder)
    seq = len(store.load(opened.key, 1000).entries) + 1
    who = {"id": player, "name": player.title(), "colour": "#112233"}
    entry = Entry({"seq": seq, "ev": "chat.said", "at": at, "player": who, "text": text}, "k" * 32, seq)
    store.append([Batch(opened.key, opened.epoch, (entry,))])


def populate(monkeypatch: pytest.MonkeyPatch, **players: int) -> None:
    """Let rooms have players."""
    rooms = [SimpleNamespace(region="cdg", slug=slug, hub=SimpleNamespace(players=count)) for slug, count in players.items()]
    monkeypatch.setattr(views, "current", lambda: SimpleNamespace(rooms=lambda: rooms))


def test_a_region_lists_its_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS29] `main` first, then the fullest, then the ones last spoken in; rooms of other regions are not there."""
    line("old", 1_000)
    line("new", 3_000)
    line("full", 2_000)
    line("elsewhere", 4_000, region="nrt")
    Room.objects.create(region="cdg", slug="silent", first_epoch=1)
    populate(monkeypatch, full=3, main=1, old=1)
    assert rooms_of("cdg") == [
        {"slug": "main", "players": 1},
        {"slug": "full", "players": 3},
        {"slug": "old", "players": 1},
        {"slug": "new", "players": 0},
        {"slug": "silent", "players": 0},
    ]


def test_rooms_of_another_machine_are_counted_by_their_leases() -> None:
    """[GS29] A room that another Machine has is listed with its sessions, one whose lease is over with nobody."""
    for slug, expires_at in (("theirs", 2**50), ("over", 1)):
        room = Room.objects.create(region="cdg", slug=slug, first_epoch=1)
        Lease.objects.create(room=room, epoch=1, machine="other", boot="b", expires_at=expires_at, sessions=4)
    assert rooms_of("cdg") == [{"slug": "main", "players": 0}, {"slug": "theirs", "players": 4}, {"slug": "over", "players": 0}]


def test_a_region_lists_a_bounded_number(django_assert_num_queries: Any) -> None:
    """[GS29] Of many rooms fifty are listed, with one question to the database."""
    Room.objects.bulk_create(Room(region="cdg", slug=f"room-{n}", first_epoch=1) for n in range(LISTED + 30))
    with django_assert_num_queries(1, using="region"):
        assert len(rooms_of("cdg")) == LISTED


def test_every_region_has_main(client: Client) -> None:
    """[GS28] A region that nobody was in lists `main`; looking at it makes no room."""
    assert rooms_of("nrt") == client.get("/").context["rooms"] == [{"slug": "main", "players": 0}]
    assert not Room.objects.exists()


def test_the_page_of_a_region_shows_them(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS29] The region's page links to its rooms and tells its JavaScript which region it is."""
    populate(monkeypatch, main=2)
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.context["rooms"] == [{"slug": "main", "players": 2}]
    assert answer.context["page_data"]["region"]["code"] == "cdg"
    assert b'href="/r/main/"' in answer.content


def test_the_page_of_a_region_shows_who_was_best(client: Client) -> None:
    """[GS143] The region's page has the first ten of each world with points, of this region alone, and names as text."""
    for points in range(1, 13):
        Record.objects.create(
            region="cdg", world="arena", player_id=f"p{points}", player_name=f"<b>{points}", player_colour="#112233", points=points, at=1
        )
    Record.objects.create(region="ewr", world="arena", player_id="far", player_name="Far", player_colour="#112233", points=99, at=1)
    page = client.get("/").content.decode()
    assert "Best of the arena" in page
    assert page.index("&lt;b&gt;12<") < page.index("&lt;b&gt;3<")
    assert "&lt;b&gt;2<" not in page
    assert "Far" not in page


def test_a_room_has_a_page(client: Client) -> None:
    """[GS30] Every allowed name has a page, whether the room is there or not; opening the page makes none."""
    answer = client.get("/r/tea-at-5/")
    assert (answer.status_code, answer.context["page_data"]["slug"]) == (200, "tea-at-5")
    assert not Room.objects.exists()


@pytest.mark.parametrize("slug", ["Main", "-x", "x-", "a_b", "x" * 33, "a%20b", "caf%C3%A9"])
def test_a_name_that_is_not_allowed_has_no_page(client: Client, slug: str) -> None:
    """[GS30] A name that is not allowed is a 404."""
    assert client.get(f"/r/{slug}/").status_code == 404


@pytest.mark.parametrize(("wanted", "url"), [("tea", "/r/tea/"), (" Tea at_5 ", "/r/tea-at-5/"), ("x" * 32, f"/r/{'x' * 32}/")])
def test_the_form_leads_to_the_room(client: Client, wanted: str, url: str) -> None:
    """[GS30] The form mends capitals and spaces, and leads to the room."""
    answer = client.get("/r/", {"slug": wanted})
    assert (answer.status_code, answer["location"]) == (302, url)


@pytest.mark.parametrize("wanted", ["", "!", "<script>", "x" * 33, "//evil.example", "é"])
def test_the_form_says_what_was_wrong(client: Client, wanted: str) -> None:
    """[GS30] A name that cannot be one leads back to the form, which shows it, escaped."""
    answer = client.get("/r/", {"slug": wanted}, follow=True)
    assert answer.redirect_chain[0][0].startswith("/?wrong=")
    assert answer.context["wrong"]
    assert b"<script>" not in answer.content.replace(b'<script id="page-data"', b"")


@pytest.mark.parametrize("path", ["/", "/r/main/", "/ping"])
def test_pages_are_for_reading(client: Client, path: str) -> None:
    """[GS30] Pages answer GET and HEAD, nothing else."""
    assert client.head(path).status_code in (200, 204)
    assert client.put(path).status_code == 405


def test_the_ping_answers_pages_of_the_lobby(client: Client) -> None:
    """[GS31] A page of the lobby, seen from the same vantage point, may read the ping; it is not kept."""
    answer = client.get("/ping", headers={**HOST, "origin": "http://play.localhost:8002"})
    assert (answer.status_code, answer.content, answer["cache-control"]) == (204, b"", "no-store")
    assert answer["access-control-allow-origin"] == answer["timing-allow-origin"] == "http://play.localhost:8002"
    assert "Origin" in answer["vary"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://play.localhost:9999", "https://play.localhost:8002", "null", "http://play.localhost.evil:8002"],
)
def test_the_ping_tells_nothing_to_other_origins(client: Client, origin: str) -> None:
    """[GS31] A page of another origin is not allowed to read it."""
    answer = client.get("/ping", headers={**HOST, "origin": origin})
    assert answer.status_code == 204
    assert "access-control-allow-origin" not in answer.headers


def test_staff_see_rooms(staff: Client) -> None:
    """[GS32] Staff see every room with its number of events and the last one's time."""
    line("main", 1_700_000_000_000)
    line("main", 1_700_000_060_000)
    page = staff.get("/admin/gameserver/room/").content.decode()
    assert "Nov. 14, 2023, 10:14 p.m." in page
    assert '<td class="field-events">2</td>' in page


@pytest.mark.parametrize(("query", "found"), [("needle", 1), ("bob", 1), ("haystack", 2), ("quiet-room", 1), ("nobody", 0)])
def test_staff_search_messages(staff: Client, query: str, found: int) -> None:
    """[GS32] Messages are found by words, by player and by room."""
    line("main", 1, "a needle in a haystack")
    line("main", 2, "only haystack", player="bob")
    line("quiet-room", 3, "silence")
    answer: Any = staff.get("/admin/gameserver/event/", {"q": query})
    assert answer.context["cl"].result_count == found


def test_staff_change_nothing(staff: Client) -> None:
    """[GS32] Not even a superuser adds, changes or deletes rooms and messages, and no message shows its session."""
    line("main", 1)
    for model in (Room, Event):
        name, pk = model._meta.model_name, model.objects.get().pk
        assert staff.get(f"/admin/gameserver/{name}/add/").status_code == 403
        assert staff.post(f"/admin/gameserver/{name}/{pk}/delete/", {"post": "yes"}).status_code == 403
        page = staff.get(f"/admin/gameserver/{name}/{pk}/change/")
        assert page.status_code == 200
        assert b'name="_save"' not in page.content
        assert b"kkkk" not in page.content
        assert staff.post(f"/admin/gameserver/{name}/{pk}/change/", {"text": "other"}).status_code == 403
    assert (Event.objects.get().text, str(Event.objects.get().room)) == ("hello", "cdg/main")


def test_strangers_see_no_messages(client: Client) -> None:
    """[GS32] Without a staff account the admin is a login page."""
    assert client.get("/admin/gameserver/event/").status_code == 302
