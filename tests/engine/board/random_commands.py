"""Commands of three people who know little of each other, by dice from a seed: for vectors, and for tests of long stories."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from gameserver.engine.worlds.board.scene import Scene
from tests.engine.board import boards

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
KINDS = ("rect", "ellipse", "line", "arrow", "stroke", "text", "note")
COLOURS = ("", "#000000", "#ff8800", "#00cc66")
Command = tuple[str, dict[str, Any]]


class Dice:
    """Commands, one after the other. The same seed gives the same ones on the same boards."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._ids: list[str] = []
        self._ops: list[str] = []
        self._drags: list[tuple[str, str]] = []
        self._keys: list[str] = []

    def is_lucky(self, chance: float) -> bool:
        """True in that part of all cases."""
        return self._random.random() < chance

    def command(self, scene: Scene, player: str = "") -> Command:
        """The next command, of this player or of anybody. `scene`: as that player may know it."""
        player = player or self._random.choice(tuple(boards.PEOPLE))
        make = self._random.choices((self._edit, self._grab, self._move, self._drop, self._keep, self._restore), (10, 2, 6, 2, 1, 1))[0]
        return player, make(player, scene)

    def one_of(self, *values: Any) -> Any:
        """Any of these."""
        return self._random.choice(values)

    def count(self, most: int) -> int:
        """From 0 to this."""
        return self._random.randint(0, most)

    def number(self, low: float, high: float) -> float:
        """With more digits than the board keeps, half the time; a whole one else."""
        value = self._random.uniform(low, high)
        return round(value, 4) if self.is_lucky(0.5) else float(round(value))

    def word(self, length: int = 8) -> str:
        """An id."""
        return "".join(self._random.choices(ALPHABET, k=length))

    def _some(self, of: Sequence[str]) -> str:
        # Mostly of the last ones: the others may be long gone.
        return self._random.choice(of[-12:] if self.is_lucky(0.8) else of) if of and not self.is_lucky(0.03) else self.word()

    def _which(self) -> list[str]:
        return list(dict.fromkeys(self._some(self._ids) for _ in range(self._random.randint(1, 4))))

    def _op(self) -> str:
        self._ops.append(self.word(10))
        return self._ops[-1]

    def _edit(self, player: str, scene: Scene) -> dict[str, Any]:
        steps = [self._step(scene) for _ in range(self._random.choice((1, 1, 1, 2, 3)))]
        return {"cmd": "board.edit", "op": self._op(), "steps": steps}

    def _step(self, scene: Scene) -> dict[str, Any]:
        steps = (self._create, self._change, self._by, self._reshape, self._order, self._places, self._delete, self._duplicate)
        rare = (self._revive, self._clear)
        return self._random.choices((*steps, *rare), (8, 5, 4, 3, 3, 1, 2, 2, 2, 0.3))[0](scene)

    def _create(self, scene: Scene) -> dict[str, Any]:
        return boards.create(*(self._shape() for _ in range(self._random.randint(1, 3))))

    def _shape(self) -> dict[str, Any]:
        kind = self._random.choice(KINDS)
        self._ids.append(self.word())
        shape = {"id": self._ids[-1], "kind": kind, "x": self.number(-900, 900), "y": self.number(-900, 900)}
        shape |= {"w": self.number(1, 300), "h": self.number(1, 300), "rotation": self.number(-400, 400)}
        shape |= {"fill": self._random.choice(COLOURS), "width": self._random.randint(0, 64), "opacity": self._random.randint(5, 100)}
        if kind in ("line", "arrow", "stroke"):
            return shape | {"points": [self._random.randint(0, 10_000) for _ in range(2 * self._random.randint(2, 5))]}
        return shape | {"text": self._random.choice(("", "hello", "two\nlines", "é ß 🎈"))}

    def _change(self, scene: Scene) -> dict[str, Any]:
        fields: dict[str, Any] = {"fill": self._random.choice(COLOURS)} if self.is_lucky(0.5) else {"x": self.number(-900, 900)}
        if self.is_lucky(0.1):
            fields["text"] = "changed"
        ids = self._which()
        shape = scene.get(ids[0])
        was = {name: getattr(shape, name) for name in fields} if shape and self.is_lucky(0.4) else None
        return boards.change(*ids, was=was, **fields)

    def _by(self, scene: Scene) -> dict[str, Any]:
        return boards.move(*self._which(), dx=self.number(-50, 50), dy=self.number(-50, 50))

    def _reshape(self, scene: Scene) -> dict[str, Any]:
        return boards.reshape(**self._boxes(self._which()))

    def _boxes(self, ids: Sequence[str]) -> dict[str, list[float]]:
        return {id: [self.number(-90, 90) for _ in range(5)] for id in ids}

    def _order(self, scene: Scene) -> dict[str, Any]:
        return boards.order(*self._which(), to=self._random.choice(("front", "back", "forward", "backward")))

    def _places(self, scene: Scene) -> dict[str, Any]:
        ids = self._which()
        was = {id: shape.z for id in ids if (shape := scene.get(id))}
        step: dict[str, Any] = {"do": "order", "z": {id: self._random.randint(scene.bottom, scene.top) for id in ids}}
        return step | ({"was": was} if was and self.is_lucky(0.5) else {})

    def _delete(self, scene: Scene) -> dict[str, Any]:
        return boards.delete(*self._which())

    def _clear(self, scene: Scene) -> dict[str, Any]:
        return boards.CLEAR

    def _duplicate(self, scene: Scene) -> dict[str, Any]:
        ids = self._which()
        new = [self.word() for _ in ids]
        self._ids += new
        return boards.duplicate(*ids, new=new, dx=self.number(-20, 20), dy=12.5)

    def _revive(self, scene: Scene) -> dict[str, Any]:
        ops = sorted({binned.op for binned in scene.bin.values()})
        return boards.revive(self._some(ops))

    def _grab(self, player: str, scene: Scene) -> dict[str, Any]:
        how = self._random.choice(("move", "reshape"))
        op = self._op()
        self._drags.append((player, op))
        return {"cmd": "board.grab", "op": op, "ids": self._which(), "how": how}

    def _totals(self, player: str, scene: Scene) -> dict[str, Any]:
        own = [op for whose, op in self._drags if whose == player]
        op = self._some(own)
        drag = scene.drags.get(scene.by_op.get(op, 0))
        if drag is not None and drag.how == "reshape":
            return {"op": op, "boxes": self._boxes(drag.ids[: self._random.randint(1, 4)])}
        return {"op": op, "dx": self.number(-90, 90), "dy": self.number(-90, 90)}

    def _move(self, player: str, scene: Scene) -> dict[str, Any]:
        return {"cmd": "board.move", **self._totals(player, scene)}

    def _drop(self, player: str, scene: Scene) -> dict[str, Any]:
        return {"cmd": "board.drop", **self._totals(player, scene)}

    def _keep(self, player: str, scene: Scene) -> dict[str, Any]:
        self._keys.append(self._op())
        return {"cmd": "board.keep", "op": self._keys[-1], "name": self._random.choice(("first", "second", "a name that is long indeed"))}

    def _restore(self, player: str, scene: Scene) -> dict[str, Any]:
        return {"cmd": "board.restore", "op": self._op(), "checkpoint": self._some(list(scene.checkpoints))}
