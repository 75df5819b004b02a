"""A small history in which everything went well: two clients, an owner's change, a resend, a takeover, a page of history, refusals."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.torture.history import Event, History, Record

ADA = {"id": "p-ada", "name": "ada", "colour": "#112233"}
BOB = {"id": "p-bob", "name": "bob", "colour": "#445566"}
Row = dict[str, Any]


def event(seq: int, who: dict[str, str], text: str) -> Event:
    """One line as the room shows it."""
    return {"seq": seq, "ev": "chat.said", "at": 1000 + seq, "player": who, "text": text}


LINES = [event(1, ADA, "a1"), event(2, BOB, "b1"), event(3, ADA, "a2"), event(4, ADA, "a3"), event(5, BOB, "b2"), event(6, BOB, "b3")]
REFS = [1, 1, 2, 3, 2, 4]
EPOCHS = [7, 7, 7, 8, 8, 8]


class Teller:
    """Writes several histories on one clock, one record after the other."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ada = History("ada", "main", "s" * 32)
        self.bob = History("bob", "main", "t" * 32)

    def add(self, who: History, link: int, kind: str, **data: Any) -> None:
        """The next thing that happens."""
        self.now += 1
        # A copy: whoever changes what one was shown changes nothing for others.
        who.records.append(Record(self.now, link, kind, deepcopy(data)))

    def join(self, who: History, link: int, position: list[int] | None) -> None:
        """A join is sent."""
        self.add(who, link, "join", position=position, takeover=False)

    def welcome(self, who: History, link: int, position: list[int], events: list[Event], recovered: bool) -> None:
        """It is answered."""
        you = ADA if who is self.ada else BOB
        more = bool(events) and not recovered and events[0]["seq"] > 1
        told = {"position": position, "recovered": recovered, "events": events, "more": more, "you": you}
        self.add(who, link, "welcome", message={"type": "welcome", **told})

    def say(self, who: History, link: int, ref: int, text: str, expect: str | None = None) -> None:
        """A line is sent."""
        self.add(who, link, "command", message={"cmd": "chat.say", "ref": ref, "text": text}, expect=expect)

    def events(self, who: History, link: int, epoch: int, *seqs: int) -> None:
        """Lines are shown."""
        self.add(who, link, "events", message={"type": "events", "epoch": epoch, "events": [LINES[seq - 1] for seq in seqs]})

    def reply(self, who: History, link: int, ref: int, **fields: Any) -> None:
        """A command is answered."""
        self.add(who, link, "reply", message={"type": "reply", "ref": ref, **fields})

    def close(self, who: History, link: int, code: int, *, told: bool) -> None:
        """A socket ends."""
        if told:
            self.add(who, link, "bye", message={"type": "bye", "code": code, "text": "", "retry_ms": 5})
        self.add(who, link, "close", code=code, by="them")


def story() -> tuple[list[History], list[Row]]:
    """Ada's and Bob's histories, and the journal, all as they should be."""
    tell = Teller()
    ada, bob = tell.ada, tell.bob
    _first_owner(tell, ada, bob)
    _second_owner(tell, ada, bob)
    sessions = {"p-ada": "session-a", "p-bob": "session-b"}
    journal = [
        {"seq": line["seq"], "epoch": epoch, "session": sessions[line["player"]["id"]], "ref": ref, "event": deepcopy(line)}
        for line, ref, epoch in zip(LINES, REFS, EPOCHS, strict=True)
    ]
    return [ada, bob], journal


def _first_owner(tell: Teller, ada: History, bob: History) -> None:
    """Both come in, speak, and the owner is killed before Ada has the reply to her second line."""
    for who in (ada, bob):
        tell.join(who, 1, None)
        tell.welcome(who, 1, [7, 0], [], recovered=False)
    tell.say(ada, 1, 1, "a1")
    tell.events(ada, 1, 7, 1)
    tell.reply(ada, 1, 1, ok=True, seq=1)
    tell.say(bob, 1, 1, "b1")
    tell.events(bob, 1, 7, 1, 2)
    tell.reply(bob, 1, 1, ok=True, seq=2)
    tell.events(ada, 1, 7, 2)
    tell.say(ada, 1, 2, "a2")
    tell.add(ada, 1, "close", code=1006, by="them")
    tell.events(bob, 1, 7, 3)
    tell.close(bob, 1, 4001, told=True)
    tell.add(bob, 2, "refused", why="503")


def _second_owner(tell: Teller, ada: History, bob: History) -> None:
    """Both resume; Ada sends again what had no reply, Bob is overtaken by his own second socket, and pages back."""
    tell.join(ada, 2, [7, 2])
    tell.welcome(ada, 2, [8, 3], [LINES[2]], recovered=True)
    tell.say(ada, 2, 2, "a2")
    tell.reply(ada, 2, 2, ok=True, seq=3)
    tell.join(bob, 3, [7, 3])
    tell.welcome(bob, 3, [8, 3], [], recovered=True)
    tell.say(ada, 2, 3, "a3")
    tell.reply(ada, 2, 3, ok=False, code="unavailable", text="")
    tell.say(ada, 2, 3, "a3")
    tell.events(ada, 2, 8, 4)
    tell.reply(ada, 2, 3, ok=True, seq=4)
    tell.say(ada, 2, 4, "x" * 501, expect="too_long")
    tell.reply(ada, 2, 4, ok=False, code="too_long", text="")
    tell.events(bob, 3, 8, 4)
    tell.add(bob, 4, "join", position=[8, 4], takeover=True)
    tell.welcome(bob, 4, [8, 4], [], recovered=True)
    tell.close(bob, 3, 4505, told=True)
    tell.say(bob, 4, 2, "b2")
    tell.events(bob, 4, 8, 5)
    tell.reply(bob, 4, 2, ok=True, seq=5)
    tell.say(bob, 4, 1, "b1")
    tell.reply(bob, 4, 1, ok=True, seq=2)
    tell.add(bob, 4, "command", message={"cmd": "chat.history", "ref": 3, "before": 4, "limit": 2}, expect=None)
    tell.reply(bob, 4, 3, ok=True, events=LINES[1:3], more=True)
    tell.say(bob, 4, 4, "b3")
    tell.events(bob, 4, 8, 6)
    tell.reply(bob, 4, 4, ok=True, seq=6)
    tell.add(bob, 4, "other", message={"type": "status", "any": "thing"})
    tell.events(ada, 2, 8, 5, 6)
    for who, link in ((ada, 2), (bob, 4)):
        tell.add(who, link, "close", code=1006, by="us")
