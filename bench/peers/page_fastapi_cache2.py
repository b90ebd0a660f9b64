"""FastAPI with fastapi-cache2, in memory, as its documentation shows it: what the handler returns is kept, the response is made anew."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi_cache import FastAPICache
from fastapi_cache.backends.inmemory import InMemoryBackend
from fastapi_cache.decorator import cache

from bench.peers import page
from bench.peers.common import tls_in_front

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    FastAPICache.init(InMemoryBackend(), prefix="bench")
    yield


api = FastAPI(lifespan=lifespan)


@api.get("/", response_class=HTMLResponse)
@cache(expire=page.TTL_S)
async def show() -> str:
    return page.render()


@api.get(page.CALLS)
async def calls() -> int:
    return page.made


app = tls_in_front(api)
