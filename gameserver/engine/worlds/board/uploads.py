"""Lists of shapes that come in parts, for a step `paste`. Memory beside the state: gone with the owner, and sent again then."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.worlds.board.commands import MAX_IDS, Upload
from gameserver.engine.worlds.board.shapes import RawShape, Refusal, Shape, clean

MAX_UPLOAD_BYTES = 2 * 1024 * 1024
"""Of all uploads of a player: the oldest are let go."""
MAX_UPLOADS_BYTES = 16 * 1024 * 1024
"""Of everybody's: the oldest are let go."""
MAX_UPLOADS = 1_000

_shapes = msgspec.json.Decoder(list[RawShape])


@dataclass(slots=True)
class _Coming:
    """An upload: its parts as far as they came, and what was read from them once."""

    parts: int
    texts: dict[int, bytes] = field(default_factory=dict)
    size_bytes: int = 0
    shapes: list[Shape] | None = None
    is_as_sent: bool = True


class Uploads:
    """What players are sending, or have sent."""

    def __init__(self) -> None:
        self._coming: dict[tuple[str, str], _Coming] = {}
        """By player and upload, oldest first."""
        self.size_bytes = 0

    def take(self, player: str, command: Upload) -> None:
        """Take a part; one that came before is replaced. Raises Rejected: bad_message, too_long."""
        if command.part >= command.parts:
            raise Rejected(Code.BAD_MESSAGE, "Parts are counted from 0.")
        key = player, command.upload
        coming = self._coming.get(key)
        if coming is None or coming.parts != command.parts:
            self._let_go(key)
            coming = self._coming[key] = _Coming(command.parts)
        text = command.text.encode()
        grown = len(text) - len(coming.texts.get(command.part, b""))
        if coming.size_bytes + grown > MAX_UPLOAD_BYTES:
            self._let_go(key)
            raise Rejected(Code.TOO_LONG, "An upload has at most 2 MiB.")
        coming.texts[command.part] = text
        coming.size_bytes += grown
        self.size_bytes += grown
        coming.shapes = None
        self._make_room(key)

    def shapes(self, player: str, upload: str) -> tuple[list[Shape], bool]:
        """The shapes of a complete upload, and whether all texts are as they were sent. Raises Rejected: no_upload, or as for `create`."""
        coming = self._coming.get((player, upload))
        if coming is None or len(coming.texts) < coming.parts:
            raise Rejected(Refusal.NO_UPLOAD, "The upload is not complete. Send it again.")
        if coming.shapes is None:
            raw = _read(b"".join(coming.texts[part] for part in range(coming.parts)))
            coming.shapes = [clean(one) for one in raw]
            coming.is_as_sent = all(one.text == other.text for one, other in zip(raw, coming.shapes, strict=True))
        return coming.shapes, coming.is_as_sent

    def _make_room(self, newest: tuple[str, str]) -> None:
        own = [key for key in self._coming if key[0] == newest[0]]
        total = sum(self._coming[key].size_bytes for key in own)
        for key in own:
            if total > MAX_UPLOAD_BYTES and key != newest:
                total -= self._coming[key].size_bytes
                self._let_go(key)
        while self.size_bytes > MAX_UPLOADS_BYTES or len(self._coming) > MAX_UPLOADS:
            self._let_go(next(iter(self._coming)))

    def _let_go(self, key: tuple[str, str]) -> None:
        coming = self._coming.pop(key, None)
        if coming is not None:
            self.size_bytes -= coming.size_bytes


def _read(text: bytes) -> list[RawShape]:
    try:
        shapes = _shapes.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec's sentence names the field and what was wanted; it repeats no value.
        raise Rejected(Code.BAD_MESSAGE, str(error)[:200]) from None
    if not 1 <= len(shapes) <= MAX_IDS:
        raise Rejected(Refusal.FULL if shapes else Code.BAD_MESSAGE, f"A paste has 1 to {MAX_IDS} shapes.")
    return shapes
