"""The settings without JavaScript: everything but keys, in one visit."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
from playwright.sync_api import expect

from tests.browser.books import PASSWORD, follow, send, sign_in, sign_up
from tests.browser.pictures import qr_codes

if TYPE_CHECKING:
    from tests.browser.books import Books
    from tests.browser.conftest import Opener, Visitor

S = "/account/security"
NEW = "nine lamps above the empty station"
EMAIL, OTHER = "settings@mail.example", "settings-new@mail.example"


def told(window: Visitor, text: str) -> None:
    expect(window.page.get_by_role("status")).to_have_text(text)


def add_app(window: Visitor) -> pyotp.TOTP:
    window.go(S)
    follow(window, "Authenticator apps", "Add an authenticator app")
    send(window, "Continue")
    (said,) = qr_codes(window.page.screenshot(full_page=True))
    app = pyotp.parse_uri(said)
    assert isinstance(app, pyotp.TOTP)
    window.page.fill("#code", app.now())
    send(window, "Add the app")
    return app


def test_a_whole_visit(open_window: Opener, books: Books) -> None:
    window = open_window(books.site, scripts=False)
    sign_up(window, books, EMAIL)
    change_password_and_address(window, books)
    app = add_factors(window)
    other = open_window(books.site, scripts=False)
    sign_in(other, OTHER, NEW)
    trust_and_trust_no_more(window, other, app)
    make_token(window)
    take_everything_and_leave(window, books)


def change_password_and_address(window: Visitor, books: Books) -> None:
    page = window.page
    window.go(S)
    follow(window, "Password")
    page.fill("#current", PASSWORD)
    page.fill("#password", NEW)
    send(window, "Save password")
    told(window, "Your new password is saved.")
    follow(window, "E-mail address")
    page.fill("#email", OTHER)
    send(window, "Send link")
    page.goto(books.mails.link(OTHER))
    send(window, "Confirm my new address")
    told(window, f"{OTHER} is your address now.")


def add_factors(window: Visitor) -> pyotp.TOTP:
    page = window.page
    follow(window, "Passkeys and security keys", "Add a passkey")
    expect(page.locator("noscript .note")).to_contain_text("need JavaScript")
    expect(page.locator("main button:visible")).to_have_count(0)
    app = add_app(window)
    follow(window, "Make recovery codes")
    send(window, "Make new codes")
    expect(page.locator(".codes li")).to_have_count(10)
    expect(page.locator("button:visible")).to_have_count(0)  # none that would do nothing
    follow(window, "I have kept them", "Authenticator apps", "Rename: Authenticator app")
    page.fill("#name", "Telephone")
    send(window, "Save name")
    told(window, "The new name is saved.")
    return app


def trust_and_trust_no_more(window: Visitor, other: Visitor, app: pyotp.TOTP) -> None:
    other.page.locator("#totp").fill(app.at(time.time(), counter_offset=1))
    other.page.get_by_label("Trust this browser for 30 days").check()
    send(other, "Continue")
    expect(other.page.locator("h1")).to_have_text("Signed in")
    window.go(S)
    follow(window, "Trusted browsers")
    send(window, "Trust none of them any more: Trusted browsers")
    told(window, "No browser is trusted any more.")
    follow(window, "Security", "Devices")
    send(window, "Sign out all others: Devices")
    told(window, "All other devices are signed out.")


def make_token(window: Visitor) -> None:
    page = window.page
    follow(window, "Security", "Tokens for programs", "Make a token")
    page.fill("#name", "Backup")
    page.get_by_label("articles:write").check()
    send(window, "Make token")
    assert re.fullmatch(r"bkp_\w+", page.inner_text("#token"))
    follow(window, "I have copied it", "Security", "Recent activity")
    expect(page.locator(".rows li").first).to_contain_text("A token was made: Backup")


def take_everything_and_leave(window: Visitor, books: Books) -> None:
    page = window.page
    follow(window, "Security", "Download your data")
    with page.expect_download() as download:
        window.page.get_by_role("button", name="Download", exact=True).click()
    assert download.value.suggested_filename == "account.json"
    assert json.loads(Path(download.value.path()).read_text())["account"]["email"] == OTHER
    follow(window, "Security", "Delete your account")
    page.fill("#email", OTHER)
    send(window, "Delete my account for ever")
    expect(page.locator("h1")).to_have_text("Your account is deleted")
    books.mails.newest(OTHER, "was deleted")
    window.go(S)
    expect(page.locator("h1")).to_have_text("Sign in")
