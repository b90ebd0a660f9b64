"""Tokens for programs in the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts.tokens import Tokens
from tests.frameworks.accounts.conftest import shop_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frameworks.accounts.shop import Shop
    from tests.frameworks.accounts.window import Window

S = "/account/security/tokens"


def shown(window: Window) -> str:
    found = re.search(r'id="token">([^<]+)<', window.answer.text)
    assert found is not None
    return found[1]


async def asked(window: Window, token: str) -> int:
    answer = await window.client.get("/articles", headers={"authorization": f"Bearer {token}"})
    return answer.status_code


async def test_a_token_is_shown_once_used_and_revoked(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/new")
    assert window.page.forms[0].fields["days"] == "90"
    await window.press("Make token", name="Backup", scopes="articles:read, articles:write", days="30")
    token = shown(window)
    assert window.answer.headers["cache-control"] == "no-store"
    stranger = shop.window()
    assert await asked(stranger, token) == 200
    await window.follow("I have copied it")
    assert token not in window.answer.text
    for said in (
        f"Ends in {token[-4:]}.",
        "May: articles:read, articles:write.",
        "Valid until 14 February 2027",
        "Last used on 15 January",
    ):
        assert said in window.text
    shop.clock.move(601)  # to end one, nothing need be fresh
    await window.open(S)
    await window.follow("Revoke")
    assert "The program that uses it can do nothing here from then on." in window.text
    await window.press("Remove")
    assert "The token “Backup” is revoked." in window.text
    assert await asked(stranger, token) == 401


async def test_a_token_without_end_and_one_without_rights(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/new")
    await window.press("Make token", name="Other things", scopes="pictures:read", days="never")
    assert await asked(shop.window(), shown(window)) == 403
    await window.ask("/account/api/tokens", name="Nothing")
    await window.open(S)
    for said in ("Does not expire.", "Last used on ", "Not used yet.", "May do nothing."):
        assert said in window.text


async def test_a_token_that_is_over_is_marked(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/new")
    await window.press("Make token", name="Short", scopes="articles:read", days="7")
    shop.clock.move(7 * 86400)
    await shop.sign_in(window)
    await window.open(S)
    assert "expired" in window.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": " ", "scopes": "a"}, "name"),
        ({"name": "x"}, "scopes"),
        ({"name": "x", "scopes": "Articles"}, "scopes"),
        *[({"name": "x", "scopes": "a", "days": days}, "days") for days in ("0", "-1", "", "x", "²", "999999", "4000")],
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(shop: Shop, typed: dict[str, Any], field: str) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/new")
    await window.press("Make token", **typed)
    assert (window.status, f'id="{field}-wrong"' in window.answer.text) == (422, True)
    assert window.page.inputs["name"]["value"] == typed["name"]
    assert "None yet." in (await window.open(S)).text


async def test_the_application_says_which_scopes_and_how_long(tmp_path: Path) -> None:
    tokens = Tokens(scopes=["articles:read", "articles:write"], days=20, max_days=60)
    async with shop_at(tmp_path, tokens=tokens) as shop:
        window = await shop.signed_up(shop.window())
        await window.open(f"{S}/new")
        assert re.findall(r'<option value="(\w+)"( selected)?>', window.answer.text) == [
            ("7", ""), ("20", " selected"), ("30", ""), ("60", ""),
        ]  # fmt: skip
        await window.press("Make token", name="", ticked=("scope.articles:write",))
        assert window.status == 422
        assert "checked" in window.page.inputs["scope-2"]
        assert "checked" not in window.page.inputs["scopes"]
        await window.press("Make token", name="Backup")
        assert 'id="scopes-wrong"' in window.answer.text
        await window.press("Make token", name="Backup", ticked=("scope.articles:read",))
        assert await asked(shop.window(), shown(window)) == 200
        await window.open(S)
        assert "May: articles:read." in window.text
        assert "articles:write" not in window.text
        for days in ("never", "90"):
            answer = await window.client.post(f"{S}/new", data={"name": "x", "scope.articles:read": "yes", "days": days})
            assert (answer.status_code, 'id="days-wrong"' in answer.text) == (422, True)
