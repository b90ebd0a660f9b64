"""The settings with a real browser and virtual authenticators, under the strict policy: whatever it stops is a failure here."""

from __future__ import annotations

import json
import re
import ssl
import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.books import PASSWORD, Device, follow, leave_suggestion, open_books, send, sign_in, sign_out, sign_up
from tests.browser.conftest import leave
from tests.browser.pictures import qr_codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.books import Books
    from tests.browser.conftest import Opener, Visitor

S = "/account/security"
AHEAD_S = 11 * 60  # longer than a sign-in stays fresh


@pytest.fixture
def window(open_window: Opener, books: Books) -> Visitor:
    return open_window(books.site)


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Books, Path]]:
    """A site of its own, and the file that moves its clock."""
    folder = tmp_path_factory.mktemp("clocked")
    with open_books(folder, SITE_CLOCK=str(folder / "ahead")) as opened:
        yield opened, folder / "ahead"


def put(ahead: Path, seconds: int) -> None:
    """Move the site's clock, in one piece: it is read all the time."""
    new = ahead.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(ahead)


def press(window: Visitor, button: str) -> None:
    """What a script does, or leads to when it is done."""
    window.page.get_by_role("button", name=button, exact=True).click()


def scanned(window: Visitor) -> pyotp.TOTP:
    """The app that has scanned the QR code of the page, from a picture of it."""
    expect(window.page.locator("svg.qr")).to_be_visible()
    (said,) = qr_codes(window.page.screenshot(full_page=True))
    app = pyotp.parse_uri(said)
    assert isinstance(app, pyotp.TOTP)
    assert app.issuer == "Harbour Books"
    return app


def add_app(window: Visitor, name: str) -> pyotp.TOTP:
    window.go(S)
    follow(window, "Authenticator apps", "Add an authenticator app")
    window.page.get_by_label("Name").fill(name)
    send(window, "Continue")
    app = scanned(window)
    window.page.fill("#code", app.now())
    send(window, "Add the app")
    window.page.wait_for_url(window.site.url + S)
    return app


def enter_code(window: Visitor, app: pyotp.TOTP, button: str = "Continue") -> None:
    """The code of the next half minute, which is right already, and was not used yet."""
    window.page.locator("#totp").fill(app.at(time.time(), counter_offset=1))
    leave(window.page, window.page.get_by_role("button", name=button, exact=True).first)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_app_is_added_by_scanning_the_page(open_window: Opener, books: Books, scheme: str) -> None:
    window = open_window(books.site, color_scheme=scheme)
    email = f"scan-{scheme}@mail.example"
    sign_up(window, books, email)
    app = add_app(window, "Telephone")
    assert app.name == email
    expect(window.page.get_by_role("status")).to_contain_text("The authenticator app is added.")
    books.mails.newest(email, "A new way to sign in")
    sign_out(window)
    sign_in(window, email)
    enter_code(window, app)
    window.page.wait_for_url(books.site.url + "/")
    expect(window.page.locator("h1")).to_have_text("Signed in")


def test_the_secret_by_hand_is_that_of_the_picture(window: Visitor, books: Books) -> None:
    sign_up(window, books, "by-hand@mail.example")
    window.refusals.add(422)
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=books.site.url)
    window.go(f"{S}/totp/new")
    send(window, "Continue")
    app = scanned(window)
    window.page.fill("#code", "000000")
    send(window, "Add the app")
    expect(window.page.locator("#code-wrong")).to_be_visible()
    assert scanned(window).secret == app.secret
    window.page.click("summary")
    press(window, "Copy")
    expect(window.page.get_by_role("button", name="Copied")).to_be_visible()
    assert window.page.evaluate("navigator.clipboard.readText()").replace(" ", "") == app.secret


def test_a_passkey_with_a_name_signs_in_and_is_removed(window: Visitor, books: Books) -> None:
    email = "named@mail.example"
    sign_up(window, books, email)
    device = Device(window)
    window.go(S)
    follow(window, "Passkeys and security keys", "Add a passkey")
    window.page.get_by_label("Name").fill("Laptop")
    window.page.keyboard.press("Enter")  # does what the one button does
    window.page.wait_for_url(books.site.url + S)
    expect(window.page.get_by_role("status")).to_contain_text("The passkey “Laptop” is added.")
    expect(window.page.locator(".note")).to_contain_text(["is added", "You have no recovery codes."])
    sign_out(window)
    leave_suggestion(window, device, f"/account/sign-in?next={S}/passkeys")
    press(window, "Sign in with a passkey")
    window.page.wait_for_url(books.site.url + S + "/passkeys")
    expect(window.page.locator(".rows li")).to_have_count(1)
    expect(window.page.locator(".rows li")).to_contain_text("Last used on")
    follow(window, "Add a passkey")
    press(window, "Create passkey")
    expect(window.page.locator("[data-trouble=known]")).to_be_visible()
    window.go(f"{S}/passkeys")
    follow(window, "Remove: Laptop")
    send(window, "Remove")
    expect(window.page.get_by_role("status")).to_contain_text("“Laptop” is removed.")
    books.mails.newest(email, "was removed")


def test_a_security_key_is_asked_for_after_the_password(window: Visitor, books: Books) -> None:
    email = "key-ring@mail.example"
    sign_up(window, books, email)
    device = Device(window, passkeys=False)
    window.go(S)
    follow(window, "Passkeys and security keys", "Add a security key")
    window.page.get_by_label("Name").fill("Key ring")
    press(window, "Continue with the key")
    window.page.wait_for_url(books.site.url + S)
    assert [one["isResidentCredential"] for one in device.credentials()] == [False]
    sign_out(window)
    sign_in(window, email)
    press(window, "Use passkey or security key")
    window.page.wait_for_url(books.site.url + "/")
    expect(window.page.locator("h1")).to_have_text("Signed in")


def test_recovery_codes_are_shown_once_and_let_in(window: Visitor, books: Books) -> None:
    email = "codes@mail.example"
    sign_up(window, books, email)
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=books.site.url)
    add_app(window, "")
    follow(window, "Make recovery codes")
    send(window, "Make new codes")
    codes = window.page.locator(".codes li").all_inner_texts()
    assert len(set(codes)) == 10
    press(window, "Copy all")
    expect(window.page.get_by_role("button", name="Copied")).to_be_visible()
    assert window.page.evaluate("navigator.clipboard.readText()").split() == codes
    window.page.emulate_media(media="print")
    expect(window.page.locator(".on-paper")).to_be_visible()
    expect(window.page.locator(".button:visible, .account-top:visible")).to_have_count(0)
    window.page.emulate_media(media="screen")
    follow(window, "I have kept them")
    window.go(f"{S}/recovery")
    expect(window.page.locator("main")).to_contain_text("10 are left.")
    assert codes[0] not in window.page.content()
    sign_out(window)
    sign_in(window, email)
    window.page.click("summary")
    window.page.fill("#recovery", codes[0])
    send(window, "Continue with recovery code")
    window.page.wait_for_url(books.site.url + "/")
    window.go(S)
    expect(window.page.locator("main")).to_contain_text("9 are left.")


def test_a_device_that_is_signed_out_is_out(window: Visitor, open_window: Opener, books: Books) -> None:
    email = "devices@mail.example"
    sign_up(window, books, email)
    other = open_window(books.site, user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    sign_in(other, email, to=S)
    other.page.wait_for_url(books.site.url + S)
    window.go(S)
    follow(window, "Devices")
    expect(window.page.locator(".rows li")).to_have_count(2)
    send(window, "Sign out: Firefox on Linux")
    expect(window.page.get_by_role("status")).to_have_text("That device is signed out.")
    expect(window.page.locator(".rows li")).to_have_count(1)
    other.page.reload()
    other.page.wait_for_url(f"**/account/sign-in?next={S}")


def test_after_ten_minutes_one_is_asked_once_more(open_window: Opener, clocked: tuple[Books, Path]) -> None:
    books, ahead = clocked
    window = open_window(books.site)
    email, page = "late@mail.example", window.page
    put(ahead, 0)
    sign_up(window, books, email)
    Device(window)
    window.go(f"{S}/email")
    expect(page.locator("h1")).to_have_text("Change your address")
    page.fill("#email", "other@mail.example")
    put(ahead, AHEAD_S)
    send(window, "Send link")  # a form that was filled in for too long
    page.wait_for_url(f"**/account/confirm?next={S}/email")
    page.fill("#password", PASSWORD)
    send(window, "Confirm")
    page.wait_for_url(f"**{S}/email")
    window.go(f"{S}/passkeys/new-passkey")
    put(ahead, 2 * AHEAD_S)
    window.refusals.add(403)
    press(window, "Create passkey")  # and a script that is told the same
    page.wait_for_url(f"**/account/confirm?next={S}/passkeys/new-passkey")
    page.fill("#password", PASSWORD)
    send(window, "Confirm")
    page.wait_for_url(f"**{S}/passkeys/new-passkey")
    press(window, "Create passkey")
    page.wait_for_url(books.site.url + S)
    put(ahead, 3 * AHEAD_S)
    follow(window, "Delete your account")
    assert parse_qs(urlsplit(page.url).query) == {"next": [f"{S}/delete"]}
    press(window, "Confirm with a passkey")
    page.wait_for_url(f"**{S}/delete")
    put(ahead, 0)


def test_a_token_is_made_and_used_and_revoked(window: Visitor, books: Books) -> None:
    sign_up(window, books, "token@mail.example")
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=books.site.url)
    window.go(S)
    follow(window, "Tokens for programs", "Make a token")
    window.page.get_by_label("Name").fill("Backup")
    window.page.get_by_label("articles:read").check()
    window.page.get_by_label("How long it is valid").select_option("30 days")
    send(window, "Make token")
    press(window, "Copy")
    expect(window.page.get_by_role("button", name="Copied")).to_be_visible()
    token = window.page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"bkp_\w+", token)
    assert used(window, token) == (200, ["Of harbours"])
    follow(window, "I have copied it")
    assert token not in window.page.content()
    expect(window.page.locator(".rows li")).to_contain_text(f"Ends in {token[-4:]}.")
    expect(window.page.locator(".rows li")).to_contain_text("Last used on")
    follow(window, "Revoke: Backup")
    send(window, "Remove")
    expect(window.page.get_by_role("status")).to_contain_text("is revoked.")
    assert used(window, token)[0] == 401


def used(window: Visitor, token: str) -> tuple[int, object]:
    """What a program gets that sends the token."""
    context = ssl.create_default_context()
    window.site.authority.configure_trust(context)
    ask = Request(window.site.url + "/articles", headers={"Authorization": f"Bearer {token}"})  # noqa: S310  # https, ours
    try:
        with urlopen(ask, context=context, timeout=10) as answer:  # noqa: S310  # https, ours
            return answer.status, json.load(answer)
    except HTTPError as refused:
        return refused.code, None
