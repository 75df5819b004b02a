"""What waits for other processes: how much of it, for how long, and what goes together."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from gameserver import parcels as parcels_module
from gameserver.parcels import MAX_BYTES, MAX_MESSAGES, MAX_SENDERS, ROUND_BYTES, ROUND_PARCELS, STALE_S, Address, Arrivals, Parcels, Seals

ADA, BOB = Address("ada", is_group=False), Address("bob", is_group=False)
ROOM, HALL = Address("room", is_group=True), Address("hall", is_group=True)
MEMBERS = {ADA: {"ada"}, BOB: {"bob"}, ROOM: {"ada", "bob", "eve"}, HALL: {"bob", "eve"}}


def put(parcels: Parcels, *addresses: Address) -> None:
    for number, address in enumerate(addresses):
        parcels.put(address, b"%d" % number)


def taken(parcels: Parcels) -> list[tuple[str, bytes]]:
    return [(parcel.address.name, b"".join(parcel.messages)) for parcel in parcels.take()]


def all_of(parcels: Parcels) -> list[list[bytes]]:
    """The messages of every parcel, until nothing waits."""
    return [parcel.messages for take in iter(parcels.take, []) for parcel in take]


def test_what_waits_for_the_same_place_goes_as_one() -> None:
    """[GS122] A run for one group is one parcel, and so is all that goes to a channel while nothing goes to a group."""
    parcels = Parcels()
    put(parcels, ADA, BOB, ADA, BOB, ROOM, ROOM, ADA, ROOM, HALL)
    assert taken(parcels) == [("ada", b"02"), ("bob", b"13"), ("room", b"45"), ("ada", b"6"), ("room", b"7"), ("hall", b"8")]
    assert (taken(parcels), len(parcels)) == ([], 0)


@given(some.lists(some.sampled_from(list(MEMBERS)), max_size=60))
def test_nobody_can_tell_that_messages_went_together(addresses: list[Address]) -> None:
    """[GS122] Whatever goes where, every receiver gets exactly its messages, in the order in which they were put."""
    parcels = Parcels()
    put(parcels, *addresses)
    got: dict[str, list[bytes]] = {"ada": [], "bob": [], "eve": []}
    while took := parcels.take():
        for parcel in took:
            for name in MEMBERS[parcel.address]:
                got[name] += parcel.messages
    assert got == {name: [b"%d" % n for n, address in enumerate(addresses) if name in MEMBERS[address]] for name in got}


def test_a_round_is_bounded() -> None:
    """[GS122] A round has a limit of bytes and one of parcels; a message over the limit goes alone, and nothing is lost or overtaken."""
    parcels = Parcels()
    sizes = [ROUND_BYTES // 2, ROUND_BYTES // 2, 1, ROUND_BYTES + 1, 1]
    for size in sizes:
        parcels.put(ROOM, b"x" * size)
    assert [[len(message) for message in messages] for messages in all_of(parcels)] == [sizes[:2], [1], [ROUND_BYTES + 1], [1]]
    put(parcels, *[ROOM, ADA] * ROUND_PARCELS)
    assert [len(parcels.take()) for _ in range(3)] == [ROUND_PARCELS, ROUND_PARCELS, 0]
    assert parcels.dropped == 0


def test_too_many_messages_push_out_the_oldest() -> None:
    """[GS122] Over the limit of messages the oldest are dropped and counted."""
    parcels = Parcels()
    put(parcels, *[ROOM] * (MAX_MESSAGES + 3))
    assert (len(parcels), parcels.dropped) == (MAX_MESSAGES, 3)
    assert all_of(parcels)[0][0] == b"3"


def test_too_many_bytes_push_out_the_oldest() -> None:
    """[GS122] Over the limit of bytes the oldest are dropped; a message that is over it by itself pushes out nobody."""
    parcels = Parcels()
    for letter in (b"a", b"b", b"c"):
        parcels.put(ROOM, letter * (MAX_BYTES // 2))
    parcels.put(ROOM, b"x" * (MAX_BYTES + 1))
    assert parcels.dropped == 2
    assert [messages[0][:1] for messages in all_of(parcels)] == [b"b", b"c"]


def test_what_waited_too_long_does_not_go() -> None:
    """[GS122] A message that is older than it is worth is dropped and counted when its turn comes."""
    now = 0.0
    parcels = Parcels(lambda: now)
    put(parcels, ROOM, ROOM)
    now = STALE_S
    put(parcels, ADA)
    assert taken(parcels) == [("room", b"01"), ("ada", b"0")]
    put(parcels, ROOM)
    now += STALE_S + 0.1
    put(parcels, ADA)
    assert (taken(parcels), parcels.dropped) == ([("ada", b"0")], 1)


@pytest.fixture
def seal() -> Callable[[str], dict[str, object]]:
    seals = Seals("ada")
    return lambda text: seals.seal([msgspec.msgpack.encode({"text": text})])


def test_a_parcel_that_came_late_or_twice_is_not_opened(seal: Callable[[str], dict[str, object]]) -> None:
    """[GS122] Of one sender only what is newer than what came before is handed over; other senders and probes make no difference."""
    arrivals, first, second, third = Arrivals(), seal("first"), seal("second"), seal("third")
    assert arrivals.open(first) == [{"text": "first"}]
    assert arrivals.open(third) == [{"text": "third"}]
    assert arrivals.open(Seals("bob").seal([msgspec.msgpack.encode({})])) == [{}]
    assert arrivals.open(Seals("ada").probe()) == []
    assert arrivals.open(second) == []
    assert arrivals.open(third) == []
    assert arrivals.open(seal("fourth")) == [{"text": "fourth"}]


def test_senders_that_are_gone_are_forgotten(seal: Callable[[str], dict[str, object]]) -> None:
    """[GS122] However many processes come and go, only the last are remembered; one that goes on sending is among them."""
    arrivals = Arrivals()
    assert arrivals.open(seal("first"))
    for number in range(MAX_SENDERS * 2):
        arrivals.open(Seals(f"life {number}").seal([]))
        if number % (MAX_SENDERS // 2) == 0:
            assert arrivals.open(seal("still here"))
    assert len(arrivals._last) == parcels_module.MAX_SENDERS
    assert "ada" in arrivals._last
