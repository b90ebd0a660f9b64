"""Whose request it is, and what is kept for whom when there is not enough for all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from buckler.core.marks import is_hung, mark, marks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from typing import TypeVar

    from buckler.core.marks import Routes
    from buckler.core.request import Request

    T = TypeVar("T")

MARK = "overload"
VITAL, SIGN_IN, SIGNED_IN, ANONYMOUS = "vital", "sign_in", "signed_in", "anonymous"
# How many times the allowed delay each of them may have waited in the event loop. Twice as much is the same again for oneself; the
# vital ones are let in until they are the flood themselves.
PATIENCE = {VITAL: 10.0, SIGN_IN: 2.0, SIGNED_IN: 2.0, ANONYMOUS: 1.0}

_SESSION = b"__Host-session="  # the cookie of `sessions`: a claim, which is looked into once the store has been asked
_MAX_KNOWN = 1024
_MAX_PATH = 256  # characters; a longer path is asked for each time, so that what is known stays small
_LOOKS = 10  # questions to the router between two looks at the clock: what a flood of new paths may cost


def vital(endpoint: T) -> T:
    """Keep room for a route in every overload: health checks, and what operators need then. Put it nearest to the function."""
    return _hang(VITAL)(endpoint)


def sign_in(endpoint: T) -> T:
    """Keep room for a route by which people sign in: who is signed in has room of their own, and must get there."""
    return _hang(SIGN_IN)(endpoint)


def _hang(share: str) -> Callable[[T], T]:
    return mark(MARK, share)


def claims(request: Request) -> bool:
    """Whether the request says that it is of somebody who is signed in. Anybody can say that."""
    return _SESSION in request.headers.get(b"cookie", b"")


class Shares:
    """Which routes are marked, and which part of the limit is kept for whom.

    The router is asked only about requests that are about to be turned away, and what it says is remembered by method, host and path: a
    route of a shape of its own that looks at more than these could be taken for another one, at the price of one place at work.
    """

    __slots__ = ("_kept", "_looks_left", "_marked", "_plain", "_routes")

    def __init__(self, routes: Routes, kept: Mapping[str, float]) -> None:
        self._routes, self._kept = routes, kept
        self._marked: dict[tuple[str, str, str], str] = {}
        self._plain: set[tuple[str, str, str]] = set()
        self._looks_left = _LOOKS

    def room(self, limit: int) -> dict[str, int]:
        """Return how many may come in over the limit, for each share."""
        return {share: math.ceil(part * limit) for share, part in self._kept.items()}

    def refresh(self) -> None:
        """Let the router be asked again."""
        self._looks_left = _LOOKS

    def may_be_marked(self, request: Request) -> bool:
        """Whether the router is to be asked about this request, of which nothing is known yet. Counts it as asked."""
        if not is_hung(MARK) or self._key(request) in self._plain or not self._looks_left:
            return False
        self._looks_left -= 1
        return True

    def marked(self, request: Request) -> str:
        """The share of a route that is already known to be marked, or ""."""
        return self._marked.get(self._key(request), "") if self._marked else ""

    def is_plain(self, request: Request) -> None:
        """Keep that the route of this request has no mark."""
        if len(request.path) <= _MAX_PATH:
            if len(self._plain) >= _MAX_KNOWN:
                self._plain.clear()
            self._plain.add(self._key(request))

    def of(self, request: Request, scope: MutableMapping[str, Any]) -> str:
        """Return whose request it is, once the store has been asked."""
        known = self.marked(request)
        if known:
            return known
        if self.may_be_marked(request) and self._look(request, scope):
            return self.marked(request)
        return SIGNED_IN if getattr(request.session, "is_somebodys", False) else ANONYMOUS

    def _look(self, request: Request, scope: MutableMapping[str, Any]) -> bool:
        found = marks_of(self._routes.endpoint(scope)).get(MARK)
        if found not in PATIENCE:
            self.is_plain(request)
            return False
        if len(self._marked) >= _MAX_KNOWN:
            self._marked.clear()
        self._marked[self._key(request)] = str(found)
        return True

    @staticmethod
    def _key(request: Request) -> tuple[str, str, str]:
        return request.method, request.host, request.path
