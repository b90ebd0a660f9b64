"""The pages to sign up, to choose a new password, and to confirm addresses: everything that begins with a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts import email, people, signup, verify
from buckler.frameworks.fastapi.accounts.pages.form import Form
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.frameworks.accounts.shop import Shop
    from tests.frameworks.accounts.window import Window

GONE = "This link is no longer valid."


async def fill(window: Window, **typed: Any) -> Window:
    await window.open("/account/sign-up")
    return await window.press("Create account", **{"email": EMAIL, "nickname": "Mira", "password": PASSWORD, **typed})


async def test_the_form_asks_for_what_the_application_wants_to_know(shop: Shop) -> None:
    window = shop.window()
    await window.open("/account/sign-up?next=/danger")
    found = window.page.inputs["nickname"]
    assert (found["autocomplete"], found["maxlength"]) == ("nickname", "40")
    assert "Your name here\nOthers see it.\n" in window.text
    assert "required" in found
    await window.press("Create account", email=EMAIL, nickname="Mira", password=PASSWORD)
    assert window.where == "/account/sign-up/sent"
    assert f"We have sent a mail to {EMAIL}." in window.text
    await window.open(await shop.link())
    assert f"You are about to create an account at Harbour Books with {EMAIL}." in window.text
    assert window.answer.headers["referrer-policy"] == "no-referrer"
    await window.press("Yes, create my account")
    assert window.where == "/danger"


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"email": "no address"}, "email", "This is no e-mail address."),
        ({"nickname": " "}, "nickname", "Something is missing here."),
        ({"nickname": "42"}, "nickname", "This is no name."),
        ({"password": ""}, "password", "Choose a password, or make a passkey."),
        ({"password": "seven77"}, "password", "The password is too short."),
        ({"password": "password12"}, "password", "Many people use this password."),
        ({"password": "harbour books"}, "password", "The password is little more than a name"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(shop: Shop, typed: dict[str, str], field: str, said: str) -> None:
    window = await fill(shop.window(), **typed)
    assert window.status == 422
    assert said in window.text
    wrong = {name for name, found in window.page.inputs.items() if "aria-invalid" in found}
    assert wrong == {field}
    assert f"{field}-wrong" in (window.page.inputs[field]["aria-describedby"] or "").split()
    assert f'<a href="#{field}">' in window.answer.text
    kept = {"email": EMAIL, "nickname": "Mira", **typed}
    assert [window.page.inputs[name]["value"] for name in ("email", "nickname")] == [kept["email"], kept["nickname"]]
    assert PASSWORD not in window.answer.text
    assert ("Strength: " in window.text) == bool(typed.get("password"))
    assert await shop.letters() == []


async def test_the_strength_of_a_refused_password_is_said(shop: Shop) -> None:
    window = await fill(shop.window(), password="password12")
    assert "Strength: 1 of 4, very easy to guess." in window.text
    assert window.answer.text.count('<span class="full">') == 1


async def test_the_link_asks_for_the_password_in_another_browser(shop: Shop) -> None:
    await fill(shop.window())
    window = shop.window()
    await window.open(await shop.link())
    await window.press("Yes, create my account", password="a wrong one entirely")
    assert (window.status, window.path) == (401, "/account/verify")
    assert window.page.inputs["password"]["aria-invalid"] == "true"
    assert "token" not in window.where
    await window.press("Yes, create my account", password=PASSWORD)
    assert window.text == "Signed in\n"


async def test_opening_a_link_uses_nothing_up(shop: Shop) -> None:
    """Programs that look into mails open links."""
    window = await fill(shop.window())
    link = await shop.link()
    for _ in range(3):
        assert (await window.open(link)).status == 200
    await window.press("Yes, create my account")
    assert window.text == "Signed in\n"
    await window.open(link)
    assert (window.status, GONE in window.text) == (410, True)
    assert (await window.follow("Create an account")).path == "/account/sign-up"


async def test_who_asks_for_an_address_that_has_an_account_sees_the_same(shop: Shop) -> None:
    await shop.signed_up(shop.window())
    window = await fill(shop.window(), password=OTHER)
    assert window.where == "/account/sign-up/sent"
    assert f"We have sent a mail to {EMAIL}." in window.text
    assert "already have an account" in str((await shop.letters())[-1]["Subject"])


async def test_a_page_that_nobody_came_to_by_a_form_knows_no_address(shop: Shop) -> None:
    window = await shop.window().open("/account/sign-up/sent")
    assert "We have sent you a mail." in window.text
    assert "set-cookie" not in window.answer.headers


async def test_a_letter_is_in_the_language_of_the_page(shop: Shop) -> None:
    window = shop.window(language="de")
    await window.open("/account/sign-up")
    await window.press("Konto anlegen", email=EMAIL, nickname="Mira", password=PASSWORD)
    assert str((await shop.letters())[-1]["Subject"]) == "Bestätigen Sie Ihre Adresse für Harbour Books"


async def test_a_forgotten_password(shop: Shop) -> None:
    await shop.signed_up(shop.window())
    window = shop.window()
    await window.open("/account/reset")
    await window.press("Send link", email="no address")
    assert (window.status, window.page.inputs["email"]["value"]) == (422, "no address")
    await window.press("Send link", email=EMAIL)
    assert window.where == "/account/reset/sent"
    link = await shop.link()
    await window.open(link)
    assert EMAIL in window.text
    assert window.answer.headers["referrer-policy"] == "no-referrer"
    await window.press("Save password", password="password12")
    assert (window.status, window.path) == (422, "/account/reset/new")
    assert "Strength: 1 of 4" in window.text
    await window.press("Save password", password=OTHER)
    assert window.where == "/account/sign-in"
    assert "Your new password is saved." in window.text
    assert "Your new password is saved." not in (await window.open("/account/sign-in")).text  # said once
    shop.clock.move(1)
    await window.open("/account/sign-in")
    await window.press("Sign in", email=EMAIL, password=OTHER)
    assert window.text == "Signed in\n"
    assert GONE in (await window.open(link)).text
    assert (await window.follow("Send a new link")).path == "/account/reset"


async def test_a_link_for_a_new_password_that_was_used_meanwhile(shop: Shop) -> None:
    await shop.signed_up(shop.window())
    first, second = shop.window(), shop.window()
    await first.open("/account/reset")
    await first.press("Send link", email=EMAIL)
    link = await shop.link()
    await first.open(link)
    await second.open(link)
    await first.press("Save password", password=OTHER)
    await second.press("Save password", password=PASSWORD)
    assert (second.status, GONE in second.text) == (410, True)


async def test_who_has_no_account_sees_the_same(shop: Shop) -> None:
    window = shop.window()
    await window.open("/account/reset")
    await window.press("Send link", email="nobody@mail.example")
    assert window.where == "/account/reset/sent"
    assert str((await shop.letters())[-1]["Subject"]) == "No account at Harbour Books with this address"


async def test_the_address_of_an_account_that_the_application_made(shop: Shop) -> None:
    async def made(visit: Visit) -> None:
        hashed = await visit.accounts.hasher.hash(PASSWORD)
        await verify.begin(visit, await signup.make(visit, signup.New(EMAIL, hashed), {}))
        await visit.commit()

    await shop.act(made)
    window = shop.window()
    await window.open(await shop.link())
    await window.press("Confirm my address", password=OTHER)
    assert (window.status, "The password is wrong." in window.text) == (401, True)
    await window.press("Confirm my address", password=PASSWORD)
    assert "Your address is confirmed." in window.text
    await window.press("Sign in", email=EMAIL, password=PASSWORD)
    assert window.text == "Signed in\n"
    await window.open("/account/verify-address?token=wrong")
    await window.press("Confirm my address", password=PASSWORD)
    assert (window.status, GONE in window.text) == (410, True)
    assert window.answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("here", [True, False])
async def test_a_new_address(shop: Shop, here: bool) -> None:
    window = await shop.signed_up(shop.window())

    async def begun(visit: Visit) -> None:
        person = await people.of_session(visit)
        assert person is not None
        await email.begin(visit, person, "mira@new.example")

    await shop.act(begun, window)
    window = window if here else shop.window()
    link = await shop.link()
    await window.open(link)
    answer = await window.client.post(
        "/account/email/confirm", data={"token": window.page.inputs["token"]["value"]}, follow_redirects=False
    )
    assert answer.headers["location"] == ("/account/security" if here else "/account/sign-in")
    if not here:
        assert "mira@new.example is your address now." in (await window.open("/account/sign-in")).text
    await window.open(link)
    await window.press("Confirm my new address")
    assert (window.status, GONE in window.text) == (410, True)


def test_a_form_says_no_secret_again() -> None:
    secrets = ("password", "password_new", "totp", "token", "passkey", "code", "recovery")
    form = Form({"email": "a", **dict.fromkeys(secrets, "b")})
    assert form.given == {"email": "a"}


async def test_a_name_that_was_taken_meanwhile_is_asked_for_anew(shop: Shop) -> None:
    """The link stays good: nobody has to begin again for a name."""
    window = await fill(shop.window())
    link = await shop.link()
    shop.accounts.profile.taken.add("Mira")  # type: ignore[attr-defined]  # the profile of the test site
    await window.open(link)
    assert "nickname" not in window.page.inputs
    await window.press("Yes, create my account")
    assert window.status == 409
    assert "Somebody has this name." in window.text
    assert window.page.inputs["nickname"]["value"] == "Mira"
    await window.press("Yes, create my account", nickname="Selma")
    assert (window.where, window.status) == ("/", 200)
    elsewhere = shop.window()
    await elsewhere.open(link)
    assert GONE in elsewhere.text
