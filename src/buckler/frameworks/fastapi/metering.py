"""Has FastAPI's own route be measured: only routes that say so, from the second request of a worker on."""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction, isfunction, isgeneratorfunction
from typing import Any

from buckler.protections.ratelimit.meter import counted, metered


def measure(route: Any) -> None:
    """Put the meter around what FastAPI runs for `route`, once; a router of another shape is left as it is, and its limit counts what is
    asked for in advance.

    Deliberately here, and not around the whole application: the route is inside all middleware, some of which runs it in a task of its
    own, and other routes pay nothing. An endpoint that is a plain function runs in a thread, which has a clock of its own. Dependencies
    that are plain functions are not counted: FastAPI knows them by what they are, for its cache and for tests that replace them.
    """
    if callable(getattr(route, "app", None)):
        route.app = metered(route.app)
    dependant = getattr(route, "dependant", None)
    call = getattr(dependant, "call", None)
    waits = iscoroutinefunction(call) or isasyncgenfunction(call) or isgeneratorfunction(call)
    if dependant is not None and isfunction(call) and not waits:
        dependant.call = counted(call)
