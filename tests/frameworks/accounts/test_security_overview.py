"""The settings as a whole: who may see them, what asks for a fresh sign-in, what is said of ids that are nobody's, and the first page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import update

from buckler.accounts.providers import Provider
from buckler.accounts.tables import Person
from tests.accounts.authenticator import Authenticator
from tests.accounts.stage import EMAIL
from tests.frameworks.accounts.conftest import shop_at

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.frameworks.accounts.shop import Shop

S = "/account/security"
PAGES = [
    "", "/password", "/email", "/email/sent", "/email/confirm", "/passkeys", "/passkeys/new-passkey", "/passkeys/new-key", "/totp",
    "/totp/new", "/recovery", "/links", "/devices", "/browsers", "/tokens", "/tokens/new", "/programs", "/activity", "/data", "/delete",
]  # fmt: skip
FRESH = ["/email", "/passkeys/new-passkey", "/passkeys/new-key", "/totp/new", "/recovery", "/tokens/new", "/data", "/delete"]
ONE = UUID("8e2f5a06-8e0c-4f0b-9d3e-3a52b2c8a0c1")  # nobody's
LOST_PAGES = [
    f"/totp/{ONE}/rename", f"/totp/{ONE}/remove", f"/totp/{ONE}/scan", f"/passkeys/{ONE}/rename", f"/passkeys/{ONE}/remove",
    f"/links/{ONE}/remove", f"/tokens/{ONE}/remove",
]  # fmt: skip
LOST_ACTS = [f"/devices/{ONE}/end", f"/browsers/{ONE}/forget", f"/programs/{ONE}/end"]


async def test_headers_and_frame_of_every_page(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    window.client.headers["accept-language"] = "de"
    for path in PAGES:
        await window.open(S + path)
        assert (window.status, window.path) == (200, S + path)
        assert window.answer.headers["cache-control"] == "no-store"
        assert '<html lang="de">' in window.answer.text
        assert window.answer.text.count("<h1>") == 1
        assert "style=" not in window.answer.text
        assert re.findall(r"<script(?! type=\"module\" nonce=)", window.answer.text) == []
        assert re.search(r"\son\w+=", window.answer.text) is None
        assert re.search(r"pages\.|\{\w+\}", window.answer.text) is None


async def test_nobody_is_asked_to_sign_in_first(shop: Shop) -> None:
    for path in PAGES:
        window = await shop.window().open(S + path)
        assert window.where == f"/account/sign-in?next={S}{path}"


async def test_a_token_sees_no_settings(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    made = await window.ask("/account/api/tokens", name="x")
    for path in PAGES:
        answer = await window.client.get(S + path, headers={"authorization": f"Bearer {made['token']}"})
        assert answer.status_code == 403, path


async def test_what_changes_how_one_signs_in_asks_for_a_fresh_sign_in(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    for path in FRESH:
        await window.open(S + path)
        shop.clock.move(601)
        if not path.startswith("/passkeys/"):  # the options for a new key ask already
            answer = await window.client.post(S + path, follow_redirects=False)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/account/confirm?next={S}{path}"), path
        await window.open(S + path)
        assert window.where == f"/account/confirm?next={S}{path}"
        await window.press("Confirm", password="walk the quiet harbour at dawn")
        assert window.where == S + path  # and back


async def test_everything_else_does_not(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    shop.clock.move(601)
    for path in sorted({*PAGES} - {*FRESH}):
        assert (await window.open(S + path)).path == S + path


async def test_what_is_gone_is_said_to_be_gone(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    for path in LOST_PAGES:
        for answer in (await window.client.get(S + path), await window.client.post(S + path, data={"name": "x", "code": "123456"})):
            assert answer.status_code == (410 if "scan" in path else 404)
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert re.search(r"<h1>(There is n|This QR code is no longer valid)", answer.text), answer.text
        await window.open(S + path)
        assert (await window.open(list(window.page.links.values())[-1])).path == S + "/" + path.split("/")[1]


async def test_a_button_of_an_old_page_shows_the_new_one(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    for path in LOST_ACTS:
        answer = await window.client.post(S + path)
        assert answer.status_code == 404
        assert "Error:" in answer.text
        assert 'role="alert"' in answer.text


async def test_what_is_no_id_is_no_page(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    for path in ("/totp/x/rename", "/devices/x/end", "/nothing"):
        assert (await window.client.get(S + path)).status_code == 404
        assert (await window.client.post(S + path)).status_code in {404, 405}


async def test_the_state_of_everything_in_words(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(S)
    assert EMAIL in window.text
    assert "You have no recovery codes." not in window.text
    for said in ("Last changed on ", "None yet. The safest way", "in this browser alone.", "None. A second factor", "No app is signed in"):
        assert said in window.text
    assert "Connected accounts" not in window.page.links  # this site has no providers
    await shop.with_totp(window)
    await window.ask("/account/api/tokens", name="x")
    await window.open(S)
    for said in ("You have one.", "10 are left.", "A token was made: x\n", "15 January 2027, 08:00 UTC"):
        assert said in window.text


async def test_a_second_factor_without_recovery_codes_is_pointed_at(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await shop.with_key(window, Authenticator(verifies=False))
    await window.open(S)
    assert "You have no recovery codes." in window.text
    assert (await window.follow("Make recovery codes")).path == f"{S}/recovery"


async def test_who_has_no_password_and_no_confirmed_address_reads_so(tmp_path: Path) -> None:
    provider = Provider(name="lighthouse", label="Lighthouse", issuer="https://lighthouse.example", client_id="x", client_secret="y")
    async with shop_at(tmp_path, providers=[provider]) as shop:
        window = await shop.signed_up(shop.window())

        async def without(visit: Visit) -> None:
            await visit.db.execute(update(Person).values(password_hash=None, email_verified_at=None))
            await visit.commit()

        await shop.act(without)
        await window.open(S)
        assert "You have none. You sign in another way." in window.text
        assert "not confirmed" in window.text
        assert window.page.links["E-mail address"] == f"{S}/email/confirm"
        assert window.page.links["Connected accounts"] == f"{S}/links"

        async def unchanged(visit: Visit) -> None:
            await visit.db.execute(update(Person).values(password_hash="x", password_changed_at=None))
            await visit.commit()

        await shop.act(unchanged)
        assert "You have one." in (await window.open(S)).text
