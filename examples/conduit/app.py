"""Puts Conduit together: API, site, database, and Buckler's guard around all of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from buckler import CSP, SELF, Guard, RateLimit
from buckler.frameworks.fastapi import Kept
from examples.conduit.accounts import appoint
from examples.conduit.api import make_api
from examples.conduit.db import alone, make_private
from examples.conduit.migrations import upgrade
from examples.conduit.parts import Parts
from examples.conduit.seed import seed
from examples.conduit.site import add_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from examples.conduit.settings import Settings


def make_app(settings: Settings) -> Guard:
    """Return the guarded application. Opens nothing: the database is opened when the server starts."""
    parts = Parts.of(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await prepare(parts)
        yield
        await parts.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts = parts
    app.mount("/api", make_api(app.state))  # an application of its own: its errors are JSON, and the site's are pages
    add_site(app, parts)
    guard = Guard(
        app,
        CSP(img_src=(SELF, "https:"), trusted_types=True),  # people's pictures are elsewhere; our script writes text alone
        RateLimit(report_only=settings.insecure_only_report_rate_limits),
        hosts=settings.hosts,
        secrets=[settings.secret()],
        store=parts.store,
        trusted_proxies=settings.trusted_proxies,
        development=settings.development,
    )
    parts.database.on_change(Kept(guard.plan.site.offers.get("cache")).purge)  # the answers that routes mark with `cached`
    return guard


async def prepare(parts: Parts) -> None:
    """Bring the tables up to date and, on a laptop, fill empty ones. Several workers may do so at once: one of them does it."""
    async with alone(parts.database, parts.settings.folder):
        make_private(parts.database)
        await upgrade(parts.database)
        if parts.settings.with_demo:
            await seed(parts.database, parts.accounts.hasher)
        await appoint(parts.database, parts.settings.moderators)
