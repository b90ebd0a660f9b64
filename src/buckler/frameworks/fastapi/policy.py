"""`policy(…)`: the Content-Security-Policy of one route, as a dependency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends
from fastapi.requests import HTTPConnection

from buckler.core.options import need
from buckler.frameworks.starlette import use_policy
from buckler.protections.csp import CSP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def policy(own: CSP) -> Any:
    """Give a route a policy of its own: `dependencies=[policy(CSP(img_src=[SELF, "data:"]))]`.

    It stands in place of the site's on this route alone; with `report_only=True` it only reports, beside the site's. Where reports
    go is the site's to say. Make it once, outside the route. Raises `ConfigError` at once for anything but a `CSP`.
    """
    need(isinstance(own, CSP), "policy", own, 'give a policy, as in policy(CSP(img_src=[SELF, "data:"]))')
    return Depends(_using(own))


def _using(own: CSP) -> Callable[[HTTPConnection], Awaitable[None]]:
    async def use(connection: HTTPConnection) -> None:  # not a plain function: FastAPI would send that to a worker thread
        use_policy(connection, own)

    return use
