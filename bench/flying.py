"""Clients that are shown binary frames, in one process: people who fly in an arena, or only look at a crowd. For benchmarks."""

from __future__ import annotations

import json
import os
import random
import secrets
import select
import socket
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from struct import Struct

from bench.crowd import PING, REPLY, Client, frame

HOST = "cdg.play.localhost"
BINARY = 2
READ = 32_768
TICKS_PER_S = 60
MESSAGES = 30.0
"""Of inputs, a second, from each who flies; two inputs in each."""
INPUTS = 2
LEAD = 6
"""Inputs by which somebody begins ahead of the owner, who has done empty ones meanwhile."""
BEHIND_TICKS = 6
"""How far in the past others are on a screen: 100 ms."""
COUNTED = 16
"""Of so many frames one has its ships, bullets and crystals counted: Python would be busy with nothing else."""
WATCHED = 4
"""Sockets whose frames are timed: the first to join, the last, and some between."""
ROW = {"ships": 10, "bullets": 8, "crystals": 4}
"""Bytes of each in a frame: docs/arena.md section 5."""
HEAD, CELL = 54, 4
SO_TIMESTAMPNS = 35
"""socket(7), on Linux; Python has no name for it. The kernel says when bytes were put on the socket, however late they are read."""

# Opcode and size, a mask of zeros, then a message of two inputs: kind, first, seen, count, and turn and flags of each.
_inputs = Struct("<BB4xBIIBbBbB")
_head = Struct("<xIBHI")
_tick = Struct("<I")
_stamp = Struct("@qq")


class Seat(Client):
    """Somebody who is shown frames of the world `crowd`. `arrivals`: of a watched one, a frame's tick and when it came, in ns."""

    frames_shown = bytes_shown = tick = 0
    is_watched = False

    def __init__(self, port: int, path: str) -> None:
        super().__init__(port, HOST, path, f"seat-{secrets.token_hex(12)}", lambda client, seconds: None)
        self.arrivals: list[tuple[int, int]] = []
        self._stamp_ns = 0
        self._replies: dict[int, dict[str, object]] = {}

    def watch(self) -> None:
        """Have the kernel tell when frames come."""
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.is_watched = True

    def ask(self, **command: object) -> dict[str, object]:
        """Send a command and wait for its reply; what comes meanwhile is taken."""
        self.ref += 1
        self.socket.sendall(frame(json.dumps({**command, "ref": self.ref}).encode()))
        while self.ref not in self._replies:
            self.take()
        reply = self._replies.pop(self.ref)
        assert reply["ok"], reply
        return reply

    def take(self) -> None:
        """Read what is there."""
        self._read()
        shown = False
        for opcode, payload in self.frames():
            if opcode == BINARY:
                self.frames_shown += 1
                self.show(payload)
                shown = True
            elif opcode == PING:
                self.socket.sendall(frame(payload, opcode=10))
            elif payload.startswith(REPLY):
                reply = json.loads(payload)
                self._replies[reply["ref"]] = reply
        if shown and self.is_watched:
            # What was read with one call has the time of its last bytes.
            self.arrivals.append((self.tick, self._stamp_ns))

    def show(self, payload: bytes) -> None:
        """A frame."""
        self.tick = _tick.unpack_from(payload)[0]

    def _read(self) -> None:
        if self.is_watched:
            data, told, _, _ = self.socket.recvmsg(READ, 64)
            for _, kind, value in told:
                if kind == SO_TIMESTAMPNS:
                    seconds, ns = _stamp.unpack(value[: _stamp.size])
                    self._stamp_ns = seconds * 1_000_000_000 + ns
        else:
            data = self.socket.recv(READ)
        if not data:
            raise EOFError("the server ended the connection")
        self.bytes_shown += len(data)
        self._data += data


class Flyer(Seat):
    """Somebody who flies and shoots by dice. `told`: ships, bullets and crystals of the frames that were counted; `lapses`: how often
    the owner went on without inputs of it. firing: part of the time that the trigger is held."""

    def __init__(self, port: int, path: str, seed: int, firing: float) -> None:
        super().__init__(port, path)
        self.firing = firing
        self.told: Counter[str] = Counter()
        self.lapses = 0
        self._dice = random.Random(seed)
        self._next = 1
        self._left = 0
        self._turn = self._flags = 0
        self._number = seed

    def show(self, payload: bytes) -> None:
        """A frame of the arena."""
        self.tick, _, _, ack = _head.unpack_from(payload)
        if ack >= self._next:
            self.lapses += self._next > 1
            self._next = ack + 1 + LEAD
        self._number += 1
        if self._number % COUNTED == 0:
            self.told.update(entities(payload))

    def fly(self) -> None:
        """Send a message of inputs."""
        if not self._left:
            self._steer()
        self._left -= 1
        turn, flags, seen = self._turn, self._flags, max(0, self.tick - BEHIND_TICKS)
        size = _inputs.size - 6
        self.socket.send(_inputs.pack(0x80 | BINARY, 0x80 | size, 1, self._next, seen, INPUTS, turn, flags, turn, flags))
        self._next += INPUTS

    def _steer(self) -> None:
        dice = self._dice
        self._left = dice.randrange(4, 20)
        self._turn = dice.choice((-14, -6, 0, 0, 6, 14))
        self._flags = (dice.random() < 0.75) | (dice.random() < self.firing) << 1


def entities(payload: bytes) -> dict[str, int]:
    """How many ships, bullets and crystals a frame tells of, and `frames`: 1."""
    at, found = HEAD, dict.fromkeys(ROW, 0)
    for _ in range(payload[HEAD - 1]):
        for name, count in zip(ROW, payload[at + 1 : at + CELL], strict=True):
            found[name] += count
        at += CELL + sum(ROW[name] * count for name, count in zip(ROW, payload[at + 1 : at + CELL], strict=True))
    assert at == len(payload), "a frame has another size than it says"
    return {**found, "frames": 1}


class Flock:
    """All clients of one room, in this process. people: as they joined."""

    def __init__(self) -> None:
        self.people: list[Seat] = []
        self.flyers: list[Flyer] = []
        self._epoll = select.epoll()
        self._by_fd: dict[int, Seat] = {}

    def add(self, person: Seat, cmd: str) -> None:
        """Let somebody in, who says this first. What comes for the others meanwhile is read."""
        person.welcomed()
        person.ask(cmd=cmd)
        # With a limit Python would ask the kernel before each call whether it would wait.
        person.socket.settimeout(None)
        self.people.append(person)
        self.flyers += [person] if isinstance(person, Flyer) else []
        self._by_fd[person.socket.fileno()] = person
        self._epoll.register(person.socket, select.EPOLLIN)
        self.hear(0)

    def watch(self) -> None:
        """Time the frames of a few."""
        last = len(self.people) - 1
        for number in {round(last * place / (WATCHED - 1)) for place in range(WATCHED)}:
            self.people[number].watch()

    @property
    def watched(self) -> list[Seat]:
        """Those whose frames are timed."""
        return [person for person in self.people if person.is_watched]

    @property
    def was_told(self) -> bool:
        """Whether a frame was counted since, if there is anybody who flies."""
        return not self.flyers or any(flyer.told for flyer in self.flyers)

    def forget(self) -> None:
        """What was counted and timed so far; not how much was shown."""
        for seat in self.people:
            seat.arrivals.clear()
        for flyer in self.flyers:
            flyer.told.clear()
            flyer.lapses = 0

    def fly(self, seconds: float) -> None:
        """Everybody reads, and those who fly do, evenly spread over time and people."""
        flyers, began, sent = self.flyers, time.perf_counter(), 0
        while (now := time.perf_counter() - began) < seconds:
            due = int(now * MESSAGES * len(flyers))
            # Who could not send for long does not make up for it: nobody is faster than time.
            for number in range(max(sent, due - len(flyers)), due):
                flyers[number % len(flyers)].fly()
            sent = due
            self.hear(0.001)

    def hear(self, most_s: float) -> None:
        """Read whatever comes within this time."""
        for fd, _ in self._epoll.poll(most_s):
            self._by_fd[fd].take()

    def close(self) -> None:
        """End all connections."""
        self._epoll.close()
        for person in self.people:
            with suppress(OSError):
                person.socket.close()


def pilots(port: int, path: str, count: int, firing: float) -> Flock:
    """People in a room, each with a ship."""
    flock = Flock()
    for number in range(count):
        flock.add(Flyer(port, path, number, firing), "arena.play")
    flock.watch()
    return flock


def lookers(port: int, path: str, count: int) -> Flock:
    """People in a crowd, who send nothing."""
    flock = Flock()
    for _ in range(count):
        flock.add(Seat(port, path), "crowd.enter")
    flock.watch()
    return flock


def lateness_ms(arrivals: Sequence[Sequence[tuple[int, int]]], tick_s: float) -> list[float]:
    """How late each frame came on a watched socket: after its tick was due, by the earliest twentieth of all. Earlier is not late."""
    off = sorted(at - tick * tick_s * 1e9 for seat in arrivals for tick, at in seat)
    return [max(0.0, (one - off[len(off) // 20]) / 1e6) for one in off]


def percentile(values: Sequence[float], percent: int) -> float:
    """By quantiles; of fewer than two, the greatest."""
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else max(values, default=0.0)


@contextmanager
def kept_on(core: int) -> Iterator[None]:
    """This process on one of its cores, for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
