from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pyotp import TOTP
from sqlalchemy import update

from buckler.accounts import totp
from buckler.accounts.seal import Seal
from buckler.accounts.tables import Totp
from buckler.core.sign import Keys
from buckler.errors import ConfigError
from buckler.testing import SECRET
from tests.accounts import owner
from tests.accounts.authenticators import enrolled, only_row
from tests.accounts.owner import MIRA, NOOR

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Stage

# RFC 6238, appendix B, SHA-1: seconds and eight digits, of which a six-digit code is the last six.
VECTORS = (
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
)
OLD = "an earlier secret of the tests: thirty-two bytes or more"
VECTOR_SEED = b"12345678901234567890"


@pytest.mark.parametrize(("at_s", "code"), VECTORS)
async def test_the_vectors_of_rfc_6238(stage: Stage, at_s: int, code: str) -> None:
    stage.clock.move(at_s - stage.clock.now())
    browser = stage.browser()
    await owner.enter(browser)

    async def plant(visit: Visit) -> None:
        person = await stage.person()
        visit.db.add(totp.from_elsewhere(VECTOR_SEED, person.id, secrets=[SECRET, OLD], at=visit.now))
        await visit.commit()

    await browser.do(plant)
    assert not await owner.of(browser, totp.check, MIRA, "000000")
    assert await owner.of(browser, totp.check, MIRA, code[-6:])


def test_a_seed_of_another_site_must_be_long_enough() -> None:
    with pytest.raises(ConfigError, match="15 bytes"):
        totp.from_elsewhere(b"1" * 15, uuid4(), secrets=[SECRET], at=datetime.now(UTC))


async def test_a_code_of_the_step_before_and_after_is_right(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    app = await enrolled(stage, browser)
    for off, right in ((-2, False), (2, False), (-1, True), (0, True), (1, True)):
        assert await owner.of(browser, totp.check, MIRA, app.at(stage.clock.now(), counter_offset=off)) is right


async def test_a_code_works_once(stage: Stage) -> None:
    """django-allauth 0.61.0: a code could be used again while it was valid."""
    browser = stage.browser()
    await owner.enter(browser)
    app = await enrolled(stage, browser)
    code = app.at(stage.clock.now())
    stage.events()
    assert await owner.of(browser, totp.check, MIRA, code)
    assert not await owner.of(browser, totp.check, MIRA, code)
    assert "account.totp_used_twice" in stage.events()
    earlier = app.at(stage.clock.now(), counter_offset=-1)
    assert not await owner.of(browser, totp.check, MIRA, earlier), "an earlier one that was never shown is spent as well"
    stage.clock.move(30)
    assert await owner.of(browser, totp.check, MIRA, app.at(stage.clock.now()))


async def test_of_twenty_that_show_one_code_at_once_one_is_let_in(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser)
    app = await enrolled(anywhere, browser)
    code = app.at(anywhere.clock.now())
    found = await asyncio.gather(*(owner.of(anywhere.browser(), totp.check, MIRA, code) for _ in range(20)))
    assert sorted(found) == [False] * 19 + [True]


@pytest.mark.parametrize("write", ["{0}{1}", " {0} {1} ", "{0}-{1}", "{0}\u00a0{1}"])
async def test_codes_are_read_as_people_type_them(stage: Stage, write: str) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    app = await enrolled(stage, browser)
    code = app.at(stage.clock.now())
    assert await owner.of(browser, totp.check, MIRA, write.format(code[:3], code[3:]))


async def test_full_width_digits_are_digits(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    app = await enrolled(stage, browser)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in app.at(stage.clock.now()))
    assert await owner.of(browser, totp.check, MIRA, wide)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "12345a", "-" * 40, "1" * 10_000, "\ud800", "\x00" * 6])
async def test_what_is_no_code_is_wrong(stage: Stage, code: str) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await enrolled(stage, browser)
    assert not await owner.of(browser, totp.check, MIRA, code)


async def test_two_authenticators_both_count(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    phone, tablet = await enrolled(stage, browser, "phone"), await enrolled(stage, browser, "tablet")
    for app in (tablet, phone):
        assert await owner.of(browser, totp.check, MIRA, app.at(stage.clock.now()))
    assert [item.name for item in await browser.own(totp.listed)] == ["phone", "tablet"]


async def test_another_persons_code_is_no_code(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    app = await enrolled(stage, mira)
    await enrolled(stage, noor)
    assert not await owner.of(noor, totp.check, NOOR, app.at(stage.clock.now()))


async def test_an_authenticator_that_was_never_confirmed_does_not_count(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    begun = await browser.own(totp.begin)
    assert not await owner.of(browser, totp.check, MIRA, TOTP(begun.secret).at(stage.clock.now()))


async def test_a_seed_is_sealed_anew_with_the_newest_secret_when_it_is_used(stage: Stage) -> None:
    browser = stage.browser()
    person_id = await owner.enter(browser)
    app = await enrolled(stage, browser)
    async with stage.accounts.database() as db:
        sealed = Seal(Keys([OLD]), "account.totp").seal(app.byte_secret(), str(person_id))
        await db.execute(update(Totp).values(sealed_seed=sealed))
        await db.commit()
    object.__setattr__(stage.guard.plan.site, "keys", Keys([SECRET, OLD]))  # frozen: a real site is started anew for this
    assert await owner.of(browser, totp.check, MIRA, app.at(stage.clock.now()))
    row = await only_row(stage)
    seal = Seal(stage.guard.plan.site.keys, "account.totp")
    assert not seal.is_outdated(row.sealed_seed)
    assert seal.open(row.sealed_seed, str(person_id)) == app.byte_secret()


async def test_a_seed_that_cannot_be_read_lets_nobody_in_and_is_told(stage: Stage) -> None:
    """A lost secret, or one person's row moved to another person."""
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    noor_id = await owner.enter(noor, NOOR)
    app = await enrolled(stage, noor)
    async with stage.accounts.database() as db:
        await db.execute(update(Totp).where(Totp.person_id == noor_id).values(person_id=(await stage.person()).id))
        await db.commit()
    stage.events()
    assert not await owner.of(mira, totp.check, MIRA, app.at(stage.clock.now()))
    assert "account.totp_unreadable" in stage.events()
