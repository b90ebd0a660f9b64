"""Attacks by way of the pages and the API, as a program makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyotp import TOTP

from buckler.accounts.letter import Letter
from buckler.accounts.tokens import Pair
from buckler.frameworks.fastapi.accounts.api import shapes
from tests.accounts.stage import EMAIL, PASSWORD
from tests.frameworks.accounts.conftest import shop_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frameworks.accounts.shop import Shop

pytestmark = pytest.mark.asyncio
SECRET = "walk-the-quiet-harbour"
JSON = {"accept": "application/json"}


async def test_a_program_gets_no_session_by_confirming(shop: Shop) -> None:
    """It would be a sign-in that is in no list of devices and is told by no letter."""
    owner = await shop.signed_up(shop.window())
    pair: Any = (await owner.client.post("/account/api/programs", json={"name": "app"}, headers=JSON)).json()
    thief = shop.window("198.51.100.9")
    bearer = {"authorization": f"Bearer {pair['access_token']}"}
    for path, sent in {"confirm": {"password": PASSWORD}, "passkey/fresh": {}}.items():
        answer = await thief.client.post(f"/account/{path}", data=sent, headers={**JSON, **bearer})
        assert (answer.status_code, answer.json()["code"]) == (403, "account.session_needed")
    assert "Signed out" in (await thief.open("/")).text


@pytest.mark.parametrize(
    "said",
    [
        shapes.SignIn(email=EMAIL, password=SECRET),
        shapes.SignUp(email=EMAIL, password=SECRET),
        shapes.SecondFactor(way="recovery", answer=SECRET),
        shapes.Finish(token=SECRET, password=SECRET),
        shapes.Reset(token=SECRET, password=SECRET),
        shapes.Link(token=SECRET),
        shapes.Confirm(password=SECRET, totp=SECRET, recovery=SECRET, code=SECRET),
        shapes.TotpCode(code=SECRET),
        shapes.Refresh(refresh_token=SECRET),
        shapes.TokenPair(access_token=SECRET, refresh_token=SECRET, expires_in=1, scope=""),
        Pair(SECRET, SECRET, 300, ()),
        Letter("reset", EMAIL, "en", {"link": f"https://shop.example/?token={SECRET}"}),
    ],
    ids=lambda said: type(said).__name__,
)
async def test_no_secret_is_in_what_an_error_would_log(said: object) -> None:
    assert SECRET not in repr(said)
    assert SECRET not in f"{said}"


async def test_no_token_is_a_way_around_a_required_second_factor(tmp_path: Path) -> None:
    async with shop_at(tmp_path, require_second_factor=True) as shop:
        window = await shop.signed_up(shop.window())
        for path, sent in {"tokens": {"name": "app", "scopes": ["articles:read"]}, "programs": {"name": "app"}}.items():
            answer = await window.client.post(f"/account/api/{path}", json=sent, headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (403, "account.second_needed")


async def test_a_required_second_factor_is_not_removed_by_who_has_just_shown_it(tmp_path: Path) -> None:
    async with shop_at(tmp_path, require_second_factor=True) as shop:
        window = await shop.signed_up(shop.window())
        apps = []
        for name in ("Phone", "Tablet"):
            made = (await window.client.post("/account/api/factors/totp", json={"name": name}, headers=JSON)).json()
            code = {"code": TOTP(made["secret"]).at(int(shop.clock.now()))}
            await window.client.post(f"/account/api/factors/totp/{made['id']}/confirm", json=code, headers=JSON)
            apps.append(f"/account/api/factors/totp/{made['id']}")
        assert (await window.client.get("/articles")).status_code == 200
        assert [(await window.client.delete(app, headers=JSON)).status_code for app in apps] == [200, 403]
        assert len((await window.client.get("/account/api/factors", headers=JSON)).json()["totp"]) == 1
