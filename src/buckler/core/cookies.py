"""Reads one named cookie out of the raw `Cookie` field. There is deliberately no parser of all cookies: nobody needs the others."""

from __future__ import annotations

import re
from functools import lru_cache

SESSION = "__Host-session"  # what `sessions` sets, and others look for
_WHITE = b" \t"


def cookie(header: bytes, name: bytes) -> bytes | None:
    """Return the value of the cookie `name` as it was sent, or None. Costs two searches at C speed, however many cookies there are.

    The field is cut at every `;` as browsers join it (RFC 6265, section 4.2.1); quotes mean nothing, since parsers that honour
    them let one cookie swallow its neighbours. A piece counts only when it begins with exactly `name=`: the nameless cookie
    `=__Host-session=x` is not ours (CVE-2023-23934). Of several the first wins, as browsers send the most specific path first;
    but a name with a prefix (`__Host-`, `__Secure-`) can be there twice only when somebody planted one, so it counts as absent.
    """
    wanted = name + b"="
    at = header.find(wanted)
    if at < 0:
        return None
    if header.find(wanted, at + 1) >= 0 or (at and header[at - 2 : at] != b"; "):
        return _among(header, name)
    end = header.find(b";", at)
    return (header[at + len(wanted) :] if end < 0 else header[at + len(wanted) : end]).strip(_WHITE)


def _among(header: bytes, name: bytes) -> bytes | None:
    """The exact and slower way, linear in the length of the field: the name appears more than once, or in an odd place."""
    values: list[bytes] = _pattern(name).findall(header)
    if not values or (len(values) > 1 and name.startswith(b"__")):
        return None
    return values[0].strip(_WHITE)


@lru_cache(maxsize=64)
def _pattern(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:\A|;)[ \t]*" + re.escape(name) + rb"=([^;]*)")
