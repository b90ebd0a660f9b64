"""`limited(…)` in real FastAPI applications: every way a route can be reached."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse

from buckler.errors import ConfigError
from buckler.frameworks.fastapi import limited
from buckler.protections.ratelimit import RateLimit
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable


from tests.fastapi_site import BOTH, Counting, at, client_of, limited_app, statuses_of


async def test_a_route_is_limited_and_says_how() -> None:
    client = client_of(limited_app("2/minute", "5/hour"))
    answer = await client.post("/sign-in", json={})
    assert answer.headers["ratelimit"] == '"client.60s";r=1;t=30, "client.3600s";r=4;t=720'
    assert answer.headers["ratelimit-policy"] == '"client.60s";q=2;w=60, "client.3600s";q=5;w=3600'
    await client.post("/sign-in", json={})
    refused = await client.post("/sign-in", json={})
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "ratelimit.exceeded", "30")
    assert refused.headers["cache-control"] == "no-store"
    assert refused.headers["x-content-type-options"] == "nosniff"


def _by_router() -> FastAPI:
    router = APIRouter(dependencies=[limited("2/minute")])

    @router.post("/sign-in")
    async def sign_in() -> None: ...

    app = FastAPI()
    app.include_router(router)
    return app


def _by_application() -> FastAPI:
    app = FastAPI(dependencies=[limited("2/minute")])

    @app.post("/sign-in")
    async def sign_in() -> None: ...

    return app


def _by_including() -> FastAPI:
    router = APIRouter()

    @router.post("/sign-in")
    async def sign_in() -> None: ...

    app = FastAPI()
    app.include_router(router, dependencies=[limited("2/minute")])
    return app


def _deep() -> FastAPI:
    """GHSA-f2vm-w8gq-h378: twelve applications within each other, and routers on the way."""
    router = APIRouter()

    @router.post("/sign-in", dependencies=[limited("2/minute")])
    async def sign_in() -> None: ...

    inner = FastAPI()
    inner.include_router(router)
    for _ in range(12):
        outer = FastAPI()
        outer.mount("/in", inner)
        inner = outer
    return inner


class Chunks(Response):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for more in (True, True, False):
            await send({"type": "http.response.body", "body": b"fine", "more_body": more})


def _with_handlers() -> FastAPI:
    """An application that answers every exception itself, with 200."""
    app = _by_router()

    @app.exception_handler(HTTPException)
    @app.exception_handler(429)
    async def fine(request: Request, failure: Exception) -> Response:
        return Chunks()

    return app


def _with_middleware() -> FastAPI:
    app = _by_router()

    @app.middleware("http")
    async def swallow(request: Request, call_next: Callable[..., Any]) -> Any:
        try:
            return await call_next(request)
        except Exception:  # noqa: BLE001  # what careless applications do
            return PlainTextResponse("fine")

    return app


@pytest.mark.parametrize("build", [_by_router, _by_application, _by_including, _with_handlers, _with_middleware])
async def test_a_limit_holds_however_the_route_is_reached(build: Callable[[], Any]) -> None:
    client = client_of(build())
    assert await statuses_of(client, 4) == [200, 200, 429, 429]
    assert (await client.post("/sign-in")).json()["code"] == "ratelimit.exceeded"


async def test_a_limit_holds_behind_twelve_mounts() -> None:
    assert await statuses_of(client_of(_deep()), 3, "/in" * 12 + "/sign-in") == [200, 200, 429]


async def test_all_limits_of_a_route_are_one_round_trip() -> None:
    router = APIRouter(dependencies=[limited("100/hour", by="global", name="all")])

    @router.post("/sign-in", dependencies=[limited("5/minute", by=BOTH, account="email"), limited("50/hour", by="route")])
    async def sign_in(body: dict[str, Any]) -> None: ...

    app = FastAPI(dependencies=[limited("1000/day", by="client", name="day")])
    app.include_router(router)
    store = Counting()
    answer = await client_of(app, store=store).post("/sign-in", json={"email": "mira@shop.example"})
    assert [len(ops) for ops in store.batches] == [5]
    names = [part.partition(";")[0].strip('" ') for part in answer.headers["ratelimit"].split(",")]
    assert names == ["day.client", "all.global", "client", "account", "route"]


async def test_where_fastapi_does_not_show_a_routes_dependencies_each_limit_asks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.frameworks.fastapi.limits.route_of", lambda _: None)
    app = FastAPI(dependencies=[limited("5/minute", name="all"), limited("2/minute", by="route")])

    @app.post("/sign-in", dependencies=[limited("3/minute")])
    async def sign_in() -> None: ...

    store = Counting()
    client = client_of(app, store=store)
    assert await statuses_of(client, 1) == [200]
    assert [len(ops) for ops in store.batches] == [1, 1, 1]
    assert await statuses_of(client, 3) == [200, 429, 429]


async def test_fifty_parallel_sign_ins_are_counted_exactly() -> None:
    """Limit overrun: of fifty at once, as many are evaluated as the limit says."""
    client = client_of(limited_app("10/minute", by=BOTH, account="email"))
    answers = await asyncio.gather(*(client.post("/sign-in", json={"email": "mira"}) for _ in range(50)))
    assert sum(answer.status_code == 200 for answer in answers) == 10


async def test_by_route_by_all_and_by_a_function() -> None:
    app = FastAPI()

    def by_key(connection: Any) -> str | None:
        key: str | None = connection.headers.get("x-key")
        return key

    for path, limit in {
        "/a": limited("1/minute", by="route"),
        "/b": limited("1/minute", by="route"),
        "/c": limited("1/minute", by="global"),
        "/d": limited("1/minute", by="global"),
        "/e": limited("1/minute", by=by_key),
        "/f": limited("1/minute", name="shared"),
        "/g": limited("1/minute", name="shared"),
        "/h": limited("6/minute", cost=4),
    }.items():

        async def act() -> None: ...

        act.__qualname__ = f"act at {path}"  # each has a name of its own, as functions in a module have
        app.post(path, dependencies=[limit])(act)
    client = client_of(app)
    other = at(client, "198.51.100.1")
    assert await statuses_of(client, 1, "/a") + await statuses_of(other, 1, "/a") + await statuses_of(other, 1, "/b") == [200, 429, 200]
    assert await statuses_of(client, 1, "/c") + await statuses_of(other, 1, "/d") == [200, 429]
    assert await statuses_of(client, 2, "/e") == [200, 200]  # None: not counted
    assert await statuses_of(client, 2, "/e", headers={"x-key": "k"}) + await statuses_of(client, 1, "/e", headers={"x-key": "l"}) == [
        200,
        429,
        200,
    ]
    assert await statuses_of(client, 1, "/f") + await statuses_of(client, 1, "/g") == [200, 429]  # locked on every channel: CVE-2026-9798
    assert await statuses_of(client, 2, "/h") == [200, 429]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, 200),
        ({"by": BOTH, "account": "email"}, 503),
        ({"by": BOTH, "account": "email", "on_store_failure": "allow"}, 200),
        ({"on_store_failure": "refuse"}, 503),
    ],
)
async def test_what_a_dead_store_means_is_the_routes_choice(options: dict[str, Any], status: int) -> None:
    store = Counting()
    store.down = True
    client = client_of(limited_app("5/minute", **options), store=store)
    assert await statuses_of(client, 1, json={"email": "mira"}) == [status]


async def test_in_report_only_mode_a_route_is_not_refused() -> None:
    assert await statuses_of(client_of(limited_app("1/minute"), RateLimit(report_only=True)), 3, json={}) == [200, 200, 200]


async def test_a_failure_of_validation_counts_as_well() -> None:
    assert await statuses_of(client_of(limited_app("2/minute")), 3, json=[]) == [422, 422, 429]


async def test_a_sub_dependency_may_carry_the_limit() -> None:
    app = FastAPI()

    async def outer(_: None = limited("1/minute")) -> None: ...

    @app.post("/sign-in", dependencies=[Depends(outer)])
    async def sign_in() -> None: ...

    assert await statuses_of(client_of(app), 2) == [200, 429]


async def test_a_socket_is_limited_too() -> None:
    app = FastAPI()

    @app.websocket("/socket", dependencies=[limited("1/minute", by=BOTH, account="email")])
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    guard = guarded(app)
    heard = []
    for _ in range(2):
        wire = Wire()
        wire.incoming = [{"type": "websocket.connect"}]
        await guard(scope_of("/socket", type="websocket", scheme="wss", subprotocols=[]), wire.receive, wire.send)
        heard.append([(message["type"], message.get("code")) for message in wire.sent])
    assert heard == [[("websocket.accept", None), ("websocket.close", 1000)], [("websocket.close", 1008)]]


async def test_a_limit_needs_its_guard() -> None:
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(limited_app("1/minute")), base_url="https://shop.example")
    with pytest.raises(RuntimeError, match="wrap the application"):
        await bare.post("/sign-in", json={})
    off = httpx.AsyncClient(transport=httpx.ASGITransport(guarded(limited_app("1/minute"), *only())), base_url="https://shop.example")
    with pytest.raises(RuntimeError, match="`ratelimit`, which is off"):
        await off.post("/sign-in", json={})


@pytest.mark.parametrize(
    ("rates", "options", "message"),
    [
        ((), {}, "at least one rate"),
        (("often",), {}, "as in 5/minute"),
        (("5/minute",), {"by": "ip"}, "limited.by = 'ip'"),
        (("5/minute",), {"by": ()}, "limited.by"),
        (("5/minute",), {"account": "email"}, 'by="account"'),
        (("5/minute",), {"by": "account", "account": "user..email"}, "user.email"),
        (("5/minute",), {"cost": 6}, "limited.cost"),
        (("5/minute",), {"cost": 0}, "limited.cost"),
        (("5/minute",), {"name": 'a"b'}, "limited.name"),
        (("5/minute",), {"on_store_failure": "maybe"}, "limited.on_store_failure"),
    ],
)
def test_a_limit_that_cannot_work_stops_the_start(rates: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        limited(*rates, **options)
    assert message in str(caught.value)
