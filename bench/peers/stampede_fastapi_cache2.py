"""A page that takes 200 ms to make, kept by fastapi-cache2 in memory."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

import asyncio

from fastapi import FastAPI
from fastapi_cache.decorator import cache

from bench.peers import page
from bench.peers.common import tls_in_front
from bench.peers.page_fastapi_cache2 import lifespan
from bench.peers.stampede_buckler import SLOW_S

api = FastAPI(lifespan=lifespan)


@api.get("/")
@cache(expire=page.TTL_S)
async def show() -> str:
    await asyncio.sleep(SLOW_S)
    return page.render()


@api.get(page.CALLS)
async def calls() -> int:
    return page.made


app = tls_in_front(api)
