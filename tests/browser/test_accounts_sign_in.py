"""Signing up and in with a real browser and a virtual authenticator, under the strict policy: whatever it stops is a failure here."""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.books import PASSWORD, Device, leave_suggestion, serving, sign_in, sign_out, sign_up
from tests.browser.conftest import leave

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.books import Books
    from tests.browser.conftest import Opener, Visitor

SECOND = re.compile(r"/account/sign-in/second\b")
MAKE_KEY = """async () => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const options = await (await fetch("/key", { method: "POST" })).json();
  const publicKey = { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) } };
  const made = await navigator.credentials.create({ publicKey });
  const body = JSON.stringify(made.toJSON());
  return (await fetch("/key/answer", { method: "POST", headers: { "Content-Type": "application/json" }, body })).status;
}"""


@pytest.fixture
def window(open_window: Opener, books: Books) -> Visitor:
    return open_window(books.site)


def sign_up_by_passkey(window: Visitor, books: Books, email: str) -> Device:
    device = Device(window)
    window.go("/account/sign-up")
    window.page.fill("#email", email)
    window.page.fill("#nickname", "Mira")
    window.page.click("button:has-text('Use a passkey instead')")
    window.page.wait_for_url("**/account/sign-up/sent")
    window.page.goto(books.mails.link(email))
    leave(window.page, "button:has-text('Yes, create my account')")
    window.page.wait_for_url(books.site.url + "/")
    return device


def test_a_passkey_signs_up_and_in(window: Visitor, books: Books) -> None:
    device = sign_up_by_passkey(window, books, "passkey@mail.example")
    expect(window.page.locator("h1")).to_have_text("Signed in")
    assert [key["isResidentCredential"] for key in device.credentials()] == [True]
    sign_out(window)
    leave_suggestion(window, device, "/account/sign-in?next=/danger")
    window.page.click("button:has-text('Sign in with a passkey')")
    window.page.wait_for_url(window.site.url + "/danger")
    assert device.credentials()[0]["signCount"] > 0


def test_the_browser_suggests_a_passkey_in_the_form(window: Visitor, books: Books) -> None:
    """Conditional UI: the virtual authenticator stands in for the choice in the list."""
    sign_up_by_passkey(window, books, "suggested@mail.example")
    sign_out(window)
    window.go("/account/sign-in?next=/danger")
    window.page.wait_for_url(window.site.url + "/danger")


def test_a_passkey_that_is_not_there_is_explained(window: Visitor) -> None:
    device = Device(window)
    window.go("/account/sign-in")
    window.page.click("button:has-text('Sign in with a passkey')")
    expect(window.page.locator("[data-trouble=cancelled]")).to_be_visible()
    assert device.credentials() == []
    window.page.fill("#email", "somebody@mail.example")  # the form still works
    window.refusals.add(401)
    window.page.fill("#password", "a wrong one entirely")
    leave(window.page, "button:text-is('Sign in')")
    expect(window.page.locator("[role=alert]").first).to_be_focused()


def test_what_the_site_refuses_is_said(window: Visitor) -> None:
    Device(window)
    window.refusals.add(422)
    window.go("/account/sign-up")
    window.page.click("button:has-text('Use a passkey instead')")
    expect(window.page.locator("#email")).to_be_focused()  # the browser asks for it itself
    window.page.fill("#email", "no address")
    window.page.fill("#nickname", "Mira")
    window.page.click("button:has-text('Use a passkey instead')")
    expect(window.page.locator("[data-trouble=said]")).to_have_text("This is no e-mail address. Write it as in name@example.org.")


def test_a_passkey_confirms_that_it_is_me(window: Visitor, books: Books) -> None:
    sign_up_by_passkey(window, books, "fresh@mail.example")
    window.go("/account/confirm?next=/danger")
    window.page.click("button:has-text('Confirm with a passkey')")
    window.page.wait_for_url(window.site.url + "/danger")


def test_a_security_key_is_a_second_factor(window: Visitor, books: Books) -> None:
    sign_up(window, books, "key@mail.example")
    device = Device(window, passkeys=False)
    assert window.page.evaluate(MAKE_KEY) == 200
    assert [key["isResidentCredential"] for key in device.credentials()] == [False]
    sign_out(window)
    sign_in(window, "key@mail.example", to="/danger")
    window.page.wait_for_url(SECOND)
    window.page.click("button:has-text('Use passkey or security key')")
    window.page.wait_for_url(window.site.url + "/danger")
    window.go("/account/confirm?next=/danger")
    window.page.click("button:has-text('Use passkey or security key')")
    expect(window.page.locator("#password")).to_be_focused()  # it is asked for beside the key, and before it
    window.page.fill("#password", PASSWORD)
    window.page.click("button:has-text('Use passkey or security key')")
    window.page.wait_for_url(window.site.url + "/danger")


def test_an_app_and_recovery_codes_are_second_factors(window: Visitor, books: Books) -> None:
    sign_up(window, books, "totp@mail.example")
    made = json.loads(window.page.evaluate("fetch('/totp', { method: 'POST' }).then((answer) => answer.text())"))
    assert "was added to your account" in books.mails.newest("totp@mail.example", "new way to sign in")
    sign_out(window)
    sign_in(window, "totp@mail.example")
    window.page.wait_for_url(SECOND)
    window.refusals.add(401)
    window.page.fill("#totp", "000000")
    leave(window.page, "button:text-is('Continue')")
    expect(window.page.locator("#totp")).to_have_attribute("aria-invalid", "true")
    window.page.fill("#totp", pyotp.TOTP(made["secret"]).at(int(time.time()) + 30))  # the next one: this one may be spent
    window.page.check("#trust-totp")
    leave(window.page, "button:text-is('Continue')")
    window.page.wait_for_url(window.site.url + "/")
    sign_out(window)
    sign_in(window, "totp@mail.example")
    window.page.wait_for_url(window.site.url + "/")  # a trusted browser

    window.page.context.clear_cookies()
    sign_in(window, "totp@mail.example", to="/danger")
    window.page.click("summary")
    window.page.fill("#recovery", made["codes"][0])
    leave(window.page, "button:has-text('Continue with recovery code')")
    window.page.wait_for_url(window.site.url + "/danger")
    assert "recovery" in books.mails.newest("totp@mail.example", "recovery code was used")


class Lighthouse(BaseHTTPRequestHandler):
    """As much of a provider as is needed to get there."""

    def do_GET(self) -> None:  # the standard library's name
        url = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]  # an HTTP server has one
        said: dict[str, Any] = {f"{name}_endpoint": f"{url}/{name}" for name in ("authorization", "token")}
        said |= {"issuer": url, "jwks_uri": f"{url}/jwks", "response_types_supported": ["code"]}
        said |= {"id_token_signing_alg_values_supported": ["RS256"]}
        is_page = self.path.startswith("/authorization")
        self.send_response(200)
        self.send_header("content-type", "text/html" if is_page else "application/json")
        self.end_headers()
        seen = self.headers.get("referer", "no referrer")
        self.wfile.write(f"<h1>Lighthouse</h1><p>{seen}</p>".encode() if is_page else json.dumps(said).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize("scripts", [True, False])
def test_another_provider_is_reached_from_a_form(open_window: Opener, tmp_path: Path, scripts: bool) -> None:
    """`form-action 'self'` holds for where a form is redirected to as well: a page in between leads on by itself."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Lighthouse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with serving(tmp_path, SITE_ISSUER=f"http://127.0.0.1:{server.server_port}") as site:
            window = open_window(site, scripts=scripts)
            window.go("/account/sign-in?next=/danger")
            window.page.click("button:has-text('Continue with Lighthouse')")
            expect(window.page.locator("h1")).to_have_text("Lighthouse")
            expect(window.page.locator("p")).to_have_text("no referrer")
            assert "redirect_uri=https%3A%2F%2Flocalhost" in window.page.url
        server.shutdown()


def test_a_password_can_be_looked_at(window: Visitor) -> None:
    window.go("/account/sign-in")
    window.page.fill("#password", PASSWORD)
    button = window.page.locator("[data-reveal]")
    button.click()
    expect(window.page.locator("#password")).to_have_attribute("type", "text")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(window.page.locator("#password")).to_have_attribute("type", "password")
