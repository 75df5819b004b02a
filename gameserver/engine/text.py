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
# joiners stay: emoji and several scripts are spelt with them. Cs, Co: halves of characters, and nobody's. Cn stays but for
# noncharacters: it is where the emoji are that came after this Python's Unicode tables.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})
_JOINERS = frozenset("\u200c\u200d")
_KEPT = _JOINERS | {"\n"}
# Letters and symbols by category that draw nothing: Hangul fillers and the empty Braille pattern.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_SPACING = str.maketrans({"\t": " ", "\v": "\n", "\f": "\n", "\r": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


def clean_text(text: str) -> str:
    """A chat line: NFC, no control characters, newlines kept, ends trimmed. Raises Rejected: empty, too_long."""
    cleaned = "\n".join(line.rstrip() for line in _regular(text).split("\n")).strip()
    if not _can_be_seen(cleaned):
        raise Rejected(Code.EMPTY, "There is nothing to say in this message.")
    if len(cleaned) > MAX_TEXT:
        raise Rejected(Code.TOO_LONG, f"A message has at most {MAX_TEXT} characters; this one has {len(cleaned)}.")
    if cleaned.count("\n") > MAX_NEWLINES:
        raise Rejected(Code.TOO_LONG, f"A message has at most {MAX_NEWLINES} line breaks.")
    return cleaned


def clean_name(text: str) -> str:
    """A player's name: one line, NFC, no control characters, single spaces. Raises Rejected: empty, too_long."""
    cleaned = " ".join(_regular(text).split())
    if not _can_be_seen(cleaned):
        raise Rejected(Code.EMPTY, "A name needs at least one visible character.")
    if len(cleaned) > MAX_NAME:
        raise Rejected(Code.TOO_LONG, f"A name has at most {MAX_NAME} characters; this one has {len(cleaned)}.")
    return cleaned


def clean_writing(text: str, most: int) -> str:
    """What is written on something: NFC, no control characters, newlines and all spaces kept; may be empty. Raises Rejected: too_long."""
    cleaned = _regular(text)
    if len(cleaned) > most:
        raise Rejected(Code.TOO_LONG, f"A text has at most {most} characters; this one has {len(cleaned)}.")
    return cleaned


def clean_colour(text: str) -> str:
    """A colour as `#rrggbb`. Raises Rejected: bad_message."""
    colour = text.lower()
    if not COLOUR.match(colour):
        raise Rejected(Code.BAD_MESSAGE, "A colour is written #rrggbb.")
    return colour


def _regular(text: str) -> str:
    """NFC, which comes last: what is dropped may have stood between a letter and its accent."""
    if text.isascii() and text.isprintable():
        return text
    spaced = text.replace("\r\n", "\n").translate(_SPACING)
    return unicodedata.normalize("NFC", "".join(character for character in spaced if _may_stay(character)))


def _may_stay(character: str) -> bool:
    if character in _KEPT:
        return True
    code = ord(character)
    nobodys = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return not nobodys and unicodedata.category(character) not in _DROPPED


def _can_be_seen(text: str) -> bool:
    """Whether anything is drawn: not only spaces, joiners, blanks, and marks without a letter to stand on."""
    return any(
        not character.isspace() and character not in _JOINERS and character not in _BLANK and unicodedata.category(character)[0] != "M"
        for character in text
    )
