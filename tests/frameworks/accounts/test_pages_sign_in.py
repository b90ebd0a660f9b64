"""The pages to sign in, with a second factor and without, and to sign out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.accounts.authenticator import Authenticator
from tests.accounts.stage import EMAIL, PASSWORD

if TYPE_CHECKING:
    from tests.frameworks.accounts.shop import Shop


async def test_signing_up_is_being_signed_in_and_out_again(shop: Shop) -> None:
    window = shop.window()
    await shop.signed_up(window)
    assert (window.where, window.text) == ("/", "Signed in\n")
    await window.open("/account/sign-in")
    assert window.where == "/"  # nothing to do there
    await window.open("/account/sign-out")
    assert "Do you want to leave Harbour Books" in window.text
    assert (await window.press("Sign out")).text == "Signed out\n"


async def test_a_password_leads_to_where_one_was_going(shop: Shop) -> None:
    await shop.signed_up(shop.window())
    window = shop.window()
    await window.open("/danger?word=yes")
    assert window.where == "/account/sign-in?next=/danger%3Fword%3Dyes"
    await window.press("Sign in", email=EMAIL, password=PASSWORD)
    assert (window.where, window.text) == ("/danger?word=yes", "Fresh enough yes\n")


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/%2fevil.example"])
async def test_nobody_is_led_to_another_site(shop: Shop, there: str) -> None:
    """CVE-2021-32618, CVE-2023-49438 on the page itself."""
    window = shop.window()
    await shop.signed_up(window)
    assert (await window.open(f"/account/sign-in?next={there}")).where == "/"
    other = shop.window()
    await other.open("/account/sign-in")
    answer = await other.client.post("/account/sign-in", data={"email": EMAIL, "password": PASSWORD, "next": there}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "E-mail address or password is wrong."), ("de-AT, en;q=0.5", "E-Mail-Adresse oder Passwort")]
)
async def test_a_wrong_password_says_so_and_keeps_the_address(shop: Shop, language: str, said: str) -> None:
    await shop.signed_up(shop.window())
    window = shop.window(language=language)
    await window.open("/account/sign-in?next=/danger")
    for email in (EMAIL, "nobody@mail.example"):
        await window.press("Sign in" if language == "en" else "Anmelden", email=email, password="a wrong one entirely")
        assert window.status == 401
        assert said in window.text
        assert window.page.inputs["email"]["value"] == email
        assert "value" not in window.page.inputs["password"]
        assert "wrong one" not in window.answer.text
        assert window.page.inputs["next"]["value"] == "/danger"
        assert window.page.title.startswith(("Error: ", "Fehler: "))


async def test_too_many_attempts_say_when_to_try_again(shop: Shop) -> None:
    window = shop.window()
    for _ in range(6):
        await shop.sign_in(window, password="a wrong one entirely")
    assert window.status == 429
    assert int(window.answer.headers["retry-after"]) > 0
    assert "There were too many attempts." in window.text


async def test_text_that_no_database_keeps_is_a_wrong_address(shop: Shop) -> None:
    window = shop.window()
    await window.open("/account/sign-in")
    await window.press("Sign in", email="mira\0@mail.example", password="x\0")
    assert window.status == 401


async def test_a_file_in_place_of_a_text_is_nothing(shop: Shop) -> None:
    window = shop.window()
    answer = await window.client.post("/account/sign-in", files={"email": ("a.txt", b"a"), "password": (None, "x")})
    assert answer.status_code == 401


async def test_a_code_of_the_app_ends_a_half_sign_in(shop: Shop) -> None:
    first, window = shop.window(), shop.window("198.51.100.4")
    await shop.signed_up(first)
    app, _ = await shop.with_totp(first)
    await shop.sign_in(window, to="/danger")
    assert window.where == "/account/sign-in/second?next=/danger"
    assert (await window.client.get("/")).text.count("Signed out") == 1
    await window.press("Continue", totp="000000")
    assert window.status == 401
    assert window.page.inputs["totp"]["aria-invalid"] == "true"
    assert window.page.inputs["totp"]["value"] == ""
    assert "aria-invalid" not in window.page.inputs["recovery"]
    await window.press("Continue", totp=shop.code(app), ticked=("trust",))
    assert window.where == "/danger"
    await window.open("/account/sign-out")
    await window.press("Sign out")
    await shop.sign_in(window)
    assert window.where == "/"  # this browser is trusted


async def test_a_recovery_code_does_too(shop: Shop) -> None:
    first, window = shop.window(), shop.window("198.51.100.4")
    await shop.signed_up(first)
    _, codes = await shop.with_totp(first)
    await shop.sign_in(window)
    await window.press("Continue with recovery code", recovery="not one of them")
    assert window.page.inputs["recovery"]["aria-invalid"] == "true"
    assert "<details open>" in window.answer.text
    await window.press("Continue with recovery code", recovery=codes[3])
    assert window.text == "Signed in\n"


async def test_a_security_key_does_too(shop: Shop) -> None:
    first, window, key = shop.window(), shop.window("198.51.100.4"), Authenticator(verifies=False)
    await shop.signed_up(first)
    await shop.with_key(first, key)
    await shop.sign_in(window, to="/danger")
    assert "JavaScript" in window.text  # there is no other way here, and it is said
    options = await window.ask("/account/passkey/second")
    await window.press("Use passkey or security key", passkey=key.get(options))
    assert window.where == "/danger"
    options = await window.ask("/account/passkey/second")  # beside a password, whenever it is asked for
    assert options["allowCredentials"]


async def test_a_security_key_that_is_refused_names_no_field(shop: Shop) -> None:
    first, window, key = shop.window(), shop.window("198.51.100.4"), Authenticator(verifies=False)
    await shop.signed_up(first)
    await shop.with_key(first, key)
    await shop.sign_in(window)
    await window.press("Use passkey or security key", passkey={"id": "x"})
    assert (window.status, window.path) == (401, "/account/sign-in/second")
    assert "This passkey was not accepted." in window.text


async def test_a_half_sign_in_that_is_over_begins_again(shop: Shop) -> None:
    first, window = shop.window(), shop.window("198.51.100.4")
    await shop.signed_up(first)
    app, _ = await shop.with_totp(first)
    assert (await window.open("/account/sign-in/second?next=/danger")).where == "/account/sign-in?next=/danger"
    await shop.sign_in(window)
    shop.clock.move(700)
    await window.press("Continue", totp=shop.code(app))
    assert "The sign-in took too long." in window.text
    assert window.page.title.startswith("Error: Sign in")


async def test_signing_out_ends_a_half_sign_in(shop: Shop) -> None:
    """django-allauth 64.1."""
    first, window = shop.window(), shop.window("198.51.100.4")
    await shop.signed_up(first)
    app, _ = await shop.with_totp(first)
    await shop.sign_in(window)
    there = window.page
    await window.open("/account/sign-out")
    await window.press("Sign out")
    window.page = there
    await window.press("Continue", totp=shop.code(app))
    assert window.status == 401
    assert (await window.open("/")).text == "Signed out\n"


async def test_an_unknown_way_is_a_wrong_answer(shop: Shop) -> None:
    first, window = shop.window(), shop.window("198.51.100.4")
    await shop.signed_up(first)
    await shop.with_totp(first)
    await shop.sign_in(window)
    answer = await window.client.post("/account/sign-in/second", data={"way": "token", "token": "x"})
    assert answer.status_code == 401


async def test_a_passkey_signs_up_and_in(shop: Shop) -> None:
    window, device = shop.window(), Authenticator()
    await window.open("/account/sign-up")
    options = await window.ask("/account/passkey/sign-up", email=EMAIL)
    await window.press("Use a passkey instead", email=EMAIL, nickname="Mira", password="half typed", passkey=device.create(options))
    await window.open(await shop.link())
    assert "password" not in window.page.inputs
    assert (await window.press("Yes, create my account")).text == "Signed in\n"
    other = shop.window()
    await other.open("/account/sign-in?next=/danger")
    options = await other.ask("/account/passkey/sign-in")
    await other.press("Sign in with a passkey", passkey=device.get(options))
    assert other.where == "/danger"
    await other.open("/account/confirm?next=/danger")
    options = await other.ask("/account/passkey/fresh")
    assert (await other.press("Confirm with a passkey", passkey=device.get(options))).where == "/danger"


async def test_a_passkey_that_nobody_knows_is_refused(shop: Shop) -> None:
    window, device = shop.window(), Authenticator()
    await window.open("/account/sign-up")
    device.create(await window.ask("/account/passkey/sign-up", email=EMAIL))
    await window.open("/account/sign-in")
    await window.press("Sign in with a passkey", passkey=device.get(await window.ask("/account/passkey/sign-in")))
    assert window.status == 401
    assert "This passkey was not accepted." in window.text


async def test_options_are_for_those_who_may_ask(shop: Shop) -> None:
    window = shop.window()
    said = await window.ask("/account/passkey/second")
    assert (window.status, said["title"]) == (401, "Please sign in first.")
    await window.ask("/account/passkey/fresh")
    assert window.status == 401
    said = await window.ask("/account/passkey/sign-up", email="no address")
    assert (window.status, said["title"]) == (422, "This is no e-mail address.")
    german = shop.window(language="de")
    said = await german.ask("/account/passkey/sign-up", email="no address")
    assert said["title"] == "Das ist keine E-Mail-Adresse."
