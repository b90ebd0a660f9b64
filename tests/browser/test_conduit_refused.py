"""What a person sees who is refused: by the limits, by another site's form, by an address that is no one's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import leave, running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Opener


def test_too_many_tries(open_window: Opener, tmp_path: Path) -> None:
    with running(tmp_path, CONDUIT_DEMO_CONTENT="false") as site:
        visitor = open_window(site)
        visitor.refusals |= {401, 429}
        visitor.go("/login")
        for number in range(5):
            visitor.sign_in("mira", f"guess number {number}")
            expect(visitor.page.locator(".note-bad[autofocus]")).to_contain_text("E-mail address or password is wrong.")
        visitor.sign_in("mira", "one guess too many")
        expect(visitor.page.locator(".note-bad[autofocus]")).to_contain_text("There were too many attempts.")
        expect(visitor.page.locator(".navbar")).to_be_visible()
        visitor.page.screenshot(path=str(tmp_path / "refused.png"))


def test_a_form_of_another_site(open_window: Opener) -> None:
    visitor = open_window()
    visitor.refusals.add(403)
    visitor.sign_up("other-mira")
    form = f"<form method=post action='{visitor.site.url}/logout'><button>win a boat</button></form>"
    visitor.page.route("https://evil.example/", lambda route: route.fulfill(content_type="text/html", body=form))
    visitor.page.goto("https://evil.example/")
    leave(visitor.page, "button")
    expect(visitor.page.locator("main")).to_contain_text("This request came from another site.")
    visitor.go("/settings")
    expect(visitor.page.locator("h1")).to_have_text("Your Settings")


def test_nothing_there(open_window: Opener) -> None:
    window = open_window()
    window.refusals.add(404)
    assert window.go("/article/nothing-here").status == 404
    expect(window.page.locator("h1")).to_have_text("Page not found")
    leave(window.page, "main a")
    window.page.wait_for_url(window.site.url + "/")
