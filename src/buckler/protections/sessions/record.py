"""How a session is written down: one line that only Buckler reads, one with the application's values as JSON."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

MAX_VALUES_BYTES = 16_384  # four times what a cookie could hold; more belongs into a database
NOTHING = b"{}"


class Record(NamedTuple):
    """Times are seconds since the epoch. `made_s` starts the absolute timeout; `seen_s` the idle one; `born_s` is compared with the
    moment at which everything of the person was revoked. `key` names the secret that made the selector."""

    key: str
    made_s: float
    seen_s: float
    born_s: float
    person: str | None = None
    signed_in_s: float | None = None


def write(record: Record, values: bytes) -> bytes:
    """Return the bytes that the store keeps."""
    times = " ".join(map(repr, (record.made_s, record.seen_s, record.born_s)))
    who = "" if record.person is None else f"{record.signed_in_s!r} {record.person}"
    return f"{record.key} {times} {who}\n".encode() + values


def read(raw: bytes) -> tuple[Record, bytes] | None:
    """Return what `write` was given, or None for anything else: a damaged record is no session.

    Costs 2 µs. Deliberately not JSON, which cost 6: every request of a signed-in visitor comes here.
    """
    head, _, values = raw.partition(b"\n")
    try:
        key, made, seen, born, who = head.decode().split(" ", 4)
        signed_in, _, person = who.partition(" ")
        if not person:
            return Record(key, float(made), float(seen), float(born)), values
        return Record(key, float(made), float(seen), float(born), person, float(signed_in)), values
    except ValueError:
        return None


def write_values(values: dict[str, Any]) -> bytes:
    """Return JSON. Raises TypeError or ValueError for what JSON cannot say: a session holds no objects, and no NaN."""
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def read_values(raw: bytes) -> dict[str, Any]:
    """Return the values, parsed at first use alone."""
    values: dict[str, Any] = json.loads(raw)
    return values
