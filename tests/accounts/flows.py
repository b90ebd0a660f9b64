"""What many tests begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp

from buckler.accounts import signin, signup, totp
from buckler.accounts.proof import SignedIn
from tests.accounts.stage import EMAIL, PASSWORD

if TYPE_CHECKING:
    from tests.accounts.stage import Browser, Stage


async def signed_up(stage: Stage, browser: Browser, email: str = EMAIL, password: str = PASSWORD) -> SignedIn:
    """An account, made as a person makes one; `browser` is signed in."""
    await browser.call(signup.begin, email, password)
    return await browser.call(signup.finish, await stage.token())


async def sign_in(browser: Browser, email: str = EMAIL, password: str = PASSWORD) -> SignedIn:
    found = await browser.call(signin.with_password, email, password)
    assert isinstance(found, SignedIn), found
    return found


async def with_totp(browser: Browser) -> pyotp.TOTP:
    """Add an authenticator app to the account that `browser` is signed in to, freshly."""
    enrolment = await browser.own(totp.begin, "Phone")
    app = pyotp.TOTP(enrolment.secret)
    await browser.own(totp.confirm, enrolment.id, app.at(int(browser.stage.clock.now())))
    return app


def code_of(browser: Browser, app: pyotp.TOTP) -> str:
    """A code that was not used yet."""
    browser.stage.clock.move(30)
    return app.at(int(browser.stage.clock.now()))
