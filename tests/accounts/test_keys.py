"""A secret is rotated while people are signed in: what docs/keys.md says goes on does, and what it says ends does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select

from buckler.accounts import codes, people, reset, totp
from buckler.accounts.problems import AccountError
from buckler.accounts.reseal import Resealed, reseal
from buckler.accounts.seal import Seal
from buckler.accounts.tables import Person, Totp
from buckler.accounts.tokens import owner_of, refresh
from buckler.core.sign import Keys
from buckler.testing import SECRET, guarded
from tests.accounts.flows import code_of, signed_up, with_totp
from tests.accounts.stage import EMAIL
from tests.accounts.tokens.acts import make, somebody, start

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Stage

NEW = "a second secret, of thirty-two bytes at least"


def rotate(stage: Stage, *secrets: str) -> None:
    """Restart the site with these secrets: same database, same store, same browsers."""
    stage.guard = guarded(stage._run, clock=stage.clock, store=stage.store, secrets=list(secrets))
    for client in stage._browsers:
        client._transport.app = stage.guard  # type: ignore[attr-defined]  # as a browser that finds another server at the old address


async def _person(visit: Visit) -> Person | None:
    return await people.of_session(visit)


async def _check(visit: Visit, person: Person, code: str) -> bool:
    done = await totp.check(visit, person, code)
    await visit.commit()
    return done


async def _send(visit: Visit, person: Person) -> None:
    await codes.send(visit, person, "fresh")
    await visit.commit()


async def _seeds(stage: Stage) -> list[str]:
    async with stage.accounts.database() as db:
        return list(await db.scalars(select(Totp.sealed_seed)))


async def test_with_both_secrets_everything_goes_on(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    app = await with_totp(browser)
    person = await stage.person()
    pair = await browser.call(start, person)
    personal, _ = await browser.call(make, person)
    await browser.call(reset.begin, EMAIL)
    link = await stage.token()

    rotate(stage, NEW, SECRET)
    assert await browser.call(_person) is not None
    await browser.call(owner_of, pair.access)
    pair = await browser.call(refresh.redeem, pair.refresh)
    await browser.call(owner_of, pair.access)
    await browser.call(owner_of, personal)
    assert (await browser.call(reset.opened, link)).id == person.id
    (seed,) = await _seeds(stage)
    assert await browser.call(_check, person, code_of(browser, app))
    (anew,) = await _seeds(stage)
    newest = Seal(Keys([NEW]), "account.totp")
    assert newest.is_outdated(seed)
    assert not newest.is_outdated(anew)

    rotate(stage, NEW)
    assert await browser.call(_check, person, code_of(browser, app))
    await browser.call(owner_of, personal)
    await browser.call(owner_of, pair.access)
    await browser.call(refresh.redeem, pair.refresh)


async def test_what_ends_with_the_old_secret(stage: Stage) -> None:
    """When it is dropped at once, as after a theft."""
    browser = stage.browser()
    await signed_up(stage, browser)
    app = await with_totp(browser)
    person = await stage.person()
    pair = await browser.call(start, person)
    personal, _ = await browser.call(make, person)
    await browser.call(reset.begin, EMAIL)
    link = await stage.token()

    rotate(stage, NEW)
    assert await browser.call(_person) is None
    with pytest.raises(AccountError):
        await browser.call(owner_of, pair.access)
    with pytest.raises(AccountError):
        await browser.call(reset.opened, link)
    assert not await browser.call(_check, person, code_of(browser, app))
    assert "account.totp_unreadable" in stage.events()
    await browser.call(owner_of, personal)  # hashes need no secret
    await browser.call(owner_of, (await browser.call(refresh.redeem, pair.refresh)).access)


async def test_a_code_of_a_mail_goes_on_until_its_secret_is_gone(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    codes_of_mails = []
    for secrets in ((NEW, SECRET), (NEW,)):
        await browser.own(_send)
        text = (await stage.letters())[-1].get_body(("plain",))
        assert text is not None
        codes_of_mails.append(re.findall(r"\d{4} \d{4}", text.get_content())[0])
        rotate(stage, *secrets)
        if len(secrets) == 2:
            assert await browser.own(codes.spend, "fresh", codes_of_mails[0])
    assert await browser.call(people.of_session) is None  # the session ends with its secret as well


async def test_all_at_once_before_the_old_secret_is_dropped(anywhere: Stage) -> None:
    """More rows than one transaction takes; nobody has to sign in for it."""
    person = await somebody(anywhere)
    old, both = Seal(Keys([SECRET]), "account.totp"), [NEW, SECRET]
    async with anywhere.accounts.database() as db:
        for number in range(501):
            sealed = old.seal(b"seed %d" % number, str(person.id))
            db.add(Totp(id=uuid4(), person_id=person.id, name="Phone", sealed_seed=sealed, created_at=person.created_at, last_step=number))
        await db.commit()
    assert await reseal(anywhere.accounts.database, [NEW]) == Resealed(anew=0, unreadable=501)
    assert await reseal(anywhere.accounts.database, both) == Resealed(anew=501, unreadable=0)
    assert await reseal(anywhere.accounts.database, both) == Resealed(anew=0, unreadable=0)
    newest = Seal(Keys([NEW]), "account.totp")
    async with anywhere.accounts.database() as db:
        for row in await db.scalars(select(Totp)):
            assert newest.open(row.sealed_seed, str(person.id)) == b"seed %d" % row.last_step


async def test_reseal_knows_what_the_authenticators_are_sealed_with(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    app = await with_totp(browser)
    assert await reseal(stage.accounts.database, [NEW, SECRET]) == Resealed(anew=1, unreadable=0)
    rotate(stage, NEW)
    assert await browser.call(_check, await stage.person(), code_of(browser, app))


async def test_nothing_to_seal(stage: Stage) -> None:
    assert await reseal(stage.accounts.database, [SECRET]) == Resealed(0, 0)
