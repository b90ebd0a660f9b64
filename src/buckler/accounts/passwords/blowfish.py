"""The door to bcrypt: hashes that were made elsewhere. New ones are never made by it: it needs 4 KiB, and a guesser has those too."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from typing import TYPE_CHECKING

import bcrypt

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[bytes], bool]
    Prepare = Callable[[bytes], bytes]

_DIGITS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_READS_BYTES = 72  # what bcrypt makes of a password; those who made these hashes cut the rest off, so it is cut off here too
_MAX_COST = 15  # 2¹⁵ rounds: a second or two. Common are 10 to 13

# `$2a$`, `$2b$` and `$2y$` (PHP) are one algorithm. `$2x$` marks hashes of a program that got it wrong, and is not read.
_BCRYPT = re.compile(r"(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21})([./A-Za-z0-9])([./A-Za-z0-9]{31})", re.ASCII)
_PASSLIB = re.compile(r"\$bcrypt-sha256\$(?:v=2,t=(2b),r=(\d{1,2})|(2[ab]),(\d{1,2}))\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})", re.ASCII)


def read_plain(kept: str, prepare: Prepare = bytes) -> Check | None:
    """Return what checks a password against `$2b$…`, or None. `prepare` is what its maker did to the password first."""
    found = _BCRYPT.fullmatch(kept)
    if found is None or int(found[2]) > _MAX_COST:
        return None
    # The salt's last character holds two bits. Some old programs wrote others too, which most readers ignore, and this library does not.
    raw = f"{found[1]}{_DIGITS[_DIGITS.index(found[3]) & 0b110000]}{found[4]}".encode("ascii")

    def check(password: bytes) -> bool:
        try:
            return bcrypt.checkpw(prepare(password)[:_READS_BYTES], raw)
        except ValueError:  # a cost under 4, a salt that is none
            return False

    return check


def read_django(kept: str) -> Check | None:
    """Return what checks a password against Django's `bcrypt$$2b$…` or `bcrypt_sha256$$2b$…`, or None."""
    kind, _, rest = kept.partition("$")
    return read_plain(rest, (lambda password: hashlib.sha256(password).hexdigest().encode()) if kind == "bcrypt_sha256" else bytes)


def read_passlib(kept: str) -> Check | None:
    """Return what checks a password against passlib's `$bcrypt-sha256$…`, in the form before 1.7.3 or after it, or None."""
    found = _PASSLIB.fullmatch(kept)
    if found is None:
        return None
    salt = found[5]

    def keyed(password: bytes) -> bytes:
        return b64encode(hmac.digest(salt.encode("ascii"), password, "sha256"))

    def bare(password: bytes) -> bytes:
        return b64encode(hashlib.sha256(password).digest())

    kind, cost, prepare = (found[1], found[2], keyed) if found[1] else (found[3], found[4], bare)
    return read_plain(f"${kind}${int(cost):02}${salt}{found[6]}", prepare)
