"""Attacks that send letters: to others, and without an end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from buckler.accounts import email
from buckler.accounts.problems import AccountError
from buckler.accounts.throttle import TOO_MANY
from tests.accounts.flows import sign_in, signed_up
from tests.accounts.owner import refused
from tests.accounts.stage import OTHER

if TYPE_CHECKING:
    from tests.accounts.stage import Stage

pytestmark = pytest.mark.asyncio
VICTIM = "victim@mail.example"


async def test_who_has_an_account_floods_nobody_elses_mailbox(stage: Stage) -> None:
    """Each sign-in used to make the browser a new one, whose quota of letters was whole."""
    browser = stage.browser()
    await signed_up(stage, browser)
    with suppress(AccountError):
        for _ in range(20):
            await sign_in(browser)
            for _ in range(5):
                with suppress(AccountError):
                    await browser.own(email.begin, VICTIM)
    assert len([letter for letter in await stage.letters() if letter["To"] == VICTIM]) == 5


async def test_several_accounts_flood_it_no_faster_than_one(stage: Stage) -> None:
    first, second = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, first)
    await signed_up(stage, second, "ada@mail.example", OTHER)
    for _ in range(5):
        await first.own(email.begin, VICTIM)
    await refused(TOO_MANY, second.own(email.begin, VICTIM))


async def test_signing_in_again_and_again_is_no_way_around_the_quota_of_a_known_browser(stage: Stage) -> None:
    """It would keep busy those who hash passwords: a known browser is not held to the quota of its address."""
    browser = stage.browser()
    await signed_up(stage, browser)
    for _ in range(10):
        await sign_in(browser)
    with pytest.raises(AccountError) as caught:
        await sign_in(browser)
    assert caught.value.problem is TOO_MANY
