"""Who is in a room, and who is told."""

from __future__ import annotations

import json

import pytest

from gameserver import hub as hub_module
from gameserver.counts import COUNTS
from gameserver.engine.room import Room
from gameserver.engine.session import Session
from gameserver.engine.worlds import Who
from gameserver.hub import Hub, Member
from gameserver.outlet import Prepared, SocketOutlet
from gameserver.roster import MAX_PRESENT
from tests.engine.rooms import EPOCH
from tests.engine.rooms import enter as enter_room
from tests.gameserver.rooms import ADA, BOB, Sink, until
from tests.support.line import Line, lines


def join(hub: Hub, who: Who = ADA, number: int = 0) -> tuple[Member, Sink]:
    sink = Sink()
    member = Member(enter_room(Room(EPOCH, EPOCH, ()), who, number)[0], sink)
    hub.add(member)
    return member, sink


async def presence(sink: Sink, count: int) -> list[dict[str, object]]:
    await until(lambda: len(sink.of("presence")) >= count, f"{count} presences")
    return sink.of("presence")


async def test_comings_and_goings_are_told_together() -> None:
    """[GS11] Who comes and goes within a moment is told in one message."""
    hub = Hub()
    _, ada = join(hub)
    bob, _ = join(hub, BOB, 1)
    join(hub, Who("cy", "Cy", "#000000"), 2)
    hub.remove(bob)
    (told,) = await presence(ada, 1)
    assert told == {
        "type": "presence",
        "joined": [ADA.as_dict(), {"id": "cy", "name": "Cy", "colour": "#000000"}],
        "left": ["bob"],
        "players": 2,
    }


async def test_a_player_with_two_tabs_is_one_player() -> None:
    """[GS11] A player is counted once, and leaves with the last session."""
    hub = Hub()
    first, _ = join(hub, ADA, 0)
    second, _ = join(hub, ADA, 1)
    _, bob = join(hub, BOB, 2)
    assert (hub.players, len(hub), hub.present()) == (2, 3, [ADA.as_dict(), BOB.as_dict()])
    await presence(bob, 1)
    hub.remove(first)
    assert hub.players == 2
    hub.remove(second)
    told = await presence(bob, 2)
    assert (told[1]["left"], told[1]["players"], hub.present()) == (["ada"], 1, [BOB.as_dict()])


async def test_who_is_back_at_once_was_not_away() -> None:
    """[GS11] A player who reconnects within a moment is not told as gone."""
    hub = Hub()
    member, _ = join(hub)
    _, bob = join(hub, BOB, 1)
    await presence(bob, 1)
    hub.remove(member)
    join(hub)
    told = await presence(bob, 2)
    assert told[1]["left"] == []


async def test_a_session_is_taken_over() -> None:
    """[GS10] The second socket of a session stays, the first is told why and closed, and its late end takes nobody away."""
    hub = Hub()
    first, old = join(hub)
    second, new = join(hub)
    assert (old.closed[0][0], old.log[-1]["type"], old.log[-1]["code"]) == (4505, "bye", 4505)
    assert (hub.holds(first), hub.holds(second)) == (False, True)
    assert hub.remove(first) is False
    assert (len(hub), new.closed, hub.players) == (1, [], 1)
    assert hub.remove(second) is True
    assert (len(hub), hub.players) == (0, 0)


async def test_a_name_is_the_same_in_all_tabs() -> None:
    """[GS11] A new name is told, and is the name in the player's other sessions too."""
    hub = Hub()
    first, _ = join(hub, ADA, 0)
    second, _ = join(hub, ADA, 1)
    _, bob = join(hub, BOB, 2)
    await presence(bob, 1)
    now = Who("ada", "Countess", "#ffffff")
    first.session.who = now
    hub.tell(now)
    assert second.session.who == now
    told = await presence(bob, 2)
    assert (told[1]["joined"], hub.present()[0]) == ([now.as_dict()], now.as_dict())


async def test_a_later_name_is_not_overwritten() -> None:
    """[GS11] A session that has decided on another name meanwhile keeps it."""
    hub = Hub()
    member, _ = join(hub)
    member.session.who = Who("ada", "Second", "#000000")
    hub.tell(Who("ada", "First", "#000000"))
    assert member.session.who.name == "Second"


async def test_a_name_of_somebody_gone_is_not_told() -> None:
    """[GS11] A renaming that becomes durable after its player left does not bring a ghost."""
    hub = Hub()
    member, _ = join(hub)
    _, bob = join(hub, BOB, 1)
    hub.remove(member)
    hub.tell(Who("ada", "Ghost", "#000000"))
    (told,) = await presence(bob, 1)
    assert told["joined"] == [BOB.as_dict()]
    assert hub.players == 1


async def test_a_welcome_names_a_bounded_number() -> None:
    """[GS11] However many are in, at most 200 are named; all are counted."""
    hub = Hub()
    for number in range(MAX_PRESENT + 20):
        join(hub, Who(f"p{number}", "P", "#000000"), number)
    assert (len(hub.present()), hub.players) == (MAX_PRESENT, MAX_PRESENT + 20)


async def test_everybody_gets_the_same_bytes() -> None:
    """[GS8] A message to the room is one prepared message, the same for every socket."""
    hub = Hub()
    sinks = [join(hub, ADA, number)[1] for number in range(3)]
    hub.show({"type": "status", "available": True, "text": ""})
    assert len({id(sink.prepared[-1]) for sink in sinks}) == 1


def seated(hub: Hub, number: int, line: Line) -> Member:
    """Somebody on a socket of our server."""
    member = Member(Session(f"key-{number}", Who(f"p{number}", "P", "#000000")), SocketOutlet(line.socket))
    hub.add(member)
    return member


async def messages(line: Line) -> list[dict[str, object]]:
    return [json.loads(received.payload) for received in await line.read_all()]


async def test_sockets_get_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS70] On sockets of our server all messages of a frame, and behind them one's own replies, are one write; and it is counted."""
    monkeypatch.setattr(hub_module, "PRESENCE_S", 3600.0)
    async with lines(3) as (ada, bob, cy):
        hub = Hub()
        members = [seated(hub, number, line) for number, line in enumerate((ada, bob, cy))]
        counts = COUNTS.frames_shown, COUNTS.deliveries, COUNTS.events_shown
        frame = {"type": "events", "epoch": 1, "events": [{"seq": 1}, {"seq": 2}]}, {"type": "ephemeral", "epoch": 1, "events": [{}]}
        reply = {"type": "reply", "ref": 1, "ok": True}
        hub.show(*frame, replies={members[1]: [Prepared(reply), Prepared(reply)]})
        assert (COUNTS.frames_shown, COUNTS.deliveries, COUNTS.events_shown) == (counts[0] + 1, counts[1] + 3, counts[2] + 2)
        assert hub.shown == (1, 2)
        assert [await messages(line) for line in (ada, bob, cy)] == [[*frame], [*frame, reply, reply], [*frame]]
        hub.remove(members[0])
        hub.show(frame[1])
        assert [await messages(line) for line in (ada, bob, cy)] == [[], [frame[1]], [frame[1]]]
        assert (ada.socket.open, COUNTS.deliveries) == (True, counts[1] + 5)


async def test_whoever_falls_behind_in_a_write_is_written_to_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS9] A socket that takes a part of a frame gets the rest of it, later ones beside, and is with the others again afterwards."""
    monkeypatch.setattr(hub_module, "PRESENCE_S", 3600.0)
    async with lines(2) as (slow, quick):
        hub = Hub()
        members = [
            Member(Session(f"key-{n}", Who(f"p{n}", "P", "#000000")), SocketOutlet(line.socket)) for n, line in enumerate((slow, quick))
        ]
        for member in members:
            hub.add(member)
        shown = 0
        while members[0].backlog is None:
            shown += 1
            assert shown < 1000, "it takes everything"
            hub.show({"type": "events", "epoch": 1, "events": [{"seq": shown, "load": "x" * 3000}]})
            await messages(quick)
        assert members[1].backlog is None
        for _ in range(3):
            shown += 1
            hub.show({"type": "events", "epoch": 1, "events": [{"seq": shown, "load": ""}]})
        deliveries = COUNTS.deliveries
        assert [message["events"][0]["seq"] for message in await messages(slow)] == list(range(1, shown + 1))  # type: ignore[index]
        assert members[0].backlog is None
        hub.show({"type": "events", "epoch": 1, "events": [{"seq": shown + 1}]})
        assert COUNTS.deliveries == deliveries + 2
