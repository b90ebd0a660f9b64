"""A page that takes 200 ms to make, kept by Buckler's cache."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from bench.guards import guarded
from bench.peers import page
from bench.peers.common import tls_in_front
from buckler.frameworks.fastapi import cached

SLOW_S = 0.2
api = FastAPI()


@api.get("/", dependencies=[cached(ttl_s=page.TTL_S)])
async def show() -> str:
    await asyncio.sleep(SLOW_S)
    return page.render()


@api.get(page.CALLS)
async def calls() -> int:
    return page.made


app = tls_in_front(guarded(api))
