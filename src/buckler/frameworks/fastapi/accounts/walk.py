"""Finds the routes that do not say who may call them. For a test: `assert routes_without_rule(app) == []`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import routing
from starlette.routing import Mount

from buckler.frameworks.fastapi.accounts.depends import RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

# Newer versions of FastAPI keep included routers apart and show their routes, prefix and dependencies added, by this alone.
_contexts = getattr(routing, "iter_route_contexts", iter)


def routes_without_rule(app: Any) -> list[str]:
    """Return `METHOD /path` of every route, mounted applications included, among whose dependencies there is no rule.

    A rule is `signed_in`, `maybe_signed_in`, `fresh(…)`, `requires(…)`, `accepts(…)`, `public(because=…)`, or a dependency that depends
    on one. What is no FastAPI route (a mounted folder of files, a Starlette route) cannot carry one, and is named too.
    """
    return sorted(_undeclared(app.routes, ""))


def _undeclared(routes: list[Any], prefix: str) -> Iterator[str]:
    for route in _contexts(routes):
        mounted = getattr(route, "original_route", route)
        inner = getattr(getattr(mounted, "app", None), "routes", None) if isinstance(mounted, Mount) else None
        if inner is not None:
            yield from _undeclared(inner, prefix + route.path)
        elif not any(_rules(getattr(route, "dependant", None))):
            methods = ",".join(sorted(getattr(route, "methods", None) or ())) or type(mounted).__name__
            yield f"{methods} {prefix}{route.path}"


def _rules(dependant: Any) -> Iterator[str]:
    for child in getattr(dependant, "dependencies", ()):
        name = getattr(child.call, RULE, None)
        if name is not None:
            yield name
        yield from _rules(child)
