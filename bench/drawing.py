"""People who drag shapes on one board, in one process, for the benchmark of the board: raw sockets, and what each of them is shown."""

from __future__ import annotations

import json
import re
import secrets
import selectors
import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from bench.crowd import EVENTS, PING, Client, frame
from tests.support.emulator import wait_until

HOST = "cdg.play.localhost"
BATCH = 50
"""Shapes in one command."""
WATCHED = 4
"""Dragging people whose screens are looked at event by event; of the others frames and bytes are counted, and the order of events."""
_seq = re.compile(rb'"seq":(\d+)')
_type = re.compile(rb'\{"type":"(\w+)"')
_decode = msgspec.json.decode


def shape_id(number: int) -> str:
    """The id of a shape."""
    return f"shape{number:0>3}"


class Dragger(Client):
    """One person. `sent`: when each of its moves went, by the whole pixels that it comes to; `late`: what it saw of others', in ms."""

    def __init__(self, port: int, path: str, number: int) -> None:
        super().__init__(port, HOST, path, f"drag-{secrets.token_hex(8)}-{number:0>5}", lambda client, seconds: None)
        self.number = number
        self.op = secrets.token_hex(6)
        self.moves: list[float] = [0.0]
        self.seq = self.disordered = self.shown = self.frames_shown = self.bytes_shown = 0
        self.replies: dict[int, bytes] = {}

    def welcomed(self) -> None:
        """Wait for the welcome, and begin at its position."""
        while True:
            for _, payload in self.frames():
                if payload.startswith(b'{"type":"welcome"'):
                    self.seq = json.loads(payload)["position"][1]
                    return
            self._read()

    def tell(self, **command: object) -> int:
        """Send a command that is answered; its ref."""
        self.ref += 1
        self.socket.sendall(frame(json.dumps({**command, "ref": self.ref}).encode()))
        return self.ref

    def move(self) -> None:
        """One pixel further than the last time."""
        far = len(self.moves)
        self.socket.sendall(frame(b'{"cmd":"board.move","op":"%s","dx":%d,"dy":%d}' % (self.op.encode(), far, -far // 2)))
        self.moves.append(time.perf_counter())

    def point(self) -> None:
        """Where the pointer is."""
        far = len(self.moves)
        self.socket.sendall(frame(b'{"cmd":"board.point","x":%d,"y":%d}' % (100 + far, 200 + far)))

    def take(self) -> list[bytes]:
        """Read what is there; the messages with events."""
        self._read()
        events = []
        for opcode, payload in self.frames():
            if opcode == PING:
                self.socket.sendall(frame(payload, opcode=10))
                continue
            self.bytes_shown += len(payload) + (4 if len(payload) > 125 else 2)
            if payload.startswith(EVENTS):
                self.frames_shown += 1
                events.append(payload)
                for seq in map(int, _seq.findall(payload)):
                    self.disordered += seq != self.seq + 1
                    self.seq = seq
            elif payload.startswith(b'{"type":"reply"'):
                reply = _decode(payload)
                assert reply["ok"], reply
                self.replies[reply["ref"]] = payload
        return events


class Drawing:
    """A board and all who drag on it. `drags`: whose a drag is, by its number; `late`: seconds from each hand to each watched eye."""

    def __init__(self, port: int, path: str, people: int, shapes: int) -> None:
        self._selector = selectors.DefaultSelector()
        self.drags: dict[int, Dragger] = {}
        self.late: list[float] = []
        self._reached: dict[tuple[Dragger, int], int] = {}
        self.people = [Dragger(port, path, number) for number in range(people)]
        for person in self.people:
            person.welcomed()
            self._selector.register(person.socket, selectors.EVENT_READ, person)
        for begin in range(0, shapes, BATCH):
            self._ask(self.people[0], cmd="board.edit", op=secrets.token_hex(6), steps=[{"do": "create", "shapes": list(_shapes(begin))}])
        for person in self.people:
            self._ask(person, cmd="board.grab", op=person.op, ids=[shape_id(person.number)], how="move")
        wait_until(lambda: self.hear(0.05) or len(self.drags) == people, "everybody to have grabbed something")

    def hear(self, most_s: float) -> None:
        """Read whatever comes within this time."""
        for key, _ in self._selector.select(most_s):
            person = key.data
            for payload in person.take():
                if person.number < WATCHED:
                    self._look(person, _decode(payload)["events"])

    def drag(self, seconds: float, moves: float, points: float) -> None:
        """Everybody drags, so many moves a second each and so many words on the pointer, evenly spread over time and people."""
        began, done = time.perf_counter(), [0, 0]
        while (now := time.perf_counter() - began) < seconds:
            for kind, rate in enumerate((moves, points)):
                while done[kind] < now * rate * len(self.people):
                    person = self.people[done[kind] % len(self.people)]
                    (person.point if kind else person.move)()
                    done[kind] += 1
            self.hear(0.001)

    def settle(self) -> None:
        """Wait until every screen that is watched shows the last of every move."""
        wait_until(lambda: self.hear(0.05) or all(self._is_shown(who) for who in self.people), "everybody to see everything")

    def drop(self) -> list[int]:
        """Everybody lets go. Wait for the replies, and until everybody has seen the last event."""
        for person in self.people:
            self._ask(person, cmd="board.drop", op=person.op, dx=len(person.moves) - 1, dy=-(len(person.moves) - 1) // 2)
        wait_until(lambda: self.hear(0.05) or len({person.seq for person in self.people}) == 1, "everybody to have everything")
        return [person.disordered for person in self.people]

    def close(self) -> None:
        """End all connections."""
        for person in self.people:
            with suppress(OSError):
                person.socket.close()
        self._selector.close()

    def _ask(self, person: Dragger, **command: object) -> None:
        ref = person.tell(**command)
        wait_until(lambda: self.hear(0.02) or ref in person.replies, "a reply")

    def _look(self, eye: Dragger, events: list[dict[str, object]]) -> None:
        now = time.perf_counter()
        for event in events:
            if event["ev"] == "board.grabbed" and eye.number == 0:
                whose = next(person for person in self.people if person.op == event["op"])
                self.drags[int(str(event["drag"]))] = whose
            elif event["ev"] == "board.moved":
                moves = event["moves"]
                assert isinstance(moves, list)
                for number, far in zip(moves[::3], moves[1::3], strict=True):
                    if (hand := self.drags.get(number)) is not None:
                        before = self._reached.get((eye, number), 0)
                        self._reached[eye, number] = int(far)
                        self.late += [now - at for at in hand.moves[before + 1 : int(far) + 1]]

    def _is_shown(self, hand: Dragger) -> bool:
        number = next(number for number, whose in self.drags.items() if whose is hand)
        return all(self._reached.get((eye, number), 0) == len(hand.moves) - 1 for eye in self.people[:WATCHED])


def _shapes(begin: int) -> Iterator[dict[str, object]]:
    look = {"kind": "rect", "w": 80, "h": 60, "rotation": 0, "fill": "#facc15", "stroke": "#1f2937", "width": 2, "opacity": 100, "text": ""}
    for number in range(begin, begin + BATCH):
        yield {"id": shape_id(number), "x": number % 40 * 100, "y": number // 40 * 80, **look, "points": []}
