"""Scripts in every field stay text. A dialog, a script error or a report of the policy fails the test when the window closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import leave

if TYPE_CHECKING:
    from tests.browser.conftest import Opener, Visitor

SCRIPT = "<script>alert('script')</script>"
HANDLER = "\"'><img src=x onerror=alert('handler')><svg/onload=alert('svg')>"
BODY = f"""{SCRIPT}

{HANDLER}

[link](javascript:alert('link')) ![picture](javascript:alert('picture')) <a href="javascript:alert('raw')">raw</a>

<iframe srcdoc="{SCRIPT}"></iframe><details open ontoggle=alert('toggle')>x</details>

```html
{SCRIPT}
```
"""
OURS = "script[type=module]:is([src^='/static/'], [src^='/account/static/'])"


@pytest.mark.parametrize("scripts", [True, False])
def test_scripts_in_every_field_are_inert(open_window: Opener, scripts: bool) -> None:
    visitor = open_window(scripts=scripts)
    page = visitor.page
    name = f"inert-{'js' if scripts else 'plain'}"
    visitor.refusals.add(422)
    visitor.go("/register")
    page.fill("input[name=username]", f"{SCRIPT}"[:40])
    page.fill("input[name=email]", f"{name}@conduit.example")
    page.fill("input[name=password]", "nine green bottles")
    leave(page, "button:has-text('Sign up')")
    expect(page.locator("#username-wrong")).to_contain_text("This username cannot be used.")
    expect(page.locator("input[name=username]")).to_have_value(SCRIPT[:40])
    only_ours(visitor)
    visitor.sign_up(name)

    visitor.go("/settings")
    page.fill("textarea[name=bio]", SCRIPT + HANDLER)
    for image in ("javascript:alert('image')", "data:image/svg+xml,<svg/onload=alert(1)>"):
        page.fill("input[name=image]", image)
        leave(page, "button:has-text('Update Settings')")
        expect(page.locator(".error-messages")).to_contain_text("must be an address that begins with https://")
        only_ours(visitor)
    page.fill("input[name=image]", "")
    leave(page, "button:has-text('Update Settings')")
    expect(page.locator(".bio")).to_have_text(SCRIPT + HANDLER)
    only_ours(visitor)

    visitor.go("/editor")
    page.fill("input[name=title]", SCRIPT + HANDLER)
    page.fill("input[name=description]", SCRIPT + HANDLER)
    page.fill("textarea[name=body]", BODY)
    page.fill("input[placeholder='Enter tags']", f"{SCRIPT},<img/src=x/onerror=alert('tag')>")
    leave(page, "button:has-text('Publish Article')")
    page.wait_for_url("**/article/*")
    article = page.url.removeprefix(visitor.site.url)
    expect(page.locator("h1")).to_have_text(SCRIPT + HANDLER)
    expect(page.locator(".article-page > .page .tag-pill")).to_have_text([SCRIPT, "<img/src=x/onerror=alert('tag')>"])
    expect(page.locator(".article-content")).to_contain_text("<script>alert('script')</script>")
    expect(page.locator(".article-content :is(iframe, details, svg, a[href^=java], [onerror])")).to_have_count(0)
    page.fill("textarea[name=body]", SCRIPT + HANDLER)
    page.click("button:has-text('Post Comment')")
    expect(page.locator(".card:not(.comment-form) .card-text")).to_have_text(SCRIPT + HANDLER)
    only_ours(visitor)

    pages = ["/", article, article.replace("/article/", "/editor/"), f"/profile/{name}", "/settings", "/?feed=following"]
    for path in (
        *pages,
        f"/tag/{SCRIPT.replace('/', '%2f')}",
        "/tag/<img src=x onerror=alert('path')>",
        '/login?next="><script>alert(1)</script>',
    ):
        visitor.refusals |= {400, 404}
        visitor.go(path)
        only_ours(visitor)


def only_ours(visitor: Visitor) -> None:
    """The page holds our scripts, and nothing that handles an event by itself."""
    page = visitor.page
    expect(page.locator("script")).to_have_count(page.locator(OURS).count())
    handlers = ", ".join(f"[on{event}]" for event in ("error", "load", "click", "toggle", "focus", "mouseover"))
    expect(page.locator(handlers)).to_have_count(0)
    expect(page.locator("[href^='javascript:' i], [src^='javascript:' i], [style]")).to_have_count(0)


def test_the_policy_stops_a_script_that_got_in_nonetheless(visitor: Visitor) -> None:
    """Teeth of these tests: what they listen for is heard, and the policy holds where escaping would have failed."""
    visitor.go("/")
    visitor.page.route("**/tag/broken", broken)
    visitor.go("/tag/broken")
    expect(visitor.page.locator("#injected")).to_have_count(1)
    expect(visitor.page.locator("h1")).to_have_text("conduit")
    heard = " ".join(visitor.troubles)
    assert "violation script-src" in heard
    assert "dialog" not in heard
    visitor.troubles.clear()


def broken(route: object) -> None:
    """The page as it would be if a template forgot to escape; the head is the server's own."""
    answer = route.fetch()  # type: ignore[attr-defined]  # Playwright's Route
    hole = "<b id=injected onclick=alert(1)>x</b><script>alert('inline')</script><img src=x onerror=alert(2)>"
    route.fulfill(response=answer, body=answer.text().replace("</main>", f"{hole}</main>"))  # type: ignore[attr-defined]  # as above
