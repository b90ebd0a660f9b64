"""Prices, leases and processor time of routes, in real FastAPI applications."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request, WebSocket

from buckler.core.clock import HandClock
from buckler.errors import ConfigError, UnknownOptionError
from buckler.frameworks.fastapi import limited
from buckler.protections.ratelimit import RateLimit
from buckler.stores.memory import Memory
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.fastapi_site import Counting, client_of, limited_app, statuses_of


def _asked(connection: Any) -> int:
    return int(connection.query_params.get("many", "1"))


async def test_a_request_has_a_price() -> None:
    client = client_of(limited_app("10/minute", cost=_asked))
    found = [(await client.post(f"/sign-in?many={many}", json={})).headers["ratelimit"] for many in (4, 1)]
    assert found == ['"client";r=6;t=24', '"client";r=5;t=30']
    assert await statuses_of(client, 2, "/sign-in?many=6", json={}) == [429, 429]
    assert await statuses_of(client, 1, "/sign-in?many=5", json={}) == [200]
    free = await client.post("/sign-in?many=0", json={})
    assert (free.status_code, "ratelimit" in free.headers) == (200, False)


async def test_more_than_the_limit_is_all_of_it() -> None:
    client = client_of(limited_app("10/minute", cost=_asked))
    assert await statuses_of(client, 2, "/sign-in?many=1000", json={}) == [200, 429]


@pytest.mark.parametrize("cost", [-1, True, 1.5, None])
async def test_what_is_no_price_fails_loudly(cost: Any) -> None:
    """A price below zero would give calls away."""
    client = client_of(limited_app("10/minute", cost=lambda _: cost))
    with pytest.raises(ValueError, match=r"limited\.cost returned"):
        await client.post("/sign-in", json={})


async def test_a_leased_route_asks_the_store_seldom() -> None:
    store = Counting()
    client = client_of(limited_app("100/minute", lease=0.2), store=store)
    statuses = await statuses_of(client, 110, json={})
    assert statuses == [200] * 100 + [429] * 10
    assert len(store.batches) < 16


def _burn(thousands: int = 200) -> int:
    return sum(number * number for number in range(thousands * 1000))


def _cpu_app(*, plain: bool = False, middleware: bool = False, router: bool = False) -> FastAPI:
    app, inner = FastAPI(), APIRouter()
    limits = [limited("300/minute", unit="cpu_ms")]

    def work() -> int:
        return _burn()

    async def work_async() -> int:
        await asyncio.sleep(0)
        return _burn()

    (inner if router else app).get("/work", dependencies=limits)(work if plain else work_async)
    app.include_router(inner)
    if middleware:

        @app.middleware("http")
        async def between(request: Request, call_next: Any) -> Any:
            return await call_next(request)  # Starlette runs what is inside in a task of its own

    return app


@pytest.mark.parametrize("shape", [{}, {"plain": True}, {"middleware": True}, {"router": True}, {"plain": True, "router": True}])
async def test_processor_time_is_measured_and_limited(shape: dict[str, bool]) -> None:
    """Each request burns some 10 ms. Only the first of a worker is not measured: the route is not known before."""
    client = client_of(_cpu_app(**shape), *only(RateLimit()))
    statuses = [(await client.get("/work")).status_code for _ in range(400)]
    assert statuses[:2] == [200] * 2
    assert statuses.count(200) < 200  # not measured, it would be 300
    refused = await client.get("/work")
    assert refused.json()["code"] == "ratelimit.exceeded"
    assert refused.headers["ratelimit-policy"] == '"client.cpu_ms";q=300;w=60;qu="cpu-ms"'


async def test_other_routes_are_not_measured() -> None:
    app = _cpu_app()

    @app.get("/other", dependencies=[limited("5/minute")])
    async def other() -> None: ...

    client = client_of(app)
    await client.get("/work")
    await client.get("/other")
    measured = {getattr(route, "path", ""): hasattr(getattr(route, "app", None), "__buckler_metered__") for route in app.routes}
    measured = {path: measured[path] for path in ("/work", "/other")}
    assert measured == {"/work": True, "/other": False}


async def test_a_route_of_another_shape_counts_what_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.frameworks.fastapi.limits.route_of", lambda _: None)
    app = FastAPI()

    @app.get("/work", dependencies=[limited("300/minute", unit="cpu_ms", cost=100)])
    async def work() -> None: ...

    client = client_of(app)
    assert [(await client.get("/work")).status_code for _ in range(5)] == [200] * 3 + [429] * 2


async def test_a_socket_is_counted_when_it_ends() -> None:
    app = FastAPI()

    @app.websocket("/socket", dependencies=[limited("100/hour", unit="cpu_ms")])
    async def socket(websocket: WebSocket) -> None:
        _burn(500)
        await websocket.accept()
        await websocket.close()

    clock = HandClock()
    guard = guarded(app, *only(RateLimit()), store=Memory(clock=clock), clock=clock)
    ends = []
    for _ in range(40):
        wire = Wire()
        wire.incoming = [{"type": "websocket.connect"}]
        await guard(scope_of("/socket", type="websocket", scheme="wss", subprotocols=[]), wire.receive, wire.send)
        ends.append(wire.sent[-1].get("code"))
    assert ends[0] == 1000
    assert ends[-1] == 1008


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "ms"}, "choose one of calls, cpu_ms"),
        ({"lease": 2}, "from 0 to 1"),
        ({"lease": -0.1}, "from 0 to 1"),
        ({"lease": 0.1}, "at least one call"),
        ({"lease": 0.5, "unit": "cpu_ms"}, "only calls can be leased"),
        ({"lease_s": 0}, "number over zero"),
    ],
)
def test_options_that_cannot_work_stop_the_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        limited("5/minute", **options)
    assert message in str(caught.value)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(UnknownOptionError, match="lease_s"):
        limited("5/minute", lease_seconds=1)  # type: ignore[call-arg]  # under test
