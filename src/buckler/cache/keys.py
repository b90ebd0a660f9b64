"""Arguments as text: two calls share a key only where every argument has the same type and the same value.

By construction: each piece says its type and its length, and a type that is not known here has no text at all. Deliberately neither
`hash` nor `repr`: `1 == True == 1.0` share a hash, and a `repr` may leave out what tells two objects apart, or say where one lies.
What can change later is refused as well: a refresh in the background would read the changed arguments under the old key.
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Where the types live that know who asks: requests, sessions, people.
_OF_ONE_CALLER = (
    "buckler.core.request.",
    "buckler.protections.",
    "buckler.accounts.",
    "buckler.frameworks.",
    "starlette.requests.",
    "starlette.websockets.",
    "starlette.datastructures.",
    "starlette.authentication.",
    "fastapi.",
    "django.http.",
    "django.contrib.auth.",
    "litestar.connection.",
    "quart.",
    "flask.",
    "werkzeug.",
)
_CHANGEABLE = (list, dict, set, bytearray)


class NoKeyError(TypeError):
    """A value that has no place in a key. Its sentence says which, and what to do."""


def text_of(thing: object) -> str:
    """Return the text of one value. Raises NoKeyError. Costs 0.1 to 0.3 µs for a number or a string."""
    write = _WRITERS.get(type(thing))
    return write(thing) if write is not None else _structured(thing)


def _sized(mark: str, text: str) -> str:
    return f"{mark}{len(text)}:{text}"


def _tuple(things: tuple[Any, ...]) -> str:
    return f"t{len(things)}({''.join(map(text_of, things))})"


def _set(things: frozenset[Any]) -> str:
    return f"S{len(things)}({''.join(sorted(map(text_of, things)))})"


def _zone(zone: tzinfo | None) -> str:
    if zone is None:
        return ""
    if type(zone) is timezone:
        return repr(zone)
    if type(zone) is ZoneInfo and zone.key:
        return zone.key
    raise NoKeyError(f"a time zone of the type {type(zone).__name__}: give datetime.timezone, or a ZoneInfo with a key")


def _moment(thing: datetime | time) -> str:
    return _sized("m" if type(thing) is datetime else "c", f"{thing.replace(tzinfo=None).isoformat()}|{thing.fold}|{_zone(thing.tzinfo)}")


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "n;",
    bool: lambda thing: "b1;" if thing else "b0;",
    int: lambda thing: f"i{thing:x};",  # hexadecimal: decimal digits of long numbers cost the square of their length
    float: lambda thing: f"f{thing!r};",
    complex: lambda thing: f"j{thing.real!r},{thing.imag!r};",
    str: lambda thing: f"s{len(thing)}:{thing}",
    bytes: lambda thing: _sized("y", thing.hex()),
    tuple: _tuple,
    frozenset: _set,
    Decimal: lambda thing: _sized("D", str(thing)),
    UUID: lambda thing: f"u{thing.hex};",
    datetime: _moment,
    time: _moment,
    date: lambda thing: _sized("a", thing.isoformat()),
    timedelta: lambda thing: f"l{thing.days},{thing.seconds},{thing.microseconds};",
}


def _structured(thing: object) -> str:
    kind = type(thing)
    if isinstance(thing, Enum):
        return _sized("e", f"{_named(kind)}.{thing.value:x}" if isinstance(thing, Flag) else f"{_named(kind)}.{thing.name}")
    if isinstance(thing, tuple) and hasattr(kind, "_fields"):
        return _sized("N", _named(kind)) + _tuple(tuple(thing))
    parts = frozen_parts(thing)
    if parts is not None:
        return _sized("d", _named(kind)) + _tuple(parts)
    raise NoKeyError(_why_not(thing, kind))


def frozen_parts(thing: Any) -> tuple[Any, ...] | None:
    """Return the fields of a frozen dataclass; None for everything else."""
    kind: Any = type(thing)
    params = vars(kind).get("__dataclass_params__")  # its own: a subclass that is no dataclass may hold more
    if params is None or not params.frozen:
        return None
    return tuple(getattr(thing, field.name) for field in dataclasses.fields(kind))


def _named(kind: type) -> str:
    if "<locals>" in kind.__qualname__:
        raise NoKeyError(f"{kind.__qualname__} is made inside a function: two such types may have the same name; define it in a module")
    return f"{kind.__module__}.{kind.__qualname__}"


def _why_not(thing: object, kind: type) -> str:
    if isinstance(thing, _CHANGEABLE):
        return f"a {kind.__name__} can change while its key does not; give a tuple or a frozenset"
    if is_of_one_caller(kind):
        return _PRIVATE.format(name=f"{kind.__module__}.{kind.__qualname__}")
    return f"a {kind.__module__}.{kind.__qualname__} says nothing that a key can be made of; give key=… with what the result depends on"


def is_of_one_caller(kind: type) -> bool:
    """Whether objects of this type know who asks: requests, sessions, people."""
    return any(f"{base.__module__}.".startswith(_OF_ONE_CALLER) for base in kind.__mro__)


def need_public(things: Iterable[object]) -> None:
    """Raise NoKeyError where one of `things` belongs to one caller. Costs 0.1 µs for each whose type was seen before."""
    for thing in things:
        kind = type(thing)
        if kind not in _PUBLIC:
            if is_of_one_caller(kind):
                raise NoKeyError(_PRIVATE.format(name=f"{kind.__module__}.{kind.__qualname__}"))
            if len(_PUBLIC) < _MAX_TYPES:
                _PUBLIC.add(kind)


_PRIVATE = (
    "a {name} belongs to one caller, and what is kept is for everybody; give the one value that the result depends on, or keep it for each "
    'person with scope="person"'
)
_PUBLIC: set[type] = set()
_MAX_TYPES = 1000  # types that a program makes while it runs must not fill the memory
