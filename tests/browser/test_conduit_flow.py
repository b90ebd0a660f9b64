"""What people do on Conduit, with JavaScript. That nothing went wrong on any page is checked when the window closes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import PICTURES, leave

if TYPE_CHECKING:
    from tests.browser.conftest import Opener, Visitor


def test_sign_up_sign_out_sign_in(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("flow-selma")
    expect(page.locator(".navbar")).to_contain_text("flow-selma")
    visitor.go("/settings")
    leave(page, "button:has-text('Or click here to logout')")
    expect(page.locator(".navbar")).to_contain_text("Sign in")
    leave(page, ".navbar a:has-text('Sign in')")
    visitor.sign_in("flow-selma")
    expect(page.locator(".navbar")).to_contain_text("flow-selma")


def test_a_new_password_by_mail(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("reset-mira")
    visitor.go("/logout")
    leave(page, "main button")
    leave(page, ".navbar a:has-text('Sign in')")
    leave(page, "a[href='/account/reset']")
    page.wait_for_url("**/account/reset")
    page.fill("input[name=email]", "reset-mira@conduit.example")
    leave(page, "main button")
    leave(page, "a[href='/account/mailbox']")
    visitor.open_letter("reset-mira")
    page.fill("input[name=password]", "a lantern on the old pier")
    leave(page, "main button[type=submit]")
    page.wait_for_url("**/login*")
    visitor.sign_in("reset-mira", "a lantern on the old pier")
    expect(page.locator(".nav-name")).to_have_text("reset-mira")


def test_write_edit_delete(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("flow-mira")
    visitor.publish("How to fold a chart", "Some **bold** words.\n\n## A section", "charts, folding")
    expect(page).to_have_title("How to fold a chart · Conduit")
    expect(page.locator(".article-content strong")).to_have_text("bold")
    expect(page.locator(".article-content h2")).to_have_text("A section")
    expect(page.locator(".article-page > .page .tag-pill")).to_have_text(["charts", "folding"])
    leave(page, ".banner a:has-text('Edit Article')")
    page.fill("input[name=title]", "How to fold any chart")
    leave(page, "button:has-text('Publish Article')")
    expect(page.locator("h1")).to_have_text("How to fold any chart")
    expect(page.locator(".article-page > .page .tag-pill")).to_have_text(["charts", "folding"])
    path = page.url.removeprefix(visitor.site.url)
    leave(page, ".banner button:has-text('Delete Article')")
    page.wait_for_url(visitor.site.url + "/")
    visitor.refusals.add(404)
    assert visitor.go(path).status == 404


def test_favourite_follow_comment_without_loading_the_page_anew(visitor: Visitor, open_window: Opener) -> None:
    visitor.sign_up("flow-astrid")
    path = visitor.publish("How to fold a sail")
    other = open_window()
    other.sign_up("flow-theo")
    other.go(path)
    reader = other.page
    loaded: list[str] = []
    reader.on("framenavigated", lambda frame: loaded.append(frame.url))
    favorite, follow = reader.locator(".banner .favorite-form button"), reader.locator(".banner .follow-form button")
    favorite.click()
    expect(favorite).to_have_text(re.compile(r"Unfavorite\s+Article\s+\(1\)"))
    expect(favorite).to_have_class(re.compile(r"\bbtn-primary\b"))
    expect(reader.locator(".article-actions .favorite-form button")).to_contain_text("Unfavorite")
    expect(reader.locator("#announcer")).to_have_text("Added to your favorites.")
    favorite.click()
    expect(favorite).to_have_text(re.compile(r"Favorite\s+Article\s+\(0\)"))
    expect(favorite).to_have_class(re.compile(r"\bbtn-outline-primary\b"))
    favorite.click()
    expect(favorite).to_contain_text("Unfavorite")
    follow.click()
    expect(follow).to_have_text(re.compile(r"Unfollow\s+flow-astrid"))
    reader.fill("textarea[placeholder='Write a comment...']", "Well folded.\n\nThank you.")
    reader.click("button:has-text('Post Comment')")
    said = reader.locator(".card:not(.comment-form) .card-block")
    expect(said).to_have_text(["Well folded. Thank you."])  # a list waits until there is one; a text fails while there are two
    expect(reader.locator("textarea[name=body]")).to_have_value("")
    reader.fill("textarea[name=body]", "Said in haste.")
    reader.click("button:has-text('Post Comment')")
    expect(said).to_have_text(["Said in haste.", "Well folded. Thank you."])
    reader.locator(".mod-options button").first.click()
    expect(said).to_have_text(["Well folded. Thank you."])  # a list waits until there is one; a text fails while there are two
    assert loaded == []
    what_stays(other, path)


def what_stays(reading: Visitor, path: str) -> None:
    """All of it is there when the page is loaded anew, and on the other pages."""
    page = reading.page
    reading.go(path)
    expect(page.locator(".card:not(.comment-form) .card-block")).to_have_text("Well folded. Thank you.")
    expect(page.locator(".banner .favorite-form button")).to_contain_text("(1)")
    expect(page.locator(".banner .follow-form button")).to_contain_text("Unfollow")
    for feed in ("/?feed=following", "/profile/flow-theo/favorites"):
        reading.go(feed)
        expect(page.locator(".article-preview h2")).to_have_text("How to fold a sail")
    reading.go(path)
    page.click(".mod-options button")
    expect(page.locator(".card:not(.comment-form)")).to_have_count(0)
    expect(page.locator(".no-comments")).to_be_visible()


def test_settings_change_the_profile(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("set-mira")
    visitor.go("/settings")
    page.fill("textarea[name=bio]", "Mends nets.")
    leave(page, "button:has-text('Update Settings')")
    page.wait_for_url("**/profile/set-mira")
    expect(page.locator(".user-info")).to_contain_text("Mends nets.")
    leave(page, "a:has-text('Edit Profile Settings')")
    leave(page, "a:has-text('Security')")
    page.wait_for_url("**/settings/security")
    expect(page.locator(".nav-name")).to_have_text("set-mira")
    expect(page.locator("main")).to_contain_text("set-mira@conduit.example")


def test_tags_one_by_one(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("tag-mira")
    visitor.go("/editor")
    tags = page.locator("input[placeholder='Enter tags']")
    for tag in ("sea", "wind", "sea"):
        tags.fill(tag)
        tags.press("Enter")
    expect(page.locator("[data-tags] .tag-pill")).to_have_count(2)
    page.get_by_role("button", name="Remove the tag wind").click()
    tags.fill("salt")
    page.fill("input[name=title]", "Tagged")
    page.fill("input[name=description]", "About tags")
    page.fill("textarea[name=body]", "Text")
    leave(page, "button:has-text('Publish Article')")
    page.wait_for_url("**/article/*")
    expect(page.locator(".tag-pill")).to_have_text(["sea", "salt"])


def test_a_refused_comment_is_told_beside_the_form(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("blank-mira")
    visitor.publish("A quiet place")
    visitor.refusals.add(422)
    page.fill("textarea[name=body]", "   ")
    page.click("button:has-text('Post Comment')")
    expect(page.locator(".error-messages")).to_have_text("body can't be blank")
    expect(page.locator("textarea[name=body]")).to_be_focused()
    page.fill("textarea[name=body]", "Said properly.")
    page.click("button:has-text('Post Comment')")
    expect(page.locator(".card:not(.comment-form) .card-text")).to_have_text("Said properly.")
    expect(page.locator(".error-messages")).to_have_count(0)


def test_a_stranger_is_led_to_the_sign_in_page_and_back(visitor: Visitor, open_window: Opener) -> None:
    visitor.sign_up("led-mira")
    path = visitor.publish("A well known place")
    stranger = open_window()
    stranger.refusals.add(401)
    stranger.go(path)
    stranger.page.click(".banner .favorite-form button")
    stranger.page.wait_for_url("**/login?next=*")
    stranger.sign_in("led-mira")
    stranger.page.wait_for_url(stranger.site.url + path)


def test_what_was_on_the_screen_does_not_come_back_after_signing_out(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("back-mira")
    visitor.go("/settings")
    leave(page, "button:has-text('Or click here to logout')")
    expect(page.locator(".navbar")).to_contain_text("Sign in")
    page.go_back()
    expect(page.locator(".navbar")).to_contain_text("Sign in")
    expect(page.locator("input[name=bio], textarea[name=bio]")).to_have_count(0)


def test_pictures_from_elsewhere_are_shown_under_the_policy(visitor: Visitor) -> None:
    page = visitor.page
    asked: list[dict[str, str]] = []
    page.on("request", lambda request: asked.append(request.headers) if request.url.startswith(PICTURES) else None)
    visitor.sign_up("pic-mira")
    visitor.go("/settings")
    page.fill("input[name=image]", f"{PICTURES}/me.svg")
    leave(page, "button:has-text('Update Settings')")
    expect(page.locator(".user-img")).to_have_attribute("src", f"{PICTURES}/me.svg")
    visitor.publish("With a picture", f"![a boat]({PICTURES}/boat.svg) ![none](http://pictures.example/plain.svg)")
    expect(page.locator(".article-content img[alt='a boat']")).to_have_js_property("naturalWidth", 60)
    assert asked
    assert not any("referer" in headers or "cookie" in headers for headers in asked)
