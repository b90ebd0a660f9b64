"""Whoever has an account is told by mail when what lets them in has changed (ASVS 5.0 V6.3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts import password, reset
from tests.accounts.flows import signed_up
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from tests.accounts.stage import Stage


async def test_a_changed_password_is_told_by_mail(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(password.change, OTHER, PASSWORD)
    (letter,) = await stage.letters("password_changed")
    assert str(letter["To"]) == EMAIL
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Firefox" in body.get_content()


async def test_a_reset_password_is_told_by_mail(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    stranger = stage.browser("198.51.100.9")
    await stranger.call(reset.begin, EMAIL)
    await stranger.call(reset.finish, await stage.token(), OTHER)
    (letter,) = await stage.letters("password_changed")
    assert str(letter["To"]) == EMAIL
