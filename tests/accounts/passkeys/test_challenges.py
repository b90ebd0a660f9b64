from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts.passkeys import challenges
from buckler.accounts.passkeys.challenges import EXPIRED
from buckler.accounts.problems import AccountError
from buckler.core.store import Get
from buckler.errors import StoreError
from tests.accounts.owner import refused

if TYPE_CHECKING:
    from tests.accounts.stage import Stage


async def test_a_challenge_tells_what_it_was_about_once(stage: Stage) -> None:
    browser = stage.browser()
    challenge = await browser.call(challenges.make, "second", "mira", "the weather")
    assert len(challenge) == 32
    assert await browser.call(challenges.redeem, "second", "mira", challenge) == "the weather"
    await refused(EXPIRED, browser.call(challenges.redeem, "second", "mira", challenge))


@pytest.mark.parametrize(("purpose", "whose"), [("fresh", "mira"), ("second", "noor"), ("second", "")])
async def test_a_challenge_is_for_one_purpose_and_one_person(stage: Stage, purpose: str, whose: str) -> None:
    browser = stage.browser()
    challenge = await browser.call(challenges.make, "second", "mira")
    await refused(EXPIRED, browser.call(challenges.redeem, purpose, whose, challenge))


async def test_of_twenty_that_redeem_one_challenge_one_does(stage: Stage) -> None:
    browser = stage.browser()
    challenge = await browser.call(challenges.make, "second", "mira")
    ends = await asyncio.gather(*(browser.call(challenges.redeem, "second", "mira", challenge) for _ in range(20)), return_exceptions=True)
    assert sorted(isinstance(end, AccountError) for end in ends) == [False] + [True] * 19


async def test_the_browsers_cookie_is_for_this_site_alone_and_short(stage: Stage) -> None:
    browser = stage.browser()
    await browser.call(challenges.make, "second", "mira")
    (cookie,) = [item for item in browser.client.cookies.jar if item.name == "__Host-ceremony"]
    assert (cookie.secure, cookie.path, cookie.domain_specified) == (True, "/", False)
    assert len(cookie.value or "") == 43


@pytest.mark.parametrize("value", ["short", "A" * 44, "A" * 42 + "%"])
async def test_a_cookie_that_is_none_is_replaced(stage: Stage, value: str) -> None:
    browser = stage.browser()
    browser.client.cookies.set("__Host-ceremony", value)
    challenge = await browser.call(challenges.make, "second", "mira")
    await refused(EXPIRED, _without_the_new_one(stage, value, challenge))


async def _without_the_new_one(stage: Stage, value: str, challenge: bytes) -> Any:
    browser = stage.browser()
    browser.client.cookies.set("__Host-ceremony", value)
    return await browser.call(challenges.redeem, "second", "mira", challenge)


async def test_the_store_learns_neither_the_challenge_nor_the_browser(stage: Stage) -> None:
    browser = stage.browser()
    challenge = await browser.call(challenges.make, "second", "mira")
    kept = repr(stage.store._values)
    assert challenge.hex() not in kept
    assert browser.client.cookies["__Host-ceremony"] not in kept
    assert "account.challenge" in kept


async def test_what_the_store_has_lost_is_refused(stage: Stage) -> None:
    browser = stage.browser()
    challenge = await browser.call(challenges.make, "second", "mira")
    await stage.store.close()
    assert await stage.store.batch([Get("anything")]) == [None]
    await refused(EXPIRED, browser.call(challenges.redeem, "second", "mira", challenge))


async def test_a_store_that_is_down_is_not_the_visitors_fault(stage: Stage) -> None:
    browser = stage.browser()
    challenge = await browser.call(challenges.make, "second", "mira")
    true = stage.store.batch

    async def fails(ops: Any) -> Any:
        if any("account.challenge" in op.key for op in ops):
            raise StoreError("down")
        return await true(ops)

    stage.store.batch = fails  # type: ignore[method-assign]  # a store that is down for this one thing
    with pytest.raises(StoreError):
        await browser.call(challenges.redeem, "second", "mira", challenge)
    with pytest.raises(StoreError):
        await browser.call(challenges.make, "second", "mira")
