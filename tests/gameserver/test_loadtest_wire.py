"""What bots of the load test send and read, by values: scenarios and their marks, the reader, and what is remembered of it."""

from __future__ import annotations

import json

import msgspec
import pytest

from gameserver.loadtest.ledger import Applied
from gameserver.loadtest.scenarios import Mark, NoScenario, board, find, names
from gameserver.loadtest.scenarios.chat import Line, Scenario
from gameserver.loadtest.tally import LOSSES
from gameserver.loadtest.wire import Reader


@pytest.fixture
def reader() -> Reader:
    return Reader(Scenario("run"))


# The scenario and its marks


def test_a_scenario_is_found_by_its_name() -> None:
    """[LT8] Scenarios are modules; one that is not there is one line with those that are."""
    assert find("chat") is Scenario
    assert "chat" in names()
    with pytest.raises(NoScenario, match=r"There is no scenario 'golf'\. There are: .*chat"):
        find("golf")


def test_a_mark_comes_back() -> None:
    """[LT8] A line of chat carries bot, ref and due moment, within the limits of chat, and an event of it gives them back."""
    scenario, mark = Scenario("4f1c2a"), Mark(17, 42, 12345678901)
    command = scenario.command(mark)
    assert command == {"cmd": "chat.say", "text": "load 4f1c2a 17 42 12345678901"}
    assert scenario.mark(Line("chat.said", 5, command["text"])) == mark
    assert scenario.lane == "chat"
    longest = scenario.command(Mark(10**9 - 1, 10**16 - 1, 10**18 - 1))["text"]
    assert len(longest) <= 500


def test_a_mark_comes_back_from_a_board() -> None:
    """[LT8] What is done on a board carries bot, ref and due moment in its `op`, and its event gives them back, whatever was done."""
    scenario = board.Scenario("4f1c2a")
    did = []
    for ref in range(1, 13):
        mark = Mark(17, ref * 1000, 12345678901 + ref)
        command = scenario.command(mark)
        assert len(command["op"]) == 16
        did.append(command["steps"][0]["do"])
        event = msgspec.convert({"ev": "board.edited", "seq": ref, "op": command["op"], "did": command["steps"]}, board.Edited)
        assert scenario.mark(event) == mark
        assert board.Scenario("4f1c2b").mark(event) is None
    assert did == ["create", *["move"] * 8, "delete", "create", "move"]
    longest = Mark(2**18 - 1, 2**24 - 1, 2**54 - 1)
    assert board.mark_of(board.op_of(longest)) == longest
    others = [board.Edited("board.edited", 1, "short", []), board.Edited("board.moved", 1), board.Edited("board.edited", 1, "ä" * 16, [])]
    assert [scenario.mark(one) for one in others] == [None] * 3
    assert board.mark_of("ä" * 16) is None


@pytest.mark.parametrize("text", ["", "hello", "load 4f1c2b 17 42 1", "load 4f1c2a 17 42", "load 4f1c2a 17 42 1 x", "load 4f1c2a 17 x 1"])
def test_lines_of_others_have_no_mark(text: str) -> None:
    """[LT8] What people say, and lines of another run, are nobody's."""
    assert Scenario("4f1c2a").mark(Line("chat.said", 5, text)) is None


def test_other_events_have_no_mark() -> None:
    """An event of another kind is counted by its number alone."""
    assert Scenario("a").mark(Line("chat.renamed", 5, "load a 1 2 3")) is None


def test_refs_are_remembered_in_little_space() -> None:
    """Of the refs that were seen the highest is kept, and those below it that are missing."""
    applied = Applied()
    assert [applied.add(ref) for ref in (1, 2, 2, 5, 4, 4, 1, 5, 6)] == [True, True, False, True, True, False, False, False, True]
    assert (applied.highest, applied.holes) == (6, {3})


# What it reads


def test_the_same_bytes_are_read_once(reader: Reader) -> None:
    """Everybody is sent the same bytes: the next bot gets what was read for the one before; replies are one bot's alone."""
    payload = json.dumps({"type": "events", "epoch": 1, "events": [{"seq": 11, "ev": "chat.said"}]}).encode()
    assert reader.read(payload) is reader.read(bytearray(payload))
    reply = b'{"type":"reply","ref":1,"ok":true}'
    assert reader.read(reply) is not reader.read(reply)
    for number in range(20):
        reader.read(b'{"type":"presence","players":%d}' % number)
    assert reader.read(payload)[1].last == 11


def test_what_is_not_known_is_passed_over(reader: Reader) -> None:
    """Fields, types and events that a bot does not know are no error; what is no message of the protocol is."""
    message, batch = reader.read(b'{"type":"weather","sun":true,"events":[{"ev":"sky.fell","seq":4,"depth":[1]}]}')
    assert (message.type, batch.seqs, batch.marks) == ("weather", [4], [])
    for payload in (b"nonsense", b"[]", b'{"type":"events","events":7}', b"\xff", b'{"type":"\xff"}'):
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            reader.read(payload)


def test_losses_have_a_meaning_each() -> None:
    """Whatever a report calls lost is explained."""
    assert all(LOSSES.values())
