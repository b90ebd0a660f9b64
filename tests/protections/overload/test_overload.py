"""The protection in a guard: its options, its marks, whom it lets in when there is no room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from buckler import Overload, Sessions
from buckler.errors import ConfigError
from buckler.protections.overload import sign_in, vital
from buckler.protections.overload.shares import Shares
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.requests import request_of

NONE_LEFT = Overload(least=1, start=1, most=1, anonymous_share=0.0, vital_share=1.0, sign_in_share=1.0, signed_in_share=1.0)


class Site:
    """An application with a route that works until it is told to end, and marked ones, behind a guard with one place."""

    def __init__(self, protection: Overload = NONE_LEFT) -> None:
        self.end, self.asked = asyncio.Event(), 0

        async def works(_: Any) -> PlainTextResponse:
            await self.end.wait()
            return PlainTextResponse("done")

        @vital
        async def health(_: Any) -> PlainTextResponse:
            return PlainTextResponse("well")

        @vital
        async def health_that_works(_: Any) -> PlainTextResponse:
            return await works(_)

        @sign_in
        async def enter(request: Any) -> PlainTextResponse:
            guarded = request.scope["buckler"]
            guarded.site.offers["sessions"].open(guarded).sign_in("mira")
            return PlainTextResponse("in")

        async def other(_: Any) -> PlainTextResponse:
            return PlainTextResponse("other")

        inner = [Route("/health", health), Route("/works", health_that_works)]
        routes = [
            Route("/works", works),
            Mount("/in", routes=inner),
            Route("/sign-in", enter, methods=["POST"]),
            Route("/{name:path}", other),
        ]
        self.app = Starlette(routes=routes)
        self.guard = guarded(self.app, *only(protection, Sessions()))
        self.routes = self.guard.plan.site.offers["routes"]

    async def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Wire:
        wire = Wire()
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.guard(scope_of(path, method, *pairs), wire.receive, wire.send)
        return wire

    async def busy(self, *, times: int = 1, path: str = "/works") -> list[asyncio.Task[Wire]]:
        """Fill the places."""
        tasks = [asyncio.create_task(self.ask(path)) for _ in range(times)]
        await asyncio.sleep(0)
        return tasks

    async def done(self, tasks: list[asyncio.Task[Wire]]) -> list[int]:
        self.end.set()
        return [(await task).status for task in tasks]


async def test_there_is_room_for_vital_routes_and_for_signing_in() -> None:
    site = Site()
    tasks = await site.busy()
    for _ in range(2):  # asked of the router, and then known
        assert (await site.ask()).status == 503
        assert (await site.ask("/in/health")).body == b"well"
        assert (await site.ask("/sign-in", "POST")).body == b"in"
    assert await site.done(tasks) == [200]
    assert (await site.ask()).body == b"other"


async def test_there_is_so_much_room_and_no_more() -> None:
    site = Site()
    tasks = await site.busy(times=2, path="/in/works")
    assert (await site.ask("/in/works")).status == 503
    assert (await site.ask("/in/health")).status == 503
    assert (await site.ask("/sign-in", "POST")).body == b"in", "another share"
    assert await site.done(tasks) == [200, 200]


async def test_there_is_room_for_who_is_signed_in_and_not_for_who_says_so() -> None:
    site = Site()
    cookie = dict((await site.ask("/sign-in", "POST")).headers)[b"set-cookie"].split(b";")[0].decode()
    tasks = await site.busy()
    assert (await site.ask(cookie=cookie)).body == b"other"
    assert (await site.ask(cookie=cookie[:-5] + "AAAAA")).status == 503
    assert await site.done(tasks) == [200]
    wire = await site.ask(cookie=cookie)
    assert b"set-cookie" not in wire.headers
    assert b"vary" not in wire.headers, "to be let in is no use of the session"


async def test_a_share_that_is_full_is_not_asked_of_the_store() -> None:
    site = Site(Overload(least=1, start=1, most=1, anonymous_share=0.0, signed_in_share=0.0))
    tasks = await site.busy()
    assert (await site.ask(cookie="__Host-session=" + "A" * 43)).status == 503
    assert await site.done(tasks) == [200]


async def test_what_is_said() -> None:
    site = Site()
    tasks = await site.busy()
    wire = await site.ask()
    assert (wire.status, wire.headers[b"cache-control"]) == (503, b"no-store")
    assert 1 <= int(wire.headers[b"retry-after"]) <= 5
    assert b"overload.full" in wire.body
    assert await site.done(tasks) == [200]


async def test_report_only_lets_in() -> None:
    site = Site(Overload(least=1, start=1, most=1, anonymous_share=0.0, report_only=True))
    tasks = await site.busy()
    assert (await site.ask()).status == 200
    assert {event.kind for event in site.guard.plan.events.drain()} == {"overload.full"}
    assert await site.done(tasks) == [200]
    assert site.guard.plan.site.offers["overload"].state.working == 0


class Routes:
    """A router that counts how often it is asked."""

    def __init__(self, endpoint: object = None) -> None:
        self.asked, self._endpoint = 0, endpoint

    def endpoint(self, scope: Any) -> object | None:
        self.asked += 1
        return self._endpoint


def test_a_flood_of_new_paths_asks_the_router_a_few_times() -> None:
    shares = Shares(Routes(), {})
    assert sum(shares.may_be_marked(request_of(path=f"/{number}")) for number in range(100)) == 10
    shares.refresh()
    assert shares.may_be_marked(request_of(path="/200"))


def test_what_the_router_said_is_kept_in_bounds() -> None:
    @vital
    def endpoint() -> None: ...

    routes = Routes(endpoint)
    shares = Shares(routes, {})
    for number in range(3000):
        shares.refresh()
        assert shares.of(request_of(path=f"/{number}"), {}) == "vital"
    assert shares.of(request_of(path="/2999"), {}) == "vital"
    assert routes.asked == 3000
    plain = Routes()
    shares = Shares(plain, {})
    for number in range(3000):
        shares.refresh()
        assert shares.of(request_of(path=f"/{number}"), {}) == "anonymous"
    assert shares.of(request_of(path="/2999"), {}) == "anonymous"
    assert plain.asked == 3000
    long = request_of(path="/" + "a" * 1000)
    assert [shares.of(long, {}) for _ in range(2)] == ["anonymous"] * 2
    assert plain.asked == 3002, "what is long is not kept"
    for number in range(100):
        assert shares.of(request_of(path=f"/new/{number}"), {}) == "anonymous"
    assert plain.asked < 3012, "and a flood of new paths asks a few times only"


@pytest.mark.parametrize(
    "options",
    [
        {"least": 0},
        {"least": 20, "start": 10},
        {"most": 100},
        {"per_client": 0},
        {"allowed_s": -1},
        {"vital_share": 2},
        {"anonymous_share": True},
        {"signed_in_share": "much"},
    ],
)
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Overload(**options)
