"""Attacks by way of the pages and the API, as a program makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.accounts.stage import PASSWORD

if TYPE_CHECKING:
    from tests.frameworks.accounts.shop import Shop

pytestmark = pytest.mark.asyncio
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
