"""`cached(…)` on FastAPI's routes: what is kept, for how long, and what is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Response, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from buckler import Cache, off
from buckler.errors import ConfigError
from buckler.frameworks.fastapi import cached, limited
from tests.frameworks.cached_site import Site, is_hit
from tests.guard.cache.stores import Shared


async def test_the_second_visitor_gets_what_is_kept() -> None:
    site = Site()
    site.route("/")
    async with site.visitor() as one, site.visitor() as two:
        first = await one.get("/")
        site.clock.move(29)
        second = await two.get("/")
        assert (first.json(), second.json()) == ({"made": 1}, {"made": 1})
        assert (second.headers["age"], second.headers["cache-control"]) == ("29", "no-cache")
        assert (await two.get("/", headers={"if-none-match": first.headers["etag"]})).status_code == 304
        site.clock.move(2)
        assert (await one.get("/")).json() == {"made": 2}


async def test_tags_and_purging() -> None:
    site = Site()

    async def article(slug: str) -> dict[str, Any]:
        return {"made": await site.make(), "slug": slug}

    site.route("/articles/{slug}", article, tags=["article:{slug}", "{unknown}", "all"])
    async with site.visitor() as one:
        await one.get("/articles/a")
        await one.get("/articles/b")
        assert (await one.post("/purge/a")).json() == []
        assert (await one.get("/articles/a")).json()["made"] == 3
        assert is_hit(await one.get("/articles/b"))


async def test_statuses() -> None:
    site = Site()

    async def missing(response: Response) -> dict[str, int]:
        response.status_code = 404
        return {"made": await site.make()}

    site.route("/kept", missing, negative_ttl_s=5)
    site.route("/unkept", missing)
    async with site.visitor() as one:
        await one.get("/kept")
        assert is_hit(await one.get("/kept"))
        site.clock.move(6)
        assert not is_hit(await one.get("/kept"))
        await one.get("/unkept")
        assert not is_hit(await one.get("/unkept"))


async def test_what_clients_are_told() -> None:
    site = Site()

    async def own(response: Response) -> None:
        response.headers["cache-control"] = "max-age=5"

    async def shy(response: Response) -> None:
        response.headers["cache-control"] = "private"

    site.route("/long", client_ttl_s=300)
    site.route("/own", own)
    site.route("/shy", shy)
    async with site.visitor() as one:
        assert (await one.get("/long")).headers["cache-control"] == "public, max-age=300"
        assert (await one.get("/own")).headers["cache-control"] == "max-age=5"
        site.clock.move(20)
        assert is_hit(await one.get("/own"))  # the route's word is for this cache
        await one.get("/shy")
        assert not is_hit(await one.get("/shy"))


async def test_stale_while_revalidate_and_if_error() -> None:
    site = Site()

    async def fails() -> dict[str, int]:
        if await site.make() > 2:
            raise ValueError("no database")
        return {"made": site.made}

    site.route("/", fails, stale_while_revalidate_s=10, stale_if_error_s=60)
    async with site.visitor() as one:
        await one.get("/")
        site.clock.move(31)
        assert (await one.get("/")).json() == {"made": 1}
        await site.rest()
        assert (await one.get("/")).json() == {"made": 2}
        site.clock.move(41)
        with pytest.raises(ValueError, match="no database"):  # for the server's log; the visitor has got the old answer
            await one.get("/")


async def test_with_limits_beside_it() -> None:
    site = Site()
    site.app.get("/", dependencies=[limited("5/minute"), cached(ttl_s=30)])(site.make)
    async with site.visitor() as one:
        await one.get("/")
        assert is_hit(await one.get("/"))


async def test_heads_and_far_answers() -> None:
    store = Shared()
    site, other = Site(store=store, clock=store.clock), Site(store=store, clock=store.clock)
    for each in (site, other):
        each.app.head("/", dependencies=[cached(ttl_s=30)])(each.make)
        each.route("/")
    async with site.visitor() as one, other.visitor() as two:
        assert (await one.head("/")).status_code == 200
        await one.get("/")
        found = await two.get("/")  # the other process has never seen this address
        assert (found.json(), is_hit(found)) == ({"made": 2}, True)


async def test_stale_answers_of_others_are_renewed_here() -> None:
    store = Shared()
    site, other = Site(store=store, clock=store.clock), Site(store=store, clock=store.clock)
    for each in (site, other):
        each.route("/", stale_if_error_s=60)
    async with site.visitor() as one, other.visitor() as two:
        await one.get("/")
        store.clock.move(31)
        found = await two.get("/")
        assert (found.json(), is_hit(found)) == ({"made": 1}, False)
        assert other.made == 1


async def test_without_a_cache_everything_is_made() -> None:
    for change in (Cache(keep=False), off(Cache, because="another one keeps")):
        site = Site(change)
        site.route("/")
        async with site.visitor() as one:
            await one.get("/")
            assert (await one.get("/")).json() == {"made": 2}
            assert (await one.post("/purge/a")).json() == []


async def test_a_websocket_is_no_answer() -> None:
    app = FastAPI()

    @app.websocket("/", dependencies=[cached(ttl_s=30)])
    async def talk(socket: WebSocket) -> None:
        await socket.accept()

    with pytest.raises(WebSocketDisconnect), TestClient(app).websocket_connect("/"):
        pass


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"ttl_s": 0}, "ttl_s"),
        ({"ttl_s": True}, "ttl_s"),
        ({"ttl_s": 1, "client_ttl_s": -1}, "client_ttl_s"),
        ({"ttl_s": 1, "stale_if_error_s": "1"}, "stale_if_error_s"),
        ({"ttl_s": 1, "scope": "team"}, "scope"),
        ({"ttl_s": 1, "tags": "a"}, "tags"),
        ({"ttl_s": 1, "tags": [""]}, "tags"),
    ],
)
def test_what_cannot_work_is_said_at_once(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        cached(**options)
