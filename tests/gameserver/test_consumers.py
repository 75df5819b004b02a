"""The room's socket, from the handshake to the close."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gameserver import connection, consumers
from gameserver.build import build_id
from gameserver.engine.errors import Code
from gameserver.engine.registry import Registry
from gameserver.engine.worlds.chat import World as Chat
from gameserver.memory import Memory
from gameserver.players import Player, guest, write_cookie
from gameserver.process import Process
from gameserver.store import MAX_ROOMS
from tests.engine.notes import Rope
from tests.gameserver.rooms import sid, until
from tests.gameserver.sockets import Talk, running


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with running() as running_process:
        yield running_process


async def test_a_socket_joins_says_and_leaves(process: Process) -> None:
    """[GS1] The way of a line through a socket: welcome, event, reply."""
    talk = Talk()
    welcome = await talk.joined(position=None)
    assert (welcome["v"], welcome["sid"], welcome["region"], welcome["machine"], welcome["room"]) == (1, sid(), "cdg", "local", "main")
    assert (welcome["recovered"], welcome["events"], welcome["more"], welcome["players"]) == (False, [], False, 1)
    assert welcome["present"] == [welcome["you"]]
    assert welcome["limits"] == {"text": 500, "name": 32, "frame": 16384, "rate": 5, "burst": 10}
    talk.send({"cmd": "chat.say", "ref": 1, "text": "hello"})
    events, reply = await talk.read(), await talk.read()
    assert (events["epoch"], events["events"][0]["text"], events["events"][0]["player"]) == (
        welcome["position"][0],
        "hello",
        welcome["you"],
    )
    assert reply == {"type": "reply", "ref": 1, "ok": True, "seq": 1}
    await talk.leave()
    assert process.outlets == set()
    assert process.rooms()[0].hub.players == 0


async def test_a_position_resumes(process: Process) -> None:
    """[EN5] Over a new socket a session gets what it missed, and its resend the first reply."""
    ada, bob = Talk(), Talk()
    position = (await ada.joined(0))["position"]
    await bob.joined(1)
    await ada.leave()
    bob.send({"cmd": "chat.say", "ref": 1, "text": "missed"})
    assert (await bob.read())["type"] == "events"
    back = Talk()
    welcome = await back.joined(0, position=position)
    assert (welcome["recovered"], [event["text"] for event in welcome["events"]]) == (True, ["missed"])
    await back.leave()
    await bob.leave()


async def test_the_player_of_the_cookie_comes_in(process: Process) -> None:
    """[GS19] With a cookie the player is who it says; a name in the join changes nothing."""
    cookie = f"other=1; player={write_cookie(Player('abcdef0123456789', 'Ada', '#112233'))}"
    talk = Talk(headers=[(b"cookie", cookie.encode())])
    welcome = await talk.joined(name="Mallory")
    assert welcome["you"] == {"id": "abcdef0123456789", "name": "Ada", "colour": "#112233"}
    await talk.leave()


async def test_without_a_cookie_a_guest_comes_in(process: Process) -> None:
    """[GS19] Without a cookie, or with a forged one, the sid makes the guest, who may bring a name and a colour."""
    talk, forged = Talk(headers=[(b"cookie", b"player=forged")]), Talk()
    assert (await talk.joined())["you"] == guest(sid()).as_dict()
    assert (await forged.joined(name=" Cy ", colour="#ABCDEF"))["you"] == {"id": guest(sid()).id, "name": "Cy", "colour": "#abcdef"}
    await talk.leave()
    await forged.leave()


@pytest.mark.parametrize(
    ("fields", "code"), [({"name": " "}, Code.EMPTY), ({"name": "x" * 33}, Code.TOO_LONG), ({"colour": "red"}, Code.BAD_MESSAGE)]
)
async def test_a_guest_with_a_bad_name_may_try_again(process: Process, fields: dict[str, str], code: Code) -> None:
    """[GS19] A name or colour that does not pass is refused by name, and the next join passes."""
    talk = await Talk().accepted()
    talk.send({"cmd": "room.join", "v": 1, "sid": sid(), **fields})
    refused = await talk.read()
    assert (refused["type"], refused["code"]) == ("error", code.value)
    talk.send({"cmd": "room.join", "v": 1, "sid": sid()})
    assert (await talk.read())["type"] == "welcome"
    await talk.leave()


async def test_commands_before_the_join_are_refused(process: Process) -> None:
    """[GS12] What comes before the join is refused as not_joined, and the join still passes."""
    talk = await Talk().accepted()
    talk.send({"cmd": "chat.say", "ref": 7, "text": "too early"})
    refused = await talk.read()
    assert (refused["ref"], refused["code"]) == (7, "not_joined")
    talk.send({"cmd": "room.join", "v": 1, "sid": sid()})
    assert (await talk.read())["events"] == []
    await talk.leave()


async def test_who_never_joins_is_closed(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS12] Without a join in time the socket is closed with 4006."""
    assert consumers.JOIN_S == 10
    monkeypatch.setattr(consumers, "JOIN_S", 0.01)
    talk = await Talk().accepted()
    bye, code = await talk.closed()
    assert bye is not None
    assert (bye["code"], code) == (4006, 4006)
    await talk.leave()


@pytest.mark.parametrize("joined", [True, False])
async def test_ten_messages_that_make_no_sense(process: Process, joined: bool) -> None:
    """[GS13] Nine are refused, the tenth closes the socket with 4500, before the join and after it."""
    talk, other = Talk(), Talk()
    await other.joined(1)
    await (talk.joined() if joined else talk.accepted())
    talk.send(*["nonsense", '{"cmd":"chat.shout","ref":1}'] * 5)
    refused = [await talk.read() for _ in range(9)]
    assert [message["code"] for message in refused] == ["bad_message", "unknown_command"] * 4 + ["bad_message"]
    assert (await talk.closed())[1] == 4500
    other.send({"cmd": "chat.say", "ref": 1, "text": "unharmed"})
    assert (await other.read())["events"][0]["text"] == "unharmed"
    await talk.leave()
    await other.leave()


@pytest.mark.parametrize("joined", [True, False])
async def test_a_message_that_is_too_big(process: Process, joined: bool) -> None:
    """[GS15] A message over 16 KiB closes the socket with 1009, before the join and after it."""
    talk = Talk()
    await (talk.joined() if joined else talk.accepted())
    talk.send("é" * 8193)
    bye, code = await talk.closed()
    assert (bye, code) == (None, 1009)
    await talk.leave()


async def test_a_world_may_take_larger_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN35] In a room whose world says so a larger message is heard, and the welcome tells how large; over that it closes with 1009."""
    async with running(registry=Registry([Chat, Rope])) as process:
        talk = Talk(query=b"world=rope")
        assert (await talk.joined())["limits"]["frame"] == 64 * 1024
        talk.send('{"cmd":"room.ping","ref":1}' + " " * 60_000)
        assert (await talk.read())["ok"]
        talk.send('{"cmd":"room.ping","ref":2}' + " " * 70_000)
        assert (await talk.closed())[1] == 1009
        await talk.leave()
        assert len(process.rooms()) == 1


async def test_a_binary_message_is_not_understood(process: Process) -> None:
    """[GS15] A binary message is refused, even when its bytes are a command."""
    talk = Talk()
    await talk.joined()
    talk.inbound.put_nowait({"type": "websocket.receive", "bytes": b'{"cmd":"room.ping","ref":1}'})
    assert (await talk.read())["code"] == "bad_message"
    await talk.leave()


async def test_another_version_is_closed(process: Process, settings: Any) -> None:
    """[EN16] [DP3] A join in a version that is not spoken any more is closed with 4501, and told which build the server has."""
    settings.BUILD = "7.spring"
    build_id.cache_clear()
    talk = await Talk().accepted()
    talk.send({"cmd": "room.join", "v": 0, "sid": sid()})
    bye, code = await talk.closed()
    assert bye is not None
    assert (code, bye["build"]) == (4501, "7.spring")
    build_id.cache_clear()
    await talk.leave()
    assert [len(owner.hub) for owner in process.rooms()] == [0]


@pytest.mark.parametrize("slug", ["Main", "-x", "x-", "a_b", "x" * 33, "caf%C3%A9", "ä"])
async def test_a_name_that_is_not_allowed(process: Process, slug: str) -> None:
    """[GS16] A room whose name is not allowed is closed with 4503 and not made."""
    talk = await Talk(slug).accepted()
    talk.send({"cmd": "room.join", "v": 1, "sid": sid()})
    assert (await talk.closed())[1] == 4503
    await talk.leave()
    assert process.rooms() == []


async def test_a_region_that_is_full_of_rooms() -> None:
    """[GS16] The first socket makes a room; the 1001st room is refused with 4503."""
    store = Memory()
    holder = store.start("elsewhere", "nonce").holder
    for number in range(MAX_ROOMS - 1):
        store.claim("cdg", f"room-{number}", holder)
    async with running(store):
        last = Talk("last-one")
        await last.joined()
        over = Talk("one-more")
        await over.accepted()
        over.send({"cmd": "room.join", "v": 1, "sid": sid()})
        assert (await over.closed())[1] == 4503
        await last.leave()
        await over.leave()


async def test_a_process_that_is_full(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS17] A socket over the limit is told so and closed with 4005; when one has left, the next comes in."""
    process.max_sockets = 1
    first, second = Talk(), Talk()
    await first.joined()
    await second.accepted()
    assert (await second.closed())[1] == 4005
    await first.leave()
    await second.leave()
    third = Talk()
    await third.joined()
    await third.leave()


class Away(Memory):
    """A store whose database is away, or silent."""

    def claim(self, *arguments: Any) -> Any:
        raise OSError("away")


async def test_a_room_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[GS18] When the database is away or does not answer in time, the socket is closed with 4003, and the next one tries again."""
    async with running(Away()) as process:
        for _ in range(2):
            talk = await Talk().accepted()
            talk.send({"cmd": "room.join", "v": 1, "sid": sid()})
            bye, code = await talk.closed()
            assert bye is not None
            assert (code, connection.RETRY_MS[0] <= bye["retry_ms"] <= connection.RETRY_MS[1]) == (4003, True)
            await talk.leave()
        assert "cannot be opened" in caplog.text
        monkeypatch.setattr(connection, "OPEN_S", 0.01)
        monkeypatch.setattr(process, "_open", lambda region, slug, world: asyncio.Event().wait())
        talk = await Talk("silent").accepted()
        talk.send({"cmd": "room.join", "v": 1, "sid": sid()})
        assert (await talk.closed())[1] == 4003
        await talk.leave()
        for task in process._rooms.values():
            task.cancel()


async def test_a_session_is_taken_over(process: Process) -> None:
    """[GS10] The second socket of a session closes the first with 4505, and goes on when that one ends."""
    first, second = Talk(), Talk()
    await first.joined()
    await second.joined()
    bye, code = await first.closed()
    assert bye is not None
    assert (bye["code"], code) == (4505, 4505)
    await first.leave()
    second.send({"cmd": "chat.say", "ref": 1, "text": "still here"})
    assert (await second.read())["events"][0]["text"] == "still here"
    await second.leave()


async def test_a_fault_of_ours_ends_one_socket(process: Process, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[GS21] An exception in our code ends that socket and leaves no trace in the room; the others go on."""
    caplog.set_level(logging.CRITICAL)
    talk, other = Talk(), Talk()
    await talk.joined(0)
    await other.joined(1)
    monkeypatch.setattr(connection.Connection, "_decode", lambda self, data: 1 / 0)
    talk.send("{}")
    await until(talk.task.done)
    assert isinstance(talk.task.exception(), ZeroDivisionError)
    monkeypatch.undo()
    assert (len(process.outlets), process.rooms()[0].hub.players) == (1, 1)
    other.send({"cmd": "room.ping", "ref": 1})
    assert (await other.read())["ok"] is True
    await other.leave()


async def test_a_long_name_of_a_room_is_no_path() -> None:
    """[GS16] A path that cannot be a room's is no path at all."""
    talk = Talk("x" * 65)
    with pytest.raises(ValueError, match="No route found"):
        await talk.task
