"""Signing up: nothing is there until the mailbox is proved, and nobody learns who has an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from buckler.accounts import passkeys, profile, signin, signup, tickets
from buckler.accounts.passwords import policy
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.profile import Field, NoProfile
from buckler.accounts.providers import Claimed
from buckler.accounts.signin import WRONG
from buckler.accounts.tables import Person
from tests.accounts.authenticator import Authenticator
from tests.accounts.flows import sign_in, signed_up
from tests.accounts.stage import EMAIL, OTHER, PASSWORD, stage_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

TAKEN = Problem("account.name_taken", 409, "The name is taken.", "Choose another one.")


async def _people(stage: Stage) -> list[Person]:
    async with stage.accounts.database() as db:
        return list(await db.scalars(select(Person)))


async def _refusal(browser: Browser, *given: Any, **named: Any) -> AccountError:
    with pytest.raises(AccountError) as refused:
        await browser.call(*given, **named)
    return refused.value


async def test_the_account_is_made_when_the_link_is_opened(stage: Stage) -> None:
    browser = stage.browser()
    await browser.call(signup.begin, EMAIL, PASSWORD)
    assert await _people(stage) == []
    token = await stage.token()
    opened = await browser.call(signup.opened, token)
    assert (opened.email, opened.asks_password) == (EMAIL, False)
    proof = await browser.call(signup.finish, token)
    person = await stage.person()
    assert proof.person_id == person.id
    assert person.email_verified_at is not None
    assert await stage.log() == ["signed_up", "signed_in"]
    assert {"account.sign_up_asked", "account.signed_up", "account.signed_in"} <= set(stage.events())
    await sign_in(stage.browser())
    assert (await _refusal(browser, signup.finish, token)).problem is tickets.GONE


async def test_somebody_who_has_an_account_is_answered_alike_and_told_by_mail(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    eve = stage.browser("198.51.100.9")
    await eve.call(signup.begin, EMAIL.upper(), OTHER)
    assert len(await _people(stage)) == 1
    told = (await stage.letters())[-1]
    assert told["To"] == EMAIL
    await eve.call(signup.begin, "new@mail.example", OTHER)
    assert len(await stage.letters()) == 3
    await sign_in(stage.browser())  # the password is what it was


async def test_in_another_browser_only_who_knows_the_password_goes_on(stage: Stage) -> None:
    """Whoever owns the mailbox is not talked into confirming what somebody else has set up (the pre-hijacking class)."""
    await stage.browser("198.51.100.9").call(signup.begin, EMAIL, OTHER)
    token = await stage.token()
    owner = stage.browser()
    assert (await owner.call(signup.opened, token)).asks_password
    refused = await _refusal(owner, signup.finish, token, PASSWORD)
    assert (refused.problem, refused.field) == (WRONG, "password")
    assert await _people(stage) == []
    await owner.call(signup.begin, EMAIL, PASSWORD)  # and signs up as if nobody had been there
    await owner.call(signup.finish, await stage.token())
    await sign_in(stage.browser())
    assert (await _refusal(stage.browser("198.51.100.9"), signup.finish, token, OTHER)).problem is signup.TAKEN


async def test_with_the_password_the_link_works_in_another_browser(stage: Stage) -> None:
    await stage.browser().call(signup.begin, EMAIL, PASSWORD)
    await stage.browser().call(signup.finish, await stage.token(), PASSWORD)
    assert len(await _people(stage)) == 1


@pytest.mark.parametrize(
    ("email", "password", "problem"),
    [
        ("nobody", PASSWORD, "account.email_invalid"),
        (EMAIL, "short", policy.TOO_SHORT.code),
        (EMAIL, "password1", policy.COMMON.code),
        (EMAIL, "mira@mail.example", policy.OWN.code),
        (EMAIL, None, signup.NOTHING.code),
        (EMAIL, "", signup.NOTHING.code),
    ],
)
async def test_what_cannot_be_is_said_at_once(stage: Stage, email: str, password: str | None, problem: str) -> None:
    refused = await _refusal(stage.browser(), signup.begin, email, password)
    assert refused.problem.code == problem
    assert await stage.letters() == []


async def test_a_passkey_takes_the_place_of_a_password(stage: Stage) -> None:
    browser, device = stage.browser(), Authenticator()
    options = await browser.call(passkeys.options_to_sign_up, EMAIL)
    await browser.call(signup.begin, EMAIL, None, device.create(options))
    token = await stage.token()
    assert (await _refusal(stage.browser(), signup.finish, token)).problem is signup.OTHER_BROWSER
    assert not (await browser.call(signup.opened, token)).asks_password
    await browser.call(signup.finish, token)
    other = stage.browser()
    options = await other.call(passkeys.options_to_sign_in)
    proof = await other.call(signin.with_passkey, device.get(options))
    assert proof.person_id == (await stage.person()).id


class Names(NoProfile):
    fields = (Field("username", "Name"),)

    def __init__(self) -> None:
        self.made: dict[Any, str] = {}

    async def check(self, visit: Visit, given: Mapping[str, str]) -> None:
        if given.get("username") in self.made.values():
            raise AccountError(TAKEN, "username")

    async def make(self, visit: Visit, person: Person, given: Mapping[str, str]) -> None:
        self.made[person.id] = given["username"]


async def test_what_the_application_asks_for_is_kept_until_then_and_can_be_mended(tmp_path: Path) -> None:
    names = Names()
    async with stage_at(tmp_path, profile=names) as stage:
        one, two = stage.browser(), stage.browser("198.51.100.9")
        await one.call(signup.begin, EMAIL, PASSWORD, profile={"username": "mira"})
        first = await stage.token()
        await two.call(signup.begin, "ada@mail.example", PASSWORD, profile={"username": "mira"})
        second = await stage.token()
        assert (await one.call(signup.opened, first)).profile == {"username": "mira"}
        await one.call(signup.finish, first)
        refused = await _refusal(two, signup.finish, second)
        assert (refused.problem, refused.field) == (TAKEN, "username")
        await two.call(signup.finish, second, "", {"username": "ada"})
        assert sorted(names.made.values()) == ["ada", "mira"]


async def test_a_program_that_never_saw_the_form_fills_in_the_same_fields_and_no_others(tmp_path: Path) -> None:
    names = Names()
    async with stage_at(tmp_path, profile=names) as stage:
        browser = stage.browser()
        for given in ({}, {"username": "  "}):
            refused = await _refusal(browser, signup.begin, EMAIL, PASSWORD, profile=given)
            assert (refused.problem, refused.field) == (profile.MISSING, "username")
        refused = await _refusal(browser, signup.begin, EMAIL, PASSWORD, profile={"username": "m" * 101})
        assert (refused.problem, refused.fix) == (profile.TOO_LONG, "Use at most 100 characters.")
        await browser.call(signup.begin, EMAIL, PASSWORD, profile={"username": "mira", "is_admin": "yes"})
        token = await stage.token()
        assert (await browser.call(signup.opened, token)).profile == {"username": "mira"}
        assert (await _refusal(browser, signup.finish, token, "", {"username": ""})).problem is profile.MISSING
        await browser.call(signup.finish, token, "", {"is_admin": "yes"})


def test_a_field_that_need_not_be_filled_in_is_empty_then() -> None:
    fields = [profile.Field("nickname", "Nickname", required=False)]
    assert profile.fitting(fields, {}) == {"nickname": ""}
    assert profile.fitting(fields, {"nickname": "a\0"}) == {"nickname": "a\ufffd"}  # which a database would not keep


async def test_an_address_that_was_taken_meanwhile_is_no_error_of_ours(stage: Stage) -> None:
    one, two = stage.browser(), stage.browser("198.51.100.9")
    await one.call(signup.begin, EMAIL, PASSWORD)
    first = await stage.token()
    await two.call(signup.begin, EMAIL, OTHER)
    second = await stage.token()
    await one.call(signup.finish, first)
    assert (await _refusal(two, signup.finish, second)).problem is signup.TAKEN


def _claimed(**changes: Any) -> Claimed:
    facts: dict[str, Any] = {
        "provider": "acme", "subject": "7", "email": EMAIL, "email_verified": True, "why": "sign_in", "back": "/", **changes,
    }  # fmt: skip
    return Claimed(**facts)


async def test_who_another_provider_vouches_for_gets_an_account(stage: Stage) -> None:
    browser = stage.browser()
    proof = await browser.call(signup.with_claimed, _claimed(), {})
    person = await stage.person()
    assert (proof.person_id, person.password_hash) == (person.id, None)
    assert isinstance(await stage.browser().call(signin.with_claimed, _claimed()), type(proof))


async def test_an_address_that_the_provider_has_not_confirmed_is_none(stage: Stage) -> None:
    """GHSA-g38m-r43w-p2q7."""
    refused = await _refusal(stage.browser(), signup.with_claimed, _claimed(email_verified=False), {})
    assert refused.problem is signup.UNCONFIRMED_THERE
    assert await _people(stage) == []
