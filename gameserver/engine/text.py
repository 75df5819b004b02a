"""What people write: made regular before anybody else sees it."""

from __future__ import annotations

import re
import unicodedata

from gameserver.engine.errors import Code, Rejected

MAX_TEXT = 500
"""Characters of a chat line, after normalising."""
MAX_NAME = 32
MAX_NEWLINES = 20
COLOUR = re.compile(r"#[0-9a-f]{6}\Z")

# Cc and Cf: control characters and invisible ones, among them those that turn the direction of text around them. The two
# joiners stay: emoji and several scripts are spelt with them. Cs and Co, Cn: no characters at all, or nobody's.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_KEPT = frozenset("\n\u200c\u200d")


def clean_text(text: str) -> str:
    """A chat line: NFC, no control characters, newlines kept, ends trimmed. Raises Rejected: empty, too_long."""
    cleaned = _visible(text.replace("\r\n", "\n").replace("\r", "\n"))
    cleaned = "\n".join(line.rstrip() for line in cleaned.split("\n")).strip()
    if not cleaned.strip("\u200c\u200d\n "):
        raise Rejected(Code.EMPTY, "There is nothing to say in this message.")
    if len(cleaned) > MAX_TEXT:
        raise Rejected(Code.TOO_LONG, f"A message has at most {MAX_TEXT} characters; this one has {len(cleaned)}.")
    if cleaned.count("\n") > MAX_NEWLINES:
        raise Rejected(Code.TOO_LONG, f"A message has at most {MAX_NEWLINES} line breaks.")
    return cleaned


def clean_name(text: str) -> str:
    """A player's name: one line, NFC, no control characters, single spaces. Raises Rejected: empty, too_long."""
    cleaned = " ".join(_visible(text).split())
    if not cleaned.strip("\u200c\u200d "):
        raise Rejected(Code.EMPTY, "A name needs at least one visible character.")
    if len(cleaned) > MAX_NAME:
        raise Rejected(Code.TOO_LONG, f"A name has at most {MAX_NAME} characters; this one has {len(cleaned)}.")
    return cleaned


def clean_colour(text: str) -> str:
    """A colour as `#rrggbb`. Raises Rejected: bad_message."""
    colour = text.lower()
    if not COLOUR.match(colour):
        raise Rejected(Code.BAD_MESSAGE, "A colour is written #rrggbb.")
    return colour


def _visible(text: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    return "".join(character for character in normal if character in _KEPT or unicodedata.category(character) not in _DROPPED)
