"""What staff set and see of the fleet, in the admin."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client

from lobby.fleet.look import look
from lobby.models import FleetLimits, Region, Spent

pytestmark = pytest.mark.django_db
LOBBY = {"host": settings.PARENT_HOST}


@pytest.fixture
def staff(client: Client) -> Client:
    """Somebody who may do everything."""
    client.force_login(User.objects.create_superuser("staff"))
    return client


def test_staff_set_what_the_fleet_may_cost(staff: Client) -> None:
    """[FC9] Cap and price are one row, which staff add once and change; what it says holds from the next look on."""
    assert look([], "rooms").wanted.limits.cap == 20.0
    staff.post("/admin/lobby/fleetlimits/add/", {"cap": "0.5", "price": "0.02"}, headers=LOBBY)
    assert look([], "rooms").wanted.limits.cap == 0.5
    assert staff.get("/admin/lobby/fleetlimits/add/", headers=LOBBY).status_code == 403
    row = FleetLimits.objects.get()
    staff.post(f"/admin/lobby/fleetlimits/{row.pk}/change/", {"cap": "-1", "price": "0.02"}, headers=LOBBY)
    assert FleetLimits.objects.get().cap == 0.5


def test_staff_set_what_a_region_may_have(staff: Client) -> None:
    """[FC9] A region's minimum, maximum and spares are set in its row; a minimum above the maximum is refused."""
    page = {"enabled": "on", "position": "1", "min_machines": "1", "max_machines": "4", "warm": "1"}
    staff.post("/admin/lobby/region/cdg/change/", page, headers=LOBBY)
    assert Region.objects.filter(pk="cdg", min_machines=1, max_machines=4, warm=1).exists()
    answer = staff.post("/admin/lobby/region/cdg/change/", {**page, "min_machines": "5"}, headers=LOBBY)
    assert answer.status_code == 200
    assert Region.objects.get(pk="cdg").min_machines == 1


def test_staff_see_what_each_hour_came_to(staff: Client) -> None:
    """[FC9] The hours of the last month are there to look at."""
    Spent.objects.create(hour=Now(), machine_s=5400.0, counted_at=Now())
    assert "1.50" in staff.get("/admin/lobby/spent/", headers=LOBBY).content.decode()
    assert staff.get("/admin/lobby/spent/add/", headers=LOBBY).status_code == 403
