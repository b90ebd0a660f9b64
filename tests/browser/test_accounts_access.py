"""Everybody can use the pages of accounts: axe-core on every one, in both colour schemes, wide and narrow; the keyboard alone.

axe-core must be able to run its own code, so these windows ignore the policy; everything else about the pages is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.books import PASSWORD, Device, sign_in, sign_up
from tests.browser.conftest import leave, leave_by_key
from tests.browser.test_conduit_access import AXE, RULES, tab_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.books import Books
    from tests.browser.conftest import Opener

STRANGER = [
    "sign-in", "sign-up", "sign-up/sent", "verify?token=x", "VERIFY", "reset", "reset/sent", "RESET", "verify-address?token=x",
    "email/confirm?token=x", "sign-out",
]  # fmt: skip
LOOKS = [("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)]


@pytest.fixture(scope="module")
def prepared(browser: Browser, books: Books) -> Iterator[dict[str, Any]]:
    """Links that work, somebody who is signed in, and somebody who is half signed in."""
    from tests.browser.conftest import Visitor  # noqa: PLC0415  # importing it makes pytest load the fixtures twice otherwise

    context = browser.new_context(ignore_https_errors=True)
    visitor = Visitor(books.site, context.new_page())
    page = visitor.page
    visitor.go("/account/sign-up")
    for name, value in (("email", "axe-new@mail.example"), ("nickname", "Mira"), ("password", PASSWORD)):
        page.fill(f"#{name}", value)
    leave(page, "button:has-text('Create account')")
    made = {"VERIFY": books.mails.link("axe-new@mail.example")}
    sign_up(visitor, books, "axe@mail.example")
    page.evaluate("fetch('/totp', { method: 'POST' })")
    half = browser.new_context(ignore_https_errors=True)
    other = Visitor(books.site, half.new_page())
    sign_in(other, "axe@mail.example")
    expect(other.page.locator("h1")).to_have_text("One more step")
    visitor.go("/account/reset")
    page.fill("#email", "axe@mail.example")
    leave(page, "button:has-text('Send link')")
    made["RESET"] = books.mails.link("axe@mail.example", "new password")
    yield {**made, "inside": context.storage_state(), "half": half.storage_state()}
    context.close()
    half.close()


def faults(page: Page, name: str, width: int) -> list[str]:
    """What axe finds, and whether the page is wider than its window."""
    report = page.evaluate("(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    assert report["passes"], "axe did not run"
    found = [f"{name}: {one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in report["violations"] for node in one["nodes"]]
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    return found + ([f"{name}: {wide} px wide in a window of {width}"] if wide > width else [])


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(browser: Browser, books: Books, prepared: dict[str, Any], scheme: Any, width: int) -> None:
    found = []
    look: dict[str, Any] = {
        "ignore_https_errors": True, "bypass_csp": True, "color_scheme": scheme, "viewport": {"width": width, "height": 700},
        "reduced_motion": "reduce",
    }  # fmt: skip
    for state, paths in ((None, STRANGER), ("inside", ["confirm", "sign-out"]), ("half", ["sign-in/second"])):
        context = browser.new_context(storage_state=prepared[state] if state else None, **look)
        context.add_init_script(AXE)
        page = context.new_page()
        for path in paths:
            page.goto(prepared.get(path, f"{books.site.url}/account/{path}"))
            found += faults(page, path, width)
        if state is None:  # pages that say what is wrong
            page.goto(f"{books.site.url}/account/sign-up")
            for name, value in (("email", "x"), ("nickname", "Mira"), ("password", "password12")):
                page.fill(f"#{name}", value)
            leave(page, "button:has-text('Create account')")
            found += faults(page, "sign-up, wrong", width)
            page.fill("#email", "x@mail.example")
            page.fill("#password", "password12")
            leave(page, "button:has-text('Create account')")
            expect(page.locator(".meter")).to_be_visible()
            found += faults(page, "sign-up, weak", width)
        if state == "half":
            page.click("summary")
            found += faults(page, "second, open", width)
            page.fill("#recovery", "x")
            leave(page, "button:has-text('Continue with recovery code')")
            expect(page.locator("#recovery-wrong")).to_be_visible()
            found += faults(page, "second, wrong", width)
        context.close()
    assert found == []


def test_the_keyboard_alone_is_enough(open_window: Opener, books: Books) -> None:
    visitor = open_window(books.site)
    page, email = visitor.page, "keys@mail.example"
    Device(visitor)
    visitor.go("/account/sign-up")
    page.keyboard.press("Tab")
    expect(page.locator(".account-skip")).to_be_focused()
    expect(page.locator(".account-skip")).to_be_in_viewport()
    for selector, text in (("#email", email), ("#nickname", "Mira")):
        tab_to(visitor, selector)
        page.keyboard.type(text)
    tab_to(visitor, "[data-passkey]")
    assert (
        page.evaluate("getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth")
        == "solid3px"
    )
    leave_by_key(page)
    page.wait_for_url("**/account/sign-up/sent")
    page.goto(books.mails.link(email))
    tab_to(visitor, ".button-main")
    leave_by_key(page)
    page.wait_for_url(books.site.url + "/")


def test_what_is_wrong_has_the_focus_and_leads_to_its_field(open_window: Opener, books: Books) -> None:
    visitor = open_window(books.site)
    page = visitor.page
    visitor.refusals.add(422)
    visitor.go("/account/reset")
    page.fill("#email", "no address")
    leave_by_key(page)
    expect(page.locator("[role=alert]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#email")).to_be_focused()
    expect(page.locator("#email")).to_have_accessible_description("This is no e-mail address. Write it as in name@example.org.")


def test_nothing_moves_for_who_asked_for_that(open_window: Opener, books: Books) -> None:
    visitor = open_window(books.site, reduced_motion="reduce")
    visitor.go("/account/sign-in")
    assert visitor.page.locator(".button").first.evaluate("(one) => getComputedStyle(one).transitionDuration") == "0s"
