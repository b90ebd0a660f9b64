"""What a shelf keeps, and how it is written down for a store.

Deliberately not `pickle`, whose reader runs what it reads: whoever can write to the store would run code in every worker. A record is
fixed numbers, short names and the caller's own bytes; what does not parse is no record.
"""

from __future__ import annotations

import struct
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_VALUE, _DROPPED = b"v1", b"d1"
_TIMES = struct.Struct(">dddddH")  # stored, until, gone, began, made in; how many tags
_TAG = struct.Struct(">H")
_DROP = struct.Struct(">d8s")
VERSION_BYTES = 16
_LONGEST_TAG_BYTES = 1024


class Kept(NamedTuple, Generic[T]):
    """`thing` as it was put at `stored_s`, fresh until `until_s` (seconds since the epoch); making it had taken `made_in_s`.

    What was put with `keep_s` is handed out for so long after `until_s` too: whether it will still do is the caller's to say.
    """

    thing: T
    stored_s: float
    until_s: float
    made_in_s: float = 0.0


class Record(NamedTuple):
    """A value as the store has it. `tags`: each with its version at the time; another version now means that it was purged."""

    stored_s: float
    until_s: float
    gone_s: float
    began_s: float
    made_in_s: float
    tags: tuple[tuple[str, bytes], ...]
    body: bytes


class Dropped(NamedTuple):
    """What stands in a value's place for a while after it was dropped: who is still making the old one must not put it back."""

    at_s: float
    by: bytes


def write(record: Record) -> bytes:
    """Return the bytes that the store keeps. Raises ValueError for a tag of more than 1,024 bytes."""
    parts = [_VALUE, _TIMES.pack(record.stored_s, record.until_s, record.gone_s, record.began_s, record.made_in_s, len(record.tags))]
    for name, version in record.tags:
        raw = name.encode("utf-8", "surrogatepass")
        if len(raw) > _LONGEST_TAG_BYTES:
            raise ValueError(f"a tag of {len(raw)} bytes: give at most {_LONGEST_TAG_BYTES}")
        parts += (_TAG.pack(len(raw)), raw, version)
    return b"".join((*parts, record.body))


def write_dropped(dropped: Dropped) -> bytes:
    """Return the bytes that the store keeps in place of a value."""
    return _DROPPED + _DROP.pack(*dropped)


def read(raw: bytes) -> Record | Dropped | None:
    """Return what was written, or None for anything else: a damaged record is no record."""
    try:
        if raw[:2] == _DROPPED:
            return Dropped(*_DROP.unpack(raw[2:]))
        if raw[:2] != _VALUE:
            return None
        stored_s, until_s, gone_s, began_s, made_in_s, count = _TIMES.unpack_from(raw, 2)
        tags, at = _read_tags(raw, 2 + _TIMES.size, count)
    except (struct.error, UnicodeDecodeError):
        return None
    return Record(stored_s, until_s, gone_s, began_s, made_in_s, tags, raw[at:])


def dropped_by_another(raw: object, me: bytes, since_s: float) -> Dropped | None:
    """Return what stands in the place of a thing that another than `me` has dropped at `since_s` or later."""
    found = read(raw) if isinstance(raw, bytes) else None
    return found if isinstance(found, Dropped) and found.by != me and found.at_s >= since_s else None


def _read_tags(raw: bytes, at: int, count: int) -> tuple[tuple[tuple[str, bytes], ...], int]:
    tags = []
    for _ in range(count):
        (length,) = _TAG.unpack_from(raw, at)
        at += _TAG.size
        end = at + length + VERSION_BYTES
        if len(raw) < end:
            raise struct.error("the end came too early")
        tags.append((raw[at : at + length].decode("utf-8", "surrogatepass"), raw[at + length : end]))
        at = end
    return tuple(tags), at
