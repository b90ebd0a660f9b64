from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from buckler.accounts import factors, fresh, passkeys, recovery
from tests.accounts import owner
from tests.accounts.authenticator import Authenticator
from tests.accounts.owner import NOOR, refused
from tests.accounts.passkeys.keys import with_key

if TYPE_CHECKING:
    from tests.accounts.stage import Stage


async def test_what_is_shown_of_a_key(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await with_key(browser, Authenticator(synced=True), name="phone")
    stage.clock.move(1)
    await with_key(browser, passkey=False)
    phone, ring = await browser.own(passkeys.listed)
    assert (phone.name, phone.signs_in, phone.backed_up, phone.used_at) == ("phone", True, True, None)
    assert (ring.name, ring.signs_in, ring.backed_up) == ("Security key", False, False)


async def test_a_key_gets_another_name_and_goes(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    await owner.enter(browser)
    await with_key(browser)
    await browser.own(recovery.make)
    (shown,) = await browser.own(passkeys.listed)
    await browser.own(passkeys.rename, shown.id, "  the\u202egnir ")
    assert [item.name for item in await browser.own(passkeys.listed)] == ["the gnir"]
    await browser.own(passkeys.rename, shown.id, " ")
    assert [item.name for item in await browser.own(passkeys.listed)] == ["Passkey"]
    await browser.own(passkeys.remove, shown.id)
    owned = await browser.own(factors.of)
    assert (owned.passkeys, owned.recovery_left) == (0, 0)
    assert (await stage.log())[-1] == "passkey_removed"
    assert len(await stage.letters("factor_removed")) == 1


async def test_the_last_way_in_stays(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser, password=False)
    await with_key(browser, name="phone")
    await with_key(browser, passkey=False, name="ring")
    phone, ring = sorted(await browser.own(passkeys.listed), key=lambda item: item.name)
    await refused(factors.LAST_FACTOR, browser.own(passkeys.remove, phone.id))
    await browser.own(passkeys.remove, ring.id)
    assert [item.name for item in await browser.own(passkeys.listed)] == ["phone"]


async def test_of_two_last_passkeys_that_go_at_once_one_stays(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser, password=False)
    await with_key(browser, name="phone")
    await with_key(browser, name="ring")
    both = await browser.own(passkeys.listed)
    await asyncio.gather(*(browser.own(passkeys.remove, item.id) for item in both), return_exceptions=True)
    await owner.return_to(browser)
    assert len(await browser.own(passkeys.listed)) == 1


async def test_nobody_names_or_removes_what_is_not_theirs(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    await with_key(mira, name="phone")
    (shown,) = await mira.own(passkeys.listed)
    for browser, key_id in ((noor, shown.id), (mira, uuid4())):
        await refused(factors.GONE, browser.own(passkeys.rename, key_id, "mine"))
        await refused(factors.GONE, browser.own(passkeys.remove, key_id))
    assert [item.name for item in await mira.own(passkeys.listed)] == ["phone"]


async def test_a_key_is_removed_freshly(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await with_key(browser)
    (shown,) = await browser.own(passkeys.listed)
    stage.clock.move(11 * 60)
    await refused(fresh.NOT_FRESH, browser.own(passkeys.remove, shown.id))
