"""Commands with their players, written shortly: for cases and stories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.engine.board.boards import create, line, rect

A, B, C, D, L = "aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "llllllll"
Line = tuple[str, Mapping[str, Any]] | str
"""A command and its player, or the word "gather": tell what was noted."""
Told = list[tuple[str, list[Line]]]
"""Cases: a name, and what is asked."""


def edit(player: str, op: str, *steps: Mapping[str, Any]) -> Line:
    return player, {"cmd": "board.edit", "op": op, "steps": list(steps)}


def grab(player: str, op: str, *ids: str, how: str = "move") -> Line:
    return player, {"cmd": "board.grab", "op": op, "ids": list(ids), "how": how}


def pull(player: str, op: str, **totals: Any) -> Line:
    return player, {"cmd": "board.move", "op": op, **totals}


def drop(player: str, op: str, **totals: Any) -> Line:
    return player, {"cmd": "board.drop", "op": op, **totals}


def keep(player: str, op: str, name: str) -> Line:
    return player, {"cmd": "board.keep", "op": op, "name": name}


def restore(player: str, op: str, checkpoint: str) -> Line:
    return player, {"cmd": "board.restore", "op": op, "checkpoint": checkpoint}


def upload(player: str, name: str, part: int, parts: int, text: str) -> Line:
    return player, {"cmd": "board.upload", "upload": name, "part": part, "parts": parts, "text": text}


def places(was: Mapping[str, int] | None = None, **z: int) -> dict[str, Any]:
    return {"do": "order", "z": z} | ({"was": was} if was is not None else {})


def paste(name: str) -> dict[str, Any]:
    return {"do": "paste", "upload": name}


START = edit("ada", "started1", create(rect(A), rect(B, 10.125, -3.5), line(L)))
"""A rectangle, another one, and a line."""
