"""The lobby: which regions are listed, who is alive, and the way in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.regions import REGIONS
from gameserver import heartbeat
from gameserver.heartbeat import Beat
from lobby import heartbeats, watch
from lobby.heartbeats import FORGET_S, TTL_S, alive, record, retire
from lobby.listing import listing, read
from lobby.models import Gameserver, Region
from lobby.seeds import seed

pytestmark = pytest.mark.django_db(databases=["default", "region"])
LOBBY = {"host": f"{settings.PARENT_HOST}:8001"}


def beat(region: str = "cdg", machine: str = "m1", players: int = 2, draining: bool = False) -> Beat:
    return Beat(
        region, machine, "rooms", 1_700_000_000.0, players, [{"slug": "main", "players": players}] if players else [], players, draining
    )


def listed(code: str) -> dict[str, Any]:
    return next(region for region in listing(*read(), lambda one: f"http://{one}/") if region["code"] == code)


def test_every_region_of_fly_has_a_row_and_enabled_ones_come_first() -> None:
    """[LB1] A migration fills the table from the list of regions; the lobby shows enabled ones first, in the order of REGIONS."""
    codes = [region["code"] for region in listing(*read(), str)]
    assert set(codes) == set(REGIONS)
    assert codes[:3] == ["ewr", "nrt", "cdg"]


def test_a_heartbeat_makes_a_region_up() -> None:
    """[LB2] A region with a gameserver that beats is up, with its players, rooms and machines."""
    assert listed("cdg")["state"] == "asleep"
    record([beat(), beat(machine="m2", players=3)])
    shown = listed("cdg")
    assert (shown["state"], shown["players"], shown["rooms"], shown["machines"]) == ("up", 5, 2, 2)


def test_a_second_beat_replaces_the_first() -> None:
    """[LB2] A gameserver has one row, however often it beats."""
    record([beat(players=2)])
    record([beat(players=0)])
    assert Gameserver.objects.count() == 1
    assert (listed("cdg")["players"], listed("cdg")["rooms"]) == (0, 0)


def test_a_silent_gameserver_is_gone() -> None:
    """[LB3] A gameserver that is silent for longer than the time to live is not listed, by the database's clock."""
    record([beat()])
    Gameserver.objects.update(last_seen=Now() - timedelta(seconds=TTL_S - 2))
    assert listed("cdg")["state"] == "up"
    Gameserver.objects.update(last_seen=Now() - timedelta(seconds=TTL_S + 1))
    assert listed("cdg")["state"] == "asleep"
    assert not alive().exists()


def test_a_clean_goodbye_is_heard_at_once() -> None:
    """[LB4] A gameserver that ends cleanly is gone from the list at once."""
    record([beat()])
    retire([beat()])
    assert listed("cdg")["state"] == "asleep"


def test_the_time_to_live_leaves_room_for_a_look() -> None:
    """[LB3] The last beat, its time to live, and the second until the next look end within 5 s, with some to spare."""
    assert TTL_S + watch.INTERVAL_S <= 4.5
    assert TTL_S >= 3 * heartbeat.INTERVAL_S


def test_a_late_goodbye_does_not_end_the_successor() -> None:
    """[LB4] A process that says goodbye after its successor on the same Machine began leaves the successor in the list."""
    record([replace(beat(), started_at=1_700_000_100.25)])
    retire([beat()])
    assert listed("cdg")["state"] == "up"
    retire([replace(beat(), started_at=1_700_000_100.25)])
    assert listed("cdg")["state"] == "asleep"


def test_a_draining_gameserver_takes_nobody() -> None:
    """[LB5] A region whose only gameserver drains is not up."""
    record([beat(draining=True)])
    assert listed("cdg")["state"] == "asleep"


def test_a_beat_of_an_unknown_region_is_skipped() -> None:
    """[LB2] A beat for a region without a row breaks nothing."""
    record([beat(region="zzz"), beat()])
    assert [one.region_id for one in Gameserver.objects.all()] == ["cdg"]


def test_old_gameservers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """[LB3] Rows of gameservers that are long gone are deleted."""
    monkeypatch.setattr(heartbeats, "FORGET_EVERY_S", 0.0)
    record([beat(machine="old")])
    Gameserver.objects.update(last_seen=Now() - timedelta(seconds=FORGET_S + 1))
    record([beat(machine="new")])
    assert [one.machine for one in Gameserver.objects.all()] == ["new"]


def test_a_region_hidden_by_staff_is_not_joined() -> None:
    """[LB6] A region that staff hid is listed behind, and its join address is a 404."""
    Region.objects.filter(pk="cdg").update(enabled=False)
    assert not listed("cdg")["enabled"]
    assert Client().get("/join/cdg/", headers=LOBBY).status_code == 404


def test_a_region_that_settings_do_not_name_cannot_be_enabled(settings: SettingsWrapper) -> None:
    """[LB6] A region that REGIONS does not name has no host, so it counts as not enabled."""
    Region.objects.filter(pk="ams").update(enabled=True)
    assert not listed("ams")["enabled"]
    assert Client().get("/join/ams/", headers=LOBBY).status_code == 404


def test_join_leads_to_the_region_on_the_same_port() -> None:
    """[LB7] The way into a region is a redirect to its main room, scheme and port kept."""
    answer = Client().get("/join/cdg/", headers=LOBBY)
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"http://cdg.{settings.PARENT_HOST}:8001/r/main/?ticket=")


def test_the_page_works_without_javascript() -> None:
    """[LB8] The list is in the page's HTML: names, flags, numbers, and links to join."""
    record([beat()])
    text = Client().get("/", headers=LOBBY).content.decode()
    for words in ("New York", "Tokyo", "Paris", "🇫🇷", 'href="/join/cdg/"', f"http://nrt.{settings.PARENT_HOST}:8001/"):
        assert words in text
    assert text.index('data-code="cdg"') < text.index("<code>ams</code>")


def test_the_regions_command_is_idempotent() -> None:
    """[LB9] `manage.py regions --sync` makes the table follow REGIONS, and says each change once."""
    assert seed(["ams", "sin"]) != []
    assert seed(["ams", "sin"]) == []
    assert list(Region.objects.filter(enabled=True).order_by("position").values_list("pk", flat=True)) == ["ams", "sin"]
    out = StringIO()
    call_command("regions", sync=True, stdout=out)
    assert "enabled  cdg Paris" in out.getvalue()
    with pytest.raises(CommandError, match="zzz"):
        call_command("regions", enable=["zzz"])


def test_the_regions_command_changes_all_or_nothing() -> None:
    """[LB9] A code that Fly does not have is refused before anything is changed; one without a host is said to have none."""
    with pytest.raises(CommandError, match="zzz"):
        call_command("regions", disable=["cdg", "zzz"])
    assert Region.objects.get(pk="cdg").enabled
    out = StringIO()
    call_command("regions", enable=["ams"], disable=["cdg"], stdout=out)
    assert "enabled  ams, but REGIONS does not name it" in out.getvalue()
    assert "disabled cdg\n" in out.getvalue()


def test_the_regions_command_lists() -> None:
    """[LB9] `manage.py regions` prints one line for each region."""
    out = StringIO()
    call_command("regions", stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == len(REGIONS)
    assert lines[0].startswith("ewr  New York")


def staff() -> Client:
    user = get_user_model().objects.create_superuser("boss", password="x")
    client = Client()
    client.force_login(user)
    return client


def test_staff_see_the_fleet_at_the_lobby() -> None:
    """[LB10] The lobby's admin shows regions and gameservers, and leads to every region's rooms on the same port."""
    record([beat()])
    client = staff()
    index = client.get("/admin/", headers=LOBBY).content.decode()
    assert "/admin/lobby/region/" in index
    assert "/admin/gameserver/room/" not in index
    assert f'href="http://cdg.{settings.PARENT_HOST}:8001/admin/"' in index
    assert "cdg" in client.get("/admin/lobby/gameserver/", headers=LOBBY).content.decode()
    assert client.get("/admin/lobby/gameserver/add/", headers=LOBBY).status_code == 403
    assert client.get("/admin/lobby/region/cdg/change/", headers=LOBBY).status_code == 200


def test_staff_hide_and_list_regions() -> None:
    """[LB10] Staff hide and list regions by an action, and see which gameservers live."""
    record([beat(), beat(machine="m2"), beat(region="nrt", machine="gone")])
    Gameserver.objects.filter(machine="gone").update(last_seen=Now() - timedelta(seconds=TTL_S + 1))
    # Heard on, however long the pages take.
    Gameserver.objects.exclude(machine="gone").update(last_seen=Now() + timedelta(minutes=1))
    client = staff()
    for action, enabled in (("disable", False), ("enable", True)):
        client.post("/admin/lobby/region/", {"action": action, "_selected_action": ["cdg"]}, headers=LOBBY)
        assert Region.objects.get(pk="cdg").enabled is enabled
    rows = client.get("/admin/lobby/region/", headers=LOBBY).context["cl"].result_list
    assert {row.code: row.alive for row in rows if row.code in ("cdg", "nrt")} == {"cdg": 2, "nrt": 0}
    rows = client.get("/admin/lobby/gameserver/", headers=LOBBY).context["cl"].result_list
    assert {row.machine: row.alive for row in rows} == {"m1": True, "m2": True, "gone": False}


@pytest.mark.parametrize("page", ["region", "gameserver"])
def test_staff_pages_ask_no_more_for_more_rows(page: str, django_assert_max_num_queries: Any) -> None:
    """[LB10] A staff page costs the same few queries however many regions and gameservers there are."""
    record([beat(machine=f"m{number}") for number in range(30)])
    client = staff()
    with django_assert_max_num_queries(15):
        assert client.get(f"/admin/lobby/{page}/", headers=LOBBY).status_code == 200


def test_staff_see_rooms_and_messages_at_the_region() -> None:
    """[LB11] A region's admin shows its rooms and messages, searchable and read-only, and none of the fleet."""
    from gameserver.models import Event, Room

    room = Room.objects.create(region="cdg", slug="main", first_epoch=1)
    fields = {"player_id": "p", "player_name": "Ada", "player_colour": "#112233", "session": "secret-session", "ref": 1}
    Event.objects.create(room=room, seq=1, epoch=1, ev="chat.said", at=1, text="needle in a haystack", **fields)
    client, host = staff(), {"host": f"cdg.{settings.PARENT_HOST}:8001"}
    index = client.get("/admin/", headers=host).content.decode()
    assert "/admin/gameserver/room/" in index
    assert "/admin/lobby/region/" not in index
    assert "needle" in client.get("/admin/gameserver/event/?q=needle", headers=host).content.decode()
    page = client.get(f"/admin/gameserver/event/{Event.objects.get().pk}/change/", headers=host).content.decode()
    assert "Ada" in page
    assert "secret-session" not in page
    assert client.post(f"/admin/gameserver/event/{Event.objects.get().pk}/delete/", headers=host).status_code == 403


def test_strangers_do_not_see_the_admin() -> None:
    """[LB10] Without a login the admin asks for one, on every host."""
    for host in (LOBBY, {"host": f"cdg.{settings.PARENT_HOST}"}):
        assert Client().get("/admin/", headers=host).status_code == 302


def test_a_laptop_gets_a_staff_account(settings: SettingsWrapper) -> None:
    """[LB12] `manage.py playstaff` makes an account with a random password, again with another, and refuses where https is spoken."""
    first, second = StringIO(), StringIO()
    call_command("playstaff", stdout=first)
    call_command("playstaff", stdout=second)
    password = second.getvalue().split()[-1]
    assert first.getvalue() != second.getvalue()
    assert Client().login(username="staff", password=password)
    settings.PUBLIC_SCHEME = "https"
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("playstaff")
