"""Starlette without middleware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.peers.common import tls_in_front

if TYPE_CHECKING:
    from starlette.requests import Request


async def hello(_request: Request) -> JSONResponse:
    return JSONResponse({"hello": "world"})


app = tls_in_front(Starlette(routes=[Route("/", hello, methods=["GET", "POST"])]))
