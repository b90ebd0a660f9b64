"""A function that takes 200 ms, its result kept by Buckler's `memo`; the response is made anew for each visitor."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from bench.guards import guarded
from bench.peers import page
from bench.peers.common import tls_in_front
from bench.peers.stampede_buckler import SLOW_S
from buckler import Data

api = FastAPI()
data = Data()


@data.memo(ttl_s=page.TTL_S)
async def slow() -> str:
    await asyncio.sleep(SLOW_S)
    return page.render()


@api.get("/")
async def show() -> str:
    return await slow()


@api.get(page.CALLS)
async def calls() -> int:
    return page.made


app = tls_in_front(guarded(api))
