"""Hashes that other programs made: whose they are, how they are checked, and what they may cost at most.

Read are: argon2 (i, d, id), bcrypt, and PBKDF2 and scrypt as Django, Werkzeug (Flask) and passlib write them. Nobody's plain MD5 or
SHA: such a hash falls in seconds, so its owner should choose a new password, by mail.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING
from unicodedata import normalize

from buckler.accounts.passwords import argon, blowfish

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.accounts.passwords.profiles import Profile

    Check = Callable[[bytes], bool]

_MAX_KEPT = 1024  # characters: the longest that any of the libraries writes has some 250
_MIN_HASH_BYTES, _MAX_HASH_BYTES = 16, 64

# Bounds of what one check may cost, so that a planted hash costs seconds at the most. Today's defaults are well under them:
_MAX_ITERATIONS = 5_000_000  # Django 5.2: 1,000,000; OWASP 2025: 600,000 of SHA-256, 1,300,000 of SHA-1
_MAX_SCRYPT_BYTES = 128 * 1024 * 1024  # 128·N·r. Django and Werkzeug 16 to 32 MiB, passlib 64 MiB, OWASP 128 MiB
_MAX_SCRYPT_BLOCKS = 4 * 1024 * 1024  # N·r·p, the work. Django 0.6 Mi, OWASP 1 Mi
_SCRYPT_ROOM_BYTES = 2 * _MAX_SCRYPT_BYTES  # OpenSSL counts some buffers besides, and refuses at its own bound of 32 MiB

_PBKDF2 = (
    re.compile(r"pbkdf2_(?P<name>sha1|sha256)\$(?P<rounds>\d{1,8})\$(?P<salt>[^$]{1,256})\$(?P<b64>[A-Za-z0-9+/]{22,88}={0,2})", re.ASCII),
    re.compile(
        r"pbkdf2:(?P<name>sha1|sha224|sha256|sha384|sha512):(?P<rounds>\d{1,8})\$(?P<salt>[^$]{1,256})\$(?P<hex>[0-9a-f]{32,128})", re.ASCII
    ),
    re.compile(
        r"\$pbkdf2(?:-(?P<name>sha256|sha512))?\$(?P<rounds>\d{1,8})\$(?P<ab64salt>[A-Za-z0-9./]{2,256})\$(?P<b64>[A-Za-z0-9./]{22,88})",
        re.ASCII,
    ),
)
_SCRYPT = (
    re.compile(
        r"scrypt\$(?P<n>\d{1,8})\$(?P<salt>[^$]{1,256})\$(?P<r>\d{1,4})\$(?P<p>\d{1,4})\$(?P<b64>[A-Za-z0-9+/]{22,88}={0,2})", re.ASCII
    ),
    re.compile(r"scrypt:(?P<n>\d{1,8}):(?P<r>\d{1,4}):(?P<p>\d{1,4})\$(?P<salt>[^$]{1,256})\$(?P<hex>[0-9a-f]{32,128})", re.ASCII),
    re.compile(
        r"\$scrypt\$ln=(?P<ln>\d{1,2}),r=(?P<r>\d{1,4}),p=(?P<p>\d{1,4})"
        r"\$(?P<ab64salt>[A-Za-z0-9+/]{2,256})\$(?P<b64>[A-Za-z0-9+/]{22,88})",
        re.ASCII,
    ),
)
FLASK_SECURITY = "flask-security$"


def read(kept: str, profile: Profile, *, flask_security_salt: str = "") -> Check | None:
    """Return what checks a password, as bytes, against `kept`; None for what nobody here can read or what would cost too much.

    `flask_security_salt` is Flask-Security's SECURITY_PASSWORD_SALT, for hashes that were moved here as `flask-security$` + hash.
    """
    if len(kept) > _MAX_KEPT:
        return None
    if flask_security_salt and kept.startswith(FLASK_SECURITY):
        return _peppered(read(kept.removeprefix(FLASK_SECURITY), profile), flask_security_salt)
    for start, reader in _READERS.items():
        if kept.startswith(start):
            try:
                return reader(kept)
            except ValueError:  # base64, hex or a salt that is none
                return None
    return argon.read(kept.removeprefix("argon2"), profile)  # Django writes `argon2$argon2id$…`


def _peppered(check: Check | None, salt: str) -> Check | None:
    """Flask-Security hashes an HMAC of the password, keyed by a text of the site, after NFKD unless that was switched off."""
    if check is None:
        return None

    def peppered(password: bytes) -> bool:
        spellings = {password: None, normalize("NFKD", password.decode()).encode(): None}
        return any(check(b64encode(hmac.digest(salt.encode(), spelling, "sha512"))) for spelling in spellings)

    return peppered


def _pbkdf2(kept: str) -> Check | None:
    found = _first(_PBKDF2, kept)
    if found is None:
        return None
    name, rounds = found["name"] or "sha1", int(found["rounds"])
    salt, hashed = _salt(found), _hashed(found)
    blocks = -(-len(hashed) // hashlib.new(name).digest_size)  # each is as many iterations again
    if not 1 <= rounds * blocks <= _MAX_ITERATIONS or not _MIN_HASH_BYTES <= len(hashed) <= _MAX_HASH_BYTES:
        return None
    return lambda password: hmac.compare_digest(hashlib.pbkdf2_hmac(name, password, salt, rounds, len(hashed)), hashed)


def _scrypt(kept: str) -> Check | None:
    found = _first(_SCRYPT, kept)
    if found is None:
        return None
    given = found.groupdict()
    n = 1 << int(given["ln"]) if "ln" in given else int(given["n"])
    r, p = int(given["r"]), int(given["p"])
    salt, hashed = _salt(found), _hashed(found)
    cheap = 128 * n * r <= _MAX_SCRYPT_BYTES and n * r * p <= _MAX_SCRYPT_BLOCKS
    if not cheap or n < 2 or n & (n - 1) or not r or not p or not _MIN_HASH_BYTES <= len(hashed) <= _MAX_HASH_BYTES:
        return None

    def check(password: bytes) -> bool:
        made = hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=_SCRYPT_ROOM_BYTES, dklen=len(hashed))
        return hmac.compare_digest(made, hashed)

    return check


def _first(patterns: tuple[re.Pattern[str], ...], kept: str) -> re.Match[str] | None:
    return next((found for found in (pattern.fullmatch(kept) for pattern in patterns) if found), None)


def _salt(found: re.Match[str]) -> bytes:
    """Django's and Werkzeug's salts are texts and used as they stand; passlib's are bytes."""
    given = found.groupdict()
    return _unpadded(given["ab64salt"]) if "ab64salt" in given else found["salt"].encode()


def _hashed(found: re.Match[str]) -> bytes:
    given = found.groupdict()
    return bytes.fromhex(given["hex"]) if "hex" in given else _unpadded(given["b64"])


def _unpadded(text: str) -> bytes:
    """Base64 with or without its padding; passlib writes `.` for `+`. Raises what `b64decode` raises."""
    bare = text.rstrip("=").replace(".", "+")
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)


_READERS: dict[str, Callable[[str], Check | None]] = {
    "$2": blowfish.read_plain,
    "$bcrypt-sha256$": blowfish.read_passlib,
    "bcrypt": blowfish.read_django,
    "pbkdf2": _pbkdf2,
    "$pbkdf2": _pbkdf2,
    "scrypt": _scrypt,
    "$scrypt$": _scrypt,
}
