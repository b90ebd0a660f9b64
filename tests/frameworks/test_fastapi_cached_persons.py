"""What a route keeps for one person, and for nobody because of a cookie."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import Cookie, Request, Response

from buckler.frameworks.fastapi import SessionDep, cached
from tests.frameworks.cached_site import Site, is_hit


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
