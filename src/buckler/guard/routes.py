"""Asks the application's own router which endpoint takes a request, so that guard and router can never disagree.

Works with every application of Starlette's shape (`routes`, each with `matches(scope)`), as a structural contract: nothing is
imported. FastAPI keeps included routers as one route with `effective_candidates()`. Where a router is of another shape the
endpoint is unknown, and unknown has no marks. Other frameworks hand in their own `Routes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from buckler.core.marks import Routes

_FULL = 2  # starlette.routing.Match.FULL
_MAX_NESTING = 64  # mounts within mounts; deeper than any application, so that a cycle ends


class RouteTable:
    """The routing table of `app`; an application without one has endpoints that are all unknown."""

    def __init__(self, app: object) -> None:
        self._app = app

    def endpoint(self, scope: MutableMapping[str, Any]) -> object | None:
        """Return the endpoint that the router will choose, or None. Costs a walk of the table: never called for ordinary requests."""
        return _find(getattr(self._app, "routes", ()), dict(scope), _MAX_NESTING)


def endpoint_of(routes: Routes, scope: MutableMapping[str, Any], path: str, root_path: str) -> object | None:
    """Return the endpoint of a request that is already at work. The application may have changed `scope` on the way (mounts do), so
    path and root path are given as they came."""
    return routes.endpoint({**scope, "path": path, "root_path": root_path})


def _find(routes: Iterable[Any], scope: dict[str, Any], depth: int) -> object | None:
    for route in routes if depth else ():
        match, child = route.matches(scope)
        if match.value != _FULL:
            continue
        inner = _inside(route)
        if inner is not None:
            return _find(inner, {**scope, **child}, depth - 1)
        found: object | None = child.get("endpoint")
        return found
    return None


def _inside(route: Any) -> Iterable[Any] | None:
    """The routes within a route: an included router's, or a mounted application's. None for an endpoint."""
    if hasattr(route, "effective_candidates"):
        candidates: Iterable[Any] = route.effective_candidates()
        return candidates
    mounted = getattr(route, "starlette_route", None) or route
    inner: Iterable[Any] | None = getattr(getattr(mounted, "app", None), "routes", None)
    return inner or None
