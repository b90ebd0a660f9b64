"""Watched headers: whoever looks into one of them makes the response this one caller's.

The application gets its headers as ASGI says, pairs of bytes. Names and values of those that tell callers apart, or that no cache has in
its key, are of a class of bytes that notices being looked at. An application that never asks for the cookie answers everybody alike, and
its answer may be kept; one that does, does not, and nobody has to remember to say so.

Nothing notices who copies bytes without looking: `b"".join(…)` over all values, or a library in C that takes the buffer.
"""

from __future__ import annotations

import re
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
        b"x-forwarded",
        b"x-forwarded-path",
        b"x-forwarded-uri",
        b"x-original-uri",
        b"x-envoy-original-path",
        b"x-scheme",
        b"x-url-scheme",
        b"front-end-https",
        b"client-ip",
        b"hx-request",  # a page, or a part of it
        b"x-requested-with",
    }
)
# Names by which applications and the layers in front of them say who asks, as in `X-API-Key` and `X-Forwarded-Email`: whole words of it.
_ASKS_WHO = re.compile(
    rb"(?:.*[-_])?(?:api-?_?keys?|access-?_?key|auth[a-z]*|tokens?|session[a-z]*|sid|secret|passw(?:or)?d|credentials?|jwt|csrf[a-z]*|xsrf[a-z]*|"
    rb"signature|identity|principal|assertion|user(?:id|name|info)?|email|account|tenant|customer|member|subject|roles?|groups?|cert)(?:[-_].*)?",
    re.DOTALL,
)
# What browsers send with every request, and what no application tells callers apart by.
PLAIN = frozenset(
    {
        *(b"accept", b"accept-charset", b"accept-encoding", b"accept-language", b"cache-control", b"connection", b"content-length"),
        *(b"content-type", b"date", b"dnt", b"host", b"if-match", b"if-modified-since", b"if-none-match", b"if-range"),
        *(b"if-unmodified-since", b"origin", b"pragma", b"priority", b"range", b"referer", b"sec-ch-ua", b"sec-ch-ua-mobile"),
        *(b"sec-ch-ua-platform", b"sec-fetch-dest", b"sec-fetch-mode", b"sec-fetch-site", b"sec-fetch-user", b"te", b"user-agent"),
        *(b"upgrade-insecure-requests", b"via"),
    }
)
_MAX_NAME = 100  # characters; a longer name is not looked into, and counts as one that says who asks


class Watched(bytes):
    """The value of a watched header: every look at it counts."""

    request: Request
    header: bytes

    def look(self) -> None:
        """Note that somebody looked."""
        if self.header in PERSONAL:
            self.request.taint(self.header.decode())
            return
        unkeyed, name = self.request.unkeyed, self.header.decode("latin-1")
        if name not in unkeyed.split(", "):
            self.request.unkeyed = f"{unkeyed}, {name}" if unkeyed else name
            if asks_who(self.header):
                self.request.touched = True

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
    return [_pair(*item, request) if is_watched(item[0]) else item for item in headers]


def is_watched(name: bytes) -> bool:
    """Whether a look at the header `name` counts. Costs 0.1 µs for those of a browser."""
    return name not in PLAIN and (name in PERSONAL or name in UNKEYED or asks_who(name))


def asks_who(name: bytes) -> bool:
    """Whether a header with this name tells callers apart."""
    return name in PERSONAL or len(name) > _MAX_NAME or _ASKS_WHO.fullmatch(name) is not None


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
