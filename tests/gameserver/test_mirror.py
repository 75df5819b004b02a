"""Who is in a room, at a relay: what is lost on the way is made up for, also for those who have listened all the time."""

from __future__ import annotations

from typing import Any

from gameserver.engine.worlds import Who
from gameserver.hub import Hub
from gameserver.member import Member
from gameserver.relay.copy import Copy
from gameserver.relay.mirror import Mirror
from tests.engine.rooms import chat_room
from tests.engine.rooms import enter as session_of
from tests.gameserver.rooms import REGISTRY, HandJournal, Keeper, Sink

ADA, BOB, CYD = (Who(name, name.title(), "#112233").as_dict() for name in ("ada", "bob", "cyd"))


def presence(joined: list[dict[str, str]], left: list[str], players: int) -> dict[str, Any]:
    return {"type": "presence", "joined": joined, "left": left, "players": players}


def test_what_is_told_is_counted() -> None:
    """[RL5] A relay counts what it was told of comings and goings, from what the kit says on."""
    mirror = Mirror()
    assert mirror.told == -1
    assert mirror.start([ADA], 1, 7) is None
    mirror.follow(presence([BOB], [], 2))
    assert (mirror.told, mirror.present(), mirror.players) == (8, [ADA, BOB], 2)


def test_another_kit_tells_the_difference() -> None:
    """[RL5] With another kit those who listened are told who came, went or is called otherwise since; nothing if nothing is different."""
    mirror = Mirror()
    mirror.start([ADA, BOB], 2, 7)
    assert mirror.start([ADA, BOB], 2, 9) is None
    renamed = {**ADA, "name": "Countess"}
    assert mirror.start([renamed, CYD], 5, 12) == presence([renamed, CYD], ["bob"], 5)
    assert (mirror.told, mirror.players) == (12, 5)


async def test_listeners_hear_what_was_lost(journal: HandJournal) -> None:
    """[RL5] A word on who came that never reached the relay reaches its sockets with the next kit."""
    keeper = Keeper(journal)
    claimed = keeper.leases.claim("cdg", "main", keeper.holder, "")
    hub, mirror, sink = Hub(), Mirror(), Sink()
    hub.roster = mirror  # type: ignore[assignment]
    copy = Copy(hub, mirror, journal, REGISTRY, lambda: None, lambda: None)  # type: ignore[arg-type]
    kit = {"key": claimed.key, "epoch": claimed.epoch, "first_epoch": claimed.first_epoch, "floor": 0, "seq": 0, "world": "", "state": {}}
    await copy.start({**kit, "present": [ADA], "players": 1, "told": 1})
    hub.add(Member(session_of(chat_room())[0], sink))
    await copy.start({**kit, "present": [ADA, BOB], "players": 2, "told": 2})
    assert sink.of("presence") == [presence([BOB], [], 2)]
