"""The checker: it is content with a good history, and each kind of broken promise is found. A check that cannot fail is worthless."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.torture.checker import check
from tests.torture.history import History, Record, load
from tests.torture.nemesis import KINDS, plan
from tests.torture.story import ADA, LINES, Row, event, story

FOLDER = Path(__file__).resolve().parent
Histories = list[History]
Change = Callable[[Histories, list[Row]], object]


def verdict(change: Change) -> list[str]:
    """What the checker says of the good story after something in it was changed."""
    histories, journal = copy.deepcopy(story())
    change(histories, journal)
    return check(histories, {"main": journal})


def the(history: History, kind: str, number: int = 0) -> Any:
    """The message of the nth record of a kind, or what the record holds if it is none."""
    data = list(history.of(kind))[number].data
    return data.get("message", data)


def drop(history: History, kind: str, number: int) -> None:
    """As if it had never come."""
    history.records.remove(list(history.of(kind))[number])


def again(history: History, kind: str, number: int) -> None:
    """As if it had come twice."""
    record = list(history.of(kind))[number]
    history.records.insert(history.records.index(record) + 1, copy.deepcopy(record))


def move(history: History, kind: str, number: int, before: tuple[str, int]) -> None:
    """As if it had come earlier."""
    record, other = list(history.of(kind))[number], list(history.of(before[0]))[before[1]]
    history.records.remove(record)
    history.records.insert(history.records.index(other), record)


def insert(history: History, link: int, kind: str, **data: Any) -> None:
    """As if this had come as well, before the socket closed."""
    close = next(record for record in history.of("close") if record.link == link)
    history.records.insert(history.records.index(close), Record(close.at - 0.5, link, kind, data))


def at(history: History, kind: str, number: int, when: float) -> None:
    """As if it had happened at another time."""
    record = list(history.of(kind))[number]
    history.records[history.records.index(record)] = Record(when, record.link, record.kind, record.data)


def say_again(journal: list[Row], seq: int, **changes: Any) -> None:
    """Append a copy of a row as the journal's newest."""
    new = len(journal) + 1
    journal.append({**journal[seq - 1], "seq": new, "epoch": 8, "event": {**journal[seq - 1]["event"], "seq": new}, **changes})


def renumber(journal: list[Row], one: int, other: int) -> None:
    """Two events changed places."""
    journal[one - 1]["event"], journal[other - 1]["event"] = journal[other - 1]["event"], journal[one - 1]["event"]


def test_a_good_history_passes() -> None:
    """Nothing is wrong with a history in which everything went well."""
    assert verdict(lambda histories, journal: None) == []


def test_a_good_history_survives_its_file(tmp_path: Path) -> None:
    """A dumped history is judged as the one in memory."""
    histories, journal = story()
    for history in histories:
        history.dump(tmp_path)
    loaded = [load(tmp_path / f"{history.client}.jsonl") for history in histories]
    assert loaded == histories
    assert check(loaded, {"main": journal}) == []


BROKEN: dict[str, tuple[str, Change]] = {
    # (1) and (4): what was shown
    "two clients saw different events": ("disagree", lambda h, j: the(h[1], "events").update(events=[event(1, ADA, "other"), LINES[1]])),
    "an event has another time later": ("changed", lambda h, j: j[2]["event"].update(at=1)),
    "an event has a value of another type": ("changed", lambda h, j: j[2]["event"].update(at=str(j[2]["event"]["at"]))),
    "an event is true where it was 1": (
        "changed",
        lambda h, j: (the(h[1], "events")["events"][0].update(at=1), j[0]["event"].update(at=True)),
    ),
    "an event was shown that the journal lacks": ("lost … journal ends at", lambda h, j: j.pop()),
    "a page held an event that is none": ("page", lambda h, j: the(h[1], "reply", 3)["events"].pop()),
    # (2): chains and epochs
    "an event was not shown": ("gap", lambda h, j: drop(h[0], "events", 2)),
    "an event was shown twice": ("repeat", lambda h, j: again(h[0], "events", 0)),
    "an event of the welcome came again": ("repeat", lambda h, j: the(h[0], "events", 2)["events"].insert(0, LINES[2])),
    "the epoch fell while one socket was open": ("epoch … fell from", lambda h, j: the(h[0], "events", 3).update(epoch=7)),
    "an old owner journalled behind a newer one's welcome": ("fence", lambda h, j: j[3].update(epoch=7)),
    "the epoch fell over a reconnect": ("epoch", lambda h, j: the(h[0], "welcome", 1).update(position=[6, 3])),
    "an epoch was shown that was not yet": ("epoch", lambda h, j: j[3].update(epoch=9) or j[4].update(epoch=9) or j[5].update(epoch=9)),
    "the journal's epoch falls": ("journal", lambda h, j: j[1].update(epoch=8)),
    "events came before the welcome": ("order", lambda h, j: move(h[0], "events", 0, ("welcome", 0))),
    "events came after the goodbye": ("order", lambda h, j: insert(h[1], 1, "events", message={"epoch": 7, "events": [LINES[3]]})),
    "a second welcome on one socket": ("twice", lambda h, j: again(h[0], "welcome", 0)),
    # (3): replies
    "an applied command is not there": ("lost", lambda h, j: j[3]["event"].update(text="else")),
    "an applied command is at another seq": ("lost", lambda h, j: renumber(j, 3, 4)),
    "a resend got another reply": ("resend", lambda h, j: the(h[1], "reply", 2).update(seq=1)),
    "a resend got one more field": ("resend", lambda h, j: the(h[1], "reply", 2).update(more=1)),
    "the resend of an applied command was refused": (
        "resend",
        lambda h, j: the(h[1], "reply", 2).update(ok=False, code="rate", wait_ms=9),
    ),
    "a reply came before its event": ("order", lambda h, j: move(h[0], "reply", 0, ("events", 0))),
    "a reply came twice": ("reply", lambda h, j: again(h[0], "reply", 0)),
    "a reply to what was never sent": ("reply", lambda h, j: insert(h[0], 2, "reply", message={"ref": 99, "ok": True})),
    "one session is two in the journal": ("author", lambda h, j: j[3].update(session="session-x")),
    "somebody else is the author": ("author", lambda h, j: j[3]["event"].update(player={**ADA, "id": "p-x"})),
    "the command has another ref in the journal": ("author", lambda h, j: j[3].update(ref=77)),
    "a player is another one after a reconnect": ("author … is now", lambda h, j: the(h[0], "welcome", 1).update(you={**ADA, "id": "p-x"})),
    # (5): at most once
    "a command was applied twice": ("twice", lambda h, j: say_again(j, 3, ref=9)),
    "a command without a reply was applied twice": ("twice", lambda h, j: (drop(h[0], "reply", 1), say_again(j, 3))),
    "the journal holds one ref twice": ("journal", lambda h, j: say_again(j, 3)),
    "the journal has a gap": ("journal", lambda h, j: j.pop(2)),
    "a row has another number than its event": ("journal", lambda h, j: j[5]["event"].update(seq=7)),
    "a refused command was applied": ("refusal", lambda h, j: j[3]["event"].update(text="x" * 501)),
    "a good command was refused": ("refusal", lambda h, j: the(h[0], "reply", 4).update(code="empty")),
    "a bad command was not refused": ("refusal", lambda h, j: the(h[0], "reply", 4).update(ok=True, seq=4)),
    "a message was not understood": ("refusal", lambda h, j: the(h[1], "other").update(type="error", code="bad_message")),
    "something is there that nobody said": ("origin", lambda h, j: say_again(j, 3, event=event(7, ADA, "ghost"))),
    # (6): welcomes
    "a recovery left an event out": ("recovery", lambda h, j: the(h[0], "welcome", 1).update(events=[])),
    "a recovery began too early": ("recovery", lambda h, j: the(h[0], "welcome", 1)["events"].insert(0, LINES[1])),
    "a recovery went beyond its position": ("recovery", lambda h, j: the(h[0], "welcome", 1)["events"].append(LINES[3])),
    "a recovery without a position": ("recovery", lambda h, j: the(h[0], "welcome").update(recovered=True, position=[7, 1])),
    "a good position was not recovered": (
        "recovery … is not recovered",
        lambda h, j: the(h[0], "welcome", 1).update(recovered=False, more=True),
    ),
    "a first page has a hole": ("recovery", lambda h, j: the(h[0], "welcome").update(position=[7, 3], events=[LINES[0], LINES[2]])),
    "a first page is silent about older ones": ("recovery", lambda h, j: the(h[0], "welcome").update(position=[7, 2], events=[LINES[1]])),
    "a welcome went back behind the position": ("lost", lambda h, j: the(h[0], "welcome", 1).update(position=[8, 1], events=[])),
    "a welcome was older than what others had seen": ("stale", lambda h, j: at(h[0], "join", 0, 50) or at(h[0], "welcome", 0, 50.1)),
    "what was said later came earlier": ("reordered", lambda h, j: at(h[0], "command", 0, 99)),
    # (7): pages
    "a page is of the wrong place": ("page", lambda h, j: the(h[1], "command", 3).update(before=5)),
    "a page is too short": ("page", lambda h, j: the(h[1], "command", 3).update(limit=3)),
    "a page is silent about older ones": ("page", lambda h, j: the(h[1], "reply", 3).update(more=False)),
    # (8): rest
    "a command has no reply": ("stuck", lambda h, j: drop(h[1], "reply", 4)),
    "a passing refusal was the last word": ("stuck", lambda h, j: drop(h[0], "reply", 3)),
    "somebody was not shown the end": ("stuck", lambda h, j: the(h[0], "events", 3)["events"].pop()),
    "somebody is in an epoch before the last": ("stuck", lambda h, j: [row.update(epoch=9) for row in j]),
    # Goodbyes, and the client itself
    "a socket was closed for a fault of the client": ("close … as no good client", lambda h, j: the(h[0], "close", 0).update(code=4500)),
    "a socket was taken over by nobody": ("close", lambda h, j: the(h[0], "close", 1).update(code=4505, by="them")),
    "a socket was closed without a goodbye": ("close", lambda h, j: drop(h[1], "bye", 0)),
    "a socket was closed otherwise than told": ("close", lambda h, j: the(h[1], "bye", 0).update(code=4003)),
    "the client joined with a made up position": ("harness", lambda h, j: list(h[0].of("join"))[1].data.update(position=[7, 1])),
    "the client used a ref for two commands": ("harness", lambda h, j: the(h[0], "command", 2).update(text="else")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_promise_is_found(what: str) -> None:
    """Each kind of violation is found and called by its name."""
    words, change = BROKEN[what]
    promise, _, more = words.partition(" … ")
    found = verdict(change)
    assert any(violation.startswith(f"{promise}: ") and more in violation for violation in found), found


@pytest.mark.parametrize("number", range(len(LINES)))
def test_no_event_of_anybody_can_be_missing_or_altered(number: int) -> None:
    """Whichever event is left out of, or altered in, whatever any client was shown: it is found."""
    for who in range(2):
        for message in range(len([*story()[0][who].of("events", "welcome")])):

            def change(histories: Histories, journal: list[Row], *, alter: bool, who: int = who, message: int = message) -> None:
                events = list(histories[who].of("events", "welcome"))[message].data["message"]["events"]
                for one in [one for one in events if one["seq"] == number + 1]:
                    one.update(text="altered") if alter else events.remove(one)

            histories, _ = story()
            shown = [one["seq"] for one in list(histories[who].of("events", "welcome"))[message].data["message"]["events"]]
            # A message that loses its only event is none: such a one cannot be sent, and is another test's.
            for alter in (True, False) if shown != [number + 1] else (True,):
                found = verdict(lambda h, j, alter=alter: change(h, j, alter=alter))
                assert bool(found) == (number + 1 in shown), (who, message, alter)


def test_a_plan_has_every_fault_and_follows_from_its_seed() -> None:
    """The first faults are one of each kind, and one seed gives one plan."""
    first, second = (list(islice(plan(random.Random(7), ["cdg/2", "cdg/1"]), 40)) for _ in range(2))
    assert first == second
    assert {planned.kind for planned in first[: len(KINDS)]} == set(KINDS)
    assert {planned.target for planned in first} == {"cdg/1", "cdg/2", "owner", "database"}
    assert first != list(islice(plan(random.Random(8), ["cdg/1", "cdg/2"]), 40))


@pytest.mark.parametrize("name", ["client", "link", "reader", "history", "chain", "checker", "story"])
def test_clients_and_checker_know_nothing_of_the_product(name: str) -> None:
    """They are written from the document: none of the product's modules is imported, not even through another one."""
    allowed = {"client", "link", "reader", "history", "chain", "checker", "story"}
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in names:
            assert module.split(".")[0] not in {"gameserver", "fly", "lobby", "config"}
            assert not module.startswith("tests.") or module.removeprefix("tests.torture.") in allowed
