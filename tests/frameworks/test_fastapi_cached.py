"""`cached(…)` on FastAPI's routes: who waits, who gets what, and whose it is."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import Cookie, FastAPI, Request, Response, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from buckler import Cache, RateLimit, off
from buckler.core.clock import HandClock
from buckler.errors import ConfigError
from buckler.frameworks.fastapi import KeptDep, SessionDep, cached, limited
from buckler.testing import guarded
from tests.guard.cache.stores import Shared

SAME = {"sec-fetch-site": "same-origin"}


class Site:
    """An application of which every answer says how many there were before it."""

    def __init__(self, *changes: Any, **facts: Any) -> None:
        self.made = 0
        self.pause_s = 0.0
        self.clock = facts.setdefault("clock", HandClock())
        self.app = FastAPI()
        self.guard = guarded(self.app, RateLimit(flood=None), *changes, **facts)
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
        await asyncio.sleep(self.pause_s)
        self.made += 1
        return self.made

    def visitor(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.guard, client=("203.0.113.7", 50_000))
        return httpx.AsyncClient(transport=transport, base_url="https://shop.example", headers=SAME)


def is_hit(found: httpx.Response) -> bool:
    return "; hit" in found.headers.get("cache-status", "")


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


async def test_many_at_once_are_one_call() -> None:
    site = Site()
    site.route("/")
    site.pause_s = 0.01
    async with site.visitor() as one:
        found = await asyncio.gather(*(one.get("/") for _ in range(50)))
    assert {answer.text for answer in found} == {'{"made":1}'}
    assert site.made == 1


async def test_who_waits_takes_no_place_at_work() -> None:
    site = Site()
    site.route("/")
    site.pause_s = 0.05
    told: list[str] = []
    plan = site.guard.plan
    object.__setattr__(plan, "paused", (lambda _: told.append("paused"),))
    object.__setattr__(plan, "resumed", (lambda _: told.append("resumed"),))
    assert plan.cache is not None
    async with site.visitor() as one:
        first = asyncio.ensure_future(one.get("/"))
        await asyncio.sleep(0.02)
        plan.cache.busy = False  # as where the second one was let in before the first one led
        await asyncio.gather(first, one.get("/"))
    assert told == ["paused", "resumed"]
    assert site.made == 1


async def test_who_has_waited_in_vain_leads_the_next_ones() -> None:
    site = Site()

    async def personal(session: SessionDep) -> dict[str, Any]:
        return {"made": await site.make(), "who": session.person}

    site.route("/", personal)
    site.pause_s = 0.02
    cache = site.guard.plan.cache
    assert cache is not None
    async with site.visitor() as one:
        first = asyncio.ensure_future(one.get("/"))
        await asyncio.sleep(0.01)
        cache.busy = False
        await asyncio.gather(first, one.get("/"))
    assert site.made == 2
    assert cache.leading == {}


async def test_a_person_who_signs_out_meanwhile_leaves_nothing() -> None:
    site = Site()

    async def leaves(session: SessionDep) -> dict[str, Any]:
        who = session.person
        session.sign_out()
        return {"made": await site.make(), "who": who}

    site.route("/mine", leaves, scope="person")
    async with site.visitor() as mira:
        await mira.post("/in/mira")
        assert (await mira.get("/mine")).json() == {"made": 1, "who": "mira"}
    assert site.guard.plan.cache is not None
    assert "signed in, or out" in site.guard.plan.cache.explain("/mine")[0]


async def test_a_persons_answer_that_varies_is_not_kept() -> None:
    site = Site()

    async def mine(session: SessionDep, response: Response) -> dict[str, Any]:
        response.headers["vary"] = "Accept"
        return {"made": await site.make(), "who": session.person}

    site.route("/mine", mine, scope="person")
    async with site.visitor() as mira:
        await mira.post("/in/mira")
        await mira.get("/mine")
        assert (await mira.get("/mine")).json()["made"] == 2


async def test_many_processes_are_one_call() -> None:
    store = Shared()
    sites = [Site(store=store, clock=store.clock) for _ in range(3)]
    for site in sites:
        site.route("/", tags=["a"])
        site.pause_s = 0.02
    visitors = [site.visitor() for site in sites]
    found = await asyncio.gather(*(visitor.get("/") for visitor in visitors for _ in range(5)))
    assert {answer.text for answer in found} == {'{"made":1}'}
    assert sum(site.made for site in sites) == 1


async def test_who_waits_for_what_is_not_kept_asks_himself_and_then_nobody_waits() -> None:
    site = Site()

    async def personal(session: SessionDep) -> dict[str, Any]:
        return {"made": await site.make(), "who": session.person}

    site.route("/", personal)
    site.pause_s = 0.01
    async with site.visitor() as one:
        found = await asyncio.gather(*(one.get("/") for _ in range(5)))
        assert site.made == 5
        assert {answer.headers["cache-control"] for answer in found} == {"no-store"}
        key = "https://shop.example 1 /?"
        assert site.guard.plan.cache is not None
        assert site.guard.plan.cache.is_unkept(key)
        site.clock.move(11)
        assert not site.guard.plan.cache.is_unkept(key)


async def test_a_leader_that_fails_leads_nobody_astray() -> None:
    site = Site()

    async def fails() -> None:
        if await site.make() == 1:
            raise ValueError("no database")

    site.route("/", fails)
    site.pause_s = 0.01
    async with site.visitor() as one:
        found = await asyncio.gather(*(one.get("/") for _ in range(4)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in found) == ["Response"] * 3 + ["ValueError"]


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


async def test_an_answer_for_each_person() -> None:
    site = Site()

    async def mine(session: SessionDep) -> dict[str, Any]:
        return {"made": await site.make(), "who": session.person}

    site.route("/mine", mine, scope="person", tags=["article:mine"])
    async with site.visitor() as mira, site.visitor() as otto, site.visitor() as nobody:
        await mira.post("/in/mira")
        await otto.post("/in/otto")
        for _ in range(2):
            for visitor, who, made in ((mira, "mira", 1), (otto, "otto", 2)):
                found = await visitor.get("/mine")
                assert found.json() == {"made": made, "who": who}
                assert found.headers["cache-control"] == "private, no-cache"
                assert found.headers["vary"].lower() == "cookie"
        assert (await nobody.get("/mine")).json() == {"made": 3, "who": None}
        assert (await nobody.get("/mine")).json() == {"made": 4, "who": None}
        assert (await mira.get("/mine", headers={"authorization": "Bearer x"})).json()["made"] == 5
        site.clock.move(31)
        assert (await mira.get("/mine")).json()["made"] == 6
        await mira.post("/purge/mine")
        assert (await mira.get("/mine")).json()["made"] == 7
        kept = site.guard.plan.cache
        assert kept is not None
        assert b"mira" not in repr(kept.persons.shelf._near._entries).encode()


async def test_what_is_one_persons_and_cannot_be_opened_is_not_there() -> None:
    site = Site()

    async def mine(session: SessionDep) -> dict[str, Any]:
        return {"made": await site.make(), "who": session.person}

    site.route("/mine", mine, scope="person")
    async with site.visitor() as mira:
        await mira.post("/in/mira")
        await mira.get("/mine")
        assert site.guard.plan.cache is not None
        shelf = site.guard.plan.cache.persons.shelf
        (name,) = shelf._near._entries
        await shelf.put(name, b"damaged", ttl_s=30)
        assert (await mira.get("/mine")).json()["made"] == 2


async def test_cookies_that_nobody_looks_at_change_nothing() -> None:
    """FastAPI reads all cookies of every request before a route runs."""
    site = Site()

    async def by_cookie(who: str = Cookie("")) -> dict[str, Any]:
        return {"made": await site.make(), "who": who}

    async def by_request(request: Request) -> dict[str, Any]:
        return {"made": await site.make(), "who": "who" in request.cookies}

    site.route("/")
    site.route("/declared", by_cookie)
    site.route("/read", by_request)
    headers = {"cookie": "who=mira"}
    async with site.visitor() as one:
        await one.get("/", headers=headers)
        assert is_hit(await one.get("/"))
        for path in ("/declared", "/read"):
            assert (await one.get(path, headers=headers)).headers["vary"] == "Cookie"
            assert not is_hit(await one.get(path))
            assert not is_hit(await one.get(path))  # whether somebody has a cookie is something about them, too


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
        await asyncio.sleep(0.02)
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


async def test_what_is_one_persons_and_no_longer_fresh_is_made_again() -> None:
    site = Site()

    async def mine(session: SessionDep, response: Response) -> dict[str, Any]:
        response.headers["etag"] = '"a"'
        return {"made": await site.make(), "who": session.person}

    site.route("/mine", mine, scope="person")
    site.app.post("/mine", dependencies=[cached(ttl_s=30)])(site.make)
    async with site.visitor() as mira:
        await mira.post("/in/mira")
        await mira.get("/mine")
        site.clock.move(31)
        assert (await mira.get("/mine")).json()["made"] == 2
        assert (await mira.post("/mine")).json() == 3


async def test_cookies_without_a_guard_are_as_they_were() -> None:
    site = Site()

    async def twice(request: Request) -> list[Any]:
        return [type(request.cookies).__name__, request.cookies, request.cookies == {"a": "b"}]

    site.app.get("/")(twice)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site.app), base_url="https://shop.example") as plain:
        assert (await plain.get("/", headers={"cookie": "a=b"})).json() == ["dict", {"a": "b"}, True]
