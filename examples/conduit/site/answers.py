"""How an action ends: a redirect for a browser (303: see the result by GET), JSON for our own script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse, RedirectResponse, Response

from examples.conduit.site.render import renderer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from examples.conduit.site.visit import Visit


def see(address: str) -> Response:
    """Return the redirect to a page. `address` is made here or has been through `same_site`."""
    return RedirectResponse(address, 303)


def done(visit: Visit, address: str, said: Mapping[str, Any], status: int = 200) -> Response:
    """Return what tells the browser, or our script, that an action is done."""
    return JSONResponse(dict(said), status) if visit.wants_json else see(address)


def show(visit: Visit, template: str, *, status: int = 200, **context: Any) -> Response:
    """Return a page for the visitor."""
    return renderer_of(visit.request).page(visit.request, template, status=status, viewer=visit.viewer, **context)
