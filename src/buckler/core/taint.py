"""Watched headers: whoever looks into one of them makes the response this one caller's.

The application gets its headers as ASGI says, pairs of bytes. Names and values of those that tell callers apart, or that no cache has in
its key, are of a class of bytes that notices being looked at. An application that never asks for the cookie answers everybody alike, and
its answer may be kept; one that does, does not, and nobody has to remember to say so.

Nothing notices who copies bytes without looking: `b"".join(…)` over all values, or a library in C that takes the buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from buckler.core.headers import Header
    from buckler.core.request import Request

PERSONAL = frozenset({b"cookie", b"authorization", b"proxy-authorization"})
# Inputs that change what an application writes into a page and that no cache has in its key (CWE-444, CWE-349).
UNKEYED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
        b"x-real-ip",
        b"x-client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"x-host",
        b"x-original-host",
        b"x-original-url",
        b"x-rewrite-url",
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-user",
        b"x-remote-user",
        b"remote-user",
    }
)
WATCHED = PERSONAL | UNKEYED


class Watched(bytes):
    """The value of a watched header: every look at it counts."""

    request: Request
    header: bytes

    def look(self) -> None:
        """Note that somebody looked."""
        if self.header in PERSONAL:
            self.request.taint(self.header.decode())
        elif not self.request.unkeyed:
            self.request.unkeyed = self.header.decode()

    def __eq__(self, other: object) -> bool:
        self.look()
        return bytes.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        self.look()
        return bytes.__ne__(self, other)

    __hash__ = bytes.__hash__


class WatchedName(Watched):
    """The name of one: looking for it is what counts, passing by is not."""

    def __eq__(self, other: object) -> bool:
        same = bytes.__eq__(self, other)
        if same is True:
            self.look()
        return same

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = bytes.__hash__

    def lower(self) -> bytes:
        """Names are lower-case already, so whoever makes sure of it has not looked yet."""
        return self


def _looking(plain: Callable[..., Any]) -> Callable[..., Any]:
    def looks(self: Watched, *given: Any, **named: Any) -> Any:
        self.look()
        return plain(self, *given, **named)

    return looks


_SILENT = {"__class__", "__dir__", "__doc__", "__getattribute__", "__init__", "__init_subclass__", "__len__", "__new__", "__setattr__"}
_SILENT |= {"__delattr__", "__eq__", "__ne__", "__hash__", "__subclasshook__", "__sizeof__", "fromhex", "maketrans"}
for _name in dir(bytes):  # every method that says something about the bytes
    if _name not in _SILENT:
        setattr(Watched, _name, _looking(getattr(bytes, _name)))
for _name in ("__str__", "__bytes__"):
    setattr(Watched, _name, _looking(getattr(bytes, _name)))


def watched(headers: Iterable[Header], request: Request) -> list[Header]:
    """Return the headers with the watched ones in place of the plain ones. They refer to the request, which never refers to them."""
    return [_pair(*item, request) if item[0] in WATCHED else item for item in headers]


def _pair(name: bytes, value: bytes, request: Request) -> Header:
    wrapped, content = WatchedName(name), Watched(value)
    wrapped.request = content.request = request
    wrapped.header = content.header = name
    return wrapped, content


def unwatched(value: bytes) -> bytes:
    """Return plain bytes without a look: for adapters that watch by themselves what becomes of them."""
    return bytes.__getitem__(value, slice(None)) if isinstance(value, Watched) else value


def is_named(name: bytes, wanted: bytes) -> bool:
    """Whether a header has this name, without a look."""
    return bytes.__eq__(name, wanted)
