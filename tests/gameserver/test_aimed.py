"""Rooms and the Machines they are wanted on: the one a ticket names, the one a host names, the one that owns them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.headers import parse_instruction
from fly.here import Here
from gameserver.memory import Memory
from gameserver.placement import machine_in
from gameserver.process import Process
from gameserver.ticket import issue
from tests.gameserver.sockets import Talk, running

HERE = Here("rooms", "bbbb", "cdg")
OTHER = Here("rooms", "cccc", "cdg")


@pytest.fixture
async def process(settings: SettingsWrapper) -> AsyncIterator[Process]:
    settings.HERE = HERE
    async with running(here=HERE) as process:
        yield process


async def replayed(talk: Talk) -> Any:
    """The instruction that a handshake is answered with."""
    start = await talk.event()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 307)
    return parse_instruction(dict(start["headers"])[b"fly-replay"].decode())


@pytest.mark.usefixtures("process")
async def test_a_fresh_room_goes_to_the_machine_that_is_wished() -> None:
    """[AP8] The first handshake of a room that nobody has is replayed to the Machine it names, which need not take it."""
    instruction = await replayed(Talk(query=b"at=cccc"))
    assert (instruction.region, instruction.prefer_instance, instruction.instance) == (("cdg",), "cccc", "")


async def test_a_room_that_is_open_stays(process: Process) -> None:
    """[AP8] Where the room is open already, or the Machine that was wished takes nobody, this one serves it; so it does itself."""
    for query, headers in ((b"at=bbbb", []), (b"at=dddd", [(b"fly-preferred-instance-unavailable", b"dddd")]), (b"at=cccc", [])):
        talk = Talk(query=query, headers=headers)
        await talk.joined()
        assert process.owned("cdg", "main")
        await talk.leave()


@pytest.mark.parametrize("query", [b"at=", b"at=%0d%0ax", b"at=" + b"a" * 40, b"at=cdg/2", b"at=bbbb&at=cccc"])
@pytest.mark.usefixtures("process")
async def test_what_is_no_machine_is_no_wish(query: bytes) -> None:
    """[AP8] Only a Machine's id is a wish."""
    talk = Talk(query=query)
    await talk.joined()
    await talk.leave()


async def test_a_machines_host_has_its_own_rooms_only(settings: SettingsWrapper) -> None:
    """[AP9] By a Machine's host its rooms are served; of one that another Machine has, it is said where it is, and the page stops."""
    store = Memory()
    settings.HERE = OTHER
    async with running(store, here=OTHER, regions=("cdg",)):
        owner = Talk("tea")
        await owner.joined()
        settings.HERE = HERE
        async with running(store, here=HERE, regions=("cdg",)):
            own = Talk("coffee", region="cdg-bbbb")
            assert (await own.joined())["machine"] == "bbbb"
            await own.leave()
            talk = await Talk("tea", region="cdg-bbbb").accepted()
            bye, code = await talk.closed()
            assert (bye and bye["text"], code) == (
                "Another Machine of this region has this room. Open it at the region's own address.",
                4503,
            )
            await talk.leave()
        await owner.leave()


@pytest.mark.django_db(databases="__all__")
def test_the_page_wishes_what_the_ticket_says() -> None:
    """[AP8] The page's socket names the Machine of the visitor's ticket; a ticket that is none, or names none, changes nothing."""
    pages = Client(headers={"host": "cdg.play.localhost:8000"})

    def socket(text: str) -> str:
        return str(pages.get("/r/main/", {"ticket": text}).context["page_data"]["socket"])

    assert socket(issue("cdg", "main", "p" * 16, machine="148e21ea7e1e89")) == "/ws/r/main/?at=148e21ea7e1e89"
    assert [socket(text) for text in (issue("cdg", "main", "p" * 16), "forged", "")] == ["/ws/r/main/"] * 3


def test_an_id_is_letters_and_digits() -> None:
    """[AP8] What could break out of a header, or names no Machine of Fly's, is none."""
    assert machine_in("148e21ea7e1e89") == "148e21ea7e1e89"
    assert [machine_in(text) for text in ("", "abc", "ABCD", "a b c d", "abcd\n", "a;b=c", "a" * 33)] == [""] * 7
