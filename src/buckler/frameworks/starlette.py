"""What every framework built on Starlette shares: the way from its request to the guard's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_GUARD = "this request did not come through a Guard: wrap the application, as in app = Guard(app, …)"


def guarded_request(scope: Mapping[str, Any]) -> Request:
    """Return the guard's own request of an ASGI scope. Raises RuntimeError where no guard stands before the application."""
    found = scope.get("buckler")
    if not isinstance(found, Request):
        raise RuntimeError(_NO_GUARD)  # noqa: TRY004  # nothing is of a wrong type: the application is wired wrongly
    return found


def offered(request: Request, name: str) -> Any:
    """Return what the protection `name` offers to adapters. Raises RuntimeError when it is off."""
    offer = request.site.offers.get(name)
    if offer is None:
        raise RuntimeError(f"this route needs the protection `{name}`, which is off")
    return offer
