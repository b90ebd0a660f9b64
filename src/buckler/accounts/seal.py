"""Secrets that must be read again, encrypted at rest: seeds of one-time passwords, what a ticket is about.

AES-256-GCM of `cryptography` (NIST SP 800-38D). The text names its version and its key, so that the site's secrets can be rotated while
old texts stay readable, and each is written anew when it is next used (`is_outdated`); see docs/keys.md. Deliberately not Fernet: it
has no associated data, so that one person's seed could be put into another person's row.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from buckler.core.options import need
from buckler.errors import VerificationError

if TYPE_CHECKING:
    from buckler.core.sign import Keys

# 96 random bits, the size that GCM is made for. NIST SP 800-38D, section 8.3: with random ones at most 2^32 texts a key. Each purpose has
# its own key, so that is a hundred texts a second for a year and four months, for each purpose; rotate before.
_NONCE_BYTES = 12
_KEY_ID_BYTES = 6
_VERSION = "s1"
_TEXT = re.compile(r"s1\.([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]{38,})")  # 38 characters: a nonce, a tag, and nothing in between


class Seal:
    """Encrypts for one `purpose`, a constant: what was sealed for one purpose is noise for every other (CVE-2026-6873)."""

    __slots__ = ("_ciphers", "_newest", "_purpose")

    def __init__(self, keys: Keys, purpose: str) -> None:
        need(purpose, "Seal.purpose", purpose, "name what is sealed, by a constant")
        self._purpose = purpose
        derived = keys.proofs(f"seal/{purpose}", b"")
        self._newest = _key_id(derived[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in derived}

    def seal(self, raw: bytes, bound: str) -> str:
        """Return `raw` encrypted, as ASCII: `s1.<id of the key>.<nonce, ciphertext and tag in base64url>`, 50 characters and 4/3 of `raw`.

        `bound`: where it belongs, as `totp:<id of the row>`; it is not kept, and `open` must be told the same.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        body = nonce + self._ciphers[self._newest].encrypt(nonce, raw, self._about(self._newest, bound))
        return f"{_VERSION}.{self._newest}.{_text(body)}"

    def open(self, text: str, bound: str) -> bytes:
        """Return what was sealed. Raises VerificationError, which does not say why: another purpose, another place, a secret that is no
        longer in rotation, or a changed text."""
        found = _TEXT.fullmatch(text)
        cipher = self._ciphers.get(found[1]) if found else None
        if found is None or cipher is None:
            raise VerificationError("a text that was not sealed here")
        try:
            body = urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
            if _text(body) == found[2]:  # one spelling only: base64 leaves unused bits at the end
                return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], self._about(found[1], bound))
        except (InvalidTag, ValueError):
            pass
        raise VerificationError("a text that was not sealed here")

    def is_outdated(self, text: str) -> bool:
        """Whether `text` was sealed with another secret than the newest one: seal it anew, and keep that."""
        return not text.startswith(f"{_VERSION}.{self._newest}.")

    def _about(self, key_id: str, bound: str) -> bytes:
        """The associated data: no part can reach into its neighbour, since each but the last carries its length or has a fixed one."""
        return f"{_VERSION}.{key_id}.{len(self._purpose)}.{self._purpose}.{bound}".encode()

    def __repr__(self) -> str:
        return f"Seal({self._purpose!r}, {len(self._ciphers)})"


def _key_id(key: bytes) -> str:
    """A name of the key that tells nothing about it: 48 bits of a keyed proof."""
    return _text(hmac.digest(key, b"buckler/seal/id", "sha256")[:_KEY_ID_BYTES])


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
