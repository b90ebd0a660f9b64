from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from buckler.guard.routes import RouteTable
from buckler.testing import probe_app


def _scope(path: str, method: str = "GET") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": [], "path_params": {}}


async def _page(request: Any) -> None: ...


async def _other(request: Any) -> None: ...


def test_the_application_s_own_router_decides() -> None:
    table = RouteTable(Starlette(routes=[Route("/a/{x:int}", _page, methods=["POST"]), Route("/a/{x}", _other)]))
    assert table.endpoint(_scope("/a/1", "POST")) is _page
    assert table.endpoint(_scope("/a/b")) is _other
    assert table.endpoint(_scope("/nowhere")) is None


def test_an_exemption_for_a_path_does_not_exempt_its_neighbour() -> None:
    """CVE-2025-47910: `/hello/` is not `/hello`."""
    table = RouteTable(Starlette(routes=[Route("/hello/", _page)]))
    assert table.endpoint(_scope("/hello/")) is _page
    assert table.endpoint(_scope("/hello")) is None


def test_mounts_are_followed_to_any_sensible_depth() -> None:
    """GHSA-f2vm-w8gq-h378: twelve nested mounts are as good as none."""
    app: Any = Starlette(routes=[Route("/end", _page)])
    for _ in range(12):
        app = Starlette(routes=[Mount("/deep", app=app)])
    assert RouteTable(app).endpoint(_scope("/deep" * 12 + "/end")) is _page
    for _ in range(60):
        app = Starlette(routes=[Mount("/deep", app=app)])
    assert RouteTable(app).endpoint(_scope("/deep" * 72 + "/end")) is None


def test_routers_of_fastapi() -> None:
    inner, app = APIRouter(prefix="/in"), FastAPI()
    inner.post("/write")(_page)
    outer = APIRouter(prefix="/v1")
    outer.include_router(inner)
    outer.mount("/static", Starlette(routes=[Route("/file", _other)]))
    app.get("/direct")(_other)
    app.include_router(outer, prefix="/api")
    table = RouteTable(app)
    assert table.endpoint(_scope("/api/v1/in/write", "POST")) is _page
    assert table.endpoint(_scope("/api/v1/in/write", "GET")) is None
    assert table.endpoint(_scope("/api/static/file")) is _other
    assert table.endpoint(_scope("/direct")) is _other


def test_an_application_without_routes_has_no_endpoints() -> None:
    assert RouteTable(probe_app).endpoint(_scope("/")) is None
