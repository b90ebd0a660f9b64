"""Pages of accounts on routes that say `cached`: whoever proves who they are, by a token or a session, gets an answer of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from buckler.accounts import tokens
from buckler.accounts.proof import SignedIn  # noqa: TC001  # FastAPI reads annotations at run time
from buckler.frameworks.fastapi import cached
from buckler.frameworks.fastapi.accounts import VisitDep, join_accounts, maybe_signed_in
from buckler.testing import guarded
from tests.accounts.flows import signed_up
from tests.accounts.stage import stage_at

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Stage


async def _token(visit: Visit, person: Person) -> tuple[str, str]:
    pair = await tokens.refresh.start(visit, person, "Phone app", None)
    await visit.commit()
    return pair.access, str(person.id)


def _app(stage: Stage) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    join_accounts(app, stage.accounts)

    @app.get("/who", dependencies=[cached(ttl_s=30)])
    async def who_is(who: Annotated[SignedIn | None, Depends(maybe_signed_in)]) -> str:
        return str(who.person_id) if who else "nobody"

    @app.get("/trust", dependencies=[cached(ttl_s=30)])
    async def trust(visit: VisitDep) -> str:
        return visit.cookie("trust")

    return app


@pytest.mark.parametrize("first", ["token", "nobody"])
async def test_what_was_told_to_a_token_reaches_nobody_else(tmp_path: Path, first: str) -> None:
    async with stage_at(tmp_path) as stage:
        browser = stage.browser()
        await signed_up(stage, browser)
        raw, whose = await browser.own(_token)
        guard = guarded(_app(stage), clock=stage.clock, store=stage.store)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="https://shop.example") as client:
            proof = {"authorization": f"Bearer {raw}"}
            said = [(await client.get("/who", headers=proof if bearer else {})).json() for bearer in (first == "token", first != "token")]
    assert sorted(said) == sorted(["nobody", whose])


async def test_a_cookie_of_accounts_is_one_browsers(tmp_path: Path) -> None:
    async with stage_at(tmp_path) as stage:
        guard = guarded(_app(stage), clock=stage.clock, store=stage.store)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="https://shop.example") as client:
            first = await client.get("/trust", headers={"cookie": "__Host-trust=mira"})
            assert (first.json(), (await client.get("/trust")).json()) == ("mira", "")
