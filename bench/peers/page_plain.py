"""FastAPI makes the page for every visitor."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from bench.peers import page
from bench.peers.common import tls_in_front

api = FastAPI()


@api.get("/", response_class=HTMLResponse)
async def show() -> HTMLResponse:
    return HTMLResponse(page.render())


@api.get(page.CALLS)
async def calls() -> int:
    return page.made


app = tls_in_front(api)
