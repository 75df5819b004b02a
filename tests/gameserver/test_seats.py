"""Who has a place in a room."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper

from gameserver.engine.protocol import Join
from gameserver.engine.session import session_of
from gameserver.engine.worlds import Who
from gameserver.hub import Hub
from gameserver.member import Member
from gameserver.outlet import FillerOutlet
from gameserver.relay import words
from gameserver.relay.far import Relays
from gameserver.seats import KEPT_S, RETOLD_S, RETURN_S, Seats
from tests.gameserver.rooms import sid
from tests.gameserver.sinks import Sink
from tests.gameserver.stores import Place


class Door:
    """A hub and its places, with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.hub = Hub()
        self.seats = Seats(self.hub, lambda: self.now)

    def come(self, player: str, number: int = 0, *, returns: bool = False) -> Member | None:
        if not self.seats.admit(player, returns=returns):
            return None
        who = Who(player, player.title(), "#112233")
        member = Member(session_of(Join(v=1, sid=sid(number)), who), Sink())
        self.hub.add(member)
        return member

    def go(self, member: Member | None) -> None:
        assert member is not None
        self.hub.remove(member)
        self.seats.left(member.session.who.id)


@pytest.fixture
def two_places(settings: SettingsWrapper) -> None:
    settings.ROOM_PLACES = 2


pytestmark = pytest.mark.usefixtures("two_places")


async def test_a_room_takes_as_many_players_as_it_has_places() -> None:
    """[JN10] A newcomer comes in while there is a free place, and no longer."""
    door = Door()
    assert door.come("ada")
    assert door.come("bob")
    assert not door.come("cy")
    assert door.seats.taken == 2


async def test_without_a_number_everybody_comes_in(settings: SettingsWrapper) -> None:
    """[JN10] With ROOM_PLACES 0 nobody is counted."""
    settings.ROOM_PLACES = 0
    door = Door()
    assert all(door.come(f"player{number}", number) for number in range(50))
    door.go(door.come("ada", 60))
    door.seats.arrived("ada")
    assert not door.seats.arrivals()
    door.seats.expect(9)
    assert door.seats.taken == door.hub.players


async def test_another_window_takes_no_place() -> None:
    """[JN11] A player who is in comes in again, in a second window, also when the room is full."""
    door = Door()
    first, _ = door.come("ada"), door.come("bob", 1)
    second = door.come("ada", 2)
    assert second
    door.go(first)
    assert not door.come("cy", 3)


async def test_whoever_was_in_comes_back() -> None:
    """[JN11] The place of a player whose last socket is gone is kept for a while: for that player, and for nobody else."""
    door = Door()
    ada, _ = door.come("ada"), door.come("bob", 1)
    door.go(ada)
    assert door.seats.taken == 2
    assert not door.come("cy", 2)
    door.now += KEPT_S - 1
    assert door.come("ada", 3)
    assert not door.come("cy", 2)


async def test_a_place_is_not_kept_for_ever() -> None:
    """[JN11] Who does not come back in time has the place no more."""
    door = Door()
    ada, bob = door.come("ada"), door.come("bob", 1)
    door.go(ada)
    door.now += 1
    door.go(bob)
    door.now += KEPT_S - 1
    assert door.come("cy", 2)
    assert door.seats.taken == 2
    assert not door.come("ada", 3)
    assert door.come("bob", 4)


async def test_a_place_is_kept_from_the_last_leaving() -> None:
    """[JN11] Each coming back begins the time anew."""
    door = Door()
    door.go(door.come("ada"))
    door.go(door.come("bob", 1))
    door.now += KEPT_S - 1
    door.go(door.come("ada"))
    door.now += 2
    assert door.seats.taken == 1
    assert door.come("ada")


async def test_a_new_owner_waits_for_those_who_were_in() -> None:
    """[JN12] After a failover those who show a position of the room have the places that were taken before; newcomers have the rest."""
    door = Door()
    door.seats.expect(1)
    assert door.come("new")
    assert not door.come("newer", 1)
    assert door.come("ada", 2, returns=True)
    assert not door.come("liar", 3, returns=True)


async def test_a_new_owner_does_not_wait_for_ever() -> None:
    """[JN12] Places of those who do not come back after a failover are free after a while."""
    door = Door()
    door.seats.expect(2)
    assert not door.come("new")
    door.now += RETURN_S
    assert door.come("new")
    assert door.come("ada", 1, returns=True)


async def test_bots_take_no_place() -> None:
    """[JN10] Bots that fill empty places have none of the room's."""

    async def send(message: Any) -> None:
        pass

    door = Door()
    bots = [FillerOutlet(send) for _ in range(3)]
    for number in range(3):
        who = Who(f"bot{number}", "Bot", "#112233")
        door.hub.add(Member(session_of(Join(v=1, sid=sid(number)), who), bots[number]))
    assert door.come("ada", 10)
    assert door.come("bob", 11)
    assert not door.come("cy", 12)
    for bot in bots:
        bot.stop()


class Post:
    """The way to a relay, which keeps what is sent."""

    channel = "owner"

    def __init__(self) -> None:
        self.closed: list[tuple[str, int]] = []

    def send(self, channel: str, message: dict[str, Any]) -> None:
        if message["do"] == words.CLOSE:
            self.closed.append((message["session"], message["code"]))

    def publish(self, group: str, message: dict[str, Any]) -> None:
        pass


async def test_the_owner_counts_whoever_a_relay_has() -> None:
    """[JN13] At a relay, too, the owner counts: the one too many is closed with 4007, and whoever was in comes back, there or here."""
    door, post = Door(), Post()
    owner = SimpleNamespace(region="cdg", slug="main", hub=door.hub, seats=door.seats, wake=lambda: None, room=None)
    relays = Relays(owner, post)  # type: ignore[arg-type]
    people = [(f"key-{name}", name, name.title(), "#112233") for name in ("ada", "bob", "cy")]
    relays.sessions("m2", people, (), whole=False)
    assert (door.seats.taken, post.closed) == (2, [("key-cy", 4007)])
    relays.sessions("m2", (), ["key-bob"], whole=False)
    relays.sessions("m2", people[2:], (), whole=False)
    assert post.closed == [("key-cy", 4007)] * 2
    assert door.come("bob", 5)
    relays.gone()


async def test_arrivals_are_told_for_some_beats() -> None:
    """[JN24] Whoever came in by a ticket is told to the lobby for some seconds: a beat may be lost."""
    door = Door()
    door.seats.arrived("ada")
    door.now += 1
    door.seats.arrived("bob")
    assert list(door.seats.arrivals()) == ["ada", "bob"]
    door.now += RETOLD_S - 1
    assert list(door.seats.arrivals()) == ["bob"]
    door.now += 1
    assert not door.seats.arrivals()


@pytest.mark.django_db(databases="__all__")
def test_a_claim_says_how_many_were_in(place: Place) -> None:
    """[JN12] A claim says how many sessions were in a moment ago: of a room given back, one that ran out, an earlier life's."""
    life = place.life("m1")
    given, ended, ran_out = (place.leases.claim("cdg", slug, life) for slug in ("given", "ended", "ran-out"))
    place.leases.renew(life, {given.key: 5, ended.key: 6, ran_out.key: 7})
    place.leases.release(life, {given.key: given.epoch})
    other = place.life("m2")
    assert place.leases.claim("cdg", "given", other).sessions == 5
    again = place.life("m1", "1")
    assert place.leases.claim("cdg", "ended", again).sessions == 6
    place.later()
    assert place.leases.claim("cdg", "ran-out", other).sessions == 7


@pytest.mark.django_db(databases="__all__")
def test_a_claim_forgets_who_was_in_long_ago(place: Place) -> None:
    """[JN12] How many were in a room that had no owner for a minute says nothing."""
    life = place.life("m1")
    old = place.leases.claim("cdg", "old", life)
    place.leases.renew(life, {old.key: 5})
    place.later(10 + 61)
    assert place.leases.claim("cdg", "old", place.life("m2")).sessions == 0
