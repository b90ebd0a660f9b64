"""Codings in which a text is kept as well: gzip always, br and zstd where their libraries are installed (`buckler[compression]`)."""

from __future__ import annotations

import zlib
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from buckler.core.directives import joined, read_directives
from buckler.core.headers import first

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.headers import Header

_MIN_BYTES = 1024  # below that, the fields that tell of a coding cost as much as it saves
_GZIP, _BROTLI, _ZSTD = 6, 5, 9  # levels at which a page of 100 KB takes some milliseconds, once
_TEXTS = ("text/", "application/json", "application/javascript", "application/xml", "application/wasm", "image/svg+xml", "font/ttf")
_SAYS_OTHERWISE = frozenset({b"content-encoding", b"content-range", b"content-digest", b"digest", b"content-md5"})


@cache
def makers() -> dict[bytes, Callable[[bytes], bytes]]:
    """Return what makes each coding, the best first. Each is called in a thread."""
    found: dict[bytes, Callable[[bytes], bytes]] = {}
    try:
        import brotli  # type: ignore[import-untyped]  # noqa: PLC0415  # optional

        found[b"br"] = lambda body: bytes(brotli.compress(body, quality=_BROTLI))
    except ModuleNotFoundError:
        pass
    try:
        import zstandard  # noqa: PLC0415  # optional

        found[b"zstd"] = lambda body: zstandard.ZstdCompressor(level=_ZSTD).compress(body)
    except ModuleNotFoundError:
        pass
    found[b"gzip"] = _gzip
    return found


def _gzip(body: bytes) -> bytes:
    """Deliberately not `gzip.compress`, which writes the time: every worker makes the same bytes."""
    maker = zlib.compressobj(_GZIP, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return maker.compress(body) + maker.flush()


def is_worth_it(headers: Sequence[Header], size_bytes: int) -> bool:
    """Whether an answer gets smaller, and may be given in another coding (RFC 9111, section 5.2.2.6: not where it says `no-transform`)."""
    if size_bytes < _MIN_BYTES or any(name in _SAYS_OTHERWISE for name, _ in headers):
        return False
    if b"no-transform" in read_directives(joined(headers, b"cache-control")) or b"accept-encoding" in joined(headers, b"vary").lower():
        return False
    kind = (first(headers, b"content-type") or b"").partition(b";")[0].strip().lower().decode("latin-1")
    return kind.startswith(_TEXTS) or kind.endswith(("+json", "+xml"))


@lru_cache(maxsize=512)
def chosen(accepted: bytes, there: tuple[bytes, ...]) -> bytes:
    """Return the coding that the visitor likes best of those that are `there` (the best first), b"" for none (RFC 9110, section 12.5.3)."""
    weights: dict[bytes, float] = {}
    for member in accepted.lower().replace(b" ", b"").split(b","):
        weights[member.partition(b";")[0]] = quality(member)
    anything = weights.get(b"*", 0.0)
    best, most = b"", 0.0
    for coding in there:
        weight = weights.get(coding, anything)
        if weight > most and weight >= weights.get(b"identity", 0.0):
            best, most = coding, weight
    return best


def quality(member: bytes) -> float:
    """Return the weight of one member of `Accept-…`: 1 where it names none, 0 where it cannot be read (RFC 9110, section 12.4.2)."""
    _, mark, weight = member.partition(b";q=")
    try:
        return float(weight) if mark else 1.0
    except ValueError:
        return 0.0
