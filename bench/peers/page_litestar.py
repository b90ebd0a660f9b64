"""Litestar with its own response cache, in memory."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from litestar import Litestar, MediaType, get

from bench.peers import page
from bench.peers.common import tls_in_front


@get("/", media_type=MediaType.HTML, cache=page.TTL_S)
async def show() -> str:
    return page.render()


@get(page.CALLS)
async def calls() -> int:
    return page.made


app = tls_in_front(Litestar(route_handlers=[show, calls]))
