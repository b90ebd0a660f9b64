"""Under which name an answer is kept: all that it may depend on, and nothing that two requests could spell alike (CVE-2026-25480)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from buckler.cache.encodings import quality

if TYPE_CHECKING:
    from buckler.core.request import Request


class Index(Protocol):
    """What chooses among the variants of one address."""

    names: tuple[bytes, ...]
    mark: str


_LONG = 512  # characters
_PREFERENCES = frozenset({b"accept-language", b"accept-encoding", b"accept-charset"})


def key_of(request: Request) -> str:
    """Return scheme, host, port, path and query as they came over the wire. The path carries its length, so that none of its bytes can
    reach into the query; nothing is decoded, folded or sorted: what the application may tell apart has two keys."""
    path = (request.raw_path or request.path.encode("utf-8", "surrogatepass")).decode("latin-1")
    return named(request, path, request.query.decode("latin-1"))


def named(request: Request, path: str, query: str) -> str:
    """Return the key of an address of this origin. A long one is known by its digest: what is remembered is counted, not measured."""
    if len(path) + len(query) > _LONG:
        digest = blake2b(
            query.encode("utf-8", "surrogatepass"), digest_size=32, key=blake2b(path.encode("utf-8", "surrogatepass")).digest()
        )
        return f"{request.scheme}://{request.authority} long {digest.hexdigest()}"
    return f"{request.scheme}://{request.authority} {len(path)} {path}?{query}"


def person_key(key: str, person: str) -> str:
    """Return the key of one person's answer."""
    return f"{key} person {len(person)} {person}"


def variant_key(key: str, index: Index, request: Request) -> str:
    """Return the key of the variant that `request` selects by the fields that `Vary` has named. It carries the index's own mark: once
    the index is dropped, the variants of that time are found no more."""
    parts = [key, index.mark]
    for name in index.names:
        value = request.headers.get(name)
        parts.append("-" if value is None else f"{len(text := normal(name, value))}:{text}")
    return " | ".join(parts)


def normal(name: bytes, value: bytes) -> str:
    """Return a field value in a form in which equal lists are equal: blanks around commas go, preferences stand in their order. A value
    with a quote in it stays as it is: a comma may be part of a quoted text."""
    if b'"' in value:
        return value.decode("latin-1")
    members = [piece.strip(b" \t") for piece in value.split(b",")]
    if name in _PREFERENCES:
        members = sorted((part.lower().replace(b" ", b"") for part in members), key=lambda part: (-quality(part), part))
    return ", ".join(part.decode("latin-1") for part in members)


def vary_of(value: bytes) -> tuple[bytes, ...] | None:
    """Return the fields that `Vary` names, sorted; None for `*`, alone or among others: nothing tells when such an answer fits."""
    names = {part.strip().lower() for part in value.split(b",") if part.strip()}
    return None if b"*" in names else tuple(sorted(names))
