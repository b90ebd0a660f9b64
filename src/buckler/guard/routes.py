"""Asks the application's own router which endpoint takes a request, so that guard and router can never disagree.

Works with every application of Starlette's shape (`routes`, each with `matches(scope)`), as a structural contract: nothing is
imported. Other frameworks hand in their own `Routes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_FULL = 2  # starlette.routing.Match.FULL
_MAX_NESTING = 64  # mounts within mounts; deeper than any application, so that a cycle ends


class RouteTable:
    """The routing table of `app`; an application without one has endpoints that are all unknown."""

    def __init__(self, app: object) -> None:
        self._app = app

    def endpoint(self, scope: MutableMapping[str, Any]) -> object | None:
        """Return the endpoint that the router will choose, or None. Costs a walk of the table: never called for ordinary requests."""
        return _find(self._app, dict(scope), _MAX_NESTING)


def _find(app: object, scope: dict[str, Any], depth: int) -> object | None:
    if not depth:
        return None
    for route in getattr(app, "routes", None) or ():
        match, child = route.matches(scope)
        if match.value != _FULL:
            continue
        inner = getattr(route, "app", None)
        if getattr(inner, "routes", None) or getattr(route, "routes", None):
            return _find(inner if getattr(inner, "routes", None) else route, {**scope, **child}, depth - 1)
        found: object | None = child.get("endpoint")
        return found
    return None
