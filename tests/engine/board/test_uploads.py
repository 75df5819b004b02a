"""Uploads: lists of shapes that come in parts, and are pasted whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gameserver.engine.errors import Rejected
from gameserver.engine.worlds import Who
from gameserver.engine.worlds.board import uploads as module
from tests.engine.board.asking import A, B, C, paste
from tests.engine.board.boards import ADA, BOB, Owner, code_of, create, line, packed, rect


@pytest.fixture
def owner() -> Owner:
    return Owner()


def send(owner: Owner, text: str, name: str = "upload01", part: int = 0, parts: int = 1, who: Who = ADA) -> Any:
    return owner.send(who, {"cmd": "board.upload", "upload": name, "part": part, "parts": parts, "text": text})


def refusal(owner: Owner, name: str = "upload01", who: Who = ADA) -> str:
    with pytest.raises(Rejected) as refused:
        owner.edit(who, "pasted99", paste(name))
    return code_of(refused)


def test_an_upload_is_pasted_whole(owner: Owner) -> None:
    """[BD14] Parts come in any order, and again; a paste has all shapes, rounded, in front of all; the upload itself has no event."""
    text = json.dumps([rect(A, 1.3, text="é 🎈"), line(B)], ensure_ascii=False)
    before = packed(owner.world)
    assert send(owner, "nonsense", part=2, parts=3) == {"outcome": "commit"}
    send(owner, text[40:60], part=1, parts=3)
    send(owner, text[60:], part=2, parts=3)
    assert refusal(owner) == "no_upload"
    send(owner, text[:40], part=0, parts=3)
    assert (owner.events, packed(owner.world)) == ([], before)
    assert owner.edit(ADA, "pasted01", paste("upload01")) == {"outcome": "commit"}
    assert owner.events[0]["did"][0]["do"] == "put"
    assert [(shape["x"], shape["text"], shape["z"]) for shape in owner.state["shapes"]] == [(1.25, "é 🎈", 1), (0, "", 2)]


def test_a_paste_is_refused_like_any_creation(owner: Owner) -> None:
    """[BD14] A paste is whole or not at all: an id that is taken, or a shape out of its bounds, refuses all of it."""
    owner.edit(BOB, "started1", create(rect(B)))
    send(owner, json.dumps([rect(A), rect(B)]))
    assert refusal(owner) == "taken"
    send(owner, json.dumps([rect(A), rect(C, 2_000_000)]))
    assert refusal(owner) == "out_of_range"
    send(owner, json.dumps([rect(A, text="a\u202eb")]))
    assert owner.edit(ADA, "pasted01", paste("upload01")) == {"outcome": "rebase"}


@pytest.mark.parametrize("text", ["", "[", "{}", "[]", "[{}]", '[{"id":"aaaaaaaa"}]', "[" * 100_000, json.dumps([rect(A) | {"z": 1}])])
def test_an_upload_that_is_no_list_of_shapes_is_not_understood(owner: Owner, text: str) -> None:
    """[BD14] What is not a JSON list of shapes is refused when it is pasted."""
    for part in range(2):
        send(owner, text[part * 50_000 : (part + 1) * 50_000], part=part, parts=2)
    assert refusal(owner) == "bad_message"


def test_a_paste_of_too_many_shapes_is_refused(owner: Owner) -> None:
    """[BD14] More shapes than a board may have are refused as `full`."""
    text = json.dumps([{"id": f"s{number:07}", "kind": "rect", "x": 0, "y": 0, "w": 1, "h": 1} for number in range(5_001)])
    for part in range(10):
        send(owner, text[part * 40_000 : (part + 1) * 40_000], part=part, parts=10)
    assert refusal(owner) == "full"


def test_parts_that_do_not_fit_are_refused(owner: Owner) -> None:
    """[BD14] A part beyond the last is refused; another number of parts begins the upload anew."""
    with pytest.raises(Rejected) as refused:
        send(owner, "[", part=2, parts=2)
    assert code_of(refused) == "bad_message"
    send(owner, "[", part=0, parts=2)
    send(owner, "]", part=1, parts=3)
    send(owner, "]", part=2, parts=3)
    assert refusal(owner) == "no_upload"


def test_an_upload_is_its_player_s(owner: Owner) -> None:
    """[BD14] Nobody pastes what another one uploaded, and a new owner has no uploads."""
    send(owner, json.dumps([rect(A)]))
    assert refusal(owner, who=BOB) == "no_upload"
    successor = Owner()
    successor.world.restore(owner.world.snapshot())
    assert refusal(successor) == "no_upload"


def test_an_upload_that_is_too_large_is_refused(owner: Owner) -> None:
    """[BD32] An upload over its bound is refused and let go, counted in bytes."""
    text = "é" * 30_000
    for part in range(34):
        send(owner, text, part=part, parts=40)
    with pytest.raises(Rejected) as refused:
        send(owner, text, part=34, parts=40)
    assert code_of(refused) == "too_long"
    assert owner.world._uploads.size_bytes == 0


def test_a_player_s_oldest_uploads_are_let_go(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD32] A player has so much uploaded at once: the oldest go, nobody else's."""
    text = json.dumps([rect(A)])
    monkeypatch.setattr(module, "MAX_UPLOAD_BYTES", 2 * len(text))
    send(owner, text, "upload00", who=BOB)
    for number in (1, 2, 3):
        send(owner, text, f"upload0{number}")
    assert refusal(owner, "upload01") == "no_upload"
    assert owner.world._uploads.size_bytes == 3 * len(text)
    owner.edit(ADA, "pasted01", paste("upload02"))
    assert refusal(owner, "upload00", BOB) == "taken"


def test_the_oldest_uploads_of_all_are_let_go(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD32] All players together have so much, and so many, uploaded at once."""
    text = json.dumps([rect(A)])
    monkeypatch.setattr(module, "MAX_UPLOADS_BYTES", 2 * len(text))
    for number in range(5):
        send(owner, text, who=Who(f"player{number}", "P", "#000000"))
    assert [refusal(owner, who=Who(f"player{number}", "P", "#000000")) for number in (0, 1, 2)] == ["no_upload"] * 3
    monkeypatch.setattr(module, "MAX_UPLOADS", 1)
    send(owner, "")
    assert owner.world._uploads.size_bytes == 0
