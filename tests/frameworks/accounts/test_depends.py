"""What a route says of who may call it, and what happens to everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import httpx
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI

from buckler.accounts import devices, roles, tokens
from buckler.accounts.proof import SignedIn  # noqa: TC001  # FastAPI reads annotations at run time
from buckler.errors import ConfigError, StoreError
from buckler.frameworks.fastapi.accounts import (
    OwnerDep,
    PersonDep,
    SignedInDep,
    accepts,
    fresh,
    join_accounts,
    maybe_signed_in,
    public,
    requires,
)
from buckler.testing import guarded
from tests.accounts.flows import sign_in, signed_up, with_totp
from tests.accounts.stage import Browser, Stage, stage_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

ROLES = {"editor": ["articles:*"], "reader": ["articles:read"]}
PAGE = {"accept": "text/html"}


async def _accepting(who: Annotated[SignedIn | None, accepts("articles:read", "articles:delete")]) -> str:
    return who.how if who else "nobody"


def _app(stage: Stage) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    join_accounts(app, stage.accounts)
    app.add_api_route("/accepting", _accepting)

    @app.get("/maybe")
    async def maybe(who: Annotated[SignedIn | None, Depends(maybe_signed_in)]) -> str:
        return who.how if who else "nobody"

    @app.get("/who")
    async def who_is(who: SignedInDep) -> str:
        return who.how

    @app.get("/row")
    async def row(person: PersonDep) -> str:
        return person.email

    @app.get("/own")
    async def own(person: OwnerDep) -> str:
        return person.email

    @app.get("/fresh")
    async def freshly(who: SignedIn = fresh(minutes=10)) -> str:  # noqa: B008  # the way FastAPI reads dependencies
        return who.how

    @app.delete("/articles", dependencies=[requires("articles:read", "articles:delete")])
    async def remove() -> str:
        return "done"

    @app.get("/open", dependencies=[public(because="it is the front page")])
    async def front() -> str:
        return "open"

    return app


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_at(tmp_path, roles=ROLES) as lent:
        yield lent


class Pair:
    """A browser, and the same cookies at the application under test."""

    def __init__(self, stage: Stage, browser: Browser) -> None:
        transport = httpx.ASGITransport(guarded(_app(stage), clock=stage.clock, store=stage.store), client=("203.0.113.7", 1))
        self.http = httpx.AsyncClient(transport=transport, base_url="https://shop.example", headers={"sec-fetch-site": "same-origin"})
        self.http._cookies = browser.client.cookies

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=headers)


@pytest_asyncio.fixture
async def pair(stage: Stage) -> AsyncIterator[tuple[Browser, Pair]]:
    browser = stage.browser()
    made = Pair(stage, browser)
    yield browser, made
    await made.http.aclose()


async def test_a_stranger_is_a_stranger(pair: tuple[Browser, Pair]) -> None:
    _, app = pair
    assert (await app.get("/maybe")).json() == "nobody"
    assert (await app.get("/open")).json() == "open"
    for path in ("/who", "/row", "/own", "/fresh"):
        answer = await app.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "account.sign_in_needed")
    assert (await app.http.delete("/articles")).status_code == 401
    assert (await pair[1].get("/accepting")).json() == "nobody"


async def test_somebody_signed_in_is_proved(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair
    await signed_up(stage, browser)
    assert [(await app.get(path)).json() for path in ("/maybe", "/who", "/fresh")] == ["session"] * 3
    assert [(await app.get(path)).json() for path in ("/row", "/own")] == ["mira@mail.example"] * 2


async def test_a_browser_is_sent_to_sign_in_and_comes_back(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair
    answer = await app.get("/who?page=2&q=a%26b", **PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/sign-in?next=/who%3Fpage%3D2%26q%3Da%2526b")
    await signed_up(stage, browser)
    stage.clock.move(601)
    assert (await app.get("/fresh", **PAGE)).headers["location"] == "/account/confirm?next=/fresh"
    assert (await app.get("/fresh")).json()["code"] == "account.not_fresh"


async def test_nobody_falls_back_from_a_token_to_a_session(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair
    await signed_up(stage, browser)
    for header in ("Bearer wrong", "Basic bWlyYTp4", "", "Bearer"):
        answer = await app.get("/maybe", authorization=header, **PAGE)
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"


async def _token(visit: Visit, person: Person, *scopes: str) -> str:
    text, _ = await tokens.personal.make(visit, person, "CI", scopes)
    await visit.commit()
    return text


async def _access(visit: Visit, person: Person) -> str:
    pair = await tokens.refresh.start(visit, person, "Phone app", None)
    await visit.commit()
    return pair.access


async def test_a_token_is_a_program_and_never_fresh(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair
    await signed_up(stage, browser)
    header = {"authorization": f"token {await browser.own(_access)}"}
    assert (await app.get("/who", **header)).json() == "access_token"
    assert (await app.get("/row", **header)).json() == "mira@mail.example"
    assert (await app.get("/own", **header)).json()["code"] == "account.session_needed"
    assert (await app.get("/fresh", **header)).json()["code"] == "account.not_fresh"
    assert (await app.http.delete("/articles", headers=header)).json()["code"] == "account.forbidden"


async def test_a_token_for_some_things_is_for_routes_that_name_them(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair
    await signed_up(stage, browser)

    async def editor(visit: Visit, person: Person) -> None:
        await roles.grant(visit, person, "editor")
        await visit.commit()

    await browser.own(editor)
    narrow = {"authorization": f"Bearer {await browser.own(_token, 'articles:read')}"}
    assert (await app.get("/own", **narrow)).json()["code"] == "account.session_needed"
    for path in ("/maybe", "/who", "/row", "/fresh"):
        assert (await app.get(path, **narrow)).json()["code"] == "account.token_narrow", path
    assert (await app.http.delete("/articles", headers=narrow)).json()["code"] == "account.scope_missing"
    assert (await app.get("/accepting", **narrow)).json() == "personal_token"
    other = {"authorization": f"Bearer {await browser.own(_token, 'comments:read')}"}
    assert (await app.get("/accepting", **other)).json()["code"] == "account.scope_missing"
    fitting = {"authorization": f"Bearer {await browser.own(_token, 'articles:read', 'articles:delete')}"}
    assert (await app.http.delete("/articles", headers=fitting)).status_code == 200


async def test_where_a_second_factor_is_required_nobody_gets_past_the_settings_without_one(tmp_path: Path) -> None:
    async with stage_at(tmp_path, require_second_factor=True) as stage:
        browser = stage.browser()
        app = Pair(stage, browser)
        await signed_up(stage, browser)
        for path in ("/maybe", "/who", "/row", "/fresh"):
            assert (await app.get(path)).json()["code"] == "account.second_needed", path
        assert (await app.get("/who", **PAGE)).headers["location"] == "/account/security?next=/who"
        assert (await app.get("/own")).json() == "mira@mail.example"
        assert (await app.get("/open")).json() == "open"
        await with_totp(browser)
        assert (await app.get("/who")).json() == "session"
        await app.http.aclose()


async def test_a_store_that_does_not_answer_refuses(stage: Stage, pair: tuple[Browser, Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    browser, app = pair
    await signed_up(stage, browser)
    header = {"authorization": f"token {await browser.own(_access)}"}

    async def down(_ops: Any) -> Any:
        raise StoreError("down")

    monkeypatch.setattr(stage.store, "batch", down)
    assert (await app.get("/who", **header)).status_code == 503


async def test_permissions_come_with_roles_and_hold_at_once(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair
    await signed_up(stage, browser)

    async def change(visit: Visit, person: Person, act: Any, role: str) -> None:
        await act(visit, person, role)
        await visit.commit()

    assert (await app.http.delete("/articles")).json()["code"] == "account.forbidden"
    await browser.own(change, roles.grant, "reader")
    assert (await app.http.delete("/articles")).status_code == 403
    await browser.own(change, roles.grant, "editor")
    assert (await app.http.delete("/articles")).status_code == 200
    await browser.own(change, roles.withdraw, "editor")
    assert (await app.http.delete("/articles")).status_code == 403


async def test_a_device_that_was_ended_is_out_wherever_the_row_is_asked_for(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair
    await signed_up(stage, browser)
    other = stage.browser()
    await sign_in(other)

    async def forget(visit: Visit, person: Person) -> None:
        await devices.forget_others(visit, person)
        await visit.commit()

    await other.own(forget)
    assert (await app.get("/row")).status_code == 401
    assert (await app.get("/who")).status_code == 401


async def test_a_session_from_before_accounts_is_a_strangers(stage: Stage, pair: tuple[Browser, Pair]) -> None:
    browser, app = pair

    async def strange(visit: Visit) -> None:
        visit.session.sign_in("mira")

    await browser.do(strange)
    assert (await app.get("/maybe")).json() == "nobody"
    assert (await app.get("/who")).status_code == 401


@pytest.mark.parametrize(
    "make", [lambda: fresh(minutes=0), requires, lambda: requires("articles:*"), accepts, lambda: accepts("*"), lambda: public(because=" ")]
)
def test_a_rule_that_says_nothing_stops_the_start(make: Any) -> None:
    with pytest.raises(ConfigError):
        make()


async def test_without_accounts_a_rule_says_what_is_missing() -> None:
    app = FastAPI()

    @app.get("/who")
    async def who_is(who: SignedInDep) -> str:
        return who.how

    async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded(app)), base_url="https://shop.example") as client:
        with pytest.raises(RuntimeError, match="add_accounts"):
            await client.get("/who")
