"""An owner, its journal, and clients as docs/protocol.md wants them, for tests that let them go through anything. Values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gameserver.engine.entry import Event, Position, Reply, Snapshot
from gameserver.engine.errors import Closed, Code, Rejected
from gameserver.engine.outcome import Outcome
from gameserver.engine.protocol import Command, History, Join
from gameserver.engine.room import Gap, Room, Welcome, history_reply
from gameserver.engine.session import Session
from gameserver.engine.worlds import Who
from tests.engine.journals import Journal
from tests.engine.rooms import EPOCH, NOW, Cheer, follow, kept, seqs, sid


@dataclass
class Client:
    """One browser tab. `found`: what its welcome waits for, of `room`; `copy`: its state of Score; `shown`: all it ever saw."""

    number: int
    session: Session | None = None
    room: Room | None = None
    found: Welcome | Gap | None = None
    held: list[tuple[int, Sequence[Event]]] = field(default_factory=list)
    position: Position | None = None
    copy: Mapping[str, Any] | None = None
    shown: dict[int, Event] = field(default_factory=dict)
    sent: dict[int, Command] = field(default_factory=dict)
    pending: dict[int, Command] = field(default_factory=dict)
    replies: dict[int, Reply] = field(default_factory=dict)

    @property
    def who(self) -> Who:
        """Two tabs are one player's."""
        return Who(f"player{self.number // 2}", "Player", "#000000")

    def lose(self) -> None:
        """The connection is gone."""
        self.session, self.room, self.found, self.held = None, None, None, []

    def welcomed(self, welcome: Welcome) -> None:
        """Take a welcome, then what was shown meanwhile, but for what the welcome had."""
        self.found, held, self.held = None, self.held, []
        if welcome.recovered:
            assert not welcome.state, "a state for one who has it"
            self.take(welcome.position[0], welcome.events)
            self.position = (welcome.position[0], self.position[1] if self.position else 0)
            assert self.position == welcome.position, "a resume that ends elsewhere than it says"
        else:
            self.position, self.copy = welcome.position, welcome.state["score"]
            self.shown |= {event["seq"]: event for event in welcome.events}
        for epoch, events in held:
            self.take(epoch, [event for event in events if event["seq"] > welcome.position[1]])

    def take(self, epoch: int, events: Sequence[Event]) -> None:
        """Take events: each is the next one, and changes the copy."""
        if self.found is not None:
            self.held.append((epoch, events))
            return
        for event in events:
            assert self.position
            assert self.copy
            assert event["seq"] == self.position[1] + 1, "a gap or a repeat"
            self.shown[event["seq"]] = event
            self.copy = follow(self.copy, event)
            self.position = (epoch, event["seq"])

    def replied(self, reply: Reply) -> None:
        assert self.replies.setdefault(reply["ref"], reply) == reply, "a second reply differs"
        self.pending.pop(reply["ref"], None)


@dataclass
class Staged:
    """An outcome on its way; of nobody, for a tick. `before`: who the sender was."""

    outcome: Outcome
    client: Client | None = None
    session: Session | None = None
    before: Who | None = None


class Play:
    """A room with chat and Score, its owner and its clients. Time passes with what is done."""

    def __init__(self) -> None:
        self.now = NOW
        self.journal = Journal()
        self.room, self.score = self.journal.load(EPOCH, None)
        self.clients: list[Client] = []
        self.flight: list[Staged] = []
        self.coming: list[tuple[Snapshot, bool]] = []

    def newcomer(self) -> Client:
        self.clients.append(Client(len(self.clients)))
        self.connect(self.clients[-1])
        return self.clients[-1]

    def connect(self, client: Client, *, wait: bool = False) -> None:
        """Over a new socket; an earlier one of the same session is taken over. wait: the welcome comes later, by `give`."""
        self.now += 5
        client.lose()
        client.room = self.room
        client.session, client.found = self.room.join(Join(v=1, sid=sid(client.number), position=client.position), client.who)
        if not wait:
            self.give(client)

    def give(self, client: Client) -> None:
        """Give a client its welcome if it waits for one that can be given; what had no reply is sent again."""
        welcome, room = client.found, client.room
        if room is None or welcome is None:
            return
        if isinstance(welcome, Gap):
            try:
                welcome = room.bridge(welcome, [entry.event for entry in self.journal.there(welcome.after, welcome.upto)])
            except ValueError:
                assert welcome.after < self.journal.floor, "a gap that cannot be filled, though all of it is there"
                client.lose()
                return
        elif welcome.position[1] > room.durable:
            return
        elif not welcome.recovered:
            self.check_page(welcome.events, welcome.position[1])
            assert welcome.more or not self.journal.lasting(welcome.events[0]["seq"] - 1 if welcome.events else welcome.position[1])
        self.check_shown(welcome.events)
        client.welcomed(welcome)
        self.resend(client)

    def command(self, client: Client, make: Callable[[int], Command]) -> None:
        """A new command, which the client keeps until it has its reply."""
        ref = len(client.sent) + 1
        client.sent[ref] = client.pending[ref] = make(ref)
        self.send(client, client.sent[ref])

    def resend(self, client: Client) -> None:
        for command in list(client.pending.values()):
            self.send(client, command)

    def send(self, client: Client, command: Command) -> None:
        """Have a command decided, if the client is in."""
        if (session := client.session) is None or client.found is not None:
            return
        self.now += 0.05
        before = session.who
        try:
            outcome = self.room.receive(session, command, self.now)
        except Rejected as rejected:
            if rejected.code is not Code.RATE:
                client.replied({"ref": command.ref, "ok": False, "code": rejected.code})
        except Closed:
            client.lose()
        else:
            self.take(Staged(outcome, client, session, before))

    def read(self, client: Client, before: int, limit: int) -> None:
        """A page of history, from memory or from the journal."""
        if client.session is None or client.found is not None:
            return
        self.now += 0.2
        command = History(10**6, before, limit)
        outcome = self.room.receive(client.session, command, self.now)
        there = [entry.event for entry in self.journal.lasting(before - 1 if before else 0)]
        reply = outcome.reply or history_reply(command, there[-limit:])
        self.check_page(page := reply["events"], min(before - 1, len(self.journal.entries)))
        assert len(page) <= limit
        assert reply["more"] is (bool(page) and page[0]["seq"] > 1)
        assert page or not there, "an empty page, before which there is something"

    def check_page(self, events: Sequence[Event], upto: int) -> None:
        """A page goes up to `upto`, and lacks nothing but what is passing."""
        self.check_shown(events)
        assert seqs(events) == [one.event["seq"] for one in self.journal.lasting(upto) if events and one.event["seq"] >= events[0]["seq"]]

    def check_shown(self, events: Sequence[Event]) -> None:
        """What is shown is in the journal (R2)."""
        assert [self.journal.entries[event["seq"] - 1].event for event in events] == list(events)

    def tick(self) -> None:
        self.now += 0.05
        self.take(Staged(self.room.tick(self.score, self.now)))

    def take(self, staged: Staged) -> None:
        if staged.outcome.after > self.room.durable:
            self.flight.append(staged)
        else:
            self.reply(staged)

    def reply(self, staged: Staged) -> None:
        """Give a reply, over the socket that its command came by."""
        client, reply = staged.client, staged.outcome.reply
        if client is None or reply is None or client.session is not staged.session:
            return
        client.replied(reply)
        assert ("seq" in reply) is not isinstance(client.sent[reply["ref"]], Cheer)
        if "seq" in reply:
            entry = self.journal.entries[reply["seq"] - 1]
            assert (entry.ref, entry.event["player"]["id"]) == (reply["ref"], client.who.id), "a reply for another command"

    def show(self, events: Sequence[Event]) -> None:
        self.check_shown(events)
        for client in self.clients:
            if client.session is not None:
                client.take(self.room.epoch, events)

    def commit(self, count: int | None = None) -> None:
        """The first outcomes that wait become durable: shown, then replied. Snapshots of no more than that are kept."""
        count = len(self.flight) if count is None else count
        done, self.flight = self.flight[:count], self.flight[count:]
        entries = [entry for staged in done for entry in staged.outcome.entries]
        self.journal.append(entries)
        self.room.settle(len(self.journal.entries))
        self.show([entry.event for entry in entries])
        for staged in done:
            self.reply(staged)
        ready = [one for one in self.coming if one[0].seq <= self.room.durable]
        self.coming = [one for one in self.coming if one not in ready]
        for snapshot, compact in ready:
            self.journal.keep(snapshot, compact=compact)

    def snapshot(self, *, compact: bool = True) -> None:
        """Take a snapshot of what is decided; it is kept when all of that is durable."""
        self.coming.append((kept(self.room.snapshot()), compact))
        self.commit(0)

    def fail(self, written: int = 0, snapshot: Snapshot | None = None) -> None:
        """A commit fails, or only seems to, and the room is read again; what was written is shown, nobody is replied to."""
        flight, shown = self.flight, self.room.durable
        self.read_again(written, snapshot)
        for staged in reversed(flight):
            if staged.session and staged.before:
                staged.session.who = staged.before
        missed = [event for event in self.room.past.events if event["seq"] > shown]
        if len(missed) < self.room.durable - shown:  # More than memory holds: nobody can be shown all of it.
            for client in self.clients:
                client.lose()
        self.show(missed)
        for client in self.clients:
            if isinstance(client.found, Welcome):
                self.connect(client)

    def die(self, written: int = 0, snapshot: Snapshot | None = None) -> None:
        """The owner is gone, and every connection; the next one reads the room. What was under way was written, or it was not."""
        for client in self.clients:
            client.lose()
        self.read_again(written, snapshot)

    def read_again(self, written: int, snapshot: Snapshot | None) -> None:
        self.journal.append(entry for staged in self.flight[:written] for entry in staged.outcome.entries)
        self.flight, self.coming = [], []
        self.room, self.score = self.journal.load(self.room.epoch + 1, snapshot)
