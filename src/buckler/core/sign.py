"""Keyed proofs, with purposes that never mix and keys that can be rotated. HMAC-SHA-256 from the standard library."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from buckler.core.options import need

if TYPE_CHECKING:
    from collections.abc import Sequence

_MIN_SECRET_BYTES = 32  # NIST SP 800-107: an HMAC key as long as the hash keeps its full strength


class Keys:
    """The site's secrets, newest first: the first one proves, all of them verify. Never printed."""

    __slots__ = ("_derived", "_secrets")

    def __init__(self, secrets: Sequence[str | bytes]) -> None:
        raw = tuple(item.encode() if isinstance(item, str) else bytes(item) for item in secrets)
        need(raw, "Guard.secrets", "[]", "give at least one secret; make one with `python -m secrets` or `buckler secret`")
        for item in raw:
            short = f"a secret of {len(item)} bytes"
            need(len(item) >= _MIN_SECRET_BYTES, "Guard.secrets", short, f"give at least {_MIN_SECRET_BYTES} random bytes")
        self._secrets = raw
        self._derived: dict[str, tuple[bytes, ...]] = {}

    def _keys(self, purpose: str) -> tuple[bytes, ...]:
        """One key per secret for this purpose alone, so that a proof made for one purpose is noise for every other."""
        found = self._derived.get(purpose)
        if found is None:
            label = b"buckler/" + purpose.encode()
            found = self._derived[purpose] = tuple(hmac.digest(item, label, "sha256") for item in self._secrets)
        return found

    def prove(self, purpose: str, message: bytes) -> bytes:
        """Return 32 bytes that only this site can make for `message` and `purpose`. `purpose` is a constant, never user input."""
        return hmac.digest(self._keys(purpose)[0], message, "sha256")

    def proofs(self, purpose: str, message: bytes) -> list[bytes]:
        """Return one proof for every key still in rotation, the newest first: all that a presented one may equal."""
        return [hmac.digest(key, message, "sha256") for key in self._keys(purpose)]

    def proves(self, purpose: str, message: bytes, proof: bytes) -> bool:
        """Whether `proof` was made for `message` and `purpose` with any key still in rotation. Constant-time."""
        matched = False
        for key in self._keys(purpose):  # all of them, always: the time must not tell which key it was
            matched |= hmac.compare_digest(hmac.digest(key, message, "sha256"), proof)
        return matched

    def __repr__(self) -> str:
        return f"Keys({len(self._secrets)})"


def fingerprint(secret: bytes) -> str:
    """Return the SHA-256 of a high-entropy secret as hex: what a store keeps in place of the secret itself."""
    return hashlib.sha256(secret).hexdigest()
