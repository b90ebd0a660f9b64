"""The walk that finds every route that does not say who may call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from buckler.accounts import SignedIn  # noqa: TC001  # FastAPI reads annotations at run time
from buckler.frameworks.fastapi.accounts import (
    OwnerDep,
    VisitDep,
    accepts,
    add_accounts,
    fresh,
    maybe_signed_in,
    public,
    requires,
    routes_without_rule,
    signed_in,
)
from tests.accounts.stage import stage_at

if TYPE_CHECKING:
    from pathlib import Path


def _ruled() -> FastAPI:
    """An application in which every route has a rule, each of another kind."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    kinds = (
        Depends(signed_in),
        Depends(maybe_signed_in),
        fresh(),
        requires("articles:read"),
        accepts("articles:read"),
        public(because="x"),
    )
    for number, rule in enumerate(kinds):
        app.get(f"/{number}", dependencies=[rule])(_nothing)
    app.get("/own")(_own)
    return app


async def _nothing() -> None: ...


async def _own(person: OwnerDep, who: Annotated[SignedIn | None, accepts("articles:read")]) -> None: ...


async def test_every_route_without_a_rule_is_found() -> None:
    app = _ruled()
    assert routes_without_rule(app) == []
    inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    router = APIRouter(prefix="/more", dependencies=[Depends(signed_in)])

    @router.get("/ruled")
    async def ruled() -> None: ...

    @inner.post("/forgotten")
    async def forgotten(visit: VisitDep) -> None: ...

    @inner.websocket("/socket")
    async def socket(socket: WebSocket) -> None: ...

    inner.include_router(router)
    app.mount("/inner", inner)
    app.router.routes.append(Route("/plain", PlainTextResponse("plain")))
    assert routes_without_rule(app) == ["APIWebSocketRoute /inner/socket", "POST /inner/forgotten", "Route /plain"]


async def test_every_route_of_accounts_has_its_rule(tmp_path: Path) -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    async with stage_at(tmp_path) as stage:
        add_accounts(app, stage.accounts)
    assert routes_without_rule(app) == []
