"""The door to argon2-cffi: making hashes by a profile, and reading everybody's argon2 hashes, with a bound on what they may cost."""

from __future__ import annotations

import re
from base64 import b64encode
from secrets import token_bytes
from typing import TYPE_CHECKING

from argon2.exceptions import HashingError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, error_to_str, hash_secret, verify_secret

from buckler.accounts.passwords.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[bytes], bool]

_SALT_BYTES, _HASH_BYTES = 16, 32  # RFC 9106, section 4
_VERSION = 19  # 0x13, the version of RFC 9106; 16 is what hashes from before 2016 have, or no version at all

# A planted or careless hash must cost neither minutes nor the machine's memory. Nothing that we know of makes dearer ones by default:
# Django 2 passes over 100 MiB, argon2-cffi 3 over 64 MiB, libsodium's "interactive" 2 over 64 MiB and "moderate" 3 over 256 MiB.
_MAX_MEMORY_KIB = 256 * 1024
_MAX_WRITTEN_KIB = 1024 * 1024
_MAX_LANES = 16

_KEPT = re.compile(
    r"\$argon2(id|i|d)(?:\$v=(16|19))?\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,128})\$([A-Za-z0-9+/]{22,172})", re.ASCII
)
_TYPES = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}
_NO_MEMORY = error_to_str(-22)  # ARGON2_MEMORY_ALLOCATION_ERROR


def make(profile: Profile, password: bytes) -> str:
    """Return a new hash with a salt of its own, in the PHC format. Raises MemoryError when there is none."""
    salt = token_bytes(_SALT_BYTES)
    try:
        made = hash_secret(password, salt, profile.passes, profile.memory_kib, profile.lanes, _HASH_BYTES, Type.ID)
    except HashingError as failure:  # the numbers are those of a profile, so it is the memory
        raise MemoryError(str(failure)) from failure
    return made.decode("ascii")


def nobodys(profile: Profile) -> str:
    """Return a hash that no password has, without the work of making one: the work of checking it is that of any other."""
    salt, hashed = (b64encode(token_bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
    return f"$argon2id$v={_VERSION}$m={profile.memory_kib},t={profile.passes},p={profile.lanes}${salt}${hashed}"


def is_of(profile: Profile, kept: str) -> bool:
    """Whether `kept` is what `make` would write today, salt and hash aside."""
    found = _KEPT.fullmatch(kept)
    if found is None or (found[1], found[2]) != ("id", str(_VERSION)):
        return False
    lengths = len(found[6]) * 3 // 4, len(found[7]) * 3 // 4
    return Profile(int(found[4]), int(found[3]), int(found[5])) == profile and lengths == (_SALT_BYTES, _HASH_BYTES)


def read(kept: str, profile: Profile) -> Check | None:
    """Return what checks a password against `kept`; None for what is no argon2 hash or costs more than both `profile` and the bound."""
    found = _KEPT.fullmatch(kept)
    if found is None:
        return None
    memory_kib, passes, lanes = int(found[3]), int(found[4]), int(found[5])
    costs = Profile(passes, memory_kib, lanes)
    dear = memory_kib > max(_MAX_MEMORY_KIB, profile.memory_kib) or costs.written_kib > max(_MAX_WRITTEN_KIB, profile.written_kib)
    if dear or not 1 <= lanes <= max(_MAX_LANES, profile.lanes) or passes < 1 or memory_kib < 8 * lanes:
        return None
    return checker(kept)


def checker(kept: str) -> Check:
    """Return what checks a password against an argon2 hash that is known to be one. The check raises MemoryError when there is none."""
    raw, kind = kept.encode("ascii"), _TYPES[kept.split("$")[1]]

    def check(password: bytes) -> bool:
        try:
            return verify_secret(raw, password, kind)
        except VerifyMismatchError:
            return False
        except VerificationError as failure:
            if str(failure) == _NO_MEMORY:
                raise MemoryError(_NO_MEMORY) from failure
            return False  # base64 that argon2 does not take: nobody's hash

    return check
