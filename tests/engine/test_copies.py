"""Random clients against one room: whatever they do, every copy equals the owner's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from gameserver.engine.errors import Closed, Code, Rejected
from gameserver.engine.protocol import Command, Join, Rename, Say
from gameserver.engine.room import Entry, Outcome, Session
from gameserver.engine.worlds import Who
from tests.engine.rooms import EPOCH, NOW, chat_room, sid


@dataclass
class Client:
    """A client as docs/protocol.md wants it: keeps its position and every command that had no reply."""

    number: int
    who: Who
    session: Session | None = None
    position: tuple[int, int] | None = None
    shown: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[int, Command] = field(default_factory=dict)
    replies: dict[int, dict[str, Any]] = field(default_factory=dict)
    next_ref: int = 1

    def take(self, epoch: int, events: list[dict[str, Any]]) -> None:
        for event in events:
            expected = self.position[1] + 1 if self.position else event["seq"]
            assert event["seq"] == expected, "a gap or a repeat"
            self.position = (epoch, event["seq"])
            self.shown.append(event)


class Copies(RuleBasedStateMachine):
    """The room, a journal of entries, and clients whose connections break at any moment."""

    clients = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.epoch = EPOCH
        self.journal: list[Entry] = []
        self.room = chat_room()
        self.everybody: list[Client] = []
        self.flight: list[tuple[Client, Session, Outcome]] = []

    @rule(target=clients)
    def newcomer(self) -> Client:
        number = len(self.everybody)
        client = Client(number, Who(f"player{number}", f"Player {number}", "#000000"))
        self.everybody.append(client)
        self.join(client)
        return client

    @rule(client=clients)
    def join(self, client: Client) -> None:
        """Over a new connection; an earlier one of the same session is taken over."""
        self.now += 5
        join = Join(v=1, sid=sid(client.number), position=client.position)
        client.session, welcome = self.room.join(join, client.who, self.now)
        if not welcome.recovered:
            client.shown, client.position = [], None
        client.take(self.epoch, list(welcome.events))
        client.position = welcome.position
        for ref, command in list(client.pending.items()):
            self.send(client, ref, command)

    @rule(client=clients, text=st.text(max_size=5), rename=st.booleans())
    def say(self, client: Client, text: str, rename: bool) -> None:
        ref, client.next_ref = client.next_ref, client.next_ref + 1
        client.pending[ref] = Rename(ref=ref, name=text) if rename else Say(ref=ref, text=text)
        self.send(client, ref, client.pending[ref])

    @rule(client=clients)
    def resend(self, client: Client) -> None:
        for ref, command in list(client.pending.items()):
            self.send(client, ref, command)

    @rule(client=clients)
    def lose_the_connection(self, client: Client) -> None:
        client.session = None

    @rule()
    def journalled(self) -> None:
        """What waits is durable: shown to all who are in, then replied."""
        flight, self.flight = self.flight, []
        for _, _, outcome in flight:
            self.journal.extend(outcome.entries)
        self.room.settle(len(self.journal))
        for client in self.everybody:
            if client.session is not None:
                client.take(self.epoch, [event for _, _, outcome in flight for event in outcome.shown])
        for client, session, outcome in flight:
            if client.session is session and outcome.reply is not None:
                self.replied(client, outcome.reply)

    @rule(written=st.booleans())
    def owner_dies(self, written: bool) -> None:
        """All connections break. What was under way is in the journal, or it is not; nobody was shown it."""
        if written:
            for _, _, outcome in self.flight:
                self.journal.extend(outcome.entries)
        self.flight = []
        self.epoch += 1
        self.room = chat_room(self.epoch)
        self.room.load(self.journal)
        for client in self.everybody:
            client.session = None

    def send(self, client: Client, ref: int, command: Command) -> None:
        if client.session is None:
            return
        self.now += 0.05
        try:
            outcome = self.room.receive(client.session, command, self.now)
        except Rejected as rejected:
            if rejected.code is not Code.RATE:
                self.replied(client, {"ref": ref, "ok": False})
            return
        except Closed:
            client.session = None
            return
        self.flight.append((client, client.session, outcome))

    def replied(self, client: Client, reply: dict[str, Any]) -> None:
        ref = reply["ref"]
        assert client.replies.setdefault(ref, reply) == reply, "a second reply differs"
        client.pending.pop(ref, None)

    @invariant()
    def the_journal_is_whole(self) -> None:
        assert [entry.event["seq"] for entry in self.journal] == list(range(1, len(self.journal) + 1))

    @invariant()
    def no_command_happened_twice(self) -> None:
        commands = [(entry.session, entry.ref) for entry in self.journal]
        assert len(commands) == len(set(commands))

    @invariant()
    def what_was_shown_is_in_the_journal(self) -> None:
        events = [entry.event for entry in self.journal]
        for client in self.everybody:
            if client.shown:
                first = client.shown[0]["seq"]
                assert client.shown == events[first - 1 : first - 1 + len(client.shown)]

    @invariant()
    def what_was_replied_is_in_the_journal(self) -> None:
        for client in self.everybody:
            for ref, reply in client.replies.items():
                if reply["ok"]:
                    assert self.journal[reply["seq"] - 1].ref == ref

    def teardown(self) -> None:
        """Everybody comes back until nothing is pending: then all copies end alike, and every command has its reply."""
        for _ in range(500):
            waiting = [client for client in self.everybody if client.session is None or client.pending]
            if not waiting:
                break
            for client in waiting:
                self.join(client)
            self.journalled()
        self.journalled()
        for client in self.everybody:
            assert not client.pending
            assert client.position == (self.epoch, len(self.journal)) or not self.journal
            if client.shown:
                assert client.shown[-1] == self.journal[-1].event


TestCopies = Copies.TestCase
TestCopies.__doc__ = "[EN19] Random commands, resends, broken connections and dead owners: every copy equals the owner's."
TestCopies.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
