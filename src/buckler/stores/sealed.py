"""Values that leave this machine are authenticated, and encrypted where they are marked `secret`.

Who can write to the store, or stands on the way to it, can forge no session: a value is bound to the site's secrets, to the key under
which it lies, and to the time until which it was to be kept. Who can read the store reads no secret value. See docs/why/sealed.md.

    version, 1 byte │ id of the secret, 6 │ MAC, 16                │ until, 8 │ value          authentic: keyed BLAKE2b (RFC 7693)
    version, 1 byte │ id of the secret, 6 │ nonce, 12 │ encrypted: │ until, 8 │ value │ tag, 16    secret: AES-256-GCM (NIST SP 800-38D)

Does not stop: taking values away, bringing an old value of the same key back within its time, reading keys and lengths, and changing
quotas, which are numbers that the server counts. Sessions know their own times, whatever the store says.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.store import Add, Get, Put, Replace, able
from buckler.errors import MissingExtraError, StoreError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ModuleNotFoundError as failure:
    raise MissingExtraError("a store that is reached over a network", "sealed") from failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.clock import Clock
    from buckler.core.sign import Keys
    from buckler.core.store import Op, Reply, Store

_AUTHENTIC, _SECRET = b"\x01", b"\x02"
_ID_BYTES, _MAC_BYTES, _NONCE_BYTES = 6, 16, 12
_HEAD_BYTES = 1 + _ID_BYTES
_UNTIL = Struct(">d")
_LENGTH = Struct(">I")
# A clock that is so much ahead makes nothing unreadable: the server drops what is over. The time in a value is for a copy that comes back.
_CLOCKS_DIFFER_S = 60.0


class _Secret(NamedTuple):
    id: bytes
    authentic: bytes
    secret: bytes


class Sealed:
    """`store` behind keys derived from the site's secrets: the newest seals, all that are in rotation open.

    What does not open counts as absent, and `forged` is told why and in which space of keys. Costs 2 µs a value, 5 a secret one.
    """

    def __init__(self, store: Store, keys: Keys, *, clock: Clock, forged: Callable[[str], None]) -> None:
        self.behind, self._clock, self._forged = store, clock, forged
        self.able = able(store)
        parts = [keys.proofs(f"store/{part}", b"") for part in ("id", "authentic", "secret")]
        rotation = [_Secret(name[:_ID_BYTES], authentic, secret) for name, authentic, secret in zip(*parts, strict=True)]
        self._newest = rotation[0]
        self._rotation = {item.id: item for item in rotation}

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return (await self.dated(ops))[0]

    async def dated(self, ops: list[Op]) -> tuple[list[Reply], list[float]]:
        """Do all `ops`. Returns the answers, and until when each value that was got is good: seconds since the epoch, 0 for all else."""
        now_s = self._clock.now()
        replies = await self.behind.batch([self._sealed(op, now_s) if isinstance(op, Put | Add | Replace) else op for op in ops])
        if len(replies) != len(ops):
            raise StoreError(f"{type(self.behind).__name__} answered what it was not asked")
        untils = [0.0] * len(ops)
        for at, op in enumerate(ops):
            raw = replies[at]
            if isinstance(op, Get) and raw is not None:
                replies[at], untils[at] = self._opened(op.key, raw, now_s)
        return replies, untils

    async def close(self) -> None:
        await self.behind.close()

    def _sealed(self, op: Put | Add | Replace, now_s: float) -> Op:
        newest, name = self._newest, op.key.encode("utf-8", "surrogatepass")
        plain = _UNTIL.pack(now_s + op.ttl_s) + op.value
        if op.secret:
            head, nonce = _SECRET + newest.id, secrets.token_bytes(_NONCE_BYTES)
            return op._replace(value=head + nonce + _cipher(newest.secret, name).encrypt(nonce, plain, head))
        head = _AUTHENTIC + newest.id
        return op._replace(value=head + _mac(newest.authentic, head, name, plain) + plain)

    def _opened(self, key: str, raw: Reply, now_s: float) -> tuple[bytes | None, float]:
        """The value and its time, or None and 0.0."""
        plain = self._plain(key.encode("utf-8", "surrogatepass"), raw) if isinstance(raw, bytes) else None
        if plain is None:
            self._forged(f"{_space(key)}: a value that was not sealed here")
            return None, 0.0
        (until_s,) = _UNTIL.unpack_from(plain)
        if until_s + _CLOCKS_DIFFER_S < now_s:
            self._forged(f"{_space(key)}: a value that was over {now_s - until_s:.0f} s ago")
            return None, 0.0
        return plain[_UNTIL.size :], until_s

    def _plain(self, name: bytes, raw: bytes) -> bytes | None:
        known = self._rotation.get(raw[1:_HEAD_BYTES])
        if known is None:
            return None
        head, rest = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:]
        if head[:1] == _AUTHENTIC:
            plain = rest[_MAC_BYTES:]
            good = hmac.compare_digest(_mac(known.authentic, head, name, plain), rest[:_MAC_BYTES])
        elif head[:1] == _SECRET:
            try:
                plain = _cipher(known.secret, name).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head)
            except (InvalidTag, ValueError):  # ValueError: too short for a nonce
                return None
            good = True
        else:
            return None
        return plain if good else None


def _mac(key: bytes, head: bytes, name: bytes, plain: bytes) -> bytes:
    """Keyed BLAKE2b: half the time of HMAC-SHA-256. The name carries its length, so that it cannot reach into the value."""
    return blake2b(b"".join((head, _LENGTH.pack(len(name)), name, plain)), digest_size=_MAC_BYTES, key=key).digest()


def _cipher(key: bytes, name: bytes) -> AESGCM:
    """A cipher for the values of this one key of the store, which binds them to it. And 2^32 texts with random nonces, all that GCM is good
    for (NIST SP 800-38D, section 8.3), are then writes of one session, not of a whole site: seven weeks at 1,000 a second."""
    return AESGCM(blake2b(name, digest_size=32, key=key).digest())


def _space(key: str) -> str:
    """What kind of thing a key names, without whose it is."""
    return key.partition(":")[0]
