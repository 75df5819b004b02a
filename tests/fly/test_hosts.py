"""Which host is which: exactly those of the table, for pages and handshakes alike."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django_hosts.resolvers import reverse_host
from hypothesis import given
from hypothesis import strategies as st

from fly.hosts import LOBBY, REGION, UNKNOWN, Resolved, resolve

OURS = [
    ("play.localhost", LOBBY, None),
    ("play.localhost:8000", LOBBY, None),
    ("PLAY.localhost.", LOBBY, None),
    ("cdg.play.localhost", REGION, "cdg"),
    ("CDG.Play.Localhost:8102", REGION, "cdg"),
    ("nrt.play.localhost.:80", REGION, "nrt"),
]
FOREIGN = [
    "",
    "localhost",
    "127.0.0.1:8000",
    "[::1]:8000",
    "ams.play.localhost",
    "xyz.play.localhost",
    "cdg.playxlocalhost",
    "cdg.play.localhost.evil.com",
    "play.localhost.evil.com",
    "evil.cdg.play.localhost",
    "cdgplay.localhost",
    "cdg.play.localhost:8000:1",
    "cdg.play.localhost:port",
    "cdg.play.localhost@evil.com",
    "cdg.play.localhost/..",
    "cdg.play.localhost\n",
    "play.localhost,cdg.play.localhost",
    "a" * 5000 + ".play.localhost",
]


@pytest.mark.parametrize(("host", "name", "region"), OURS)
def test_our_hosts_are_found(host: str, name: str, region: str | None) -> None:
    """[FR15] The parent host is the lobby's, one label below it is a region's; case, port and a trailing dot do not matter."""
    assert resolve(host) == Resolved(name, region)


@pytest.mark.parametrize("host", FOREIGN)
def test_no_other_host_is_ours(host: str) -> None:
    """[FR16] Dots are literal and longer names do not match: whatever is not in the table is unknown."""
    assert resolve(host) == Resolved(UNKNOWN, None)


@given(st.text(max_size=300))
def test_any_text_may_be_a_host(host: str) -> None:
    """[FR16] Looking up a host raises nothing, whatever it is."""
    found = resolve(host)
    assert found.name in (LOBBY, REGION, UNKNOWN)
    assert (found.region in settings.REGIONS) == (found.name == REGION)


@pytest.mark.parametrize("host", FOREIGN[1:])
def test_a_page_of_an_unknown_host_is_a_404(host: str) -> None:
    """[FR3] A page of an unknown host is a 404, without a database, and never a 400 or 500."""
    if "\n" in host:
        return
    answer = Client().get("/", headers={"host": host})
    assert answer.status_code == 404


def test_the_table_can_be_reversed() -> None:
    """[FR15] django-hosts makes a region's host name from the same table."""
    assert reverse_host("region", kwargs={"region": "cdg"}) == "cdg.play.localhost"
    assert reverse_host("lobby") == "play.localhost"
