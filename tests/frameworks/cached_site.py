"""A FastAPI application of which every answer says how many there were before it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from buckler import Cache, RateLimit
from buckler.core.clock import HandClock
from buckler.frameworks.fastapi import KeptDep, SessionDep, cached
from buckler.testing import guarded
from tests.calm import calm

SAME = {"sec-fetch-site": "same-origin"}


class Site:
    """An application of which every answer says how many there were before it."""

    def __init__(self, *changes: Any, **facts: Any) -> None:
        self.made = 0
        self.pause_s = 0.0
        self.making, self.go_on = asyncio.Event(), asyncio.Event()  # somebody has begun to; who has may end
        self.go_on.set()
        self.clock = facts.setdefault("clock", HandClock())
        self.app = FastAPI()
        self.guard = calm(guarded(self.app, RateLimit(flood=None), *(changes or (Cache(wait_s=60.0),)), **facts))
        self.app.post("/in/{name}")(self.sign_in)
        self.app.post("/purge/{slug}")(self.purge)

    async def sign_in(self, name: str, session: SessionDep) -> None:
        session.sign_in(name)

    async def purge(self, slug: str, kept: KeptDep) -> list[str]:
        await kept.purge(f"article:{slug}")
        return kept.explain()

    def route(self, path: str, handler: Any = None, **options: Any) -> None:
        async def plain() -> dict[str, int]:
            return {"made": await self.make()}

        self.app.get(path, dependencies=[cached(**{"ttl_s": 30, **options})])(handler or plain)

    async def make(self) -> int:
        self.making.set()
        await self.go_on.wait()
        await asyncio.sleep(self.pause_s)
        self.made += 1
        return self.made

    async def rest(self) -> None:
        """Wait for what is made in the background."""
        while self.guard.plan.cache and self.guard.plan.cache.flights.working:  # noqa: ASYNC110  # nobody is told of it
            await asyncio.sleep(0)

    def visitor(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.guard, client=("203.0.113.7", 50_000))
        return httpx.AsyncClient(transport=transport, base_url="https://shop.example", headers=SAME)


def is_hit(found: httpx.Response) -> bool:
    return "; hit" in found.headers.get("cache-status", "")
