"""Headers as ASGI carries them: lower-case byte names, byte values, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

Header = tuple[bytes, bytes]
Headers = Sequence[Header]

# RFC 9110, section 5.6.2: the characters of a token.
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def header(name: str, value: str) -> Header:
    """Return one header as bytes. Raises ValueError for a name that is no token or a value with control characters."""
    raw_name, raw_value = name.lower().encode("ascii"), value.encode("latin-1")
    if not TOKEN.fullmatch(raw_name) or any(byte < 0x20 or byte == 0x7F for byte in raw_value):
        raise ValueError(f"not a header: {name!r}: {value!r}")
    return raw_name, raw_value


def first(headers: Iterable[Header], name: bytes) -> bytes | None:
    """Return the first value of `name` (lower-case), or None."""
    return next((value for key, value in headers if key.lower() == name), None)


def tokens(value: bytes) -> list[bytes]:
    """Split a comma-separated list: odd spaces and empty members go (RFC 9110, section 5.6.1). Lower-cased."""
    return [part for part in (piece.strip().lower() for piece in value.split(b",")) if part]


def add_vary(headers: list[Header], *names: bytes) -> None:
    """Make the head vary by `names` as well, keeping one `Vary` field. `Vary: *` stays as it is: it already says more."""
    present: list[bytes] = []
    for index in range(len(headers) - 1, -1, -1):
        if headers[index][0].lower() == b"vary":
            present[:0] = [part.strip() for part in headers.pop(index)[1].split(b",") if part.strip()]
    known = {part.lower() for part in present}
    if b"*" not in known:
        present += [name for name in names if name.lower() not in known]
    headers.append((b"vary", b"*" if b"*" in known else b", ".join(present)))
