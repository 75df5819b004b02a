"""The cases in tests/vectors/board: they are what the program writes, and Python agrees with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gameserver.engine.errors import Rejected
from tests.engine.board.boards import PEOPLE, Owner, canonical, followed
from tests.engine.board.vectors import FOLDER, files

CASES = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in ("events", "commands", "random")}
ASKED = [*CASES["commands"], *CASES["random"]]


def named(cases: list[Any]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def test_the_files_are_what_the_program_writes() -> None:
    """[BD37] `python -m tests.engine.board.vectors` writes exactly the files that are there: at least 60 cases, no two of one name."""
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == files()
    names = [case["name"] for cases in CASES.values() for case in cases]
    assert len(set(names)) == len(names) >= 60


@named(CASES["events"])
def test_events_lead_to_their_state(case: Any) -> None:
    """[BD37] A copy that takes a case's events is in its end state."""
    assert canonical(followed(case["start"], case["events"])) == case["end"]


@named(ASKED)
def test_commands_lead_to_their_events(case: Any) -> None:
    """[BD37] An owner that is asked a case's commands replies, refuses and tells what the case says, and ends in its state."""
    owner = Owner()
    for line in case["commands"]:
        if "gathered" in line:
            assert owner.gather() == line["gathered"]
            continue
        seen = len(owner.events)
        try:
            outcome = {"reply": owner.send(PEOPLE[line["player"]], line["command"])}
        except Rejected as rejected:
            outcome = {"refused": str(rejected.code)}
        assert outcome == {name: line[name] for name in ("reply", "refused") if name in line} or outcome == {"reply": {}}
        assert owner.events[seen:] == line["events"]
    assert owner.state == case["end"]


@named(ASKED)
def test_who_only_follows_ends_in_the_same_state(case: Any) -> None:
    """[BD37] A copy that takes the events of a case's commands is in its end state."""
    events = [event for line in case["commands"] for event in (line.get("events") or line.get("gathered") or [])]
    assert canonical(followed(None, events)) == case["end"]


@pytest.mark.parametrize("do", ["create", "change", "move", "reshape", "order", "delete", "clear", "duplicate", "put"])
def test_every_decided_step_has_a_case(do: str) -> None:
    """[BD37] Each kind of decided step is in a case of events and came of a command."""
    asked = [event for case in ASKED for line in case["commands"] for event in line.get("events", [])]
    told = [event for case in CASES["events"] for event in case["events"]]
    for events in (asked, told):
        assert any(step["do"] == do for event in events for step in event.get("did", []))


def test_every_refusal_but_full_has_a_case() -> None:
    """[BD37] Each code that a command is refused with is in a case, but for `full`, which takes too many shapes."""
    codes = {line["refused"] for case in ASKED for line in case["commands"] if "refused" in line}
    wanted = "too_many_points too_long out_of_range gone unknown_shape taken overtaken not_yours no_drag no_upload no_checkpoint nothing"
    assert codes >= {*wanted.split(), "bad_message"}
