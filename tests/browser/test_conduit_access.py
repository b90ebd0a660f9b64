"""Everybody can use it: axe-core on every page, in both colour schemes, wide and narrow; the keyboard alone; the smallest window.

axe-core must be able to run its own code, so these windows ignore the policy; everything else about the pages is the same.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import leave, leave_by_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

    from tests.browser.conftest import Opener, Site, Visitor

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BODY = """# Section

Some *words*, `code`, and a [link](/).

```
a very long line of code that does not fit into the width of a small window without being scrolled sideways
```

![a picture](https://pictures.example/a.png)

An_unbreakable_word_that_is_longer_than_any_window_is_wide_and_must_not_push_the_page_out_of_shape_whatever_happens
"""
STRANGER = [
    "/", "/?page=3", "/tag/sea", "/login", "/register", "/register/sent", "/account/reset", "/account/mailbox", "/profile/demo", "/nothing",
    "ARTICLE", "FOUND",
]  # fmt: skip
SIGNED_IN = [
    "/",
    "/?feed=following",
    "/editor",
    "/settings",
    "/profile/axe-mira",
    "/profile/axe-mira/favorites",
    "ARTICLE",
    "FOUND",
    "EDITOR",
    "/settings/security",
    "/settings/security/password",
    "/settings/security/devices",
    "/settings/security/tokens",
    "/settings/security/delete",
    "/logout",
]


@pytest.fixture(scope="module")
def written(browser: Browser, conduit: Site) -> Iterator[dict[str, Any]]:
    """An article with everything in it, and the cookies of who wrote it."""
    from tests.browser.conftest import Visitor  # noqa: PLC0415  # importing it makes pytest load the fixtures twice otherwise

    context = browser.new_context(ignore_https_errors=True)
    visitor = Visitor(conduit, context.new_page())
    visitor.sign_up("axe-mira")
    path = visitor.publish("A title of ordinary length, with a comma", BODY, "sea, a-rather-long-tag-without-any-space")
    visitor.page.fill("textarea[name=body]", "A comment with an-unbreakable-word-that-is-longer-than-the-smallest-window-is-wide.")
    visitor.page.click("button:has-text('Post Comment')")
    expect(visitor.page.locator(".card:not(.comment-form)")).to_have_count(1)
    visitor.go("/")
    other = visitor.page.locator(".preview-link").nth(3).get_attribute("href")
    yield {"state": context.storage_state(), "ARTICLE": path, "EDITOR": path.replace("/article/", "/editor/"), "FOUND": other}
    context.close()


def look(context: BrowserContext, site: Site, path: str) -> Any:
    """Load a page, without the picture from elsewhere, and return it."""
    page = context.new_page()
    page.route("https://pictures.example/**", lambda route: route.fulfill(status=404))
    page.goto(site.url + path)
    return page


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 320)])
@pytest.mark.parametrize("inside", [False, True])
def test_axe_finds_nothing(browser: Browser, conduit: Site, written: dict[str, Any], scheme: Any, width: int, inside: bool) -> None:
    context = browser.new_context(
        ignore_https_errors=True,
        bypass_csp=True,
        color_scheme=scheme,
        viewport={"width": width, "height": 700},
        storage_state=written["state"] if inside else None,
    )
    context.add_init_script(AXE)
    found = []
    for path in SIGNED_IN if inside else STRANGER:
        page = look(context, conduit, written.get(path, path))
        report = page.evaluate("(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
        assert report["passes"], "axe did not run"
        found += [
            f"{path}: {one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in report["violations"] for node in one["nodes"]
        ]
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{path}: {wide} px wide in a window of {width}")
        page.close()
    context.close()
    assert found == []


def test_axe_would_find_something(browser: Browser, conduit: Site) -> None:
    """Teeth."""
    context = browser.new_context(ignore_https_errors=True, bypass_csp=True)
    context.add_init_script(AXE)
    page = look(context, conduit, "/login")
    page.evaluate("() => document.querySelectorAll('label, title').forEach((one) => one.remove())")
    report = page.evaluate("(rules) => axe.run(document, {runOnly: rules})", RULES)
    context.close()
    assert {one["id"] for one in report["violations"]} >= {"label", "document-title"}


def tab_to(visitor: Visitor, selector: str, most: int = 60) -> None:
    """Press Tab until the element has the focus."""
    wanted = visitor.page.locator(selector).first
    for _ in range(most):
        visitor.page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
    pytest.fail(f"{selector} cannot be reached with {most} times Tab")


def test_the_keyboard_alone_is_enough(open_window: Opener) -> None:
    visitor = open_window(bypass_csp=True)
    page = visitor.page
    visitor.go("/register")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    expect(page.locator(".skip-link")).to_be_in_viewport()
    for selector, text in (("#email", "key-mira@conduit.example"), ("#username", "key-mira"), ("#password", "nine green bottles")):
        tab_to(visitor, selector)
        page.keyboard.type(text)
    leave_by_key(page)
    tab_to(visitor, "a[href='/account/mailbox']")
    leave_by_key(page)
    tab_to(visitor, ".card:has-text('key-mira@') a[href*='token=']")
    leave_by_key(page)
    tab_to(visitor, "button:has-text('Yes, create my account')")
    leave_by_key(page)
    page.wait_for_url(visitor.site.url + "/")
    tab_to(visitor, ".nav-link[href='/editor']")
    leave_by_key(page)
    for selector, text in (("#title", "By keyboard"), ("#description", "No mouse"), ("#body", "Typed.")):
        tab_to(visitor, selector)
        page.keyboard.type(text)
    tab_to(visitor, "button:has-text('Publish Article')")
    leave_by_key(page)
    page.wait_for_url("**/article/*")
    tab_to(visitor, "#comment-body")
    page.keyboard.type("A typed comment.")
    tab_to(visitor, "button:has-text('Post Comment')")
    page.keyboard.press("Enter")
    expect(page.locator(".card:not(.comment-form) .card-text")).to_have_text("A typed comment.")
    tab_to(visitor, ".mod-options button")
    page.keyboard.press("Enter")
    expect(page.locator(".card:not(.comment-form)")).to_have_count(0)
    expect(page.locator("#comments")).to_be_focused()
    visitor.go("/")
    tab_to(visitor, ".article-preview .favorite-form button")
    page.keyboard.press("Space")
    expect(page.locator(".article-preview .favorite-form button").first).to_have_class("btn btn-sm btn-primary")


def test_what_has_the_focus_is_seen(open_window: Opener) -> None:
    visitor = open_window(bypass_csp=True)
    visitor.go("/")
    for selector in (".navbar-brand", ".nav-link", ".author", ".favorite-form button", ".preview-link", ".tag-list a", ".page-link"):
        tab_to(visitor, selector, 120)
        outline = visitor.page.locator(selector).first.evaluate(
            "(one) => getComputedStyle(one).outlineStyle + getComputedStyle(one).outlineWidth"
        )
        assert outline == "solid3px"


def test_nothing_moves_for_who_asked_for_that(open_window: Opener) -> None:
    visitor = open_window(bypass_csp=True, reduced_motion="reduce")
    visitor.go("/")
    for selector in (".btn", ".tag-pill", ".preview-link h2"):
        moving = visitor.page.locator(selector).first.evaluate("(one) => getComputedStyle(one).transitionDuration")
        assert moving == "0s"


def test_on_paper_only_the_text_is_left(open_window: Opener) -> None:
    visitor = open_window()
    page = visitor.page
    visitor.go("/")
    leave(page, page.locator(".preview-link").first)
    page.emulate_media(media="print")
    expect(page.locator(".article-content")).to_be_visible()
    for selector in (".navbar", "footer", ".article-actions", ".follow-form >> nth=0"):
        expect(page.locator(selector)).to_be_hidden()
