"""How much a client may send, by socket, by player and by address."""

from __future__ import annotations

import pytest

from fly.here import Here
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.throttle import FLOOD, HOUSEHOLD, LOT, MOST, NOISE, REST_S, TABS, Gate, Throttle, address_of

RATE, BURST = 5.0, 10.0
FLY = Here("rooms", "m1", "cdg")
LOCAL = Here("local", "local", "")


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def gate(throttle: Throttle, player: str = "ada", address: str = "") -> Gate:
    made = throttle.gate(address)
    made.admit(player, RATE, BURST)
    return made


def taken(gate: Gate, most: int = 100_000) -> int:
    """How many messages in a row are let in."""
    for count in range(most):
        if gate.take():
            return count
    return most


def test_a_socket_has_ten_times_its_room(throttle: Throttle, clock: Clock) -> None:
    """[GS14] A socket may send ten times what its fastest world allows, then waits as long as it is told."""
    one = gate(throttle)
    assert taken(one) == BURST * NOISE
    wait_ms = one.take()
    assert wait_ms > 0
    clock.now += wait_ms / 1000
    assert one.take() == 0


def test_a_player_has_four_sockets(throttle: Throttle) -> None:
    """[GS121] All sockets of a player together may send as much as four; others' are not touched."""
    total = sum(taken(gate(throttle)) for _ in range(10))
    most = BURST * NOISE * TABS
    assert most - 10 * LOT <= total <= most
    assert taken(gate(throttle, "bob")) == BURST * NOISE


def test_an_address_has_a_hundred_sockets(throttle: Throttle) -> None:
    """[GS121] All players of an address together may send as much as a hundred sockets; other addresses are not touched."""
    total = sum(taken(gate(throttle, f"p{number}", "192.0.2.1")) for number in range(150))
    most = BURST * NOISE * HOUSEHOLD
    assert most - 150 * LOT <= total <= most
    assert taken(gate(throttle, "far", "192.0.2.2")) == BURST * NOISE


def test_a_fast_room_gives_its_players_more(throttle: Throttle) -> None:
    """[GS121] A player in a room that takes more may send more, and a slow room beside it takes nothing away."""
    made = throttle.gate("")
    made.admit("ada", 30.0, 60.0)
    gate(throttle)
    assert taken(made) == 60 * NOISE


def test_a_flood_is_refused_and_then_closed(throttle: Throttle, clock: Clock) -> None:
    """[GS121] A message too many is refused with its ref and a time; sixty of them end the socket, and keep the player out for a minute."""
    one = gate(throttle)
    taken(one)
    for _ in range(FLOOD - 2):
        with pytest.raises(Rejected) as refused:
            one.refuse(one.take(), 7)
        assert (refused.value.code, refused.value.ref) == (Code.RATE, 7)
        assert refused.value.wait_ms > 0
    with pytest.raises(Closed) as closed:
        one.refuse(one.take(), 7)
    assert closed.value.code is Close.FLOOD
    with pytest.raises(Closed):
        gate(throttle)
    gate(throttle, "bob")
    clock.now += REST_S
    gate(throttle)


def test_whoever_slows_down_is_forgiven(throttle: Throttle, clock: Clock) -> None:
    """[GS121] Every message that is let in takes one refusal back."""
    one = gate(throttle)
    taken(one)
    for _ in range(10 * FLOOD):
        clock.now += 1 / (RATE * NOISE)
        assert one.take() == 0
        assert one.take() > 0
    with pytest.raises(Rejected):
        one.refuse(one.take(), None)


def test_what_is_remembered_is_bounded(throttle: Throttle, clock: Clock) -> None:
    """[GS121] Players who have been quiet for long enough are forgotten when there are many; one who has not keeps what was used."""
    busy = gate(throttle, "busy")
    for number in range(MOST - 1):
        throttle.bucket("player", f"p{number}", TABS)
    clock.now += 0.01
    used = taken(busy)
    throttle.bucket("player", "one more", TABS)
    assert len(throttle._buckets) == 2
    assert used + taken(gate(throttle, "busy")) + taken(gate(throttle, "busy")) + taken(gate(throttle, "busy")) <= BURST * NOISE * TABS


@pytest.mark.parametrize(
    ("here", "headers", "client", "address"),
    [
        (LOCAL, [], ("192.0.2.7", 4000), "192.0.2.7"),
        (LOCAL, [(b"fly-client-ip", b"192.0.2.9")], ("192.0.2.7", 4000), "192.0.2.7"),
        (FLY, [(b"fly-client-ip", b"192.0.2.9")], ("172.16.0.1", 4000), "192.0.2.9"),
        (FLY, [(b"fly-client-ip", b"2001:db8:1:2:3:4:5:6")], None, "2001:db8:1:2::/64"),
        (FLY, [(b"fly-client-ip", b"nonsense")], ("172.16.0.1", 4000), ""),
        (FLY, [], ("172.16.0.1", 4000), "172.16.0.1"),
        (LOCAL, [], ("127.0.0.1", 4000), ""),
        (LOCAL, [], ("::1", 4000), ""),
        (LOCAL, [], None, ""),
    ],
)
def test_where_a_client_is(here: Here, headers: list[tuple[bytes, bytes]], client: tuple[str, int] | None, address: str) -> None:
    """[GS121] The edge says where a client is, and off Fly the connection; loopback and nonsense are nowhere."""
    assert address_of({"headers": headers, "client": client}, here) == address
