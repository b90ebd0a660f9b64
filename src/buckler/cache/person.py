"""What is kept for one person, encrypted for this person alone: a mistake in a key, here or in the application, shows nobody's data to
anybody else, because their key does not open it.

Each person's key is derived from the site's secrets (HMAC-SHA-256 with a purpose of its own: core/sign.py); AES-256-GCM (NIST SP
800-38D) binds the text to its place. Encrypted in both levels, so that memory is no exception: some 7 µs for each hit.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from buckler.errors import MissingExtraError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ModuleNotFoundError as failure:
    raise MissingExtraError("a cache for each person", "sealed") from failure

if TYPE_CHECKING:
    from buckler.core.sign import Keys

_PURPOSE, _NAME = "cache.person", "cache.person.key"
_VERSION = b"\x01"
_ID_BYTES, _NONCE_BYTES = 6, 12
_HEAD_BYTES = len(_VERSION) + _ID_BYTES


class PersonSeal:
    """Encrypts with the newest of the site's secrets; opens with all that are in rotation."""

    __slots__ = ("_ids", "_keys")

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._ids = [proof[:_ID_BYTES] for proof in keys.proofs(_NAME, b"")]

    def seal(self, person: str, place: str, raw: bytes) -> bytes:
        """Return `raw` encrypted for `person`, bound to `place`: 35 bytes more."""
        head, nonce = _VERSION + self._ids[0], secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(self._keys.prove(_PURPOSE, _raw(person)))
        return head + nonce + cipher.encrypt(nonce, raw, head + _raw(place))

    def open(self, person: str, place: str, sealed: bytes) -> bytes | None:
        """Return what was sealed for this `person` and `place`; None for everything else."""
        head, nonce, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES], sealed[_HEAD_BYTES + _NONCE_BYTES :]
        if head[:1] != _VERSION or head[1:] not in self._ids or len(nonce) != _NONCE_BYTES:
            return None
        key = self._keys.proofs(_PURPOSE, _raw(person))[self._ids.index(head[1:])]
        try:
            return AESGCM(key).decrypt(nonce, rest, head + _raw(place))
        except (InvalidTag, ValueError):
            return None


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
