"""What goes wrong at the Machines API, as one error; it never knows the token, a header or a query."""

from __future__ import annotations

import re

MAX_TEXT = 300
"""Characters of an answer's text that an error keeps; the rest is somebody's log, not a reason."""
NO_ANSWER = 0
"""`status` of an error to which no HTTP status belongs: nobody answered, or not in time."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_ID = re.compile(r"[^\w.:-]")


class MachinesError(Exception):
    """The Machines API refused, failed or did not answer.

    status: the HTTP status, 0 if there was no answer (then it may have been done all the same). code: a word for programs,
    such as `insufficient_capacity`; "" if there is none. text: what was said, in printable ASCII. request_id: what Fly
    calls this request.
    """

    status: int
    code: str
    text: str
    request_id: str

    def __init__(self, status: int, code: str = "", text: str = "", request_id: str = "") -> None:
        self.status = status
        self.code = _ID.sub("", code)[:64]
        self.text = _UNPRINTABLE.sub(" ", text).strip()[:MAX_TEXT]
        self.request_id = _ID.sub("", request_id)[:64]
        super().__init__(self.status, self.code, self.text, self.request_id)

    def __str__(self) -> str:
        said = f"Machines API: {self.status or 'no answer'}{f' {self.code}' if self.code else ''}: {self.text or 'no reason given'}"
        return f"{said} (request {self.request_id})" if self.request_id else said

    @property
    def no_room(self) -> bool:
        """The region has no capacity: another one may."""
        return self.code in _NO_ROOM_CODES or (self.status in _FULL and bool(_NO_ROOM.search(self.text)))


_NO_ROOM = re.compile(r"insufficient (resources|memory|capacity|cpu)|could not reserve resource|(out of|no) capacity", re.IGNORECASE)
_NO_ROOM_CODES = frozenset(("insufficient_capacity", "volume_placement_capacity"))
_FULL = frozenset((409, 412, 422, 500, 502, 503, 504))
"""Statuses with which a full region or host was seen to answer (Fly's client, its forum, FLAME)."""
