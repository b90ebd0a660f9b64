"""FastAPI with work to do: `BENCH_WORK` says which. Plain."""

from __future__ import annotations

import asyncio
import os
from time import thread_time

from fastapi import FastAPI

from bench.peers.common import tls_in_front

_COMPUTES_S = 0.002  # of the processor, and nothing to wait for
_WAITS_S, _PLACES = 0.02, 10  # for one of so many connections to a database, each of which is held for so long


def make() -> FastAPI:
    """Return the application with the work that is asked for at `/`."""
    api = FastAPI()
    api.get("/")({"computes": _computes, "waits": _waits, "both": _both}[os.environ.get("BENCH_WORK", "computes")])
    return api


_places = asyncio.Semaphore(_PLACES)


async def _computes() -> dict[str, str]:
    _compute(_COMPUTES_S)
    return {"hello": "world"}


async def _waits() -> dict[str, str]:
    async with _places:
        await asyncio.sleep(_WAITS_S)
    return {"hello": "world"}


async def _both() -> dict[str, str]:
    _compute(_COMPUTES_S / 2)
    await asyncio.sleep(_WAITS_S)
    _compute(_COMPUTES_S / 2)
    return {"hello": "world"}


def _compute(seconds: float) -> None:
    ends_s = thread_time() + seconds
    while thread_time() < ends_s:
        pass


app = tls_in_front(make())
