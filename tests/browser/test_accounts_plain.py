"""Everything that is not a passkey works without JavaScript."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.books import PASSWORD, sign_in, sign_out, sign_up
from tests.browser.conftest import leave

if TYPE_CHECKING:
    from tests.browser.books import Books
    from tests.browser.conftest import Opener, Visitor

NEW = "nine lamps above the empty station"


@pytest.fixture
def window(open_window: Opener, books: Books) -> Visitor:
    return open_window(books.site, scripts=False)


def add_app(window: Visitor) -> pyotp.TOTP:
    """An authenticator app, with the cookies of the window: what the page of the settings does."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in window.page.context.cookies())
    context = ssl.create_default_context()
    window.site.authority.configure_trust(context)
    headers = {"Cookie": cookies, "Origin": window.site.url}
    with urlopen(Request(window.site.url + "/totp", b"", headers), context=context, timeout=10) as answer:  # noqa: S310  # https, ours
        return pyotp.TOTP(json.load(answer)["secret"])


def test_sign_up_sign_in_with_a_code_and_choose_a_new_password(window: Visitor, open_window: Opener, books: Books) -> None:
    page, email = window.page, "plain@mail.example"
    window.refusals |= {401, 422}
    window.go("/account/sign-up")
    expect(page.locator("button:visible")).to_have_text(["Create account"])  # nothing that would do nothing
    page.fill("#email", email)
    page.fill("#nickname", "Mira")
    page.fill("#password", "password12")
    leave(page, "button:has-text('Create account')")
    expect(page.locator("#password-wrong")).to_contain_text("Many people use this password.")
    expect(page.locator(".meter + .hint")).to_have_text("Strength: 1 of 4, very easy to guess.")
    expect(page.locator("[role=alert]:visible")).to_be_focused()
    sign_up(window, books, email)
    expect(page.locator("h1")).to_have_text("Signed in")
    app = add_app(window)

    other = open_window(books.site, scripts=False)
    other.refusals.add(401)
    sign_in(other, email, "a wrong one entirely")
    expect(other.page.locator("[role=alert]:visible")).to_contain_text("E-mail address or password is wrong.")
    expect(other.page.locator("#email")).to_have_value(email)
    sign_in(other, email, to="/danger")
    other.page.fill("#totp", app.at(int(time.time()) + 30))
    leave(other.page, "button:text-is('Continue')")
    other.page.wait_for_url(other.site.url + "/danger")
    sign_out(other)

    other.go("/account/sign-in")
    leave(other.page, "a:has-text('Forgotten your password?')")
    other.page.wait_for_url("**/account/reset")
    other.page.fill("#email", email)
    leave(other.page, "button:has-text('Send link')")
    other.page.wait_for_url("**/account/reset/sent")
    other.page.goto(books.mails.link(email, "new password"))
    other.page.fill("#password", NEW)
    leave(other.page, "button:has-text('Save password')")
    expect(other.page.locator("[role=status]")).to_have_text("Your new password is saved. Please sign in with it.")
    sign_in(other, email, NEW)
    expect(other.page.locator("h1")).to_have_text("One more step")
    assert "was changed" in books.mails.newest(email, "password")


def test_the_link_is_opened_in_another_browser(window: Visitor, open_window: Opener, books: Books) -> None:
    page, email = window.page, "elsewhere@mail.example"
    window.go("/account/sign-up")
    page.fill("#email", email)
    page.fill("#nickname", "Mira")
    page.fill("#password", PASSWORD)
    leave(page, "button:has-text('Create account')")
    page.wait_for_url("**/account/sign-up/sent")
    expect(page.locator("main")).to_contain_text(email)
    other = open_window(books.site, scripts=False)
    other.page.goto(books.mails.link(email))
    other.page.fill("#password", PASSWORD)
    leave(other.page, "button:has-text('Yes, create my account')")
    expect(other.page.locator("h1")).to_have_text("Signed in")
