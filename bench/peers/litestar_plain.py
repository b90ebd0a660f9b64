"""Litestar as its documentation shows it."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, get, post

from bench.peers.common import tls_in_front


@get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@post("/", status_code=200)
async def write() -> dict[str, str]:
    return {"hello": "world"}


@get("/session")
async def visit(request: Request[Any, Any, Any]) -> dict[str, int]:
    visits = request.session.get("visits", 0) + 1
    request.set_session({"visits": visits})
    return {"visits": visits}


app = tls_in_front(Litestar(route_handlers=[hello, write]))
