"""The code of docs/accounts/passkeys.md, providers.md and running.md, and the example of the README."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import select

from buckler import accounts
from buckler.accounts import Provider, devices, factors, recovery, totp
from buckler.accounts.roles import Roles
from buckler.accounts.tables import Person, Role
from buckler.errors import ConfigError
from buckler.frameworks.fastapi import accounts as depends
from buckler.frameworks.fastapi.accounts import routes_without_rule
from buckler.testing import guarded
from tests.accounts import owner
from tests.accounts.authenticators import enrolled
from tests.accounts.stage import EMAIL, stage_at
from tests.asgi import Wire, scope_of
from tests.docs.accounts.laid_out import Served, Visitor
from tests.docs.pages import ROOT, blocks
from tests.frameworks.accounts.conftest import shop_at

if TYPE_CHECKING:
    from pathlib import Path


def _run(page: str, has: str) -> dict[str, Any]:
    """Run the block of `page` that has these words in it; return its names."""
    block = next(block for block in blocks(page, "python") if has in block)
    space: dict[str, Any] = {"__name__": "a_page"}
    exec(compile(block, page, "exec"), space)  # noqa: S102  # the page's own code is what is tested
    return space


# ---- passkeys.md


async def test_other_names_lead_to_the_one_that_passkeys_are_made_on() -> None:
    canonical = _run("docs/accounts/passkeys.md", "class Canonical")["Canonical"]

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(host: str) -> httpx.Response:
        transport = httpx.ASGITransport(canonical(inner, "shop.example"))
        async with httpx.AsyncClient(transport=transport, base_url=f"https://{host}") as client:
            return await client.get("/a%20b?next=/c")

    assert (await ask("shop.example")).status_code == 204
    led = await ask("www.shop.example")
    assert (led.status_code, led.headers["location"]) == (308, "https://shop.example/a%20b?next=/c")
    lifespan = canonical(inner, "shop.example")
    wire = Wire()
    await lifespan({**scope_of(), "type": "websocket"}, wire.receive, wire.send)


# ---- providers.md


def test_the_provider_stands_and_one_without_its_secret_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_ID", "shop")
    monkeypatch.setenv("EXAMPLE_SECRET", "of the tests")
    assert isinstance(_run("docs/accounts/providers.md", "Provider(")["example"], Provider)
    monkeypatch.setenv("EXAMPLE_SECRET", "")
    with pytest.raises(ConfigError, match=r"Provider\.client_secret"):
        _run("docs/accounts/providers.md", "Provider(")


# ---- running.md

RUNNING = "docs/accounts/running.md"


async def test_events_are_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    write_log = _run(RUNNING, "write_log")["write_log"]
    guard, wire = guarded(FastAPI()), Wire()
    await guard(scope_of(headers=[(b"host", b"evil.example")]), wire.receive, wire.send)
    caplog.set_level(logging.INFO, "shop.security")
    task = asyncio.create_task(write_log(guard))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert [record.message.split()[0] for record in caplog.records] == ["hosts.unknown"]


async def test_a_route_asks_for_a_second_factor(tmp_path: Path) -> None:
    needed = _run(RUNNING, "with_second_factor")["with_second_factor"]
    async with shop_at(tmp_path) as shop:

        @shop.app.get("/vault", dependencies=[Depends(needed)])
        async def vault() -> str:
            return "open"

        window = await shop.signed_up(shop.window())
        answer = await window.client.get("/vault", headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (403, "shop.second_factor_needed")
        await shop.with_totp(window)
        assert (await window.client.get("/vault")).json() == "open"


def test_the_roles_are_good_ones() -> None:
    assert Roles(_run(RUNNING, "roles = {")["roles"]).names == ["editor"]


async def test_an_administrator_shuts_out_and_erases(tmp_path: Path) -> None:
    async with shop_at(tmp_path, roles={"keeper": ["people:*"]}) as shop:
        shop.app.include_router(_run(RUNNING, "admin = APIRouter")["admin"])
        assert not [route for route in routes_without_rule(shop.app) if "/people" in route]
        keeper, other = await shop.signed_up(shop.window()), shop.window("198.51.100.7")
        await shop.signed_up(other, "ada@mail.example")
        async with shop.accounts.database.begin() as db:
            mine, theirs = [
                (await db.scalars(select(Person.id).where(Person.email == email))).one() for email in (EMAIL, "ada@mail.example")
            ]
            assert (await other.client.delete(f"/people/{mine}")).status_code == 403
            db.add(Role(person_id=mine, name="keeper"))
        assert (await keeper.client.post(f"/people/{theirs}/disable")).status_code == 200
        assert (await other.client.get("/account/api/me")).url.path == "/account/sign-in"
        assert (await keeper.client.delete(f"/people/{theirs}")).status_code == 200
        async with shop.accounts.database() as db:
            assert await db.get(Person, theirs) is None


async def test_somebody_who_has_lost_everything_comes_back(tmp_path: Path) -> None:
    without_factors = _run(RUNNING, "without_factors")["without_factors"]
    async with stage_at(tmp_path) as stage:
        browser = stage.browser()
        await owner.enter(browser)
        await enrolled(stage, browser)
        await browser.own(recovery.make)
        await stage.browser("198.51.100.9").do(lambda visit: _as(visit, without_factors))
        assert not (await browser.do(lambda visit: _as(visit, factors.of))).second_factor
        assert await browser.do(lambda visit: _as(visit, devices.listed)) == []
        assert await browser.do(lambda visit: _as(visit, totp.listed)) == []


async def _as(visit: Any, act: Any) -> Any:
    return await act(visit, (await visit.db.scalars(select(Person))).one())


# ---- README.md


def test_the_example_of_the_readme_serves_pages(tmp_path: Path) -> None:
    example = next(block for block in blocks("README.md", "python") if "add_accounts" in block)
    (tmp_path / "shop.py").write_text(example, "utf-8")
    with Served(tmp_path, "shop") as served:
        visitor: Visitor = served.visitor()
        assert visitor.open("/me").where == "/account/sign-in"
        assert visitor.ask("GET", "/me").json()["code"] == "account.sign_in_needed"


def test_the_reference_names_every_option_and_dependency() -> None:
    text = (ROOT / "docs" / "accounts" / "reference.md").read_text("utf-8")
    unnamed = [name for name in (*accounts.__all__, *depends.__all__) if f"`{name}" not in text and not f"{name}".isupper()]
    assert set(unnamed) <= {"NoProfile", "Post", "Person"}
