"""Random tokens that are known by their look, so that a scanner of leaked secrets, or a typing mistake, needs no database.

`<prefix><kind>_<30 random letters and digits><6 of a checksum>`, as `bkp_…`: the form that GitHub made known in 2021. Thirty of 62
characters are 178 bits. The checksum, CRC-32, is no secret and proves nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from zlib import crc32

PERSONAL, REFRESH = "p", "r"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ALLOWED = frozenset(_ALPHABET)
_RANDOM_CHARS = 30
_CHECK_CHARS = 6  # 62^6 > 2^32
_HINT_CHARS = 4


def make(prefix: str, kind: str) -> str:
    """Return a new token."""
    start = f"{prefix}{kind}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return start + _check(start)


def is_one(text: str, prefix: str, kind: str) -> bool:
    """Whether `text` looks like a token of this site and kind. It says nothing about whether it is one that was given out."""
    start = f"{prefix}{kind}_"
    if len(text) != len(start) + _RANDOM_CHARS + _CHECK_CHARS or not text.startswith(start):
        return False
    return _ALLOWED.issuperset(text[len(start) :]) and _check(text[:-_CHECK_CHARS]) == text[-_CHECK_CHARS:]


def digest_of(text: str) -> bytes:
    """Return what is kept: SHA-256. No salt and no slow hash, because nobody can guess 178 random bits; looked up by index, because the
    time that this takes tells about the digest and not about the token."""
    return hashlib.sha256(text.encode()).digest()


def hint_of(text: str) -> str:
    """Return the last characters, by which a person knows the token again; they belong to the checksum."""
    return text[-_HINT_CHARS:]


def _check(start: str) -> str:
    number, digits = crc32(start.encode()), ""
    for _ in range(_CHECK_CHARS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
