from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from buckler.accounts import factors, fresh, recovery, totp
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Person, RecoveryCode
from tests.accounts import owner
from tests.accounts.flows import with_totp
from tests.accounts.owner import MIRA, NOOR

if TYPE_CHECKING:
    from tests.accounts.stage import Browser, Stage


async def made(browser: Browser, email: str = MIRA) -> list[str]:
    await owner.enter(browser, email)
    await with_totp(browser)
    codes: list[str] = await browser.own(recovery.make)
    return codes


async def test_ten_codes_of_120_bits(stage: Stage) -> None:
    """ASVS 5.0 V6.5.2: from 112 bits on, a plain hash is enough."""
    codes = await made(stage.browser())
    assert len(set(codes)) == 10
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4] * 6
        assert set("".join(groups)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert len(set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")) ** 24 >= 2**112


async def test_only_hashes_are_kept_and_no_letter_tells_a_code(stage: Stage) -> None:
    codes = await made(stage.browser())
    async with stage.accounts.database() as db:
        rows = (await db.scalars(select(RecoveryCode))).all()
    assert len(rows) == 10
    for row in rows:
        assert all(row.digest != hashlib.sha256(code.encode()).digest() for code in codes), "bound to the person"
    for letter in await stage.letters():
        assert not any(code in letter.as_string() for code in codes)


async def test_each_code_works_once(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    codes = await made(browser)
    assert await browser.own(recovery.left) == 10
    assert await owner.of(browser, recovery.spend, MIRA, codes[3])
    assert not await owner.of(browser, recovery.spend, MIRA, codes[3])
    assert await browser.own(recovery.left) == 9
    assert (await browser.own(factors.of)).recovery_left == 9
    assert (await stage.log())[-1] == "recovery_used"
    assert len(await stage.letters("recovery_used")) == 1


async def test_of_twenty_that_show_one_code_at_once_one_is_let_in(anywhere: Stage) -> None:
    codes = await made(anywhere.browser())
    found = await asyncio.gather(*(owner.of(anywhere.browser(), recovery.spend, MIRA, codes[0]) for _ in range(20)))
    assert sorted(found) == [False] * 19 + [True]


async def test_new_codes_end_the_old_ones_also_when_made_twice_at_once(anywhere: Stage) -> None:
    browser = anywhere.browser()
    old = await made(browser)
    await owner.return_to(browser)
    sets = await asyncio.gather(*(browser.own(recovery.make) for _ in range(4)), return_exceptions=True)
    new = [codes for codes in sets if isinstance(codes, list)]
    assert new, sets
    assert await owner.of(browser, recovery.left, MIRA) == 10
    assert not await owner.of(browser, recovery.spend, MIRA, old[0])
    right = [await owner.of(browser, recovery.spend, MIRA, codes[0]) for codes in new]
    assert right.count(True) == 1


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.lower(),
        lambda code: code.replace("-", ""),
        lambda code: f"  {code.replace('-', ' - ')} ",
        lambda code: code.replace("-", "–"),  # noqa: RUF001  # what a word processor makes of it
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: "".join(chr(ord(char) + 0xFEE0) if char.isalnum() else char for char in code),
    ],
    ids=["lower", "joined", "spaced", "dashes", "alike", "wide"],
)
async def test_codes_are_read_as_people_type_them(stage: Stage, typed: object) -> None:
    assert callable(typed)
    browser = stage.browser()
    codes = await made(browser)
    assert await owner.of(browser, recovery.spend, MIRA, typed(codes[0]))


@pytest.mark.parametrize("code", ["", "-", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", "A" * 100_000, "\ud800", "ﷺ" * 64])
async def test_what_is_no_code_is_wrong(stage: Stage, code: str) -> None:
    browser = stage.browser()
    await made(browser)
    assert not await owner.of(browser, recovery.spend, MIRA, code)
    assert await browser.own(recovery.left) == 10


@given(st.text(max_size=80))
def test_any_text_has_a_digest(code: str) -> None:
    assert len(recovery._digest(Person(id=owner.SOMEBODY), code)) == 32


async def test_another_persons_code_is_no_code(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    codes = await made(mira)
    await made(noor, NOOR)
    assert not await owner.of(noor, recovery.spend, NOOR, codes[0])
    assert await owner.of(mira, recovery.spend, MIRA, codes[0])


async def test_there_must_be_something_to_recover(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    with pytest.raises(AccountError) as caught:
        await browser.own(recovery.make)
    assert caught.value.problem is recovery.NOTHING_TO_RECOVER


async def test_new_codes_ask_for_a_fresh_sign_in(stage: Stage) -> None:
    browser = stage.browser()
    await made(browser)
    stage.clock.move(11 * 60)
    with pytest.raises(AccountError) as caught:
        await browser.own(recovery.make)
    assert caught.value.problem is fresh.NOT_FRESH
    assert await browser.own(recovery.left) == 10


async def test_a_code_alone_is_no_second_factor(stage: Stage) -> None:
    browser = stage.browser()
    await made(browser)
    owned = await browser.own(factors.of)
    assert owned.second_ways == ["totp", "recovery"]
    assert owned._replace(totp=False).second_ways == []
    assert not owned._replace(totp=False).second_factor
    assert await browser.own(totp.listed)
