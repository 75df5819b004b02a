"""Links to watch a room: whoever has one sees everything and changes nothing, and does not learn the room's name.

The name of a room is what lets people in. So a link does not carry it for reading, nor a number that could be guessed: it is the name
itself, encrypted and sealed with the platform's identity key, and the same for the same room.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.utils.encoding import force_bytes

TOKEN = r"[A-Za-z0-9_-]{22,86}"  # noqa: S105
_PURPOSE = b"watch a room"


def token_of(region: str, slug: str) -> str:
    """The token of a room's link for watching, in letters that an address takes."""
    sealed = _cipher(settings.IDENTITY_KEY).encrypt(slug.encode(), [_PURPOSE, region.encode()])
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def slug_of(region: str, token: str) -> str:
    """The room that a token was made for in this region; empty for one that was not made by us. Never raises."""
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return ""
    for key in (settings.IDENTITY_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _cipher(key).decrypt(sealed, [_PURPOSE, region.encode()]).decode()
        except (InvalidTag, ValueError):
            continue
    return ""


def _cipher(secret: str | bytes) -> AESSIV:
    # RFC 5297: the same text gives the same token, and a token that was touched opens to nothing.
    return AESSIV(hashlib.blake2b(force_bytes(secret), digest_size=64, person=b"rooms.watch").digest())
