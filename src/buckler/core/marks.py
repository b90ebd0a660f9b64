"""Marks: what a route says about itself. They hang on the endpoint object, never on a path pattern.

A guard that matches paths by other rules than the router is how exemptions go wrong (CVE-2025-47910), so the guard asks the
application's own router which endpoint a request belongs to, and reads the marks from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from typing import Any

_ATTRIBUTE = "__buckler_marks__"
_HUNG: set[str] = set()  # names of all marks in this process: a refusal whose mark nobody hung needs no look at the routes
T = TypeVar("T")


class Routes(Protocol):
    """The application's own routing: which endpoint takes this scope. None means unknown, and unknown has no marks."""

    def endpoint(self, scope: MutableMapping[str, Any]) -> object | None: ...


def mark(name: str, value: object) -> Callable[[T], T]:
    """Return a decorator that hangs the mark `name` with `value` on an endpoint (a function, class or mounted application)."""

    def hang(endpoint: T) -> T:
        marks = {**marks_of(endpoint), name: value}
        setattr(endpoint, _ATTRIBUTE, marks)
        _HUNG.add(name)
        return endpoint

    return hang


def is_hung(name: str) -> bool:
    """Whether any endpoint of this process carries the mark `name`. Costs one look-up, where asking the router costs a walk."""
    return name in _HUNG


def marks_of(endpoint: object) -> Mapping[str, object]:
    """Return the marks of an endpoint; none when it has none."""
    found = getattr(endpoint, _ATTRIBUTE, None)
    return found if isinstance(found, dict) else {}
