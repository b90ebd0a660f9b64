"""Strangers who guess keep nobody out: the whole way, with real sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from buckler.accounts import email, reset, signin
from buckler.accounts.problems import AccountError
from tests.accounts.flows import code_of, sign_in, signed_up, with_totp
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from tests.accounts.stage import Browser, Stage


async def guesses(stage: Stage, address: str = "198.51.100.1", name: str = EMAIL) -> list[str]:
    """Ten wrong passwords at once, and what was heard."""
    heard = []
    for _ in range(10):
        with pytest.raises(AccountError) as raised:
            await stage.browser(address).call(signin.with_password, name, "not the password")
        heard.append(raised.value.problem.code)
    return heard


async def is_locked(browser: Browser, password: str = PASSWORD, name: str = EMAIL) -> bool:
    try:
        await browser.call(signin.with_password, name, password)
    except AccountError as error:
        return error.problem.code == "account.too_many"
    return False


async def test_the_owner_signs_in_where_they_have_been_before(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.call(signin.out)
    heard = await guesses(stage, "203.0.113.7")  # from the owner's own network
    assert heard == ["account.credentials_wrong"] * 5 + ["account.too_many"] * 5
    assert await is_locked(stage.browser())
    await sign_in(browser)


async def test_the_second_step_is_as_open_as_the_first(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    app = await with_totp(browser)
    await browser.call(signin.out)
    await guesses(stage)
    waiting = await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert isinstance(waiting, signin.Half)
    await browser.call(signin.second, "totp", code_of(browser, app))


async def test_the_way_back_in_by_mail_stays_open_and_makes_a_browser_known(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    phone = stage.browser("192.0.2.1")
    await guesses(stage)
    assert await is_locked(phone)
    await phone.call(reset.begin, EMAIL)
    await phone.call(reset.finish, await stage.token(), OTHER)
    await guesses(stage)
    assert await is_locked(stage.browser("192.0.2.1"), OTHER)
    await sign_in(phone, password=OTHER)


async def test_a_new_address_is_known_where_it_was_confirmed(stage: Stage) -> None:
    browser, new = stage.browser(), "mira@other.example"
    await signed_up(stage, browser)
    await browser.own(email.begin, new)
    await browser.call(email.finish, await stage.token())
    await browser.call(signin.out)
    await guesses(stage, name=new)
    assert await is_locked(stage.browser(), name=new)
    await sign_in(browser, new)


async def test_signing_in_to_one_account_makes_no_other_account_known(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    thief = stage.browser("192.0.2.1")
    await signed_up(stage, thief, "mallory@mail.example", OTHER)
    await guesses(stage)
    assert await is_locked(thief)
