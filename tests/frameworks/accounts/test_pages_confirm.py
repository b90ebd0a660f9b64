"""The page that asks once more who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from buckler.accounts.tables import Person
from tests.accounts.authenticator import Authenticator
from tests.accounts.stage import EMAIL, PASSWORD

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.frameworks.accounts.shop import Shop


async def test_a_password_makes_fresh(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    shop.clock.move(601)
    await window.open("/danger?word=again")
    assert window.where == "/account/confirm?next=/danger%3Fword%3Dagain"
    assert f"You are signed in as {EMAIL}." in window.text
    await window.press("Confirm", password="a wrong one entirely")
    assert (window.status, window.path) == (401, "/account/confirm")
    assert "That was not right." in window.text
    await window.press("Confirm", password=PASSWORD)
    assert window.text == "Fresh enough again\n"
    await window.open("/account/confirm")  # also for who is fresh
    assert (await window.press("Confirm", password=PASSWORD)).where == "/"


async def test_nobody_is_asked_to_sign_in_first(shop: Shop) -> None:
    window = await shop.window().open("/account/confirm?next=/danger")
    assert window.where == "/account/sign-in?next=/account/confirm%3Fnext%3D/danger"


async def test_a_code_of_the_app_is_asked_for_beside_the_password(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    app, codes = await shop.with_totp(window)
    await window.open("/account/confirm?next=/danger")
    await window.press("Confirm", password=PASSWORD)
    assert window.status == 401
    await window.press("Confirm", password=PASSWORD, totp=shop.code(app))
    assert window.where == "/danger"
    await window.open("/account/confirm?next=/danger")
    await window.press("Confirm", password=PASSWORD, recovery=codes[0])
    assert window.where == "/danger"


async def test_a_security_key_is_asked_for_beside_the_password(shop: Shop) -> None:
    window, key = await shop.signed_up(shop.window()), Authenticator(verifies=False)
    await shop.with_key(window, key)
    await window.open("/account/confirm?next=/danger")
    assert "Confirm" not in window.page.forms[0].buttons  # the key is the only way to end it
    options = await window.ask("/account/passkey/second")
    await window.press("Use passkey or security key", password=PASSWORD, passkey=key.get(options))
    assert window.where == "/danger"


async def test_who_has_nothing_here_gets_a_code_by_mail(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())

    async def without(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(password_hash=None))
        await visit.commit()

    await shop.act(without)
    await window.open("/account/confirm?next=/danger")
    await window.press("Send code")
    assert window.where == "/account/confirm?next=/danger"
    assert f"We have sent a code to {EMAIL}." in window.text
    text = (await shop.letters())[-1].get_body(("plain",))
    assert text is not None
    code = next(line for line in text.get_content().splitlines() if line.replace(" ", "").isdigit())
    await window.press("Confirm", code="0000 0000")
    assert window.status == 401
    await window.press("Confirm", code=code)
    assert window.where == "/danger"


async def test_a_form_that_is_no_longer_fresh_leads_to_the_proof_and_back(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    shop.clock.move(601)
    answer = await window.client.post("/danger", headers={"referer": "https://shop.example/danger?word=x"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/confirm?next=/danger%3Fword%3Dx")
    for referer in ("", "https://evil.example/danger", "https://shop.example.evil.example/"):
        answer = await window.client.post("/danger", headers={"referer": referer}, follow_redirects=False)
        assert answer.headers["location"] == "/account/confirm", referer
    answer = await window.client.post("/danger", headers={"accept": "application/json"})
    assert answer.json()["code"] == "account.not_fresh"
