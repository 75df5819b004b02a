"""A room: one total order of events, decided by its owner alone (R1), each command at most once (R4). Pure.

`receive` and `tick` decide and stage; whoever owns the room journals what they staged, then shows it, then replies (R2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from gameserver.engine.entry import Entry, Event, Position, Record, Reply, Snapshot
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.outcome import NOTED, NOTHING, Outcome
from gameserver.engine.past import Past
from gameserver.engine.protocol import Command, History, Join, Ping
from gameserver.engine.replies import Replies, reply_of
from gameserver.engine.session import Session, check_version, session_of
from gameserver.engine.worlds import BaseWorld, Happening, Who

FIRST_PAGE = 100
"""Events that a newcomer gets."""
MAX_GAP = 3000
"""The largest gap that is filled, from memory or from the journal; beyond it, a fresh start that says so (R5)."""
HEAVY_GAP = 100
"""In a room with heavy events: what is missing where they are passed on is read, and whoever comes back gets a fresh start instead."""
READS = BaseWorld.rate, BaseWorld.burst
"""Pages of history a second and at once, for each session."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a session gets when it comes in. `state`: at the position, of each world that has one; to whoever resumes, only of those
    whose state does not follow from their journalled events.

    It may be given once `position` is durable.
    """

    position: Position
    recovered: bool
    events: tuple[Event, ...]
    more: bool = False
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that a session missed and that are in the journal only: those after `after`, up to `upto`."""

    after: int
    upto: int


@dataclass(slots=True)
class Room:
    """The state of a room in memory: its worlds, the last events, the replies given, the position."""

    epoch: int
    first_epoch: int
    worlds: Sequence[BaseWorld]
    floor: int = 0
    """Up to this seq the journal has let passing events go: no gap is filled from before it."""
    seq: int = 0
    """Of the last event decided."""
    durable: int = 0
    """Of the last event journalled: nobody is shown anything beyond it (R2)."""
    past: Past = field(init=False)
    passing: frozenset[str] = field(init=False)
    """Events that need not be kept once a snapshot has what they led to."""
    heavy: frozenset[str] = field(init=False)
    """Those of them that may be large."""
    replies: Replies = field(default_factory=Replies)
    _world_of: dict[type, BaseWorld] = field(default_factory=dict)
    _unanswered: set[type[Struct]] = field(default_factory=set)
    _noted: set[type[Struct]] = field(default_factory=set)
    _hearing: BaseWorld | None = None

    def __post_init__(self) -> None:
        self._world_of = {command: world for world in self.worlds for command in world.commands}
        named = [(command, world, command.__struct_config__.tag) for world in self.worlds for command in world.commands]
        self._unanswered = {command for command, world, name in named if name in world.unanswered}
        self._noted = {command for command, world, name in named if name in world.noted}
        self.passing = frozenset[str]().union(*(world.passing for world in self.worlds))
        self.heavy = frozenset[str]().union(*(world.heavy for world in self.worlds))
        self.past = Past(self.passing, self.heavy)
        self._hearing = next((world for world in self.worlds if world.hears), None)

    def load(self, snapshot: Snapshot | None, entries: Iterable[Entry], lasting: Iterable[Entry] | None = None) -> None:
        """Be as an earlier owner left it. `entries`: oldest first, all that came after the snapshot; earlier ones are remembered only.

        lasting: those before them that are not passing, KEEP or all there are; None if nothing is known of them.
        """
        if snapshot is not None:
            self.seq = snapshot.seq
            self.replies.load(snapshot.state["replies"])
            for world in self.worlds:
                if world.name in snapshot.state["worlds"]:
                    world.restore(snapshot.state["worlds"][world.name])
        entries = list(entries)
        self.past.begin(lasting, entries[0].event["seq"] - 1 if entries else self.seq)
        for entry in entries:
            self.past.remember(entry.event)
            if entry.event["seq"] > self.seq:
                self.replay(entry)
        self.durable = self.seq

    def replay(self, entry: Entry) -> None:
        """Take the next entry of the journal."""
        event = entry.event
        self.seq = event["seq"]
        for world in self.worlds:
            if event["ev"] in world.journalled:
                world.apply(event)
        if entry.session and entry.reply is not None:
            self.replies.keep(entry.session, entry.ref, event["at"], event["seq"], entry.reply)

    @property
    def rates(self) -> dict[str, tuple[float, float]]:
        """Commands a second and at once that each world takes from a session."""
        return {world.name: (world.rate, world.burst) for world in self.worlds}

    @property
    def max_gap(self) -> int:
        """The largest gap that is read from the journal at once."""
        return HEAVY_GAP if self.heavy else MAX_GAP

    @property
    def max_frame(self) -> int:
        """Bytes of a message to this room."""
        return max(world.max_frame for world in self.worlds)

    @property
    def has_notes(self) -> bool:
        """Whether `gather` is to be called."""
        return any(world.has_notes for world in self.worlds)

    @property
    def is_exact(self) -> bool:
        """Whether everything that newcomers need follows from what is journalled."""
        return all(world.is_exact for world in self.worlds)

    def goes_unanswered(self, command: Command) -> bool:
        """Whether a command gets no reply when it succeeds."""
        return type(command) in self._unanswered

    def snapshot(self) -> Snapshot:
        """The state as it is decided, for an owner that makes sure that everything up to its seq is journalled before it."""
        worlds = {world.name: world.snapshot() for world in self.worlds if world.has_state}
        return Snapshot(self.seq, {"worlds": worlds, "replies": self.replies.dump()})

    def settle(self, seq: int) -> None:
        """Events up to `seq` are journalled and may be shown."""
        self.durable = seq

    def join(self, join: Join, who: Who) -> tuple[Session, Welcome | Gap]:
        """Let a session in. A Gap must be read; `bridge` makes the welcome of it. Raises Closed for another version."""
        check_version(join)
        return session_of(join, who), self.meet(join.position)

    def meet(self, position: Position | None) -> Welcome | Gap:
        """What a session that has seen everything up to a position must be told to know all, or the Gap that must be read for it."""
        # What a state has been through is not only what is in the journal: whoever comes back needs it anew.
        state = self._states(of_all=False)
        # It has what is decided in it; a room without any need not wait for that to be journalled.
        upto = self.seq if state else self.durable
        if position is not None:
            epoch, seq = position
            if self.first_epoch <= epoch <= self.epoch and self.floor <= seq <= self.durable and self.durable - seq <= MAX_GAP:
                missed = self.past.missed(seq, upto)
                if missed is not None:
                    return Welcome((self.epoch, upto), True, missed, state=state)
                if not state and not self.heavy:
                    return Gap(seq, self.durable)
        state = self._states(of_all=True)
        upto = self.seq if state else self.durable
        last = [event for event in self.past.lasting if event["seq"] <= upto]
        more = len(last) > FIRST_PAGE or not self.past.is_whole
        return Welcome((self.epoch, upto), False, tuple(last[-FIRST_PAGE:]), more, state)

    def _states(self, *, of_all: bool) -> dict[str, Any]:
        """What newcomers get of the worlds that have a state, or only of those whose state does not follow from the journal alone."""
        return {world.name: world.view() for world in self.worlds if world.has_state and (of_all or not world.is_exact)}

    def bridge(self, gap: Gap, events: Sequence[Event]) -> Welcome:
        """The welcome of a session whose gap was read. Raises ValueError when the journal did not have all of it (R5)."""
        if [event["seq"] for event in events] != list(range(gap.after + 1, gap.upto + 1)):
            raise ValueError(f"the journal has {len(events)} of the events after {gap.after} up to {gap.upto}")
        return Welcome((self.epoch, gap.upto), True, tuple(events))

    def records(self, entries: Iterable[Entry]) -> tuple[Record, ...]:
        """What players did best, by these entries."""
        recording = [world for world in self.worlds if world.recorded]
        events = [entry.event for entry in entries] if recording else []
        return tuple(record for world in recording for event in events if event["ev"] in world.recorded for record in world.records(event))

    def receive(self, session: Session, command: Command, now: float) -> Outcome:
        """Decide one command; `now` in seconds since 1970.

        Raises Rejected, with nothing changed, and Closed when the session floods.
        """
        world = self._world_of.get(type(command))
        if world is None:
            return self._receive_room(session, command, now)
        answered = not self.goes_unanswered(command)
        if answered and (before := self.replies.find(session.key, command.ref)) is not None:
            return Outcome(before, after=before["seq"])
        session.limit(world.name, (world.rate, world.burst), now, command.ref, world.cost(command))
        at = int(now * 1000)
        if type(command) in self._noted:
            world.note(session.who, command, at)
            return NOTED
        try:
            decided = world.decide(session.who, command, at)
        except Rejected as rejected:
            raise Rejected(rejected.code, rejected.text, wait_ms=rejected.wait_ms, ref=command.ref) from None
        session.who = decided.who or session.who
        if not answered:
            if not decided.events and decided.who is None:
                return NOTHING
            entries, ephemeral = self._happen(world, decided.events, at, session.who, "", 0)
            return Outcome(None, tuple(entries), ephemeral, after=self.seq if entries else 0, who=decided.who)
        entries, ephemeral = self._happen(world, decided.events, at, session.who, session.key, command.ref)
        if not entries:
            return Outcome({"ref": command.ref, "ok": True, **decided.reply}, ephemeral=ephemeral, who=decided.who)
        entries[-1] = Entry(entries[-1].event, session.key, command.ref, decided.reply)
        self.replies.keep(session.key, command.ref, at, self.seq, decided.reply)
        return Outcome(reply_of(command.ref, self.seq, decided.reply), tuple(entries), ephemeral, after=self.seq, who=decided.who)

    def hear(self, session: Session, data: bytes, now: float) -> None:
        """Take a binary message. Raises Rejected, and Closed when the session floods."""
        world = self._hearing
        if world is None:
            raise Rejected(Code.BAD_MESSAGE, "Messages are text frames.")
        session.limit(world.name, (world.rate, world.burst), now, None)
        world.heard(session.who, data, int(now * 1000))

    def gone(self, player: str) -> None:
        """The last session of a player has left."""
        for world in self.worlds:
            world.gone(player)

    def tick(self, world: BaseWorld, now: float) -> Outcome:
        """Let a world do what it does by itself; `now` in seconds since 1970."""
        at = int(now * 1000)
        return self._by_itself([(world, world.tick(at))], at)

    def gather(self, now: float) -> Outcome:
        """What all that was noted leads to; `now` in seconds since 1970."""
        at = int(now * 1000)
        return self._by_itself([(world, world.gather(at)) for world in self.worlds if world.has_notes], at)

    def _by_itself(self, happened: Iterable[tuple[BaseWorld, Iterable[Happening]]], at: int) -> Outcome:
        entries: list[Entry] = []
        ephemeral: tuple[Event, ...] = ()
        for world, events in happened:
            kept, passing = self._happen(world, events, at, None, "", 0)
            entries += kept
            ephemeral += passing
        return Outcome(None, tuple(entries), ephemeral, after=self.seq if entries else 0)

    def _happen(
        self, world: BaseWorld, events: Iterable[Happening], at: int, who: Who | None, session: str, ref: int
    ) -> tuple[list[Entry], tuple[Event, ...]]:
        """Number, date and apply what a world decided; the last entry of a command gets its reply from the caller."""
        entries: list[Entry] = []
        ephemeral: list[Event] = []
        said: Event = {"at": at} if who is None else {"at": at, "player": who.as_dict()}
        for name, fields in events:
            if name in world.journalled:
                self.seq += 1
                event = {"seq": self.seq, "ev": name, **said, **fields}
                self.past.remember(event)
                entries.append(Entry(event, session, ref, None))
            else:
                event = {"ev": name, **said, **fields}
                ephemeral.append(event)
            world.apply(event)
        return entries, tuple(ephemeral)

    def _receive_room(self, session: Session, command: Command, now: float) -> Outcome:
        if isinstance(command, Ping):
            return Outcome({"ref": command.ref, "ok": True})
        if isinstance(command, Join):
            raise Rejected(Code.BAD_MESSAGE, "This session has joined already.", ref=command.ref)
        if isinstance(command, History):
            session.limit("", READS, now, command.ref)
            return self._history(command)
        raise Rejected(Code.UNKNOWN_COMMAND, "There is no such command in this room.", ref=command.ref)

    def _history(self, command: History) -> Outcome:
        page = self.past.page(min(command.before, self.durable + 1), command.limit)
        return Outcome(read=command) if page is None else Outcome(history_reply(command, page))


def history_reply(command: History, page: Sequence[Event]) -> Reply:
    """The reply to `chat.history`: a page, and whether there is more before it."""
    return {"ref": command.ref, "ok": True, "events": list(page), "more": bool(page) and page[0]["seq"] > 1}
