"""The same behind Buckler, with everything on, and kept by its cache."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from bench.guards import guarded
from bench.peers import page
from bench.peers.common import tls_in_front
from buckler.frameworks.fastapi import cached

api = FastAPI()


@api.get("/", response_class=HTMLResponse, dependencies=[cached(ttl_s=page.TTL_S)])
async def show() -> HTMLResponse:
    return HTMLResponse(page.render())


@api.get(page.CALLS)
async def calls() -> int:
    return page.made


guard = guarded(api)
app = tls_in_front(guard)
