"""FastAPI applications behind a guard, and who calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from fastapi import FastAPI

from buckler.core.clock import HandClock
from buckler.errors import StoreError
from buckler.frameworks.fastapi import limited
from buckler.stores.memory import Memory
from buckler.testing import guarded
from tests.calm import calm

if TYPE_CHECKING:
    from buckler.core.store import Op, Reply

SAME = {"sec-fetch-site": "same-origin"}
BOTH = ("client", "account")


class Counting(Memory):
    def __init__(self) -> None:
        super().__init__(clock=HandClock())
        self.batches: list[list[Op]] = []
        self.down = False

    def at_once(self, ops: list[Op]) -> list[Reply]:
        self.batches.append(ops)
        if self.down:
            raise StoreError("down")
        return super().at_once(ops)


def client_of(app: Any, *changes: Any, address: str = "203.0.113.7", **site: Any) -> httpx.AsyncClient:
    guard = guarded(app, *changes, **site)
    transport = httpx.ASGITransport(calm(guard) if "overload" in guard.plan.site.offers else guard, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="https://shop.example", headers=SAME)


def at(client: httpx.AsyncClient, address: str) -> httpx.AsyncClient:
    """The same site, from another address."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    return httpx.AsyncClient(transport=httpx.ASGITransport(transport.app, client=(address, 1)), base_url=client.base_url, headers=SAME)


async def statuses_of(client: httpx.AsyncClient, times: int, path: str = "/sign-in", **request: Any) -> list[int]:
    return [(await client.post(path, **request)).status_code for _ in range(times)]


def limited_app(*rates: str, **options: Any) -> FastAPI:
    app = FastAPI()

    @app.post("/sign-in", dependencies=[limited(*rates, **options)])
    async def sign_in(body: dict[str, Any]) -> dict[str, int]:
        return {"tried": len(body)}

    return app
