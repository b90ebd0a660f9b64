"""Everybody can use the settings: axe-core on every page, empty and full, in both colour schemes, wide and narrow; the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.books import Device, sign_up
from tests.browser.conftest import leave, leave_by_key
from tests.browser.test_accounts_access import LOOKS, faults
from tests.browser.test_conduit_access import AXE, tab_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.books import Books
    from tests.browser.conftest import Opener, Visitor

S = "/account/security"
LISTS = ["", "/passkeys", "/totp", "/recovery", "/links", "/devices", "/browsers", "/tokens", "/programs", "/activity"]
FORMS = [
    "/password", "/email", "/email/sent", "/email/confirm", "/passkeys/new-passkey", "/passkeys/new-key", "/totp/new", "/tokens/new",
    "/data", "/delete",
]  # fmt: skip
LONG = "An_unbreakable_name_that_is_longer_than_the_smallest_window_is_wide_and_must_not_push_it_out_of_it"


@pytest.fixture(scope="module")
def people(browser: Browser, books: Books) -> dict[str, Any]:
    """Somebody who has nothing yet, and somebody who has one of everything, with a long name."""
    from tests.browser.conftest import Visitor  # noqa: PLC0415  # importing it makes pytest load the fixtures twice otherwise

    made = {}
    for name in ("empty", "full"):
        context = browser.new_context(ignore_https_errors=True)
        visitor = Visitor(books.site, context.new_page())
        sign_up(visitor, books, f"settings-{name}@mail.example")
        if name == "full":
            fill(visitor)
        made[name] = context.storage_state()
        context.close()
    return made


def fill(visitor: Visitor) -> None:
    page = visitor.page
    page.evaluate("fetch('/totp', { method: 'POST' })")
    Device(visitor)
    for path, button in (("/passkeys/new-passkey", "Create passkey"), ("/tokens/new", "Make token")):
        visitor.go(S + path)
        page.fill("#name", LONG)
        for box in page.get_by_label("articles:").all():
            box.check()
        leave(page, page.get_by_role("button", name=button))
        expect(page.locator("h1")).to_have_text({"Create passkey": "Security", "Make token": "Your new token"}[button])


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(browser: Browser, books: Books, people: dict[str, Any], scheme: Any, width: int) -> None:
    found = []
    look: dict[str, Any] = {
        "ignore_https_errors": True, "bypass_csp": True, "color_scheme": scheme, "viewport": {"width": width, "height": 700},
        "reduced_motion": "reduce",
    }  # fmt: skip
    for who, paths in (("empty", [*LISTS, *FORMS]), ("full", LISTS)):
        context = browser.new_context(storage_state=people[who], **look)
        context.add_init_script(AXE)
        page = context.new_page()
        for path in paths:
            page.goto(books.site.url + S + path)
            assert page.url == books.site.url + S + path
            found += faults(page, f"{who} {path}", width)
        found += acted(page, books, width) if who == "empty" else on_one(page, books, width)
        people[who] = context.storage_state()  # a new factor is a new session
        context.close()
    assert found == []


def acted(page: Page, books: Books, width: int) -> list[str]:
    """Pages that come after a button."""
    found = []
    page.goto(f"{books.site.url}{S}/totp/new")
    leave(page, ".button-main")
    page.click("summary")
    found += faults(page, "scan", width)
    page.fill("#code", "0")
    leave(page, ".button-main")
    expect(page.locator("#code-wrong")).to_be_visible()
    found += faults(page, "scan, wrong", width)
    page.goto(f"{books.site.url}{S}/tokens/new")
    page.fill("#name", "x")
    leave(page, ".button-main")
    expect(page.locator("#scopes-wrong")).to_be_visible()
    return found + faults(page, "tokens/new, wrong", width)


def on_one(page: Page, books: Books, width: int) -> list[str]:
    """Pages about one thing, and what is shown once."""
    found = []
    for path, link in (("passkeys", "Rename"), ("passkeys", "Remove"), ("tokens", "Revoke")):
        page.goto(f"{books.site.url}{S}/{path}")
        leave(page, f"text={link}")
        found += faults(page, f"{path} {link}", width)
    page.goto(f"{books.site.url}{S}/recovery")
    leave(page, ".button-main")
    expect(page.locator(".codes")).to_be_visible()
    return found + faults(page, "codes", width)


def test_the_keyboard_alone_is_enough(open_window: Opener, books: Books) -> None:
    visitor = open_window(books.site)
    page = visitor.page
    sign_up(visitor, books, "settings-keys@mail.example")
    visitor.go(S)
    tab_to(visitor, ".parts a[href$='/totp']")
    ring = page.evaluate("getComputedStyle(document.activeElement, '::after').outlineStyle")
    assert ring == "solid"
    leave_by_key(page)
    page.wait_for_url(f"**{S}/totp")
    tab_to(visitor, "a[href$='/totp/new']")
    leave_by_key(page)
    tab_to(visitor, "#name")
    page.keyboard.type("Telephone")
    leave_by_key(page)
    page.wait_for_url("**/scan")
    tab_to(visitor, "summary")
    page.keyboard.press("Enter")
    expect(page.locator("#seed")).to_be_visible()


def test_a_whole_row_leads_on(open_window: Opener, books: Books) -> None:
    visitor = open_window(books.site)
    sign_up(visitor, books, "settings-rows@mail.example")
    visitor.go(S)
    row = visitor.page.locator(".parts li", has_text="Devices")
    box = row.bounding_box()
    assert box is not None
    assert box["height"] >= 44  # WCAG 2.2, 2.5.5
    row.click(position={"x": box["width"] - 5, "y": 5})
    visitor.page.wait_for_url(f"**{S}/devices")
