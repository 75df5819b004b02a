"""What one client's records must be by themselves: chains of events without gap or repeat, replies that agree, honest goodbyes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.torture.history import Data, History, Record

GAP_FILLED = 1000
"""docs/protocol.md, section 5: a larger gap is not filled."""
FIRST_PAGE = 100
USUAL = (1001, 1006, 1011, 1012)
RECONNECT = (*USUAL, 4001, 4002, 4003, 4004, 4005, 4006)
"""Close codes that a client which does nothing wrong may get. 4505 as well, after it opened its session a second time."""
WITHOUT_BYE = (*USUAL, 4002)
PASSING = ("rate", "unavailable")


@dataclass(slots=True)
class Line:
    """One socket as its records tell it. `epoch` and `last`: the position it has reached, None before the welcome."""

    sent: list[int] | None
    epoch: int | None = None
    last: int = 0
    bye: int | None = None
    shared: bool = False
    """Another socket of the same session was open at the same time: either may be taken over by the other."""
    asked: Counter[int] = field(default_factory=Counter)


class Chain:
    """Walk through a history once; `violations` says what no client may ever see. Each begins with the name of the broken promise."""

    def __init__(self, history: History) -> None:
        self.name = f"{history.room}/{history.client}"
        self.violations: list[str] = []
        self.position: list[int] | None = None
        """The highest position this client was given."""
        self.commands: dict[int, Record] = {}
        """The first sending of each ref."""
        self.oks: dict[int, Data] = {}
        """The first ok reply of each ref."""
        self.refusals: dict[int, str] = {}
        """The refusal that ended a command."""
        self.you = ""
        self._lines: dict[int, Line] = {}
        self._standing: set[int] = set()
        for record in history.records:
            if record.kind != "refused":
                getattr(self, f"_{record.kind}")(record)

    @property
    def unanswered(self) -> list[int]:
        """Refs of commands that have no final reply, pings aside."""
        pings = {ref for ref, record in self.commands.items() if record.data["message"]["cmd"] == "room.ping"}
        return sorted(set(self.commands) - set(self.oks) - set(self.refusals) - pings)

    def _say(self, promise: str, record: Record, text: str) -> None:
        self.violations.append(f"{promise}: {self.name} socket {record.link}: {text}")

    def _join(self, record: Record) -> None:
        sent = record.data["position"]
        self._lines[record.link] = Line(sent)
        self._standing.add(record.link)
        for number in self._standing:
            self._lines[number].shared |= len(self._standing) > 1
        if sent is not None and sent != self.position:
            self._say("harness", record, f"joins with {sent}, but was last given {self.position}")

    def _advance(self, line: Line, epoch: int, seq: int) -> None:
        line.epoch, line.last = epoch, seq
        self.position = max([epoch, seq], self.position or [epoch, seq])

    # What the room tells

    def _welcome(self, record: Record) -> None:
        line, message = self._lines[record.link], record.data["message"]
        epoch, seq = message["position"]
        seqs = [event["seq"] for event in message["events"]]
        if line.epoch is not None:
            self._say("twice", record, "a second welcome")
        for problem in welcome_problems(line.sent, message, seqs):
            self._say(*problem[:1], record, problem[1])
        if self.you and message["you"]["id"] != self.you:
            self._say("author", record, f"was {self.you} and is now {message['you']['id']}")
        self.you = message["you"]["id"]
        self._advance(line, epoch, seq)

    def _events(self, record: Record) -> None:
        line, message = self._lines[record.link], record.data["message"]
        if line.epoch is None or line.bye is not None:
            self._say("order", record, f"events {'before the welcome' if line.epoch is None else 'after the goodbye'}")
            return
        if message["epoch"] < line.epoch:
            self._say("epoch", record, f"fell from {line.epoch} to {message['epoch']} at seq {message['events'][0]['seq']}")
        for event in message["events"]:
            seq = event["seq"]
            if seq != line.last + 1:
                self._say("gap" if seq > line.last else "repeat", record, f"seq {seq} after {line.last}")
            self._advance(line, message["epoch"], seq)

    # What becomes of commands

    def _command(self, record: Record) -> None:
        message = record.data["message"]
        self.commands.setdefault(message["ref"], record)
        self._lines[record.link].asked[message["ref"]] += 1
        if message != self.commands[message["ref"]].data["message"]:
            self._say("harness", record, f"ref {message['ref']} was sent for two different commands")

    def _reply(self, record: Record) -> None:
        line, reply = self._lines[record.link], record.data["message"]
        ref = reply["ref"]
        if not line.asked[ref]:
            self._say("reply", record, f"ref {ref} is answered more often than it was sent")
        line.asked[ref] -= 1
        if ref not in self.commands:
            return
        if not reply["ok"]:
            self._refused(record, ref, reply["code"])
            return
        if self.commands[ref].data["message"]["cmd"] == "chat.say":
            self._kept(record, line, reply)
        self.oks.setdefault(ref, reply)

    def _refused(self, record: Record, ref: int, code: str) -> None:
        if ref in self.oks and code != "unavailable":
            self._say("resend", record, f"ref {ref} was applied, and its resend is refused: {code}")
        elif code not in PASSING:
            self.refusals[ref] = code
            if code != self.commands[ref].data["expect"]:
                self._say("refusal", record, f"ref {ref} is refused: {code}")

    def _kept(self, record: Record, line: Line, reply: Data) -> None:
        ref, first = reply["ref"], self.oks.get(reply["ref"], reply)
        if reply != first:
            self._say("resend", record, f"ref {ref} got {first} first and {reply} now")
        if reply["seq"] > line.last:
            self._say("order", record, f"the reply to ref {ref} comes before its event {reply['seq']}, at {line.last}")
        if self.commands[ref].data["expect"] is not None:
            self._say("refusal", record, f"ref {ref} was to be refused as {self.commands[ref].data['expect']} and is applied")

    def _other(self, record: Record) -> None:
        if record.data["message"]["type"] == "error":
            self._say("refusal", record, f"a message was not understood: {record.data['message']}")

    # How sockets end

    def _bye(self, record: Record) -> None:
        self._lines[record.link].bye = record.data["message"]["code"]

    def _close(self, record: Record) -> None:
        code, bye = record.data["code"], self._lines[record.link].bye
        overtaken = code == 4505 and self._lines[record.link].shared
        self._standing.discard(record.link)
        if record.data["by"] == "us":
            return
        if code not in RECONNECT and not overtaken:
            self._say("close", record, f"closed with {code}, as no good client is")
        if code not in WITHOUT_BYE and bye != code:
            self._say("close", record, f"closed with {code}, told {bye}")


def welcome_problems(sent: Sequence[int] | None, message: Data, seqs: list[int]) -> Iterator[tuple[str, str]]:
    """What is wrong with a welcome after a join with the position `sent`."""
    epoch, seq = message["position"]
    if sent is not None and (epoch < sent[0] or seq < sent[1]):
        yield "epoch" if epoch < sent[0] else "lost", f"joins with {sent} and is welcomed at {[epoch, seq]}"
    if message["recovered"]:
        wanted: Any = list(range(sent[1] + 1, seq + 1)) if sent is not None else None
        if seqs != wanted:
            yield "recovery", f"joins with {sent}, is welcomed at {[epoch, seq]} and gets {brief(seqs)}"
        return
    if sent is not None and seq - sent[1] <= GAP_FILLED:
        yield "recovery", f"joins with {sent}, is welcomed at {[epoch, seq]}, and is not recovered"
    if seqs != list(range(seq - len(seqs) + 1, seq + 1)) or len(seqs) > FIRST_PAGE or (seq and not seqs):
        yield "recovery", f"a first page at {[epoch, seq]} has {brief(seqs)}"
    elif message["more"] != (bool(seqs) and seqs[0] > 1):
        yield "recovery", f"a first page from {brief(seqs)} says more: {message['more']}"


def brief(seqs: list[int]) -> str:
    """A list of seqs in a few words."""
    return f"{len(seqs)} events {seqs[0]} to {seqs[-1]}" if seqs else "no events"
