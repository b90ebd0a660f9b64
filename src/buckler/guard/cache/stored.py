"""One answer as it is kept, and how it is written down for a store."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any

from buckler.core.dates import read_date
from buckler.core.headers import first
from buckler.guard.cache.rules import kept_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.headers import Header
    from buckler.guard.cache.rules import Answered, Fresh

_LENGTH = struct.Struct(">I")
_OVERHEAD_BYTES, _FIELD_BYTES = 700, 140  # measured: the object with its memory of the last head, and one more field
_ETAG_BYTES = 12
_FACTS = ("lifetime_s", "age_s", "at_s", "stale_s", "error_s", "asks", "own_etag", "packs")


class Stored:
    """`headers` are those that are kept, without `Age` and `Content-Length`. `at_s` is when it came, `age_s` how old it was then.

    It refers to no request and to nobody. `shown` remembers the head of the last second, so that a popular answer is not put together
    for each visitor; `packed` holds the body in other codings, made once, in this process.
    """

    __slots__ = (
        "age_s",
        "asks",
        "at_s",
        "body",
        "error_s",
        "etag",
        "headers",
        "is_plain",
        "lifetime_s",
        "modified_s",
        "own_etag",
        "packed",
        "packs",
        "shown",
        "shown_age_s",
        "shown_of",
        "stale_s",
        "status",
    )

    def __init__(self, status: int, headers: list[Header], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body
        self.lifetime_s = self.age_s = self.at_s = self.stale_s = self.error_s = 0.0
        self.asks = self.own_etag = False
        self.etag = first(headers, b"etag") or b""
        self.modified_s = read_date(first(headers, b"last-modified") or b"")
        self.packed: dict[bytes, bytes] = {}
        self.packs = False  # whether other codings are worth their making
        self.is_plain: bool | None = None  # whether no dresser has anything to say about it; found out at first use
        self.shown: list[Header] = []
        self.shown_age_s, self.shown_of = -1, b""

    def age(self, now_s: float) -> float:
        """Seconds since the application said it (RFC 9111, section 4.2.3)."""
        return self.age_s + (now_s - self.at_s if now_s > self.at_s else 0.0)

    def left(self, now_s: float) -> float:
        """For how many seconds it is fresh; below 0: since when it is stale."""
        return self.lifetime_s - self.age(now_s)

    @property
    def has_validator(self) -> bool:
        """Whether the application can be asked if it is still right. An entity tag of our own tells it nothing."""
        return bool(self.etag and not self.own_etag) or self.modified_s is not None

    @property
    def size_bytes(self) -> int:
        """What it takes up in memory, with some room for the codings of its body."""
        fields = sum(len(name) + len(value) + _FIELD_BYTES for name, value in self.headers)
        return _OVERHEAD_BYTES + fields + 2 * len(self.body)


def make(answered: Answered, fresh: Fresh, body: bytes) -> Stored:
    """Return what is kept of an answer. One without an entity tag gets one made of its bytes: the same in every worker."""
    stored = Stored(answered.status, kept_headers(answered.headers, fresh.left_out), body)
    if not stored.etag and answered.status == 200:
        stored.etag = b'"' + hashlib.blake2b(body, digest_size=_ETAG_BYTES).hexdigest().encode() + b'"'
        stored.headers.append((b"etag", stored.etag))
        stored.own_etag = True
    return _timed(stored, answered.at_s, fresh)


def renewed(stored: Stored, answered: Answered, fresh: Fresh | None) -> Stored:
    """Return the kept answer with the fields that a 304 brought, new times, and the same body (RFC 9111, section 4.3.4)."""
    newer = Stored(stored.status, kept_headers(answered.headers, fresh.left_out if fresh else frozenset()), stored.body)
    newer.own_etag = stored.own_etag and newer.etag == stored.etag
    newer.packed = stored.packed if newer.etag == stored.etag else {}
    return newer if fresh is None else _timed(newer, answered.at_s, fresh)


def _timed(stored: Stored, at_s: float, fresh: Fresh) -> Stored:
    stored.at_s, stored.age_s, stored.lifetime_s = at_s, fresh.age_s, fresh.lifetime_s
    stored.stale_s, stored.error_s, stored.asks = fresh.stale_s, fresh.error_s, fresh.asks
    return stored


class Varies:
    """What stands under a key whose answers vary: the names of the fields that choose among them."""

    __slots__ = ("mark", "names")
    size_bytes = 500

    def __init__(self, names: tuple[bytes, ...], mark: str) -> None:
        self.names, self.mark = names, mark


Kind = Stored | Varies


def write(kind: Kind) -> bytes:
    """Return bytes: a line of JSON with its length before it, and the body."""
    head: dict[str, Any] = {}
    if isinstance(kind, Varies):
        return _framed(head | {"vary": _texts(kind.names), "mark": kind.mark}, b"")
    head |= {name: getattr(kind, name) for name in _FACTS}
    return _framed(head | {"status": kind.status, "headers": [_texts(item) for item in kind.headers]}, kind.body)


def read(raw: bytes) -> Kind:
    """Return what was written. Raises ValueError for anything else."""
    try:
        (length,) = _LENGTH.unpack_from(raw)
        at = _LENGTH.size + length
        head = json.loads(raw[_LENGTH.size : at])
        if "vary" in head:
            return Varies(tuple(name.encode("latin-1") for name in head["vary"]), str(head["mark"]))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]]
        stored = Stored(int(head["status"]), headers, raw[at:])
        for name in _FACTS:
            setattr(stored, name, head[name])
    except (struct.error, KeyError, TypeError, ValueError, AttributeError) as failure:
        raise ValueError("not an answer") from failure
    return stored


def _framed(head: dict[str, Any], body: bytes) -> bytes:
    line = json.dumps(head, separators=(",", ":")).encode()
    return _LENGTH.pack(len(line)) + line + body


def _texts(parts: Sequence[bytes]) -> list[str]:
    return [part.decode("latin-1") for part in parts]


def size_of(kind: Kind) -> int:
    """Return what one takes up."""
    return kind.size_bytes
