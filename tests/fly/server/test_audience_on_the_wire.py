"""Audiences of a real server, and their peers on real sockets."""

from __future__ import annotations

from tests.fly.server.conductor import Conductor


def test_an_audience_over_the_server(hall: Conductor) -> None:
    """[SV45] Accepted sockets of a server form an audience: frames of it keep one order with `write` and with ASGI's own `send`."""
    with hall.seat("ada") as ada, hall.seat("bob") as bob:
        hall("write", "one", {"bob": "bob's"})
        hall("send", "bob", "by ASGI")
        hall("one", "ada", "by write")
        hall("write", "two", {})
        assert [ada.text() for _ in range(3)] == ["one", "by write", "two"]
        assert [bob.text() for _ in range(4)] == ["one", "bob's", "by ASGI", "two"]
        hall("close", "ada", 4001, "moved")
        assert hall("write", "three", {}) == ["bob"]
        assert (ada.frame().code, bob.text()) == (4001, "three")


def test_a_slow_reader_over_the_server(hall: Conductor) -> None:
    """[SV46] Of two sockets of a server the one that does not read leaves the audience, gets all that it was sent, and comes back."""
    with hall.seat("slow", receive_buffer=4096) as slow, hall.seat("quick") as quick:
        count = hall("until_behind", "slow", 16 * 1024)
        assert hall("write", "meanwhile", {}) == ["quick"]
        for wire in (quick, slow):
            assert [wire.text()[:8] for _ in range(count)] == [f"{number:08d}" for number in range(count)]
        assert quick.text() == "meanwhile"
        while hall("write", "later", {}) != ["quick", "slow"]:
            assert quick.text() == "later"
        assert (slow.text(), quick.text()) == ("later", "later")


def test_the_dead_over_the_server(hall: Conductor) -> None:
    """[SV46] Sockets that broke off are not written to any more, and the others are."""
    with hall.seat("stays") as stays:
        for number in range(5):
            hall.seat(f"dead-{number}").socket.close()
        while hall("write", "on", {}) != ["stays"]:
            assert stays.text() == "on"
        assert stays.text() == "on"
