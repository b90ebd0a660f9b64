"""Cookies of Starlette's requests that notice being looked at, so that an answer that depends on them is kept for nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection, cookie_parser

from buckler.core.request import Request
from buckler.core.taint import is_named, unwatched

if TYPE_CHECKING:
    from collections.abc import Callable


class _Cookies(dict[str, str]):
    """Cookies that notice being looked at: FastAPI reads those of every request before any route runs, so reading them says nothing."""

    request: Request


def _looking(plain: Callable[..., Any]) -> Callable[..., Any]:
    def looks(self: _Cookies, *given: Any, **named: Any) -> Any:
        self.request.taint("cookie")
        return plain(self, *given, **named)

    return looks


for _name in (
    *(
        "__contains__",
        "__eq__",
        "__ge__",
        "__getitem__",
        "__gt__",
        "__iter__",
        "__le__",
        "__len__",
        "__lt__",
        "__ne__",
        "__or__",
        "__repr__",
    ),
    *("__reversed__", "__ror__", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "values"),
):
    setattr(_Cookies, _name, _looking(getattr(dict, _name)))


def watch_cookies() -> None:
    """Have Starlette's requests keep their cookies so that a look at them is noticed, where the guard watches the `Cookie` header.

    Starlette has no place where this could be said, so its property is replaced, once. Without it every request with a cookie would
    count as one whose cookie was looked at, and a site whose visitors all have one would keep nothing.
    """
    HTTPConnection.cookies = property(_watched_cookies)  # type: ignore[method-assign,assignment]  # the one place, as told above


def _watched_cookies(self: HTTPConnection) -> dict[str, str]:
    known: dict[str, str] | None = vars(self).get("_cookies")
    if known is not None:
        return known
    values = [value for name, value in self.scope["headers"] if is_named(name, b"cookie")]
    found = _Cookies()
    for value in values:
        dict.update(found, cookie_parser(unwatched(value).decode("latin-1")))
    request = self.scope.get("buckler")
    if isinstance(request, Request):  # also where there are none: whether somebody has a cookie is something about them (CVE-2026-27205)
        found.request = request
        vars(self)["_cookies"] = found
        return found
    plain = vars(self)["_cookies"] = dict(dict.items(found))
    return plain
