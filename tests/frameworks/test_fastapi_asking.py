"""Routes that say `cached`, and what they ask of their callers."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Response, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from buckler.frameworks.fastapi import SessionDep  # noqa: TC001  # FastAPI reads annotations at run time
from tests.asgi import Wire, scope_of
from tests.frameworks.cached_site import Site, is_hit


class _Fields(BaseModel):
    x_part: str = "whole"
    language: str = Field("en", alias="x-language")


async def test_a_route_that_asks_who_calls_is_kept_for_nobody_also_where_nobody_says() -> None:
    site = Site()

    async def key(who: Annotated[str | None, Security(APIKeyHeader(name="X-Key", auto_error=False))]) -> str | None:
        return who

    async def bearer(who: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]) -> str:
        if who is None:
            raise HTTPException(404)
        return who.credentials

    async def email(x_forwarded_email: Annotated[str | None, Header()] = None) -> str | None:
        return x_forwarded_email

    site.route("/key", key)
    site.route("/bearer", bearer, negative_ttl_s=30)
    site.route("/email", email)
    asked = {"/key": {"x-key": "mira"}, "/bearer": {"authorization": "Bearer mira"}, "/email": {"x-forwarded-email": "mira"}}
    for path, headers in asked.items():
        async with site.visitor() as one:
            nobody = await one.get(path)
            assert nobody.headers["cache-control"] == "no-store"
            assert (await one.get(path, headers=headers)).json() == "mira"
            assert (await one.get(path)).json() == nobody.json()


async def test_by_the_headers_that_it_names_a_route_varies() -> None:
    site = Site()

    async def part(fields: Annotated[_Fields, Header()]) -> list[str]:
        return [fields.x_part, fields.language]

    site.route("/", part)
    async with site.visitor() as one:
        assert (await one.get("/", headers={"x-part": "a"})).json() == ["a", "en"]
        found = await one.get("/")
        assert (found.json(), found.headers["vary"]) == (["whole", "en"], "x-language, x-part")
        assert (await one.get("/", headers={"x-language": "de"})).json() == ["whole", "de"]
        assert is_hit(await one.get("/", headers={"x-part": "a"}))


async def test_a_persons_answer_is_kept_while_it_is_the_same_person_and_depends_on_nothing_else() -> None:
    site = Site()

    async def switch(session: SessionDep) -> str:
        session.sign_in("theo")
        return "theo"

    async def varied(response: Response) -> int:
        response.headers["vary"] = "x-part"
        return await site.make()

    site.route("/switch", switch, scope="person")
    site.route("/varied", varied, scope="person")
    async with site.visitor() as one:
        for path in ("/switch", "/varied"):
            await one.post("/in/mira")
            await one.get(path)
            await one.post("/in/mira")
            assert not is_hit(await one.get(path))


async def test_who_wants_an_answer_that_is_not_kept_neither_leads_nor_ends_the_waiting() -> None:
    site = Site()
    site.pause_s = 0.02
    site.route("/")
    async with site.visitor() as one:
        for early in (False, True):
            asking = asyncio.create_task(one.get("/", headers={"cache-control": "no-store"}))
            await (asking if early else site.making.wait())
            made = {(await found).json()["made"] for found in [asyncio.create_task(one.get("/")) for _ in range(20)]}
            await asking
            assert len(made) == 1
            site.clock.move(31)


async def test_who_reads_slowly_holds_up_nobody() -> None:
    site = Site()
    site.route("/")
    there, taken = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            there.set()
            await taken.wait()

    reading = asyncio.create_task(site.guard(scope_of("/"), Wire().receive, send))
    await there.wait()
    async with site.visitor() as one:
        assert is_hit(await one.get("/"))
    taken.set()
    await reading
