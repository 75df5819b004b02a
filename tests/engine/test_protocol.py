"""Bytes become commands, or an error with a name."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.protocol import MAX_FRAME, MAX_REF, Command, History, Join, Ping, encode, is_too_big
from gameserver.engine.registry import discover
from gameserver.engine.worlds.chat import Rename, Say
from tests.engine.rooms import sid

SID = sid()
REGISTRY = discover()
COMMANDS = REGISTRY.commands
decode = REGISTRY.decode


def test_every_command_is_known_by_its_name() -> None:
    """[EN14] The list of commands is what the schema decodes."""
    worlds = [command for world in REGISTRY.worlds.values() for command in world.commands]
    assert {struct.__struct_config__.tag for struct in (Join, Ping, Say, Rename, History, *worlds)} == COMMANDS


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"cmd": "room.join", "v": 1, "sid": SID}, Join(v=1, sid=SID)),
        ({"cmd": "room.join", "v": 2, "sid": SID, "ref": 1}, Join(v=2, sid=SID, ref=1)),
        ({"cmd": "room.join", "v": 1, "sid": SID, "position": [7, 0]}, Join(v=1, sid=SID, position=(7, 0))),
        ({"cmd": "room.join", "v": 1, "sid": SID, "position": None, "name": None}, Join(v=1, sid=SID)),
        ({"cmd": "room.ping", "ref": 1}, Ping(ref=1)),
        ({"cmd": "chat.say", "ref": MAX_REF, "text": ""}, Say(ref=MAX_REF, text="")),
        ({"ref": 3, "text": "x" * 8192, "cmd": "chat.say"}, Say(ref=3, text="x" * 8192)),
        ({"cmd": "chat.rename", "ref": 1, "name": "Ada"}, Rename(ref=1, name="Ada")),
        ({"cmd": "chat.rename", "ref": 1, "name": "Ada", "colour": "#112233"}, Rename(ref=1, name="Ada", colour="#112233")),
        ({"cmd": "chat.history", "ref": 1, "before": 5}, History(ref=1, before=5)),
        ({"cmd": "chat.history", "ref": 1, "before": MAX_REF, "limit": 1}, History(ref=1, before=MAX_REF, limit=1)),
    ],
)
def test_a_command_is_read(message: dict[str, Any], command: Command) -> None:
    """[EN14] Every command of the protocol is read, its optional fields left out or not."""
    assert decode(json.dumps(message)) == command
    assert decode(json.dumps(message).encode()) == command


@pytest.mark.parametrize(
    ("raw", "code", "ref"),
    [
        ("", Code.BAD_MESSAGE, None),
        ("nonsense", Code.BAD_MESSAGE, None),
        ("[]", Code.BAD_MESSAGE, None),
        ("null", Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":1', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":1}x', Code.BAD_MESSAGE, None),
        ("[" * 8000, Code.BAD_MESSAGE, None),
        ('{"cmd":"chat.say","ref":1,"text":"\\ud800"}', Code.BAD_MESSAGE, None),
        (b'{"cmd":"chat.say","ref":1,"text":"\xff"}', Code.BAD_MESSAGE, 1),
        ("{}", Code.UNKNOWN_COMMAND, None),
        ('{"ref":5}', Code.UNKNOWN_COMMAND, 5),
        ('{"cmd":7,"ref":5}', Code.UNKNOWN_COMMAND, 5),
        ('{"cmd":"chat.shout","ref":5}', Code.UNKNOWN_COMMAND, 5),
        ('{"cmd":"room.ping"}', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":0}', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":-1}', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":true}', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":1.5}', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":"1"}', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":9007199254740992}', Code.BAD_MESSAGE, None),
        ('{"cmd":"room.ping","ref":1,"more":2}', Code.BAD_MESSAGE, 1),
        ('{"cmd":"chat.say","ref":2}', Code.BAD_MESSAGE, 2),
        ('{"cmd":"chat.say","ref":2,"text":3}', Code.BAD_MESSAGE, 2),
        ('{"cmd":"chat.say","ref":2,"text":null}', Code.BAD_MESSAGE, 2),
        (f'{{"cmd":"chat.say","ref":2,"text":"{"x" * 8193}"}}', Code.BAD_MESSAGE, 2),
        ('{"cmd":"chat.history","ref":3,"before":-1}', Code.BAD_MESSAGE, 3),
        ('{"cmd":"chat.history","ref":3,"before":1,"limit":0}', Code.BAD_MESSAGE, 3),
        ('{"cmd":"chat.history","ref":3,"before":1,"limit":101}', Code.BAD_MESSAGE, 3),
        ('{"cmd":"room.join","v":1,"sid":"short"}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","v":1,"sid":"{"x" * 65}"}}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","v":1,"sid":"{"x" * 21}!"}}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","v":1,"sid":"{"x" * 22}\\n"}}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","sid":"{SID}"}}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","v":1,"sid":"{SID}","position":[1]}}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","v":1,"sid":"{SID}","position":[1,2,3]}}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","v":1,"sid":"{SID}","position":[-1,2]}}', Code.BAD_MESSAGE, None),
        (f'{{"cmd":"room.join","v":1,"sid":"{SID}","position":[1,1e400]}}', Code.BAD_MESSAGE, None),
    ],
)
def test_what_is_no_command_has_a_named_error(raw: str | bytes, code: Code, ref: int | None) -> None:
    """[EN14] A message that does not fit is refused by name, with its ref if that can be read."""
    with pytest.raises(Rejected) as refused:
        decode(raw)
    assert (refused.value.code, refused.value.ref) == (code, ref)
    assert 0 < len(refused.value.text) <= 200


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_no_bytes_raise_anything_else(raw: bytes | str) -> None:
    """[EN14] Whatever comes is refused by name."""
    with pytest.raises(Rejected):
        decode(raw)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_fields = st.sampled_from(["v", "sid", "ref", "text", "name", "colour", "before", "limit", "position", "more"])


@given(st.sampled_from(sorted(COMMANDS)), st.dictionaries(_fields, _values, max_size=6))
def test_any_fields_are_a_command_or_refused(cmd: str, fields: dict[str, Any]) -> None:
    """[EN14] A message with a known name and any fields is a command that keeps to its limits, or refused as bad_message."""
    try:
        command = decode(json.dumps({"cmd": cmd, **fields}))
    except Rejected as rejected:
        code, command = rejected.code, None
    if command is None:
        assert code is Code.BAD_MESSAGE
        return
    assert command.ref is None or 1 <= command.ref <= MAX_REF
    assert decode(msgspec.json.encode(command)) == command


@pytest.mark.parametrize(
    ("data", "big"),
    [
        ("x" * MAX_FRAME, False),
        ("x" * (MAX_FRAME + 1), True),
        (b"x" * MAX_FRAME, False),
        (b"x" * (MAX_FRAME + 1), True),
        ("é" * (MAX_FRAME // 2), False),
        ("é" * (MAX_FRAME // 2 + 1), True),
        ("😀" * (MAX_FRAME // 4), False),
        ("😀" * (MAX_FRAME // 4 + 1), True),
    ],
)
def test_a_message_is_measured_in_bytes(data: str | bytes, big: bool) -> None:
    """[EN15] The limit is 16 KiB of UTF-8, whatever the characters."""
    assert is_too_big(data) is big


def test_a_message_over_the_limit_is_not_read() -> None:
    """[EN15] A message over the limit is refused before it is parsed."""
    with pytest.raises(Rejected) as refused:
        decode('{"cmd":"room.ping","ref":1}' + " " * MAX_FRAME)
    assert refused.value.code is Code.TOO_LONG


@given(st.text(max_size=100))
def test_what_is_sent_is_json_in_utf8(text: str) -> None:
    """[EN14] What the server encodes, any JSON parser reads back."""
    assert json.loads(encode({"text": text}).decode()) == {"text": text}
