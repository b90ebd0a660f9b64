"""What every framework built on Starlette shares: the way from its request to the guard's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import HTTPConnection

    from buckler.protections.csp import CSP

_NO_GUARD = "this request did not come through a Guard: wrap the application, as in app = Guard(app, …)"


def guarded_request(scope: Mapping[str, Any]) -> Request:
    """Return the guard's own request of an ASGI scope. Raises RuntimeError where no guard stands before the application."""
    found = scope.get("buckler")
    if not isinstance(found, Request):
        raise RuntimeError(_NO_GUARD)  # noqa: TRY004  # nothing is of a wrong type: the application is wired wrongly
    return found


def use_policy(connection: HTTPConnection, policy: CSP) -> None:
    """Give this response a Content-Security-Policy of its own, in place of the site's: `use_policy(request, GALLERY)`.

    Make the policy once, not for each request: writing its text takes some 25 µs. Does nothing where `csp` is off.
    """
    guarded_request(connection.scope).note("csp", policy)


def offered(request: Request, name: str) -> Any:
    """Return what the protection `name` offers to adapters. Raises RuntimeError when it is off."""
    offer = request.site.offers.get(name)
    if offer is None:
        raise RuntimeError(f"this route needs the protection `{name}`, which is off")
    return offer
