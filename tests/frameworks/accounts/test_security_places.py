"""Devices, trusted browsers, programs, connected accounts and what happened, in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest_asyncio
from sqlalchemy import update

from buckler.accounts import people
from buckler.accounts.tables import Link, Person
from buckler.core.clock import HandClock
from tests.accounts.providers.evil import lying
from tests.accounts.stage import EMAIL, FIREFOX, PASSWORD
from tests.frameworks.accounts.conftest import shop_at
from tools.docs import source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.accounts.providers.evil import Evil
    from tests.frameworks.accounts.shop import Shop
    from tests.frameworks.accounts.window import Window

S = "/account/security"
OTHER = "noor@mail.example"


async def firefox(shop: Shop, email: str = EMAIL) -> Window:
    """Sign in in another browser, far away."""
    shop.clock.move(60)
    window = shop.window("198.51.100.9")
    window.client.headers["user-agent"] = FIREFOX
    return await shop.sign_in(window, email)


# ---- devices


async def test_every_device_is_listed_and_another_one_signed_out(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    other = await firefox(shop)
    await window.open(S)
    assert "You are signed in in 2 browsers." in window.text
    await window.follow("Devices")
    assert window.text.index("This browser") < window.text.index("Firefox on Linux")
    assert "from 198.51.100.9." in window.text
    assert "with: password." in window.text
    mine, its = [form.action for form in window.page.forms[:2]]
    await window.press("Sign out", where=its)
    assert "That device is signed out." in window.text
    assert "Firefox on Linux" not in window.text
    assert (await other.open(S)).path == "/account/sign-in"
    await window.press("Sign out", where=its.replace(its.split("/")[-2], mine.split("/")[-2]))
    assert window.path == "/account/sign-in"  # one's own


async def test_a_device_of_somebody_else_stays(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    other = await shop.signed_up(shop.window("198.51.100.9"), OTHER)
    await other.open(f"{S}/devices")
    answer = await window.client.post(other.page.forms[0].action)
    assert (answer.status_code, "This device is not signed in." in answer.text) == (404, True)
    assert (await other.open(S)).path == S


async def test_all_others_are_signed_out(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/devices")
    assert not any(form.action.endswith("end-others") for form in window.page.forms)
    other = await firefox(shop)
    await window.open(f"{S}/devices")
    await window.press("Sign out all others")
    assert "All other devices are signed out." in window.text
    assert (await other.open(S)).path == "/account/sign-in"
    assert (await window.open(S)).path == S


async def test_everything_is_signed_out(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    other = await firefox(shop)
    await window.open(f"{S}/devices")
    await window.press("Sign out everywhere")
    for one in (window, other):
        assert (await one.open(S)).path == "/account/sign-in"


# ---- trusted browsers


async def trusting(shop: Shop, window: Window) -> Window:
    """Another browser that is trusted."""
    app, _ = await shop.with_totp(window)
    other = await firefox(shop)
    await other.press("Continue", totp=shop.code(app), ticked=("trust",))
    return other


async def test_a_browser_is_trusted_no_more(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    other = await trusting(shop, window)
    await window.open(f"{S}/browsers")
    assert "Firefox on Linux" in window.text
    assert "This browser" not in window.text
    assert "This browser" in (await other.open(f"{S}/browsers")).text
    stranger = await shop.signed_up(shop.window(), OTHER)
    answer = await stranger.client.post(window.page.forms[0].action)
    assert (answer.status_code, "This browser is not trusted any more." in answer.text) == (404, True)
    await window.press("Trust no more")
    assert "That browser is no longer trusted." in window.text
    assert "None. When you show a second factor" in window.text


async def test_no_browser_is_trusted_any_more(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await trusting(shop, window)
    await window.open(f"{S}/browsers")
    await window.press("Trust none of them any more")
    assert "No browser is trusted any more." in window.text
    assert "Firefox" not in window.text


# ---- programs


async def test_a_program_is_signed_out(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    for name, scopes in (("Reader", ["articles:read"]), ("Whole", None)):
        app = await firefox(shop)
        pair = await app.ask("/account/api/programs", name=name, scopes=scopes)
        assert app.status == 201
    await window.open(f"{S}/programs")
    for said in ("May: articles:read.", "May do everything that you may.", "from 198.51.100.9: Firefox on Linux."):
        assert said in window.text
    bearer = {"authorization": f"Bearer {pair['access_token']}"}
    assert (await window.client.get("/articles", headers=bearer)).status_code == 200
    stranger = await shop.signed_up(shop.window(), OTHER)
    newest = window.page.forms[0].action
    assert (await stranger.client.post(newest)).status_code == 404
    await window.press("Sign out", where=newest)
    assert "That program is signed out." in window.text
    assert "Whole" not in window.text
    assert (await window.client.get("/articles", headers=bearer)).status_code == 401


# ---- connected accounts


@pytest_asyncio.fixture
async def harbour(tmp_path: Path) -> AsyncIterator[tuple[Shop, Evil]]:
    """A shop with a provider."""
    clock = HandClock()
    async with lying(clock) as evil:
        provider = evil.provider(timeout_s=60)
        async with shop_at(tmp_path, clock=clock, providers=[provider]) as shop:
            yield shop, evil
        await provider.close()


async def test_an_account_is_connected_and_disconnected(harbour: tuple[Shop, Evil]) -> None:
    shop, evil = harbour
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/links")
    assert "None yet." in window.text
    shop.clock.move(601)
    await window.press("Connect Evil")
    assert window.where == f"/account/confirm?next={S}/links"
    await window.press("Confirm", password=PASSWORD)
    await window.press("Connect Evil")
    assert "Continue" in window.page.links, window.text
    query = evil.visited(window.page.links["Continue"])
    await window.open(f"/account/provider/evil/back?{urlencode(query)}")
    assert window.path == f"{S}/links"
    assert "The account is connected now." in window.text
    assert "One is connected." in (await window.open(S)).text
    shop.clock.move(1)
    await window.open(f"{S}/activity")
    assert "An account was connected: Evil" in window.text
    await _only_way_in_stays(shop, window)


async def _only_way_in_stays(shop: Shop, window: Window) -> None:
    async def alone(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(password_hash=None))
        await visit.db.execute(update(Link).values(email=""))
        await visit.commit()

    await shop.act(alone)
    await window.open(f"{S}/links")
    await window.follow("Disconnect")
    await window.press("Remove")
    assert (window.status, "Without it you could no longer sign in." in window.text) == (409, True)

    async def again(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(password_hash="x"))
        await visit.db.execute(update(Link).values(provider="elsewhere"))  # a provider that is no longer offered
        await visit.commit()

    await shop.act(again)
    await window.open(f"{S}/links")
    await window.follow("Disconnect")
    await window.press("Remove")
    assert "elsewhere is disconnected." in window.text
    assert "An account was disconnected: elsewhere" in (await window.open(f"{S}/activity")).text


# ---- what happened


async def test_what_happened_is_said_in_words(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    app, codes = await shop.with_totp(window)
    del app
    await shop.window().open("/")
    other = await firefox(shop)
    await other.press("Continue with recovery code", recovery=codes[0])

    async def more(visit: Visit) -> None:
        person = await people.by_email(visit, EMAIL)
        visit.record("something_of_the_future", person, "<i>")
        visit.record("signed_in", person, "telepathy")
        await visit.commit()

    shop.clock.move(1)
    await shop.act(more)
    await window.open(f"{S}/activity")
    for said in (
        "The account was created",
        "An authenticator app was added: Authenticator app",
        "Signed in with: password, recovery code",
        "Firefox on Linux, from 198.51.100.9",
        "something_of_the_future",
        "Signed in with: telepathy",
    ):
        assert f"{said}\n" in window.text
    assert window.text.index("of_the_future") < window.text.index("Signed in with: password, recovery code")


def test_every_line_of_the_log_has_words(shop: Shop) -> None:
    kinds = {event.kind.removeprefix("account.") for event in source.events() if event.kind.startswith("account.") and event.own_log}
    known = {key.rpartition(".")[2] for key in shop.accounts.texts.keys("en") if key.startswith("pages.security_activity.kinds.")}
    assert known == kinds
