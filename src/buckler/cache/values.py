"""Values as bytes: JSON, with a mark for what JSON has no word for. Reading it makes data and nothing else.

Deliberately not `pickle` or `marshal` (reading runs code, or crashes, as the writer likes), and no types that are found by a name in the
data: what a function may return is read from its own annotation, once, when it is decorated. A dataclass, NamedTuple, Enum or pydantic
model that is not named there is refused when it is written.
"""

from __future__ import annotations

import base64
import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from buckler.cache.keys import frozen_parts
from buckler.core.options import need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from buckler.cache.kinds import Kind

_MARK = "$"
_NOT_PLAIN = b'"$"'


class NoValueError(TypeError):
    """A value that cannot be kept. Its sentence says of which type, and what to do."""


class Values:
    """Writes and reads what consists of JSON's own types, bytes, tuples, sets, times, decimals, UUIDs, and the given `kinds`."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        self._kinds = {item.type: item for item in kinds}
        self._by_name = {item.name: item for item in self._kinds.values()}
        names = ", ".join(sorted(item.name for item in self._kinds.values()))
        need(len(self._by_name) == len(self._kinds), "memo", names, "two types have one name; give encode and decode")
        need(not set(self._by_name) & set(_READERS), "memo", names, "one of them has a name of ours; give encode and decode")

    def write(self, thing: object) -> bytes:
        """Return `thing` as bytes. Raises NoValueError."""
        try:
            text = json.dumps(self._plain(thing), separators=(",", ":"), ensure_ascii=False)
        except (ValueError, RecursionError) as failure:  # an endless number of digits, a list that holds itself
            raise NoValueError(f"cannot be written down: {failure}") from failure
        return text.encode("utf-8", "surrogatepass")

    def read(self, raw: bytes) -> object:
        """Return what was written. Raises ValueError for anything else."""
        text = raw.decode("utf-8", "surrogatepass")
        try:
            return json.loads(text, object_hook=self._hook) if _NOT_PLAIN in raw else json.loads(text)
        except (TypeError, KeyError, IndexError, ArithmeticError, AttributeError, RecursionError) as failure:
            raise ValueError("not a value that was written here") from failure

    def _plain(self, thing: Any) -> object:
        kind = type(thing)
        if kind in _AS_THEY_ARE:
            return thing
        if kind is list:
            return [self._plain(item) for item in thing]
        if kind is dict:
            return self._plain_dict(thing)
        if kind in _GROUPS:
            return {_MARK: [_GROUPS[kind], [self._plain(item) for item in thing]]}
        if kind in _WRITERS:
            name, write = _WRITERS[kind]
            return {_MARK: [name, write(thing)]}
        known = self._kinds.get(kind)
        if known is None:
            raise NoValueError(
                f"a {kind.__module__}.{kind.__qualname__} is not known; name it in the function's return annotation, return JSON "
                "values, or give encode=… and decode=…"
            )
        return {_MARK: [known.name, self._plain(known.parts(thing))]}

    def _plain_dict(self, thing: dict[Any, Any]) -> object:
        if _MARK not in thing and all(type(name) is str for name in thing):
            return {name: self._plain(item) for name, item in thing.items()}
        return {_MARK: ["dict", [[self._plain(name), self._plain(item)] for name, item in thing.items()]]}

    def _hook(self, found: dict[str, Any]) -> object:
        if _MARK not in found:
            return found
        name, parts = found[_MARK]
        read = _READERS.get(name)
        return read(parts) if read is not None else self._by_name[name].made(parts)


def _write_moment(thing: datetime | time) -> list[Any]:
    zone = thing.tzinfo
    if zone is None:
        return [thing.isoformat(), thing.fold, None]
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        return [thing.replace(tzinfo=None).isoformat(), thing.fold, [offset.days * 86_400 + offset.seconds, offset.microseconds]]
    if type(zone) is ZoneInfo and zone.key:
        return [thing.replace(tzinfo=None).isoformat(), thing.fold, zone.key]
    raise NoValueError(f"a time zone of the type {type(zone).__name__}: give datetime.timezone, or a ZoneInfo with a key")


def _read_moment(read: Callable[[str], Any], parts: list[Any]) -> Any:
    text, fold, zone = parts
    made = read(text).replace(fold=fold)
    if zone is None:
        return made
    return made.replace(tzinfo=ZoneInfo(zone) if isinstance(zone, str) else timezone(timedelta(seconds=zone[0], microseconds=zone[1])))


_AS_THEY_ARE = frozenset({type(None), bool, int, float, str})
_GROUPS: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset"}
_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    bytes: ("bytes", lambda thing: base64.b64encode(thing).decode()),
    datetime: ("datetime", _write_moment),
    date: ("date", date.isoformat),
    time: ("time", _write_moment),
    timedelta: ("timedelta", lambda thing: [thing.days, thing.seconds, thing.microseconds]),
    Decimal: ("Decimal", str),
    UUID: ("UUID", lambda thing: thing.hex),
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": dict,
    "bytes": partial(base64.b64decode, validate=True),
    "datetime": partial(_read_moment, datetime.fromisoformat),
    "date": date.fromisoformat,
    "time": partial(_read_moment, time.fromisoformat),
    "timedelta": lambda parts: timedelta(*parts),
    "Decimal": Decimal,
    "UUID": UUID,
}


def never_changes(thing: Any) -> bool:
    """Whether `thing`, with all that it holds, can be handed to many at once: what one of them does to it, the others cannot see."""
    kind = type(thing)
    if kind in _AS_THEY_ARE or kind in _WRITERS or isinstance(thing, Enum):
        return True
    if kind is frozenset or isinstance(thing, tuple):
        return all(map(never_changes, thing))
    parts = frozen_parts(thing)
    return parts is not None and all(map(never_changes, parts))
