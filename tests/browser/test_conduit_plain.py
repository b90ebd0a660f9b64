"""Every page, and everything that can be done, without JavaScript."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import leave

if TYPE_CHECKING:
    from tests.browser.conftest import Opener, Visitor


def test_write_comment_favourite_follow_edit_delete_sign_out(plain_visitor: Visitor, open_window: Opener) -> None:
    visitor, page = plain_visitor, plain_visitor.page
    visitor.sign_up("plain-mira")
    path = visitor.publish("A plain text", "Some **bold** words.", "sea, wind")
    expect(page.locator(".article-page > .page .tag-pill")).to_have_text(["sea", "wind"])

    other = open_window(scripts=False)
    other.sign_up("plain-theo")
    other.go(path)
    reader = other.page
    favorite, follow = reader.locator(".banner .favorite-form button"), reader.locator(".banner .follow-form button")
    leave(reader, favorite)
    expect(favorite).to_have_text(re.compile(r"Unfavorite\s+Article\s+\(1\)"))
    assert reader.url == other.site.url + path
    leave(reader, follow)
    expect(follow).to_have_text(re.compile(r"Unfollow\s+plain-mira"))
    reader.fill("textarea[name=body]", "Said without a script.")
    leave(reader, "button:has-text('Post Comment')")
    expect(reader.locator(".card:not(.comment-form) .card-block")).to_have_text("Said without a script.")
    assert "#comment-" in reader.url
    leave(reader, ".mod-options button")
    expect(reader.locator(".card:not(.comment-form)")).to_have_count(0)
    leave(reader, favorite)
    expect(favorite).to_have_text(re.compile(r"Favorite\s+Article\s+\(0\)"))
    leave(reader, follow)
    expect(follow).to_have_text(re.compile(r"Follow\s+plain-mira"))
    other.go("/")
    first = reader.locator(".article-preview").filter(has_text="A plain text").locator(".favorite-form button")
    leave(reader, first)
    expect(first).to_have_class(re.compile(r"\bbtn-primary\b"))
    assert reader.url == other.site.url + "/"

    leave(page, ".banner a:has-text('Edit Article')")
    expect(page.locator("input[placeholder='Enter tags']")).to_have_value("sea, wind")
    page.fill("input[placeholder='Enter tags']", "salt")
    leave(page, "button:has-text('Publish Article')")
    expect(page.locator(".article-page > .page .tag-pill")).to_have_text(["salt"])
    leave(page, ".banner button:has-text('Delete Article')")
    page.wait_for_url(visitor.site.url + "/")
    expect(page.locator(".article-preview").filter(has_text="A plain text")).to_have_count(0)
    visitor.go("/settings")
    page.fill("textarea[name=bio]", "Reads without scripts.")
    leave(page, "button:has-text('Update Settings')")
    expect(page.locator(".user-info")).to_contain_text("Reads without scripts.")
    visitor.go("/settings")
    leave(page, "button:has-text('Or click here to logout')")
    expect(page.locator(".navbar")).to_contain_text("Sign in")


def test_errors_stand_beside_the_form(plain_visitor: Visitor) -> None:
    visitor, page = plain_visitor, plain_visitor.page
    visitor.refusals |= {401, 409, 422}
    visitor.go("/login")
    visitor.sign_in("nobody", "a wrong password")
    expect(page.locator(".note-bad[autofocus]")).to_contain_text("E-mail address or password is wrong.")
    expect(page.locator("input[name=email]")).to_have_value("nobody@conduit.example")
    expect(page.locator("input[name=password]")).to_have_value("")
    visitor.sign_up("beside-mira")
    visitor.go("/editor")
    page.fill("input[name=title]", " ")
    page.fill("input[name=description]", "kept")
    page.fill("textarea[name=body]", "kept too")
    leave(page, "button:has-text('Publish Article')")
    expect(page.locator(".error-messages")).to_have_text("title can't be blank")
    expect(page.locator("textarea[name=body]")).to_have_value("kept too")


def test_every_page_is_shown(plain_visitor: Visitor) -> None:
    visitor, page = plain_visitor, plain_visitor.page
    visitor.refusals.add(404)
    shown = ("/", "/?page=2", "/tag/sea", "/login", "/register", "/account/reset", "/profile/demo", "/profile/demo/favorites", "/nothing")
    for path in shown:
        visitor.go(path)
        expect(page.locator("h1")).to_have_count(1)
    visitor.go("/")
    expect(page.locator(".article-preview")).to_have_count(10)
    leave(page, ".pagination a:has-text('2')")
    expect(page.locator(".page-item.active")).to_have_text("2")
    leave(page, page.locator(".sidebar .tag-pill").first)
    page.wait_for_url("**/tag/*")
    leave(page, page.locator(".preview-link").first)
    page.wait_for_url("**/article/*")
    expect(page.locator(".article-content")).not_to_be_empty()
