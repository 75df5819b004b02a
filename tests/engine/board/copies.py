"""A room with chat and a board, its owner, its journal and its clients, by the machinery of tests/engine/copies.py."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gameserver.engine import past
from gameserver.engine import room as module
from gameserver.engine.entry import Entry, Event, Snapshot
from gameserver.engine.errors import Closed, Rejected
from gameserver.engine.room import Room, Welcome
from gameserver.engine.worlds.board.reduce import apply
from gameserver.engine.worlds.board.scene import Scene
from gameserver.engine.worlds.board.world import World
from gameserver.engine.worlds.chat import World as Chat
from tests.engine import copies
from tests.engine.board.boards import canonical, decoded, followed, packed, through_json
from tests.engine.rooms import EPOCH, NOW, journalled, kept


class Journal(copies.Journal):
    """What is durable. `boards`: the board after each of its entries, in canonical form."""

    def __init__(self) -> None:
        super().__init__()
        self._scene = Scene()
        self.boards = [canonical(self._scene)]

    def append(self, entries: Iterable[Entry]) -> None:
        for entry in journalled(entries):
            self.entries.append(entry)
            apply(self._scene, entry.event)
            self.boards.append(canonical(self._scene))

    def lasting(self, upto: int) -> list[Entry]:
        return [entry for entry in self.entries[:upto] if entry.event["ev"] not in World.passing]

    def keep(self, snapshot: Snapshot, *, compact: bool) -> None:
        if any(other.seq >= snapshot.seq for other in self.snapshots):
            return
        floor = min(self.snapshots[-1].seq, snapshot.seq - module.MAX_GAP) if self.snapshots and compact else 0
        self.snapshots.append(snapshot)
        if floor > self.floor:
            self.floor = floor
            self.gone |= {entry.event["seq"] for entry in self.there(0, floor) if entry.event["ev"] in World.passing}
            self.snapshots = [snapshot for snapshot in self.snapshots if snapshot.seq >= floor]

    def load(self, epoch: int, snapshot: Snapshot | None) -> tuple[Room, Any]:
        world = World()
        room = Room(epoch, EPOCH, (Chat(), world), self.floor)
        after = min(snapshot.seq if snapshot else 0, max(0, len(self.entries) - past.KEEP))
        room.load(snapshot and kept(snapshot), journalled(self.there(after)), self.lasting(after)[-past.KEEP :])
        return room, world


class Client(copies.Client):
    """One browser tab. `scene`: its copy of the board."""

    scene: Scene | None = None

    def welcomed(self, welcome: Welcome) -> None:
        if not welcome.recovered:
            view = through_json(welcome.state["board"])
            start = json.loads(zlib.decompress(b64decode(view["packed"])))
            self.scene = followed(start, view["since"])
            # The machinery's own copy is of another world.
            welcome.state["score"] = {"points": 0}
        super().welcomed(welcome)

    def take(self, epoch: int, events: Sequence[Event]) -> None:
        if self.found is None:
            for event in events:
                assert self.scene is not None
                apply(self.scene, through_json(event))
        super().take(epoch, events)


class Play(copies.Play):
    """The owner of a room with a board, and its clients. Time passes with what is done."""

    journal: Journal

    def __init__(self) -> None:
        self.now = NOW
        self.journal = Journal()
        self.room, self.score = self.journal.load(EPOCH, None)
        self.clients: list[Any] = []
        self.flight = []
        self.coming = []

    @property
    def world(self) -> World:
        """The owner's board."""
        return self.room.worlds[1]  # type: ignore[return-value]

    def newcomer(self) -> Client:
        client = Client(len(self.clients))
        self.clients.append(client)
        self.connect(client)
        return client

    def ask(self, client: Client, fields: Mapping[str, Any]) -> None:
        """Send a command of the board; one that is only noted is not kept until it has a reply."""
        command = decoded(fields)
        if fields["cmd"] not in World.noted:
            self.command(client, lambda ref: decoded({**fields, "ref": ref}))
        elif client.session is not None and client.found is None:
            self.now += 0.05
            try:
                assert self.room.receive(client.session, command, self.now).reply is None
            except (Rejected, Closed):
                client.lose()

    def gather(self) -> None:
        """Have what was noted told."""
        self.now += 0.03
        self.take(copies.Staged(self.room.gather(self.now)))

    def check(self) -> None:
        """What holds at any moment."""
        entries, flight = self.journal.entries, [entry for staged in self.flight for entry in staged.outcome.entries]
        assert [entry.event["seq"] for entry in [*entries, *flight]] == list(range(1, self.room.seq + 1)), "the order has a gap"
        assert canonical(self.world.scene) == canonical(followed(self.journal.boards[-1], through_json([entry.event for entry in flight])))
        times = Counter((entry.session, entry.ref) for entry in entries if entry.session and entry.reply is not None)
        assert all(one == 1 for one in times.values()), "a command happened twice"
        for client in self.clients:
            if client.position is not None and client.found is None:
                assert canonical(client.scene) == self.journal.boards[client.position[1]], "a copy differs"
            self.check_shown(list(client.shown.values()))

    def finish(self) -> None:
        """Everybody comes back until nothing waits: then all copies are the owner's board, and every command has its reply."""
        for _ in range(500):
            self.gather()
            self.commit()
            for client in self.clients:
                if client.session is None:
                    self.connect(client)
                self.give(client)
                self.resend(client)
            if not self.flight and not any(client.pending or client.found for client in self.clients):
                break
        self.check()
        for client in self.clients:
            assert (client.pending, client.found) == ({}, None)
            assert client.position[1] == self.room.durable
            assert canonical(client.scene) == canonical(self.world.scene)
            for ref in [ref for ref, reply in client.replies.items() if reply["ok"]][-100:]:
                self.now += 1
                self.send(client, client.sent[ref])
        assert not self.flight, "a command that had its reply happened again"
        for snapshot in self.journal.starts():
            room, world = self.journal.load(self.room.epoch + 1, snapshot)
            assert packed(world) == packed(self.world), "a board that is read again is another one"
            assert kept(room.snapshot()) == kept(self.room.snapshot())
