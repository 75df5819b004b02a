"""A board with its owner, for tests: commands go through the types that clients' messages go through, events through JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gameserver.engine.errors import Rejected
from gameserver.engine.registry import Registry
from gameserver.engine.worlds import Happening, Who
from gameserver.engine.worlds.board import World
from gameserver.engine.worlds.board.reduce import apply
from gameserver.engine.worlds.board.scene import Checkpoint, Drag, Scene, state_of
from gameserver.engine.worlds.board.shapes import Shape

ADA = Who("ada", "Ada", "#112233")
BOB = Who("bob", "Bob", "#445566")
CYD = Who("cyd", "Cyd", "#778899")
PEOPLE = {who.id: who for who in (ADA, BOB, CYD)}
NOW_MS = 1_700_000_000_000
MAX_FRAME = World.max_frame
REGISTRY = Registry([World])
Event = dict[str, Any]


def decoded(command: Mapping[str, Any]) -> Any:
    """A command as it comes out of a message. Raises Rejected: bad_message."""
    ref = {} if command["cmd"] in World.noted else {"ref": 1}
    return REGISTRY.decode(msgspec.json.encode({**ref, **command}), MAX_FRAME)


class Owner:
    """A world, its time, and all the events that it led to."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.now = NOW_MS
        self.events: list[Event] = []

    def send(self, who: Who, command: Mapping[str, Any]) -> dict[str, Any]:
        """Have a command decided or noted; the reply's fields. Raises Rejected, and makes sure that nothing changed then."""
        self.now += 10
        before = packed(self.world)
        try:
            asked = decoded(command)
            if command["cmd"] in World.noted:
                self.world.note(who, asked, self.now)
                return {}
            decided = self.world.decide(who, asked, self.now)
        except Rejected:
            assert packed(self.world) == before, "a refused command changed the board"
            raise
        assert packed(self.world) == before, "deciding changed the board"
        self.happen(decided.events, who)
        return decided.reply

    def edit(self, who: Who, op: str, *steps: Mapping[str, Any]) -> dict[str, Any]:
        """A `board.edit`."""
        return self.send(who, {"cmd": "board.edit", "op": op, "steps": list(steps)})

    def gather(self, wait_ms: int = 100) -> list[Event]:
        """What was noted, told; the events."""
        self.now += wait_ms
        return self.happen(self.world.gather(self.now), None)

    def happen(self, happenings: Iterable[Happening], who: Who | None) -> list[Event]:
        """Date, sign and apply events as a room does, after they went through JSON."""
        signed = {"player": who.as_dict()} if who else {}
        events = [through_json({"ev": name, "at": self.now, **signed, **fields}) for name, fields in happenings]
        for event in events:
            self.world.apply(event)
        self.events += events
        return events

    @property
    def state(self) -> dict[str, Any]:
        return canonical(self.world.scene)

    def shape(self, id: str) -> dict[str, Any]:
        """A shape that is there."""
        return next(shape for shape in self.state["shapes"] if shape["id"] == id)


def code_of(refused: Any) -> str:
    """The code of what pytest.raises caught."""
    return str(refused.value.code)


def through_json(value: Any) -> Any:
    """As it comes back from the journal."""
    return msgspec.json.decode(msgspec.json.encode(value))


def packed(world: World) -> bytes:
    """The state to the last byte."""
    return msgspec.json.encode(world.snapshot())


def canonical(scene: Scene) -> dict[str, Any]:
    """The state of docs/board.md section 4 in the form in which copies are compared: shapes by id, drags by number."""
    state = through_json(state_of(scene))
    state["shapes"].sort(key=lambda shape: shape["id"])
    state["drags"].sort(key=lambda drag: drag["drag"])
    return state


def scene_of(state: Mapping[str, Any] | None) -> Scene:
    """A copy that begins with a state of section 4."""
    scene = Scene()
    for shape in msgspec.convert(state["shapes"] if state else [], list[Shape]):
        scene.put(shape)
    for drag in msgspec.convert(state["drags"] if state else [], list[Drag]):
        scene.grab(drag)
    for kept in state["checkpoints"] if state else []:
        # Of what is in a checkpoint a copy knows how much it is.
        some = (Shape("________", "rect", 0, 0, 1, 1),) * kept["shapes"]
        scene.keep(Checkpoint(kept["key"], kept["name"], kept["at"], kept["by"], some))
    if state:
        scene.top, scene.bottom, scene.next = state["top"], state["bottom"], state["next"]
    return scene


def followed(state: Mapping[str, Any] | None, events: Iterable[Event]) -> Scene:
    """A copy that begins with a state and takes events."""
    scene = scene_of(state)
    for event in events:
        apply(scene, event)
    return scene


def rect(id: str, x: float = 0, y: float = 0, **fields: Any) -> dict[str, Any]:
    """A rectangle as it is sent."""
    return {"id": id, "kind": "rect", "x": x, "y": y, "w": 100, "h": 50, **fields}


def line(id: str, points: list[int] | None = None, **fields: Any) -> dict[str, Any]:
    """A line as it is sent."""
    return {"id": id, "kind": "line", "x": 0, "y": 0, "w": 100, "h": 50, "points": points or [0, 0, 10_000, 10_000], **fields}


def create(*shapes: Mapping[str, Any]) -> dict[str, Any]:
    """A step."""
    return {"do": "create", "shapes": list(shapes)}


def change(*ids: str, was: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A step."""
    return {"do": "change", "ids": list(ids), "set": fields} | ({"was": was} if was is not None else {})


def move(*ids: str, dx: float = 0, dy: float = 0) -> dict[str, Any]:
    """A step."""
    return {"do": "move", "ids": list(ids), "dx": dx, "dy": dy}


def reshape(**boxes: list[float]) -> dict[str, Any]:
    """A step."""
    return {"do": "reshape", "boxes": boxes}


def order(*ids: str, to: str) -> dict[str, Any]:
    """A step."""
    return {"do": "order", "ids": list(ids), "to": to}


def delete(*ids: str) -> dict[str, Any]:
    """A step."""
    return {"do": "delete", "ids": list(ids)}


def duplicate(*ids: str, new: list[str], dx: float = 0, dy: float = 0) -> dict[str, Any]:
    """A step."""
    return {"do": "duplicate", "ids": list(ids), "as": new, "dx": dx, "dy": dy}


CLEAR = {"do": "clear"}


def revive(of: str) -> dict[str, Any]:
    """A step."""
    return {"do": "revive", "of": of}
