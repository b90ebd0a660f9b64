"""FastAPI as its tutorial shows it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from bench.peers.common import tls_in_front


def make(**options: Any) -> FastAPI:
    api = FastAPI(**options)

    @api.get("/")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    @api.post("/")
    async def write() -> dict[str, str]:
        return {"hello": "world"}

    return api


app = tls_in_front(make())
