"""Sockets with a ticket, and rooms with so many places."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper
from websockets.asyncio.client import ClientConnection

from gameserver.players import Player, write_cookie
from gameserver.seats import AGAIN_MS
from gameserver.ticket import MAX_TICKET, issue
from gameserver.used import RememberedTickets, Use
from tests.gameserver.machine import Machine, close_code, read, send
from tests.gameserver.rooms import sid
from tests.gameserver.sockets import Talk, running

ADA = Player("ada0ada0", "Ada", "#112233")
BOB = Player("bob0bob0", "Bob", "#445566")
KEY = "a-key-for-tests-that-lobby-and-gameserver-share-and-nobody-else"


def visit(player: Player | None = None, **more: Any) -> Talk:
    """A socket of a browser with a player's cookie, or of a guest."""
    return Talk(headers=[(b"cookie", f"player={write_cookie(player)}".encode())] if player else [], **more)


async def refused(talk: Talk, number: int = 0, **fields: Any) -> dict[str, Any]:
    """Join and be sent away: the `bye`."""
    await talk.accepted()
    talk.send({"cmd": "room.join", "v": 1, "sid": sid(number), **fields})
    bye, code = await talk.closed()
    assert bye is not None
    assert bye["code"] == code
    return bye


async def test_a_ticket_lets_its_player_in() -> None:
    """[JN8] A join with a ticket for this room and this player is welcomed as that player."""
    async with running() as process:
        talk = visit(ADA)
        welcome = await talk.joined(ticket=issue("cdg", "main", ADA.id))
        assert welcome["you"]["id"] == ADA.id
        await talk.leave()
        assert not process.outlets


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (issue("nrt", "main", ADA.id, now=2e9), "other_region"),
        (issue("cdg", "main-2", ADA.id, now=2e9), "other_room"),
        (issue("cdg", "main", BOB.id, now=2e9), "other_player"),
        (issue("cdg", "main", ADA.id, now=1e9), "expired"),
        ("x" * MAX_TICKET, "forged"),
        ("", "forged"),
    ],
)
async def test_a_bad_ticket_is_named(text: str, why: str, caplog: pytest.LogCaptureFixture) -> None:
    """[JN8] A ticket for another region, room or player, a late one, a forged one: `bye` with 4008 and why, without its text."""
    async with running():
        talk = visit(ADA)
        bye = await refused(talk, ticket=text)
        assert (bye["code"], bye["why"]) == (4008, why)
        assert not text or text not in json.dumps(bye) + caplog.text
        await talk.leave()
        # Who forgets it comes in by the link, as long as there are places.
        again = visit(ADA)
        assert await again.joined()
        await again.leave()


async def test_a_ticket_that_is_too_long_is_no_join() -> None:
    """[JN8] A ticket of more than 512 characters is a bad message, and the error does not repeat it."""
    async with running():
        talk = await visit(ADA).accepted()
        talk.send({"cmd": "room.join", "v": 1, "sid": sid(), "ticket": "x" * (MAX_TICKET + 1), "ref": 1})
        reply = await talk.read()
        assert (reply["code"], "xxx" in reply["text"]) == ("bad_message", False)
        await talk.leave()


async def test_a_ticket_is_used_once() -> None:
    """[JN6] Another session with a used ticket is refused; the same one may come back with it. A guest is bound by the first use."""
    async with running():
        text = issue("cdg", "main", ADA.id)
        first = visit(ADA)
        await first.joined(1, ticket=text)
        bye = await refused(thief := visit(ADA), 2, ticket=text)
        assert bye["why"] == "used"
        await first.leave()
        await (back := visit(ADA)).joined(1, ticket=text)
        guests = issue("cdg", "main", BOB.id)
        await (guest := visit()).joined(3, ticket=guests)
        bye = await refused(other := visit(), 4, ticket=guests)
        assert bye["why"] == "used"
        for talk in (thief, back, guest, other):
            await talk.leave()


class Away(RememberedTickets):
    """A database that does not answer."""

    async def take(self, use: Use) -> bool:
        raise OSError(f"{use}")


async def test_without_the_database_nobody_is_let_in_by_a_ticket(caplog: pytest.LogCaptureFixture) -> None:
    """[JN7] While it cannot be known whether a ticket was used its client is told when to come back (4003), and the log names no ticket."""
    async with running() as process:
        process.admission.used = Away()
        bye = await refused(talk := visit(ADA), ticket=issue("cdg", "main", ADA.id))
        assert bye["code"] == 4003
        assert bye["retry_ms"] > 0
        assert "OSError" in caplog.text
        assert "nonce" not in caplog.text
        await talk.leave()


async def test_a_full_room_refuses_newcomers_and_nobody_else(settings: SettingsWrapper) -> None:
    """[JN10] A newcomer to a full room gets 4007, when to ask again, and the nearest region; a ticket makes no place there."""
    settings.ROOM_PLACES = 1
    async with running():
        ada = visit(ADA)
        await ada.joined(1)
        for ticket in ({}, {"ticket": issue("cdg", "main", BOB.id)}):
            bye = await refused(bob := visit(BOB), 2, **ticket)
            assert (bye["code"], bye["nearest"] in settings.REGIONS) == (4007, True)
            assert AGAIN_MS[0] <= bye["retry_ms"] <= AGAIN_MS[1]
            await bob.leave()
        window = visit(ADA)
        assert await window.joined(3)
        await window.leave()
        await ada.leave()
        bye = await refused(bob := visit(BOB), 2)
        assert bye["code"] == 4007
        await bob.leave()
        back = visit(ADA)
        assert await back.joined(1)
        await back.leave()


async def test_places_and_arrivals_are_in_the_beat(settings: SettingsWrapper) -> None:
    """[JN24] With ROOM_PLACES a beat says how many places of a room are taken, and which players came in by a ticket."""
    from gameserver.beats import beats

    settings.ROOM_PLACES = 5
    async with running(regions=("cdg",)) as process:
        ada, bob = visit(ADA), visit(BOB)
        await ada.joined(1, ticket=issue("cdg", "main", ADA.id))
        await bob.joined(2)
        assert beats(process)[0].rooms == [{"slug": "main", "players": 2, "taken": 2, "arrived": [ADA.id]}]
        await bob.leave()
        assert beats(process)[0].rooms == [{"slug": "main", "players": 1, "taken": 2, "arrived": [ADA.id]}]
        settings.ROOM_PLACES = 0
        assert beats(process)[0].rooms == [{"slug": "main", "players": 1}]
        await ada.leave()


async def enter(machine: Machine, number: int, text: str) -> ClientConnection | int:
    """One client with a ticket: its socket, or the code it was closed with."""
    ws = await machine.connect()
    await send(ws, cmd="room.join", v=1, sid=sid(number), ticket=text)
    message = await read(ws, "welcome", "bye")
    return ws if message["type"] == "welcome" else await close_code(ws)


async def test_tickets_on_a_real_server(tmp_path: Path, settings: SettingsWrapper) -> None:
    """[JN8] On a real server whose global database is away: sixty clients with tickets race for forty places, and each ticket lets one
    session in; after kill -9 a used ticket is used still, and its session comes back."""
    settings.IDENTITY_KEY = KEY
    away = {"IDENTITY_KEY": KEY, "ROOM_PLACES": "40", "DATABASE_URL": f"sqlite:///{tmp_path}/away/lobby.sqlite3"}
    tickets = [issue("cdg", "main", f"player{number:04}") for number in range(60)]
    async with Machine(tmp_path, environ=away) as machine:
        # Every ticket twice at once, by two sessions.
        entered = await asyncio.gather(*(enter(machine, number, tickets[number % 60]) for number in range(120)))
        sockets = [one for one in entered if not isinstance(one, int)]
        assert len(sockets) == 40
        assert all(isinstance(entered[number], int) or isinstance(entered[number + 60], int) for number in range(60))
        assert {one for one in entered if isinstance(one, int)} == {4007, 4008}
        number = next(number for number, one in enumerate(entered) if not isinstance(one, int))
        await machine.end(signal.SIGKILL)
        await machine.start()
        assert await enter(machine, 500, tickets[number % 60]) == 4008
        back = await enter(machine, number, tickets[number % 60])
        assert not isinstance(back, int)
        for ws in (*sockets, back):
            await ws.close()
    said = machine.log.read_text()
    assert not [text for text in tickets if text in said or text.split(".")[0] in said]
