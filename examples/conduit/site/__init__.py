"""The server-rendered site around the API: everything works without JavaScript, which only saves loading a page anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examples.conduit.site import account, reading, writing
from examples.conduit.site.failures import on_failure
from examples.conduit.site.render import Renderer
from examples.conduit.site.statics import Statics, static_router

if TYPE_CHECKING:
    from fastapi import FastAPI

    from examples.conduit.parts import Parts

__all__ = ["add_site"]


def add_site(app: FastAPI, parts: Parts) -> None:
    """Add pages, forms, static files and the pages for errors to `app`."""
    statics = Statics()
    app.state.parts, app.state.renderer = parts, Renderer(statics)
    for router in (static_router(statics), reading.router, writing.router, account.router):
        app.include_router(router)
    on_failure(app)
