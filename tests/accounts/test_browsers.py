from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from buckler.accounts import browsers, password
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Browser as Row
from tests.accounts import owner
from tests.accounts.flows import with_totp
from tests.accounts.owner import MIRA, NOOR

if TYPE_CHECKING:
    from tests.accounts.stage import Browser, Stage

DAY_S = 86400.0


def token_of(browser: Browser) -> str:
    return browser.client.cookies["__Host-browser"]


async def test_a_browser_is_trusted_for_thirty_days(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    await owner.enter(browser)
    assert not await owner.of(browser, browsers.trusted, MIRA)
    await owner.of(browser, browsers.trust, MIRA)
    assert await owner.of(browser, browsers.trusted, MIRA)
    assert not await owner.of(stage.browser(), browsers.trusted, MIRA), "another browser is another browser"
    stage.clock.move(30 * DAY_S - 1)
    assert await owner.of(browser, browsers.trusted, MIRA)
    stage.clock.move(1)
    assert not await owner.of(browser, browsers.trusted, MIRA), "it ends however often it is used"
    assert await owner.of(browser, browsers.listed, MIRA) == []
    assert "browser_trusted" in await stage.log()


async def test_the_cookie_is_for_this_site_alone_and_only_its_hash_is_kept(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    stage.clock.move(1)
    await owner.of(browser, browsers.trust, MIRA)
    (cookie,) = [item for item in browser.client.cookies.jar if item.name == "__Host-browser"]
    assert (cookie.secure, cookie.path, cookie.domain_specified) == (True, "/", False)
    async with stage.accounts.database() as db:
        row = (await db.scalars(select(Row))).one()
    assert row.digest != hashlib.sha256(token_of(browser).encode()).digest(), "bound to the person"
    assert token_of(browser).encode() not in row.digest


async def test_a_browser_that_one_person_trusts_is_trusted_by_nobody_else(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    await owner.of(mira, browsers.trust, MIRA)
    assert not await owner.of(mira, browsers.trusted, NOOR)
    async with stage.accounts.database() as db:  # nor by a row that was moved
        await db.execute(update(Row).values(person_id=(await stage.person(NOOR)).id))
        await db.commit()
    assert not await owner.of(mira, browsers.trusted, NOOR)


async def test_trusting_makes_new_bits_in_a_shared_browser(stage: Stage) -> None:
    """Whoever has read the cookie of a shared browser must not know the next person's."""
    shared = stage.browser()
    await owner.enter(shared, NOOR)
    await owner.of(shared, browsers.trust, NOOR)
    read = token_of(shared)
    await owner.enter(shared)
    await owner.of(shared, browsers.trust, MIRA)
    assert token_of(shared) != read


@pytest.mark.parametrize("value", ["x", "", "A" * 43, "A" * 4000, "%00", '"quoted"'])
async def test_an_invented_cookie_is_not_trusted(stage: Stage, value: str) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await owner.of(browser, browsers.trust, MIRA)
    stranger = stage.browser()
    stranger.client.cookies.set("__Host-browser", value)
    assert not await owner.of(stranger, browsers.trusted, MIRA)


async def test_what_is_shown_of_them_and_how_one_is_forgotten(anywhere: Stage) -> None:
    stage, here, there = anywhere, anywhere.browser(), anywhere.browser(agent="A browser from afar")
    await owner.enter(here)
    await owner.of(there, browsers.trust, MIRA)
    stage.clock.move(60)
    await owner.of(here, browsers.trust, MIRA)
    first, second = await owner.of(here, browsers.listed, MIRA)
    assert (first.current, second.current, second.agent) == (True, False, "A browser from afar")
    assert (first.expires_at - first.created_at).days == 30
    await here.own(browsers.forget, second.id)
    assert not await owner.of(there, browsers.trusted, MIRA)
    assert await owner.of(here, browsers.trusted, MIRA)
    assert (await stage.log())[-1] == "browser_forgotten"


async def test_nobody_forgets_what_is_not_theirs(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    await owner.of(mira, browsers.trust, MIRA)
    (shown,) = await mira.own(browsers.listed)
    for browser, browser_id in ((noor, shown.id), (mira, uuid4())):
        with pytest.raises(AccountError) as caught:
            await browser.own(browsers.forget, browser_id)
        assert caught.value.problem is browsers.GONE
    assert await owner.of(mira, browsers.trusted, MIRA)


async def test_a_changed_factor_ends_all_trust(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await owner.of(browser, browsers.trust, MIRA)
    await with_totp(browser)
    assert not await owner.of(browser, browsers.trusted, MIRA)
    assert "browsers_forgotten" in await stage.log()


async def test_a_changed_password_ends_all_trust(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser, password=False)  # whoever has none shows none
    await owner.of(browser, browsers.trust, MIRA)
    await browser.own(password.change, "nine lamps above the empty station")
    assert not await owner.of(browser, browsers.trusted, MIRA)


async def test_twenty_are_kept_and_the_longest_unused_makes_room(anywhere: Stage) -> None:
    stage, first = anywhere, anywhere.browser()
    await owner.enter(first)
    others = [stage.browser() for _ in range(20)]
    for browser in (first, *others):
        stage.clock.move(10)
        await owner.of(browser, browsers.trust, MIRA)
    assert len(await owner.of(first, browsers.listed, MIRA)) == 20
    assert not await owner.of(first, browsers.trusted, MIRA)
    assert await owner.of(others[0], browsers.trusted, MIRA)


async def test_what_has_expired_is_removed_with_the_next_trust(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await owner.of(browser, browsers.trust, MIRA)
    stage.clock.move(31 * DAY_S)
    await owner.of(browser, browsers.trust, MIRA)
    async with stage.accounts.database() as db:
        assert await db.scalar(select(func.count()).select_from(Row)) == 1
