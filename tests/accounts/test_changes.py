"""New password, new address, deletion, export: what ends with them, and who is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from buckler.accounts import confirm, deletion, email, export, password, reset, signin, signup, tickets, tokens, verify
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import METADATA, Person
from buckler.accounts.tokens.problems import TOKEN_INVALID
from tests.accounts.flows import sign_in, signed_up, with_totp
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

NEW = "mira@elsewhere.example"


async def _signed_in(browser: Browser) -> bool:
    async def person(visit: Visit) -> bool:
        return visit.session.person is not None

    return await browser.do(person)


async def _refused(browser: Browser, problem: Any, *given: Any) -> bool:
    try:
        await browser.call(*given)
    except AccountError as error:
        return error.problem is problem
    return False


async def _make_token(visit: Visit, person: Person) -> str:
    text, _ = await tokens.personal.make(visit, person, "CI", [], 30)
    await visit.commit()
    return text


async def _told(stage: Stage) -> list[str]:
    return [str(letter["To"]) for letter in await stage.letters()]


async def test_a_new_password_ends_all_other_sessions(stage: Stage) -> None:
    browser, other = stage.browser(), stage.browser()
    await signed_up(stage, browser)
    await sign_in(other)
    await browser.own(password.change, OTHER, PASSWORD)
    assert await _signed_in(browser)
    assert not await _signed_in(other)
    assert await _refused(other, signin.WRONG, signin.with_password, EMAIL, PASSWORD)
    await sign_in(other, password=OTHER)
    assert "password_changed" in await stage.log()


async def test_a_new_password_is_judged(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    with pytest.raises(AccountError) as refused:
        await browser.own(password.change, "password1", PASSWORD)
    assert refused.value.field == "password"
    await sign_in(stage.browser())


async def test_the_present_password_is_shown_and_the_second_factor_is_fresh(stage: Stage) -> None:
    """ASVS 5.0 V6.2.3. Who has a password alone has shown everything with it."""
    browser = stage.browser()
    await signed_up(stage, browser)
    for wrong in ("", OTHER):
        with pytest.raises(AccountError) as refused:
            await browser.own(password.change, OTHER, wrong)
        assert (refused.value.problem, refused.value.field) == (password.WRONG_CURRENT, "current")
    stage.clock.move(601)
    await browser.own(password.change, OTHER, PASSWORD)
    stage.clock.move(1)
    await browser.own(confirm.confirm, {"password": OTHER})
    await with_totp(browser)
    stage.clock.move(601)
    with pytest.raises(AccountError, match="not_fresh"):
        await browser.own(password.change, PASSWORD, OTHER)


async def test_a_forgotten_password_is_chosen_anew_by_mail(stage: Stage) -> None:
    signed_in, browser = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, signed_in)
    await browser.call(reset.begin, EMAIL.upper())
    token = await stage.token()
    assert (await browser.call(reset.opened, token)).email == EMAIL
    with pytest.raises(AccountError):
        await browser.call(reset.finish, token, "password1")  # the link is not used up by a password that is refused
    await browser.call(reset.finish, token, OTHER)
    assert await _refused(browser, tickets.GONE, reset.finish, token, OTHER)
    assert not await _signed_in(browser)  # a new password does not sign in
    assert not await _signed_in(signed_in)
    await sign_in(browser, password=OTHER)
    assert "password_reset" in await stage.log()


async def test_a_new_password_is_no_way_round_the_second_factor(stage: Stage) -> None:
    owner, browser = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, owner)
    await with_totp(owner)
    await browser.call(reset.begin, EMAIL)
    await browser.call(reset.finish, await stage.token(), OTHER)
    assert isinstance(await browser.call(signin.with_password, EMAIL, OTHER), signin.Half)


async def test_nobody_learns_whether_there_is_an_account(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    browser = stage.browser()
    await browser.call(reset.begin, EMAIL)
    await browser.call(reset.begin, "nobody@mail.example")
    assert (await _told(stage))[-2:] == [EMAIL, "nobody@mail.example"]
    async with stage.accounts.database() as db:
        await db.execute(update(Person).values(disabled_at=func.current_timestamp()))
        await db.commit()
    await browser.call(reset.begin, EMAIL)
    assert (await _told(stage))[-1] == EMAIL


async def test_a_reset_confirms_the_address_that_it_came_to(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    async with stage.accounts.database() as db:
        await db.execute(update(Person).values(email_verified_at=None))
        await db.commit()
    browser = stage.browser()
    await browser.call(reset.begin, EMAIL)
    await browser.call(reset.finish, await stage.token(), OTHER)
    assert (await stage.person()).email_verified_at is not None


async def test_an_account_of_the_applications_own_is_confirmed_by_link(stage: Stage) -> None:
    browser = stage.browser()

    async def make(visit: Visit) -> None:
        hashed = await visit.accounts.hasher.hash(PASSWORD)
        await verify.begin(visit, await signup.make(visit, signup.New(EMAIL, hashed), {}))
        await visit.commit()

    await browser.do(make)
    token = await stage.token()
    assert await _refused(browser, verify.PASSWORD_WRONG, verify.finish, token)
    assert await _refused(browser, verify.PASSWORD_WRONG, verify.finish, token, OTHER)  # the owner of the mailbox, who did not ask for it
    await browser.call(verify.finish, token, PASSWORD)
    assert await _refused(browser, tickets.GONE, verify.finish, token, PASSWORD)
    assert not await _signed_in(browser)
    await sign_in(browser)


async def test_an_account_without_a_password_is_confirmed_by_the_link_alone(stage: Stage) -> None:
    browser = stage.browser()

    async def make(visit: Visit) -> None:
        await verify.begin(visit, await signup.make(visit, signup.New(EMAIL), {}))
        await visit.commit()

    await browser.do(make)
    await browser.call(verify.finish, await stage.token())
    assert (await stage.person()).email_verified_at is not None


async def test_a_new_address_counts_when_its_link_is_opened_and_both_are_told(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(email.begin, NEW)
    assert (await stage.person()).email == EMAIL
    token = await stage.token()
    await browser.call(email.finish, token)
    assert (await stage.person(NEW)).email_key == NEW
    assert (await _told(stage))[-2:] == [EMAIL, NEW]
    assert await _signed_in(browser)
    assert await _refused(browser, tickets.GONE, email.finish, token)
    await sign_in(stage.browser(), NEW)


async def test_the_link_works_in_another_browser_too(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(email.begin, NEW)
    other = stage.browser()
    await other.call(email.finish, await stage.token())
    assert not await _signed_in(other)


async def test_the_address_of_somebody_else_is_answered_alike_and_never_taken(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await signed_up(stage, stage.browser(), NEW, OTHER)
    before = len(await stage.letters())
    await browser.own(email.begin, NEW)
    assert (await _told(stage))[before:] == [NEW]


async def test_an_address_that_is_taken_meanwhile_is_not_taken_away(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(email.begin, NEW)
    token = await stage.token()
    await signed_up(stage, stage.browser(), NEW, OTHER)
    assert await _refused(browser, tickets.GONE, email.finish, token)
    assert (await stage.person()).email == EMAIL


async def test_a_link_of_somebody_who_was_disabled_does_nothing(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(email.begin, NEW)
    token = await stage.token()
    await stage.browser().call(reset.begin, EMAIL)
    other = await stage.token()

    async def ask(visit: Visit, person: Person) -> None:
        await verify.begin(visit, person)
        await visit.commit()

    await browser.own(ask)
    third = await stage.token()
    async with stage.accounts.database() as db:
        await db.execute(update(Person).values(disabled_at=func.current_timestamp()))
        await db.commit()
    assert await _refused(browser, tickets.GONE, email.finish, token)
    assert await _refused(browser, tickets.GONE, reset.opened, other)
    assert await _refused(browser, tickets.GONE, verify.finish, third)


async def test_deleting_ends_everything_everywhere(stage: Stage) -> None:
    """GHSA-2vg6-77g8-24mp."""
    browser, other = stage.browser(), stage.browser()
    await signed_up(stage, browser)
    await with_totp(browser)
    text = await browser.own(_make_token)
    await signed_up(stage, other, "ada@mail.example", OTHER)
    await browser.own(deletion.finish)
    assert not await _signed_in(browser)
    assert await _refused(other, TOKEN_INVALID, tokens.owner_of, text)
    assert await _signed_in(other)
    async with stage.accounts.database() as db:
        ada = await db.scalar(select(Person.id))
        for table in METADATA.tables.values():
            if "person_id" in table.c:
                assert not (await db.execute(select(table).where(table.c.person_id != ada))).all(), table.name
    assert (await _told(stage))[-1] == EMAIL
    assert "account.deleted" in stage.events()


async def test_everything_that_is_kept_can_be_taken_along_and_no_secret(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await with_totp(browser)
    text = await browser.own(_make_token)
    found = json.dumps(await browser.own(export.of))
    person = await stage.person()
    for known in (EMAIL, "Phone", "CI", "203.0.113.7", "signed_in", str(person.id)):
        assert known in found
    assert text not in found
    assert "argon2" not in found
    assert "seed" not in found


@pytest.mark.parametrize("act", [deletion.finish, export.of])
async def test_leaving_asks_for_freshness(stage: Stage, act: Any) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    stage.clock.move(601)
    with pytest.raises(AccountError, match="not_fresh"):
        await browser.own(act)


async def test_a_new_address_asks_for_freshness(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    stage.clock.move(601)
    with pytest.raises(AccountError, match="not_fresh"):
        await browser.own(email.begin, NEW)
