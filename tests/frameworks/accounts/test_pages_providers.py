"""To another provider and back, by the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest_asyncio

from buckler.core.clock import HandClock
from tests.accounts.providers.evil import lying
from tests.accounts.stage import EMAIL, PASSWORD
from tests.frameworks.accounts.conftest import shop_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.accounts.providers.evil import Evil
    from tests.frameworks.accounts.shop import Shop
    from tests.frameworks.accounts.window import Window


@pytest_asyncio.fixture
async def harbour(tmp_path: Path) -> AsyncIterator[tuple[Shop, Evil]]:
    """A shop with a provider."""
    clock = HandClock()
    async with lying(clock) as evil:
        provider = evil.provider(timeout_s=60)
        async with shop_at(tmp_path, clock=clock, providers=[provider]) as shop:
            yield shop, evil
        await provider.close()


async def back(window: Window, evil: Evil) -> Window:
    """Go where the page leads, agree there, and come back."""
    query = evil.visited(window.page.links["Continue"])
    return await window.open(f"/account/provider/evil/back?{urlencode(query)}")


async def test_somebody_new_signs_up(harbour: tuple[Shop, Evil]) -> None:
    shop, evil = harbour
    window = await shop.window().open("/account/sign-in?next=/danger")
    await window.press("Continue with Evil")
    assert window.page.title.startswith("On to Evil")
    assert '<meta http-equiv="refresh" content="0; url=http://127.0.0.1' in window.answer.text
    assert window.answer.headers["referrer-policy"] == "no-referrer"
    await back(window, evil)
    assert window.where == "/account/sign-up/profile"
    assert f"with {EMAIL}." in window.text
    assert window.page.inputs["nickname"]["value"] == "Mira"  # as the provider says
    await window.press("Create account", nickname=" ")
    assert (window.status, window.page.inputs["nickname"]["aria-invalid"]) == (422, "true")
    await window.press("Create account", nickname="Mira")
    assert window.where == "/account/confirm?next=/danger"  # a provider makes nobody fresh (GHSA-w2j7-f3c6-g8cw)
    assert (await window.open("/account/sign-up/profile")).where == "/"

    again = await shop.window().open("/account/sign-in")
    await again.press("Continue with Evil")
    await back(again, evil)
    assert again.text == "Signed in\n"


async def test_what_a_provider_vouched_for_is_forgotten_after_a_while(harbour: tuple[Shop, Evil]) -> None:
    shop, evil = harbour
    window = await shop.window().open("/account/sign-in")
    assert (await window.client.post("/account/sign-up/profile")).url.path == "/account/sign-in"
    await window.press("Continue with Evil")
    await back(window, evil)
    shop.clock.move(601)
    await window.press("Create account", nickname="Mira")
    assert window.path == "/account/sign-in"


async def test_who_has_an_account_is_asked_to_sign_in_as_always(harbour: tuple[Shop, Evil]) -> None:
    """GHSA-g38m-r43w-p2q7."""
    shop, evil = harbour
    await shop.signed_up(shop.window())
    window = await shop.window().open("/account/sign-in")
    await window.press("Continue with Evil")
    await back(window, evil)
    assert (window.status, "There is an account with this e-mail address." in window.text) == (409, True)
    assert (await window.follow("To sign in")).path == "/account/sign-in"


async def test_an_account_is_connected_freshly(harbour: tuple[Shop, Evil]) -> None:
    shop, evil = harbour
    window = await shop.signed_up(shop.window())
    link = {"why": "link", "next": "/danger"}
    shop.clock.move(601)
    assert (await window.client.post("/account/provider/evil", data=link)).url.path == "/account/confirm"
    await window.open("/account/confirm")
    await window.press("Confirm", password=PASSWORD)
    window._shown(await window.client.post("/account/provider/evil", data=link))
    await back(window, evil)
    assert window.where == "/danger"
    shop.clock.move(1)
    other = await shop.window().open("/account/sign-in")
    await other.press("Continue with Evil")
    await back(other, evil)
    assert other.text == "Signed in\n"


async def test_somebody_with_a_second_factor_is_asked_for_it(harbour: tuple[Shop, Evil]) -> None:
    shop, evil = harbour
    window = await shop.signed_up(shop.window())
    window._shown(await window.client.post("/account/provider/evil", data={"why": "link", "next": "/danger"}))
    await back(window, evil)
    app, _ = await shop.with_totp(window)
    other = await shop.window().open("/account/sign-in?next=/danger")
    await other.press("Continue with Evil")
    await back(other, evil)
    assert other.where == "/account/sign-in/second?next=/danger"
    await other.press("Continue", totp=shop.code(app))
    assert other.path == "/account/confirm"


async def test_what_goes_wrong_is_said(harbour: tuple[Shop, Evil]) -> None:
    shop, evil = harbour
    window = shop.window()
    answer = await window.client.post("/account/provider/nobody")
    assert (answer.status_code, "There is no such provider." in answer.text) == (404, True)
    answer = await window.client.post("/account/provider/evil", data={"why": "link"})
    assert answer.status_code == 401
    answer = await window.client.get("/account/provider/evil/back?state=x&code=y")
    assert (answer.status_code, answer.headers["referrer-policy"]) == (400, "no-referrer")
    evil.answer = {"error": "access_denied", "code": None}
    await window.open("/account/sign-in")
    await window.press("Continue with Evil")
    await back(window, evil)
    assert (window.status, "was cancelled" in window.text) == (403, True)
