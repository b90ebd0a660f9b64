"""The server-rendered site around the API: everything works without JavaScript, which only saves loading a page anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends

from buckler.frameworks.fastapi.accounts import add_accounts
from examples.conduit.site import health, reading, settings, writing
from examples.conduit.site.failures import on_failure
from examples.conduit.site.render import Renderer, dress
from examples.conduit.site.statics import Statics, static_router
from examples.conduit.site.visit import viewer_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from examples.conduit.parts import Parts

__all__ = ["add_site"]


def add_site(app: FastAPI, parts: Parts) -> None:
    """Add pages, forms, static files and the pages for errors to `app`, and the pages of accounts in the same frame."""
    statics = Statics()
    app.state.parts, app.state.renderer = parts, Renderer(statics)
    dress(parts.accounts.renderer.environment, statics)
    add_accounts(app, parts.accounts, before_pages=[Depends(viewer_of)])
    for router in (health.router, static_router(statics), reading.router, writing.router, settings.router):
        app.include_router(router)
    on_failure(app)
