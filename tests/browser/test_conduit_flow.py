"""What people do on Conduit, with JavaScript. That nothing went wrong on any page is checked when the window closes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Opener, Visitor


def test_sign_up_write_comment_favourite_follow_edit_delete_sign_out(visitor: Visitor, open_window: Opener) -> None:
    page = visitor.page
    visitor.sign_up("flow-mira")
    expect(page.locator(".navbar")).to_contain_text("flow-mira")
    path = visitor.publish("How to fold a chart", "Some **bold** words.\n\n## A section", "charts, folding")
    expect(page).to_have_title("How to fold a chart · Conduit")
    expect(page.locator(".article-content strong")).to_have_text("bold")
    expect(page.locator(".article-content h2")).to_have_text("A section")
    expect(page.locator(".article-page > .page .tag-pill")).to_have_text(["charts", "folding"])

    other = open_window()
    other.sign_up("flow-theo")
    other.go(path)
    reader = other.page
    favorite = reader.locator(".banner .favorite-form button")
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
    follow = reader.locator(".banner .follow-form button")
    follow.click()
    expect(follow).to_have_text(re.compile(r"Unfollow\s+flow-mira"))
    reader.fill("textarea[placeholder='Write a comment...']", "Well folded.\n\nThank you.")
    reader.click("button:has-text('Post Comment')")
    said = reader.locator(".card:not(.comment-form) .card-block")
    expect(said).to_have_text("Well folded.\n\nThank you.")
    expect(reader.locator("textarea[name=body]")).to_have_value("")
    assert reader.url == other.site.url + path  # all of this without loading the page anew

    reader.reload()
    expect(said).to_have_text("Well folded. Thank you.")
    expect(favorite).to_contain_text("(1)")
    expect(follow).to_contain_text("Unfollow")
    other.go("/?feed=following")
    expect(reader.locator(".article-preview h2")).to_have_text("How to fold a chart")
    other.go("/profile/flow-theo/favorites")
    expect(reader.locator(".article-preview h2")).to_have_text("How to fold a chart")
    other.go(path)
    reader.click(".mod-options button")
    expect(reader.locator(".card:not(.comment-form)")).to_have_count(0)
    expect(reader.locator(".no-comments")).to_be_visible()

    page.click(".banner a:has-text('Edit Article')")
    page.fill("input[name=title]", "How to fold any chart")
    page.click("button:has-text('Publish Article')")
    expect(page.locator("h1")).to_have_text("How to fold any chart")
    expect(page.locator(".article-page > .page .tag-pill")).to_have_text(["charts", "folding"])
    page.click(".banner button:has-text('Delete Article')")
    page.wait_for_url(visitor.site.url + "/")
    visitor.refusals.add(404)
    answer = visitor.go(page.url.removeprefix(visitor.site.url) + "article/how-to-fold-any-chart")
    assert answer.status == 404

    visitor.go("/settings")
    page.click("button:has-text('Or click here to logout')")
    expect(page.locator(".navbar")).to_contain_text("Sign in")
    page.click(".navbar a:has-text('Sign in')")
    visitor.sign_in("flow-mira")
    expect(page.locator(".navbar")).to_contain_text("flow-mira")


def test_settings_change_the_profile(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_up("set-mira")
    visitor.go("/settings")
    page.fill("textarea[name=bio]", "Mends nets.")
    page.click("button:has-text('Update Settings')")
    page.wait_for_url("**/profile/set-mira")
    expect(page.locator(".user-info")).to_contain_text("Mends nets.")
    page.click("a:has-text('Edit Profile Settings')")
    visitor.refusals.add(422)
    page.fill("input[name=email]", "else@conduit.example")
    page.click("button:has-text('Update Settings')")
    expect(page.locator(".error-messages")).to_have_text("current password is needed to change email or password")
    expect(page.locator("textarea[name=bio]")).to_have_value("Mends nets.")


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
    page.click("button:has-text('Publish Article')")
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


def test_a_page_from_before_an_update_of_the_browser_still_works(visitor: Visitor) -> None:
    """Back and forward: what the session's end took away does not come back."""
    page = visitor.page
    visitor.sign_up("back-mira")
    visitor.go("/settings")
    page.click("button:has-text('Or click here to logout')")
    expect(page.locator(".navbar")).to_contain_text("Sign in")
    page.go_back()
    expect(page.locator(".navbar")).to_contain_text("Sign in")
    expect(page.locator("input[name=bio], textarea[name=bio]")).to_have_count(0)
